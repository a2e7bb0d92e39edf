"""A second verifier, in JavaScript and from docs/reference and the schema alone, says of every result what ours says."""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pytest
import rfc8785

from app.base.errors import AppError
from app.base.limits import LIMITS
from app.crypto.signing import ORDER, Domain, ResultStruct, digest, recover
from app.result.envelope import seal
from app.verify.verifier import verify
from tests.support.desk import ROOT
from tests.support.mutations import OTHER, WAYS, resigned
from tests.support.reports import BULK, EMPTY, KEY, OUTSIDE, REPORT

PEERS = ROOT / "tests/peers"
VECTORS = ROOT / "tests/vectors"
SEEDS = 400  # each does one thing to one result
MODEL = "12" * 32

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("node") is None or not (PEERS / "node_modules/canonicalize").is_dir(),
        reason="node, or canonicalize in tests/peers/node_modules, is not here (`make test` fills the second)",
    ),
]

KINDS = {
    "form": {"json.invalid", "result.schema", "result.not_canonical", "result.unreadable"},
    "hash": {"result.hash_mismatch"},
    "signature": {"result.signature"},
    "signer": {"result.wrong_signer"},
    "model": {"result.wrong_model"},
}
KIND = {code: kind for kind, codes in KINDS.items() for code in codes}


@dataclass(frozen=True)
class Case:
    """Bytes to judge, whom to trust, and the model to expect."""

    data: bytes
    signer: str = KEY.address
    model: str | None = None


def ours(case: Case) -> str | None:
    """Return the kind of our refusal; whatever is raised besides an AppError fails the test."""
    try:
        verify(case.data, case.signer, model_sha256=case.model)
    except AppError as err:
        return KIND[err.code]
    return None


def theirs(cases: list[Case]) -> list[str | None]:
    """Return what the other says of each case; one process judges all."""
    lines = [
        json.dumps({"data": base64.b64encode(case.data).decode(), "signer": case.signer, "model": case.model}) for case in cases
    ]
    done = subprocess.run(
        ["node", PEERS / "verify.mjs"], input="\n".join(lines), capture_output=True, check=True, text=True, timeout=300
    )
    answers = [json.loads(line) for line in done.stdout.split("\n")[:-1]]
    assert [answer for answer in answers if "bug" in answer] == []
    assert len(answers) == len(cases)
    return [answer["refused"] for answer in answers]


def agreed(cases: dict[str, Case]) -> dict[str, str | None]:
    """Return the verdict on each case by its name; where the two differ, the names are the failure."""
    verdicts = {name: ours(case) for name, case in cases.items()}
    assert len(cases) == len(verdicts)
    others = dict(zip(cases, theirs(list(cases.values())), strict=True))
    assert {name: (verdicts[name], others[name]) for name in cases if verdicts[name] != others[name]} == {}
    return verdicts


def base(rng: random.Random) -> bytes:
    return seal(rng.choice([REPORT, BULK, EMPTY, OUTSIDE]), KEY, rng.choice([None, None, 1, 421614, LIMITS.json_integer])).data


def test_both_say_what_each_vector_says() -> None:
    folders = sorted((VECTORS / "verify").iterdir())
    about = {folder.name: json.loads((folder / "vector.json").read_text()) for folder in folders}
    cases = {folder.name: Case((folder / "result.json").read_bytes(), about[folder.name]["signer"]) for folder in folders}
    assert len(cases) >= 120
    expected = {name: KIND[one["error"]] if one["error"] else None for name, one in about.items()}
    assert agreed(cases) == expected


def test_both_accept_what_was_released() -> None:
    folders = [path.parent for path in (VECTORS / "golden").glob("*/result.json")]
    released = {folder.name: (folder / "signer").read_text().strip() for folder in folders}
    cases = {name: Case((VECTORS / "golden" / name / "result.json").read_bytes(), signer) for name, signer in released.items()}
    assert len(cases) >= 4
    assert set(agreed(cases).values()) == {None}


def test_both_say_the_same_of_what_was_altered() -> None:
    cases = {}
    for seed in range(SEEDS):
        rng = random.Random(seed)
        way = WAYS[seed % len(WAYS)]
        cases[f"{seed} {way.__name__}"] = Case(way(rng, base(rng)))
    verdicts = agreed(cases)
    seen = Counter(verdicts.values())
    assert seen.total() == SEEDS >= 300
    assert min(seen[kind] for kind in ("form", "hash", "signature")) >= 20 and seen["signer"] >= 1, seen
    assert 10 <= seen[None] <= SEEDS // 4, seen  # edits that are valid and signed again, and what an edit left as it was
    changed = {name.split()[1] for name, verdict in verdicts.items() if verdict is not None}
    assert changed == {way.__name__ for way in WAYS}


