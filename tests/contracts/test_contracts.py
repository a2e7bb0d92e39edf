"""Our signatures and callback-data on an EVM chain: contracts/ on a real anvil, with iExec's real PoCo beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.crypto.signing import ORDER, Domain, ResultStruct, digest, keccak256, load_key
from app.formats.hex_words import ZERO_HASH
from app.result.envelope import callback_data, read_result
from tests.support.contracts.chain import CALLBACK_GAS, PARAMS, Chain, needs_chain
from tests.support.contracts.sealed import KEY, Status, sealed
from tests.support.desk import SIGNER

OTHER_KEY = load_key("2e" * 32)
CHECK_GAS = 30_000
WORDS = list(ResultStruct.model_fields)

pytestmark = [pytest.mark.slow, needs_chain]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print a figure where the caller of pytest sees it."""

    def say(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return say


def signed(result: bytes) -> tuple[dict[str, str], str]:
    attestation = read_result(result).attestation
    return attestation.message.model_dump(), attestation.signature


def words_of(data: str) -> list[Any]:
    raw = bytes.fromhex(data[2:])
    return [int.from_bytes(raw[:32], "big"), "0x" + raw[32:64].hex(), "0x" + raw[64:].hex()]


NOTHING = [0, ZERO_HASH, ZERO_HASH]


# --- (a) the callback


@pytest.mark.parametrize("steps", [1, 3], ids=["contributeAndFinalize", "contribute-reveal-finalize"])
@pytest.mark.parametrize("status", ["incomplete", "ok", "error", "failed"])
def test_the_callback_stores_the_words_of_the_sealed_result(chain: Chain, status: Status, steps: int) -> None:
    task = chain.order()
    result = sealed(task, status)
    assert chain.words(task) == NOTHING
    callback = chain.complete(task, callback_data(result), steps)
    assert callback["refused"] is None
    assert chain.words(task) == words_of(callback_data(result))
    number = ["incomplete", "ok", "error", "failed"].index(status)
    assert chain.words(task) == [number, "0x" + sha256(result).hexdigest(), read_result(result).attestation.message.reportHash]


def test_the_gas_of_the_callback(chain: Chain, tell: Callable[[str], None]) -> None:
    gas: dict[str, int] = {}
    for name, params in {"no params": "", "usual params": PARAMS, "12,000 bytes of params": "p" * 12_000}.items():
        task = chain.order(params=params)
        callback = chain.complete(task, callback_data(sealed(task)))
        assert (callback["refused"], callback["limit"]) == (None, CALLBACK_GAS)
        gas[name] = callback["gas"]
    tell(f"gas of receiveResult: {gas}")
    assert all(66_300 < used <= CALLBACK_GAS for used in gas.values()), gas  # three new words alone are 66,300
    assert gas["usual params"] <= 110_000  # what a user pays


@pytest.mark.parametrize(
    ("limit", "params", "refused"),
    [(CALLBACK_GAS, PARAMS, None), (100_000, PARAMS, "out of gas"), (CALLBACK_GAS, "p" * 16_000, "out of gas")],
    ids=["enough", "PoCo 6.1.0 by default", "16,000 bytes of params"],
)
def test_a_callback_without_enough_gas_leaves_nothing(chain: Chain, limit: int, params: str, refused: str | None) -> None:
    """And the task is COMPLETED all the same: whoever waits for the callback alone would wait for ever."""
    task = chain.order(params=params)
    data = callback_data(sealed(task))
    hub = {"contract": "Hub", "to": chain.hub, "method": "setCallbackGas"}
    try:
        chain.ask("send", args=[limit], **hub)
        callback = chain.complete(task, data)
    finally:
        chain.ask("send", args=[CALLBACK_GAS], **hub)
    assert (callback["limit"], callback["refused"]) == (limit, refused)
    assert chain.words(task) == (NOTHING if refused else words_of(data))
    kept = chain.ask("call", contract="Hub", to=chain.hub, method="resultFor", args=[task], **{"from": chain.stranger})
    assert kept == {"values": [data]}


def test_only_the_hub_may_deliver(chain: Chain) -> None:
    task = chain.order()
    data = callback_data(sealed(task))
    chain.complete(task, data)
    for sender in (chain.stranger, *chain.facts["signers"].values(), chain.app, chain.consumer):
        assert chain.call("receiveResult", task, data, sender=sender) == {"refused": "NotTheHub"}
    assert chain.call("receiveResult", task, data, sender=chain.hub) == []


def test_a_task_that_is_not_completed_is_refused(chain: Chain) -> None:
    task = chain.order()
    data = callback_data(sealed(task))
    assert chain.call("receiveResult", task, data, sender=chain.hub) == {"refused": "NotCompleted"}
    assert chain.call("receiveResult", ZERO_HASH, data, sender=chain.hub) == {"refused": "NotCompleted"}
    chain.complete(task, data)
    assert chain.call("receiveResult", task, data, sender=chain.hub) == []


def test_data_that_the_task_did_not_deliver_is_refused(chain: Chain) -> None:
    task = chain.order()
    data = callback_data(sealed(task))
    chain.complete(task, data)
    others = [callback_data(sealed(task, "error")), data[:-2], data + "00", "0x"]
    others += [data[:at] + f"{int(data[at], 16) ^ 1:x}" + data[at + 1 :] for at in (65, 66, 129, 130, 193)]
    for other in others:
        assert chain.call("receiveResult", task, other, sender=chain.hub) == {"refused": "OtherDigest"}, other
    assert chain.call("receiveResult", task, data, sender=chain.hub) == []


def test_another_app_is_refused(chain: Chain) -> None:
    task = chain.order(app=chain.other_app)
    data = callback_data(sealed(task))
    assert chain.complete(task, data)["refused"] == "OtherApp"
    assert chain.words(task) == NOTHING
    consumer = chain.deploy("Consumer", chain.hub, chain.other_app, SIGNER)  # the same, for a consumer that expects it
    task = chain.order(app=chain.other_app, consumer=consumer)
    data = callback_data(sealed(task))
    assert chain.complete(task, data)["refused"] is None
    assert chain.words(task, consumer) == words_of(data)


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        (lambda data: data, None),
        (lambda data: data[:-64], "OtherLayout"),
        (lambda data: data + "00" * 32, "OtherLayout"),
        (lambda data: "0x" + f"{4:064x}" + data[66:], "OtherLayout"),
        (lambda data: "0x80" + data[4:], "OtherLayout"),
    ],
    ids=["as it is", "two words", "four words", "status 4", "status 2^255"],
)
def test_another_layout_is_refused(chain: Chain, change: Callable[[str], str], refused: str | None) -> None:
    task = chain.order()
    data = change(callback_data(sealed(task)))
    assert chain.complete(task, data)["refused"] == refused
    assert chain.words(task) == (NOTHING if refused else words_of(data))


