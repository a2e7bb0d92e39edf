"""Compare a verified result with what the PoCo contracts hold about its task. It only reads, over JSON-RPC.

Word positions are those of IexecLibCore_v5.Task and .Deal as `viewTask` and `viewDeal` of @iexec/poco 6.1.0 return them: an
offset, then one word for each member. The endpoint is trusted to tell what is on chain.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from app.base.errors import ChainError, InputError, VerifyError
from app.crypto.signing import checksum_address, keccak256
from app.desk import web
from app.formats import strict_json
from app.formats.hex_words import ZERO_ADDRESS
from app.result.envelope import callback_data
from app.verify.verifier import Verified

HUBS = {
    42161: "0x098bFCb1E50ebcA0BaA92C12eA0c3F045A1aD9f0",  # Arbitrum One
    421614: "0xB2157BF2fAb286b2A4170E3491Ac39770111Da3E",  # Arbitrum Sepolia
}
_UNSET, _COMPLETED = 0, 3  # IexecLibCore_v5.TaskStatusEnum
_STATUS, _DEAL_ID, _RESULT_DIGEST = 1, 2, 12  # words of viewTask
_APP, _CALLBACK = 1, 15  # words of viewDeal
_JSON = {"Content-Type": "application/json"}
_TIMEOUT = 20  # seconds without a byte
_DEADLINE = 60  # seconds for a whole answer, including the look-up of the name
_ANSWER_BYTES = 2 * 2**20  # a task's `results` and a deal's `params` are a few hundred bytes


@dataclass(frozen=True, slots=True)
class Hub:
    """The PoCo hub of one chain, reached through one JSON-RPC endpoint."""

    rpc: str
    address: str
    chain_id: int

    def words(self, function: str, argument: str) -> list[str]:
        """Return the 32-byte words (64 hex digits each) that `function(bytes32)` gives. Raises `ChainError`."""
        data = "0x" + keccak256(f"{function}(bytes32)".encode())[:4].hex() + argument[2:]
        answer = _call(self.rpc, "eth_call", [{"to": self.address, "data": data}, "latest"])
        if not isinstance(answer, str) or not re.fullmatch("0x([0-9a-f]{64}){16,}", answer):
            raise ChainError("chain.bad_answer", f"{function} gave no struct: is this the hub of the chain?")
        return [answer[at : at + 64] for at in range(2, len(answer), 64)]


@dataclass(frozen=True, slots=True)
class OnChain:
    """What the chain holds about a task, in agreement with its result."""

    chain_id: int
    hub: str
    app: str
    deal_id: str
    task_id: str
    result_digest: str
    has_callback: bool
    """True: resultDigest is keccak256 of callback-data; False: it is the SHA-256 of result.json."""


def connect(rpc: str, hub: str | None = None) -> Hub:
    """Return the hub behind `rpc`; its address is known for Arbitrum One and Sepolia. Raises `ChainError`."""
    answer = _call(rpc, "eth_chainId", [])
    if not isinstance(answer, str) or not re.fullmatch("0x[0-9a-f]{1,13}", answer):
        raise ChainError("chain.bad_answer", "the endpoint does not say which chain it serves")
    chain_id = int(answer, 16)
    address = hub or HUBS.get(chain_id)
    if address is None:
        raise ChainError("chain.unknown", f"the hub of chain {chain_id} is not known here")
    return Hub(rpc, address, chain_id)


def check_task(verified: Verified, data: bytes, hub: Hub, task_id: str, app: str) -> OnChain:
    """Return what the chain holds for `task_id` if that is exactly this result, made by `app`.

    1 the signed task id is `task_id`, and a signed chain id is the hub's
    2 the task is completed
    3 its resultDigest is the SHA-256 of the file, or in a deal with a callback keccak256 of callback-data
    4 the app of its deal is `app`

    It does **not** check who ran the task or in which enclave. Raises `VerifyError` or `ChainError`.
    """
    attestation = verified.result.attestation
    if attestation.message.taskId != task_id.lower():  # 1
        raise VerifyError("result.other_task", "the result was made for another task")
    if attestation.domain.chainId not in (None, hub.chain_id):
        raise VerifyError("result.other_task", f"the result is bound to another chain than {hub.chain_id}")
    task = hub.words("viewTask", task_id)
    if int(task[_STATUS], 16) != _COMPLETED:  # 2
        known = "not completed" if int(task[_STATUS], 16) != _UNSET else "not known to the hub"
        raise VerifyError("result.not_on_chain", f"the task is {known}")
    deal = hub.words("viewDeal", "0x" + task[_DEAL_ID])
    has_callback = deal[_CALLBACK][24:] != ZERO_ADDRESS[2:]
    words = bytes.fromhex(callback_data(data)[2:])
    digest = keccak256(words).hex() if has_callback else verified.sha256
    if task[_RESULT_DIGEST] != digest:  # 3
        raise VerifyError("result.other_digest", "the chain holds another resultDigest")
    if deal[_APP][24:] != app.lower()[2:]:  # 4
        raise VerifyError("result.other_app", f"the deal was for the app 0x{deal[_APP][24:]}")
    made_by = checksum_address(bytes.fromhex(deal[_APP][24:]))
    return OnChain(hub.chain_id, hub.address, made_by, "0x" + task[_DEAL_ID], task_id.lower(), "0x" + digest, has_callback)


def _call(rpc: str, method: str, params: list[Any]) -> Any:
    if not re.match("https?://", rpc):
        raise ChainError("chain.unreachable", "the endpoint is not an http or https address")
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    try:
        raw = web.answer(rpc, body, _JSON, idle=_TIMEOUT, seconds=_DEADLINE, most=_ANSWER_BYTES)
    except web.StatusError as err:
        raise ChainError("chain.unreachable", f"the endpoint answers with http status {err.status}") from err
    except web.EndlessError as err:
        raise ChainError("chain.bad_answer", "the endpoint's answer never ends") from err
    except web.Trouble as err:
        raise ChainError("chain.unreachable", "the endpoint does not answer") from err
    try:
        document = strict_json.loads(raw)
    except InputError as err:
        raise ChainError("chain.bad_answer", "the endpoint's answer is not JSON") from err
    if not isinstance(document, dict) or "result" not in document:
        raise ChainError("chain.bad_answer", f"the endpoint refuses {method}")
    return document["result"]