def test_both_say_the_same_of_the_signer_and_the_model() -> None:
    address = KEY.address
    signers = [address, address.lower(), "0x" + address[2:].upper(), address.upper(), address.swapcase(), OTHER.address]
    signers += [
        address[2:],
        address[:-1],
        address + "0",
        address + "\n",
        " " + address,
        "",
        "0x",
        address.replace("a", "\u0430"),
    ]
    cases = {f"signer {signer!r}": Case(seal(REPORT, KEY).data, signer) for signer in signers}
    for model in (MODEL, MODEL.upper(), "0x" + MODEL, "13" * 32, "", "m"):
        cases |= {f"model {model} of {name}": Case(seal(report, KEY).data, model=model) for name, report in REPORTS.items()}
    by_other = Case(seal(REPORT, OTHER).data, model="13" * 32)
    cases |= {"signer before model": by_other, "the other is trusted": replace(by_other, signer=OTHER.address, model=None)}
    seen = Counter(agreed(cases).values())
    assert {"signer", "model", None} == seen.keys()
    assert min(seen.values()) >= 5, seen


REPORTS = {"single": REPORT, "bulk": BULK, "empty": EMPTY, "outside": OUTSIDE}


def with_value(path: str, value: Any) -> bytes:
    """Return a result with one value changed and all of it signed again."""
    plain = json.loads(seal(REPORT, KEY).data)
    node = plain
    *above, leaf = path.split(".")
    for name in above:
        node = node[name]
    node[leaf] = value
    return resigned(plain)


def test_both_say_the_same_at_the_edges() -> None:
    data, word = seal(REPORT, KEY).data, "0x" + "ab" * 32
    text, datasets, seed, chain = (
        "report.answer.text",
        "report.request.datasets",
        "report.parameters.seed",
        "attestation.domain.chainId",
    )
    room = LIMITS.result_bytes - len(with_value(text, ""))
    good = [
        *(
            (text, "x" * room),
            (text, "".join(map(chr, range(256)))),
            (text, "\ufffe\uffff\U0001ffff\U0010ffff"),
            (text, "\u2028"),
        ),
        *(
            (datasets, ["0x" + "aB" * 20]),
            ("report.bot_index", 2**53 - 1),
            (chain, 2**53 - 1),
            (seed, 1.0),
            ("report.model.name", ""),
        ),
    ]
    bad = [
        *(
            (text, "x" * (room + 1)),
            (text, "\ud800"),
            (datasets, ["0x" + "11" * 20 + "\n"]),
            ("report.request.args_hash", word + "\n"),
        ),
        *(("report.request.commitment", word.upper()), ("report.task_id", word + "\n"), ("report.model.sha256", "\n" + MODEL)),
        *(
            ("report.model.build", "\u0661" * 64),
            ("report.bot_index", 2**53),
            ("report.status", "ok\n"),
            (seed, True),
            (seed, "1"),
        ),
        *(
            (chain, 2**53),
            (chain, 0),
            (chain, None),
            (chain, True),
            (chain, -1),
            ("attestation.domain.salt", word),
            ("report.__proto__", {}),
        ),
        *(("attestation.domain", {"version": "1"}), ("attestation.domain", {"name": "sealed-llm"}), ("attestation.domain", {})),
    ]
    raw = {
        "64 lists": b"[" * 64 + b"]" * 64,
        "half a million lists": b"[" * 500_000 + b"]" * 500_000,
        "half a surrogate pair, raw": data.replace("Grüße".encode(), b"\xed\xa0\x80"),
        "5,000 digits": data.replace(b'"seed":0', b'"seed":' + b"9" * 5000),
        "1e400": data.replace(b'"seed":0', b'"seed":1e400'),
        "a number": b"1",
    }
    cases = {f"good {at} {path}": Case(with_value(path, value)) for at, (path, value) in enumerate(good)}
    cases |= {f"bad {at} {path}": Case(with_value(path, value)) for at, (path, value) in enumerate(bad)}
    cases |= {f"bad {name}": Case(one) for name, one in raw.items()}
    verdicts = agreed(cases)
    assert {name: kind for name, kind in verdicts.items() if kind != (None if name.startswith("good") else "form")} == {}


def test_both_say_the_same_where_low_s_ends() -> None:
    """Any r and s are somebody's signature: trust just him, and nothing but the size of s can decide."""
    plain = json.loads(seal(REPORT, KEY).data)
    attestation = plain["attestation"]
    hashed = digest(ResultStruct(**attestation["message"]), Domain())
    half = ORDER // 2
    somebody = recover(hashed, f"{attestation['signature'][:66]}{half:064x}1b")
    cases = {}
    for name, end in {"half the order": f"{half:064x}1b", "one more": f"{half + 1:064x}1c"}.items():  # the same signature twice
        changed = {**attestation, "signature": attestation["signature"][:66] + end, "signer": somebody}
        cases[name] = Case(rfc8785.dumps({**plain, "attestation": changed}), somebody)
    assert agreed(cases) == {"half the order": None, "one more": "signature"}