@pytest.mark.parametrize("chain_id", [None, 31337])
def test_words_count_only_with_the_signature_of_the_same_task(chain: Chain, chain_id: int | None) -> None:
    """Whoever owns the workerpool can deliver any words; only the signer can make them `verifyReceived`."""
    assert chain.chain_id == 31337
    honest, forged, missing = chain.order(), chain.order(), chain.order()
    good = {task: sealed(task, chain_id=chain_id) for task in (honest, forged, missing)}
    chain.complete(honest, callback_data(good[honest]))
    lie = callback_data(sealed(forged, size=101))
    assert chain.complete(forged, lie)["refused"] is None
    assert chain.words(forged) == words_of(lie)
    assert chain.call("verifyReceived", *signed(good[honest])) is True
    check = "verify" if chain_id is None else "verifyOnThisChain"
    for task in (forged, missing):  # the signature is good, but what is stored is something else, or nothing
        assert chain.call(check, *signed(good[task])) is True
        assert chain.call("verifyReceived", *signed(good[task])) is False
    message, _ = signed(good[honest])
    assert chain.call("verifyReceived", message, signed(good[forged])[1]) is False
    zeros = ResultStruct(**dict.fromkeys(WORDS, ZERO_HASH))  # as an empty place in the storage
    signature = KEY.sign(digest(zeros, Domain(chainId=chain_id)))
    assert chain.call(check, zeros.model_dump(), signature) is True
    assert chain.call("verifyReceived", zeros.model_dump(), signature) is False


