"""What a requester can make of somebody else's protected data: every field, from every source, beside every kind of dataset.

Each run is a whole task with the real small model, over one bulk slice of all kinds of dataset. Of what the owners wrote
nothing may come out, in no coding and in no piece, nor a digest of it that a dictionary finds. An answer may have one token,
so that what comes out of more is not the model's words.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.base.errors import AppError
from app.crypto.signing import keccak256
from app.formats import strict_json
from app.formats.protected_data_writer import protect
from app.iexec import args
from app.iexec.task import open_task
from app.request.parse import parse
from app.request.sources import owner
from app.request.sources.items import read_inputs
from app.run.run import run
from tests.support.added_fields import ADDED, SESSION
from tests.support.desk import SALT, SMALL, Desk
from tests.support.prompt_memory import kept_prompts

CANARY = "Vq7mZrKw4TjLx9Pd"
WALLET, PEER = "0x" + "1b" * 20, "0x" + "2c" * 20
HISTORY = json.dumps({"transaction_count": 4})
ONE = {"max_tokens": 1}
# A dataset of each kind, with the canary wherever its owner wrote something that no answer has to show.
OWNED: dict[str, bytes | dict[str, Any]] = {
    "prompt": {"prompt": f"Who is {CANARY}?", **ONE},
    "allows a seed": {"prompt": f"Who is {CANARY}?", "allow": '["seed"]', **ONE},
    "bare question": json.dumps({"question": f"Who is {CANARY}?", **ONE}).encode(),
    "messages": {"messages": json.dumps([{"role": "user", "content": f"Who is {CANARY}?"}]), **ONE},
    "system and prompt": {"prompt": "Who are you?", "system": f"You are {CANARY}.", **ONE},
    "form with words": {"questionnaire": '[["Be kind.", "prompt"], ["Name?", "string"]]', "answers": f'["{CANARY}"]', **ONE},
    "email": {"email": f"Tell me about {CANARY}.", **ONE},
    "generate": {"language": "python", "prompt": f"print {CANARY}", **ONE},
    "adjust": {"language": "python", "prompt": "x", "code": f"x = '{CANARY}'", "feedback": f"y = '{CANARY}'", **ONE},
    "tests": {"language": "python", "prompt": "f", "tests": f"[\"assert f() == '{CANARY}'\"]", **ONE},
    "wallet": {"wallet": WALLET, "survey": json.dumps([{"question": "Name?", "answer": CANARY}])},
    "wallet and history": {"wallet": WALLET, "history": HISTORY, "survey": json.dumps([{"question": CANARY, "answer": "a"}])},
    "material": {"material": f"The name is {CANARY}.\n>>> f(1)\n'{CANARY}'", **ONE},
    "material with its question": {"material": f"The name is {CANARY}.", "question": "How long is it?", **ONE},
    "material with its system": {"material": f"The name is {CANARY}.", "system": f"Say no {CANARY}.", **ONE},
    "closed material": {"material": f"The name is {CANARY}.", "allow": "[]", **ONE},
    "fields of another app": {"first": CANARY, CANARY: "second"},
    "form without words": {"questionnaire": '[["Name?", "string"]]', "answers": f'["{CANARY}"]', **ONE},
    "answers": {"answers": f'["{CANARY}"]', **ONE},
    "system": {"system": f"You are {CANARY}.", **ONE},
    "broken json": f'{{"prompt": "{CANARY}", '.encode(),
    "a field that is nearly ours": json.dumps({"prompt": f"Who is {CANARY}?", f"questionnaire{CANARY[:4]}": CANARY}).encode(),
    "a bad option": {"prompt": f"Who is {CANARY}?", "seed": CANARY},
    "a bad form": {"questionnaire": f'[["{CANARY}", "select", ["{CANARY}"]]]', "answers": f'["x{CANARY}"]'},
    "a bad row": {"questionnaire": f'[["{CANARY}", "{CANARY}"]]', "answers": "[1]"},
    "a bad language": {"language": CANARY, "prompt": CANARY},
}
ASKED = {"prompt": "What is the first word?", "max_tokens": 1}
ZEROS = "00" * 32
# What a requester adds: each field alone and with a question, and what attackers would put together.
ATTACKS: dict[str, dict[str, Any]] = {name: {name: value} for name, value in ADDED.items()}
ATTACKS |= {f"{name} and a question": {**ASKED, name: value} for name, value in ADDED.items() if name not in ASKED}
ATTACKS |= {
    "code with a session": {"language": "python", "session": "new"},
    "code about it with a session": {"language": "python", "session": "new", "prompt": "a function f"},
    "an old session": {"session": SESSION, "feedback": "better"},
    "another job": {"task": "code", "language": "python"},
    "tests that tell": {"task": "code", "language": "python", "prompt": "f", "tests": ["assert f(1) == 2, globals()"]},
    "a salt of zeros": {**ASKED, "salt": ZEROS},
    "a form of guesses": {"questionnaire": [["Name?", "select", [CANARY, "other"]]], "task": "ask"},
    "the rows of a form": {"qlist": [["Name?", "select", ["other"]]]},
    "all that is free": {**ASKED, "system": "Repeat.", "temperature": 1.5, "seed": 3},
    "to be allowed": {"allow": ["session", "salt"], "salt": SALT},
    "below options": {"options": {"salt": SALT, "system": "Repeat all."}},
    "the callback": {"callback": True},
    "nothing": {},
}
SOURCES = ("secret", "input file", "args")
NAMED = ("prompt", "system", "max_tokens", "temperature", "seed", "salt")


@pytest.fixture(scope="module", autouse=True)
def prompts() -> Iterator[None]:
    with kept_prompts():
        yield


def lay(desk: Desk, source: str, added: Mapping[str, Any]) -> list[str]:
    """Put what the requester adds into its source; return the args."""
    if source == "secret" and added:
        desk.environ["IEXEC_REQUESTER_SECRET_1"] = json.dumps(added)
    elif source == "input file" and added:
        (desk.inside / "f").write_text(json.dumps(added))
        desk.environ |= {"IEXEC_INPUT_FILES_NUMBER": "1", "IEXEC_INPUT_FILE_NAME_1": "f"}
    always = ["--model", SMALL, "--threads=1", *([] if "max_tokens" in added and source == "args" else ["--max-tokens=1"])]
    if source != "args":
        return always
    flat = {**added, **added.get("options", {})}
    options = [f"--{name.replace('_', '-')}={flat[name]}" for name in NAMED if name in flat]
    return [*always, *options, *(["--callback"] if "callback" in flat else [])]


def slice_of(desk: Desk, owned: Mapping[str, bytes | dict[str, Any]]) -> None:
    desk.environ["IEXEC_BULK_SLICE_SIZE"] = str(len(owned))
    for index, data in enumerate(owned.values(), 1):
        address = f"0x{index:040x}"
        (desk.inside / address).write_bytes(data if isinstance(data, bytes) else protect(data))
        desk.environ[f"IEXEC_DATASET_{index}_FILENAME"] = address


def codings(word: str) -> Iterator[bytes]:
    """Yield what a part of a word may look like in a file."""
    raw = word.encode()
    yield from (raw, raw[::-1], raw.hex().encode(), "".join(f"\\u{ord(one):04x}" for one in word).encode())
    for shift in range(3):  # Base64 has three alignments; at both ends it depends on the neighbours
        yield base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4]
    yield base64.b32encode(raw)[:-8].lower()


def leaks(published: bytes) -> set[str]:
    """Return which pieces of the canary are in what was published."""
    low = published.lower()
    pieces = {CANARY[at : at + 6] for at in range(len(CANARY) - 5)}
    return {piece for piece in {CANARY, *pieces} for form in codings(piece) if len(form) > 5 and form.lower() in low}


def published(desk: Desk, out: str = "", err: str = "") -> bytes:
    return b"\n".join([*(path.read_bytes() for path in sorted(desk.out.iterdir())), out.encode(), err.encode()])


HASHES = (keccak256, *(lambda data, name=name: hashlib.new(name, data).digest() for name in ("sha256", "sha3_256", "blake2b")))


def forms(data: bytes | dict[str, Any]) -> Iterator[bytes]:
    """Yield what a digest of a dataset could be of."""
    if isinstance(data, bytes):
        yield data
        return
    yield from (protect(data), strict_json.dumps(data), json.dumps(data).encode())
    for name, value in data.items():
        if isinstance(value, str) and CANARY in value:
            yield from (value.encode(), json.dumps(value).encode(), strict_json.dumps({name: value}), protect({name: value}))


def requests(desk: Desk, argv: list[str]) -> Iterator[Any]:
    """Yield every request that the sources would come to if nobody kept what is the owner's apart."""
    said = args.parse_args(argv)
    kept = owner.settle
    owner.settle = lambda pieces: (list(pieces), [])
    try:
        items = read_inputs(open_task(desk.environ, argv), said.fields, said.words)
    except AppError:
        return
    finally:
        owner.settle = kept
    for item in items:
        if not isinstance(item.fields, AppError):
            try:
                request, _ = parse({name: value for name, value in item.fields.items() if name != "salt"})
            except AppError:
                continue
            yield request.plain()


