"""Make tests/vectors/golden anew: results of this program that must verify for ever once a version is released.

    python dev/make_golden.py     # needs both models; only while nothing is released

Each is run as a worker runs it, with one fixed key that signs nothing else.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from app import __version__
from app.crypto.signing import keccak256, load_key
from app.formats.protected_data_writer import protect
from app.llm.models import catalogue
from app.simulate.postcompute import judge
from app.simulate.worker import Order, prepare, start
from app.verify.verifier import verify

FOLDER = Path(__file__).resolve().parent.parent / "tests/vectors/golden"
SECRET = "0x" + keccak256(b"sealed-llm golden results").hex()
SMALL = next(name for name in catalogue() if name.startswith("smollm2"))
WALLET = "0x" + "1b" * 20
_PEER = "0x" + "2c" * 20


def _row(index: int) -> dict[str, str]:
    sender, recipient = (WALLET, _PEER) if index % 3 else (_PEER, WALLET)
    fixed = {"gasUsed": "21000", "gasPrice": "9000000000", "isError": "0", "txreceipt_status": "1", "input": "0x"}
    place = {"blockNumber": str(21_000_000 + 7_200 * index), "timeStamp": str(1_730_000_000 + 86_400 * index)}
    moved = {"from": sender, "to": recipient, "value": f"{index}000000000000000", "contractAddress": ""}
    return {**place, "hash": f"0x{index:064x}", "nonce": str(index), **moved, **fixed}


HISTORY = json.dumps({"status": "1", "message": "OK", "result": [_row(index) for index in range(40)]})
ORDERS: dict[str, Order] = {
    "ask": Order((protect({"prompt": "What is the capital of France?"}),)),
    "ask-material": Order((b"id,status\n1,paid\n2,failed\n3,failed\n",), requester_secrets={1: "How many orders failed?"}),
    "ask-seeded-salted-chain": Order(
        (protect({"prompt": "Name a bird. Grüße! 🐦", "temperature": 0.8, "seed": 7, "salt": keccak256(b"a salt").hex()}),),
        args="--chain-id 421614 --max-tokens 24",
    ),
    "bulk-partial": Order(
        (protect({"email": "What is the capital of France?"}), None, protect({"prompt": "Name a colour.", "max_tokens": 8})),
        bulk=True,
        args=f"--model {SMALL}",
    ),
    "code-session": Order(
        (
            protect(
                {
                    "language": "python",
                    "prompt": "a function rev that reverses a string",
                    "tests": "[\"assert rev('ab') == 'ba'\"]",
                    "session": "new",
                }
            ),
        )
    ),
    "code-tests-failed": Order(
        (
            protect(
                {
                    "language": "python",
                    "prompt": "a function add(a, b) that returns a + b",
                    "tests": '["assert add(1, 1) == 3"]',
                    "attempts": 1.0,
                }
            ),
        )
    ),
    "error": Order((protect({"prompt": ""}),)),
    "score": Order((protect({"wallet": WALLET, "history": HISTORY}),)),
    "score-count": Order((protect({"wallet": WALLET, "history": '{"transaction_count": 12}'}),)),
}


def _run(order: Order) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        inside, out = Path(name, "in"), Path(name, "out")
        inside.mkdir()
        out.mkdir()
        child = start(prepare(order, inside, out), order.args)
        if child.communicate() != (b"", b"") or child.returncode != 0:
            raise SystemExit("the app printed something or failed")
        return judge(out).result


def main() -> None:
    """Write every result and the address that signed it."""
    from dataclasses import replace

    signer = load_key(SECRET).address
    for old in FOLDER.glob("*/"):
        shutil.rmtree(old)
    for name, order in ORDERS.items():
        result = _run(replace(order, app_secret=SECRET))
        report = verify(result, signer).result.report
        folder = FOLDER / f"{__version__}-{name}"
        folder.mkdir()
        (folder / "result.json").write_bytes(result)
        (folder / "signer").write_text(signer + "\n")
        print(f"{folder.name}: {report.kind}, {report.status}")  # noqa: T201  a script says what it made


if __name__ == "__main__":
    main()