# --- (b) the signature


def test_the_gas_of_a_signature_check_is_the_same_for_any_report(chain: Chain, tell: Callable[[str], None]) -> None:
    task = chain.order()
    gas: dict[str, set[int]] = {}
    for check, chain_id in (("verify", None), ("verifyOnThisChain", chain.chain_id)):
        small = [sealed(task, size=size, chain_id=chain_id) for size in range(8)]
        large = [sealed(task, size=100_000 + size, chain_id=chain_id) for size in range(8)]
        assert max(map(len, small)) < 2_000
        assert min(map(len, large)) > 100_000
        for results in (small, large):
            assert {signed(result)[1][-2:] for result in results} == {"1b", "1c"}  # both values of v
        gas[check] = {chain.probed(check, *signed(result)) for result in small}
        assert gas[check] == {chain.probed(check, *signed(result)) for result in large}
        assert len(gas[check]) == 1
    for chain_id in (None, chain.chain_id):
        task = chain.order()
        result = sealed(task, chain_id=chain_id)
        chain.complete(task, callback_data(result))
        gas[f"verifyReceived, chain {chain_id}"] = {chain.probed("verifyReceived", *signed(result))}
    tell(f"gas of a check, of 1 KB as of 100 KB: {gas}")
    assert all(3_000 < used <= CHECK_GAS for each in gas.values() for used in each), gas  # the precompile alone is 3,000


CHECKS = [("verify", None), ("verifyOnThisChain", 31337)]
each_domain = pytest.mark.parametrize(("check", "chain_id"), CHECKS, ids=["no chain", "this chain"])


@each_domain
@pytest.mark.parametrize("status", ["incomplete", "ok", "error", "failed"])
def test_our_signatures_are_accepted(chain: Chain, check: str, chain_id: int | None, status: Status) -> None:
    for task in (None, "0x" + "cd" * 32, "0x" + "ff" * 32):
        assert chain.call(check, *signed(sealed(task, status, chain_id=chain_id))) is True


@each_domain
def test_any_other_word_is_refused(chain: Chain, check: str, chain_id: int | None) -> None:
    message, signature = signed(sealed("0x" + "cd" * 32, chain_id=chain_id))
    assert chain.call(check, message, signature) is True
    for name in WORDS:
        for bit in (0, 255):
            other = message | {name: f"0x{int(message[name], 16) ^ 1 << bit:064x}"}
            assert chain.call(check, other, signature) is False, (name, bit)
    turned = dict(zip(WORDS, [*list(message.values())[1:], message["taskId"]], strict=True))
    assert chain.call(check, turned, signature) is False


@each_domain
def test_another_signer_is_refused(chain: Chain, check: str, chain_id: int | None) -> None:
    message, _ = signed(sealed(chain_id=chain_id))
    signature = OTHER_KEY.sign(digest(ResultStruct(**message), Domain(chainId=chain_id)))
    assert chain.call(check, message, signature) is False
    trusting = chain.deploy("Consumer", chain.hub, chain.app, OTHER_KEY.address)
    assert chain.call(check, message, signature, to=trusting) is True


@each_domain
def test_another_domain_is_refused(chain: Chain, check: str, chain_id: int | None) -> None:
    for other in (None, 1, 31336, 31337, 31338, 421614):
        assert chain.call(check, *signed(sealed(chain_id=other))) is (other == chain_id), other


def test_this_chain_is_the_one_that_the_contract_is_on(chain: Chain) -> None:
    try:
        for here in (421614, 42161):
            chain.ask("rename", chainId=here)
            for other in (None, 31337, 42161, 421614):
                assert chain.call("verifyOnThisChain", *signed(sealed(chain_id=other))) is (other == here), (here, other)
    finally:
        chain.ask("rename", chainId=chain.chain_id)