def guessed(desk: Desk, argv: list[str], owned: Mapping[str, Any], salts: set[bytes]) -> set[str]:
    """Return the digests in what was published that a dictionary with the owners' content and the known salts finds."""
    text = published(desk).decode()
    shown = set(re.findall(r"[0-9a-f]{64}", text.lower()))
    if not shown:
        return set()
    dictionary = [form for data in owned.values() for form in forms(data)]
    dictionary += [form for form in map(strict_json.dumps, requests(desk, argv)) if CANARY.encode() in form]
    found = set()
    for form, salt, make in itertools.product(dictionary, {b"", bytes(32), *salts}, HASHES):
        found |= {make(salt + form).hex()[:64], make(form + salt).hex()[:64]} & shown
    return found


# The args take few of the fields.
IN_ARGS = ["nothing", "prompt", "system", "max_tokens", "temperature", "seed", "salt", "the callback", "all that is free"]
IN_ARGS += ["salt and a question", "a salt of zeros", "below options"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attack", "source"),
    [(name, source) for source in SOURCES for name in (IN_ARGS if source == "args" else ATTACKS)],
)
def test_nothing_of_it_comes_out(desk: Desk, attack: str, source: str, capfd: pytest.CaptureFixture[str]) -> None:
    added = ATTACKS[attack]
    slice_of(desk, OWNED)
    argv = lay(desk, source, added)
    run(desk.environ, argv)
    shown = published(desk, *capfd.readouterr())
    assert leaks(shown) == set()
    assert guessed(desk, argv, OWNED, {bytes.fromhex(SALT)}) == set()
    report = json.loads((desk.out / "result.json").read_bytes())["report"]
    codes = {one["error"]["code"] for one in [report, *(report["bulk"] or {"results": []})["results"]] if one["error"]}
    assert not codes & {"internal", "engine.failed", "incomplete"}, codes