@each_domain
def test_other_forms_of_a_good_signature_are_refused(chain: Chain, check: str, chain_id: int | None) -> None:
    seen = set()
    for size in range(8):  # both values of v
        message, signature = signed(sealed(size=size, chain_id=chain_id))
        hashed = "0x" + digest(ResultStruct(**message), Domain(chainId=chain_id)).hex()
        r, s, v = signature[:66], int(signature[66:130], 16), int(signature[130:], 16)
        seen.add(v)

        def whole(s: int, v: int, r: str = r) -> str:
            return f"{r}{s:064x}{v:02x}"

        def precompile(s: int, v: int, r: str = r, hashed: str = hashed) -> Any:
            return chain.ask("recover", digest=hashed, v=v, r=r, s=f"0x{s:064x}")["address"]

        assert whole(s, v) == signature
        assert (chain.call(check, message, whole(s, v)), precompile(s, v)) == (True, SIGNER)
        # the high s is as good a signature by the same key: nothing but our own rule refuses it
        assert (chain.call(check, message, whole(ORDER - s, 55 - v)), precompile(ORDER - s, 55 - v)) == (False, SIGNER)
        bad = [whole(s, v - 27), whole(s, 55 - v), whole(s, 29), whole(s, 0xFF), whole(0, v), whole(ORDER, v)]
        bad += [whole(s, v, r=ZERO_HASH), whole(s, v, r=f"0x{ORDER:064x}")]
        bad += [signature[:-2], signature + "00", signature[:130], signature[:2], "0x" + "00" * 64, "0x" + "00" * 65]
        compact = s | (v - 27) << 255  # ERC-2098, 64 bytes
        for other in [*bad, f"{r}{compact:064x}"]:
            assert chain.call(check, message, other) is False, other
    assert seen == {27, 28}


@each_domain
@pytest.mark.parametrize(("over", "accepted"), [(0, True), (1, False)], ids=["half the order", "one more"])
def test_where_low_s_ends(chain: Chain, check: str, chain_id: int | None, over: int, accepted: bool) -> None:
    """Any r and s are somebody's signature: trust just him, and nothing but the size of s can decide."""
    message, signature = signed(sealed(chain_id=chain_id))
    edge = f"{ORDER // 2 + over:064x}"
    hashed = "0x" + digest(ResultStruct(**message), Domain(chainId=chain_id)).hex()
    somebody = chain.ask("recover", digest=hashed, v=27, r=signature[:66], s="0x" + edge)["address"]
    trusting = chain.deploy("Consumer", chain.hub, chain.app, somebody)
    assert chain.call(check, message, signature[:66] + edge + "1b", to=trusting) is accepted


# --- the rest


def test_the_consumer_says_what_it_is(chain: Chain) -> None:
    erc165, erc1154 = (keccak256(text)[:4].hex() for text in (b"supportsInterface(bytes4)", b"receiveResult(bytes32,bytes)"))
    for interface, answer in ((erc165, True), (erc1154, True), ("ffffffff", False), ("00000000", False)):
        assert chain.call("supportsInterface", "0x" + interface) is answer
    assert [chain.call(name) for name in ("hub", "app", "signer")] == [chain.hub, chain.app, SIGNER]


@pytest.mark.parametrize("missing", range(3))
def test_no_consumer_without_hub_app_and_signer(chain: Chain, missing: int) -> None:
    """With a zero signer every broken signature would be accepted."""
    args = [chain.hub, chain.app, SIGNER]
    assert chain.deploy("Consumer", *args)
    args[missing] = "0x" + "00" * 20
    assert chain.ask("deploy", contract="Consumer", args=args) == {"refused": "ZeroAddress"}


def test_the_chain_listens_on_this_machine_only(chain: Chain) -> None:
    process = Path(f"/proc/{chain.facts['anvil']}")
    sockets = {os.readlink(one) for one in (process / "fd").iterdir() if one.is_symlink()}
    lines = [line.split() for name in ("tcp", "tcp6") for line in (process / "net" / name).read_text().splitlines()[1:]]
    port = int(chain.facts["url"].rpartition(":")[2])
    listening = [line[1] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in sockets]
    assert listening == [f"0100007F:{port:04X}"]