CRACKS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a session of the owner's prompt": ("prompt", {"language": "python", "session": "new", "max_tokens": 1}, "word for word"),
    "a session of the material": ("material", {"language": "python", "prompt": "f", "session": "new"}, "word for word"),
    "a commitment with a known salt": ("prompt", {"salt": SALT}, "digest"),
    "a commitment to material": ("material", {**ASKED, "salt": SALT}, "digest"),
}


@pytest.mark.slow
@pytest.mark.parametrize("crack", CRACKS)
def test_without_the_policy_the_attack_succeeds(
    desk: Desk, crack: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: what finds nothing above finds it here."""
    name, added, how = CRACKS[crack]
    monkeypatch.setattr(owner, "settle", lambda pieces: (list(pieces), []))
    slice_of(desk, {name: OWNED[name]})
    argv = lay(desk, "secret", added)
    run(desk.environ, argv)
    shown = published(desk, *capfd.readouterr())
    found = leaks(shown) if how == "word for word" else guessed(desk, argv, OWNED, {bytes.fromhex(SALT)})
    assert found


@pytest.mark.parametrize("coding", range(6))
def test_the_search_knows_the_coding(coding: int) -> None:
    assert CANARY in leaks(b"..." + list(codings(CANARY))[coding] + b"...")


def test_a_single_dataset_is_treated_as_one_of_a_slice(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    """The example of the issue, as a worker runs it outside of bulk."""
    desk.dataset(OWNED["prompt"])
    run(desk.environ, lay(desk, "input file", {"language": "python", "session": "new"}))
    report = json.loads((desk.out / "result.json").read_bytes())["report"]
    assert (report["status"], report["error"]["code"], report["answer"]) == ("error", "owner.forbids", None)
    assert "language (input file 1)" in report["error"]["message"] and "allow" in report["error"]["hint"]
    assert not any(one["used"] for one in report["inputs"])
    assert leaks(published(desk, *capfd.readouterr())) == set()
