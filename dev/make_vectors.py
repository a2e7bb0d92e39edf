"""Write tests/vectors/verify: one folder a vector, {result.json, vector.json, README}, made of one report and one fixed key.

    python dev/make_vectors.py           # writes; --check says what differs

A vector's expected code follows from what was done to it, never from what the verifier says.
"""

from __future__ import annotations

import copy
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785

from app.crypto.signing import ORDER, Key, load_key
from app.result.envelope import seal
from app.result.report import Draft
from dev import score_vectors

FOLDER = Path(__file__).resolve().parent.parent / "tests/vectors/verify"
KEY, OTHER = load_key("1d" * 32), load_key("2e" * 32)

PARAMETERS = {
    "max_tokens": 5, "min_p_milli": 50, "prompt_template": {"id": "ask/1", "sha256": "ab" * 32}, "repeat_penalty_milli": 1100,
    "seed": 0, "system": "default", "temperature_milli": 0, "top_k": 40, "top_p_milli": 950,
}  # fmt: skip
ANSWER = {"text": "Paris.", "finish_reason": "stop", "prompt_tokens": 30, "completion_tokens": 2}
FAILURE = {"code": "input.missing", "message": "there is no prompt", "hint": "send one"}
BASE: dict[str, Any] = {
    "format": "sealed-llm/report/1", "version": "0.1.0", "task_id": "0x" + "cd" * 32, "bot_index": 0, "status": "ok", "kind": "ask", "mode": "ai",
    "answer": ANSWER, "error": None, "bulk": None,
    "model": {"name": "m", "sha256": "12" * 32, "engine": "e 1", "build": "34" * 32, "flags": ["-DA=ON", "-DB=OFF"]},
    "parameters": PARAMETERS,
    "inputs": [{"source": "dataset", "number": None, "kind": "prompt", "used": True}],
    "request": {"args_hash": "0x" + "56" * 32, "commitment": None, "datasets": ["0x" + "11" * 20], "input_files": ["f"]},
    "key_origin": "app-secret",
}  # fmt: skip
OUTSIDE = {"embedded": False, "engine": "openai-compatible", "host": "127.0.0.1", "name": "m", "version": None}
LIBRARY = {**OUTSIDE, "engine": "transformers", "host": None, "version": "5.0"}
FAILED = {"status": "error", "kind": None, "mode": None, "answer": None, "error": FAILURE, "model": None, "parameters": None}
ITEM = {
    "index": 1, "dataset": "0x" + "11" * 20, "success": True, "kind": "ask", "mode": "ai", "answer": ANSWER, "error": None,
    "parameters": PARAMETERS, "inputs": BASE["inputs"], "commitment": None,
}  # fmt: skip
BAD_ITEM = {
    **ITEM,
    "index": 2,
    "success": False,
    "kind": None,
    "mode": None,
    "answer": None,
    "error": FAILURE,
    "parameters": None,
}


@dataclass(frozen=True)
class Vector:
    """The bytes of one result.json, what must become of them, and why."""

    name: str
    data: bytes
    error: str | None
    why: str
    signer: str = KEY.address


def sealed(change: dict[str, Any], key: Key = KEY, chain_id: int | None = None) -> bytes:
    """Return BASE with the leaves at the dotted paths of `change` replaced, sealed."""
    report = copy.deepcopy(BASE)
    for path, value in change.items():
        *above, leaf = path.split(".")
        node = report
        for name in above:
            node = node[name]
        node[leaf] = value
    return seal(Draft.model_validate_json(json.dumps(report)), key, chain_id).data


def positives() -> Iterator[Vector]:
    """Yield results that must be accepted."""
    bulk = {"totalCount": 2, "successCount": 1, "errorCount": 1, "results": [ITEM, BAD_ITEM]}
    changes: dict[str, dict[str, Any]] = {
        "plain": {}, "no_task": {"task_id": None}, "no_bot_index": {"bot_index": None}, "ephemeral": {"key_origin": "ephemeral"},
        "error": FAILED, "incomplete": {**FAILED, "status": "incomplete", "error": {**FAILURE, "code": "incomplete"}},
        "commitment": {"request.commitment": "0x" + "78" * 32}, "no_dataset": {"request.datasets": []},
        "dataset_without_address": {"request.datasets": [None]}, "three_datasets": {"request.datasets": ["0x" + "2" * 40, None, "0x" + "3" * 40]},
        "no_input_files": {"request.input_files": []}, "failed": {"status": "failed"}, "no_inputs": {"inputs": []}, "bulk": {**FAILED, "bulk": bulk, "model": BASE["model"]},
        "bulk_empty": {**FAILED, "bulk": {"totalCount": 0, "successCount": 0, "errorCount": 0, "results": []}},
        "length": {"answer.finish_reason": "length"}, "empty_answer": {"answer.text": "", "answer.completion_tokens": 0},
        "caller_system": {"parameters.system": "caller"}, "seeded": {"parameters.seed": 2**32 - 2, "parameters.temperature_milli": 800},
        "largest_integer": {"answer.prompt_tokens": 2**53 - 1}, "no_flags": {"model.flags": []}, "fallback": {"mode": "fallback"},
        "outside_model": {"model": OUTSIDE}, "outside_library": {"model": LIBRARY}, "outside_bulk": {**FAILED, "bulk": bulk, "model": OUTSIDE},
    }  # fmt: skip
    texts = {
        "umlauts": "Grüße", "astral": "🐀𝄞", "line_separators": "a\u2028b\u2029c", "controls": "\x00\x01\x1f\x7f", "quotes": '"\\/\b\f\n\r\t',
        "combining": "e\u0301 and é", "bidi": "\u202eabc", "private": "\ue000\uffff", "control_tokens": "<|im_start|>system",
        "json_inside": '{"report": {}}', "long": "word " * 4_000,
    }  # fmt: skip
    for name, change in changes.items():
        yield Vector(name, sealed(change), None, f"a valid result: {name.replace('_', ' ')}")
    for name, text in texts.items():
        yield Vector(
            f"text_{name}", sealed({"answer.text": text}), None, f"a valid result whose text has {name.replace('_', ' ')}"
        )
    for chain_id in (1, 134, 42161, 421614, 2**53 - 1):
        yield Vector(f"chain_{chain_id}", sealed({}, chain_id=chain_id), None, f"a valid result bound to chain {chain_id}")
    yield Vector("signer_lower_case", sealed({}), None, "the trusted address may be written in lower case", KEY.address.lower())


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield every scalar of a JSON value with its path."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None
    if children is None:
        yield path, node
    else:
        for name, child in children:
            yield from leaves(child, (*path, name))


def altered(path: tuple[Any, ...], value: Any) -> tuple[Any, str]:
    """Return another value of the same type for the leaf at `path`, and the code that the change must get."""
    place = ".".join(map(str, path))
    enums = {
        "report.format",
        "report.status",
        "report.kind",
        "report.mode",
        "report.key_origin",
        "report.answer.finish_reason",
        "report.parameters.system",
        "report.inputs.0.source",
        "report.inputs.0.kind",
    }
    if place in {"attestation.domain.name", "attestation.domain.version"} | enums:
        return "other", "result.schema"
    if place in {"attestation.signature", "attestation.signer"}:
        flipped = value[:10] + ("1" if value[10] != "1" else "2") + value[11:]
        return flipped, "result.signature"
    if value is None:
        return {}, "result.schema"
    if isinstance(value, int):
        return not value if isinstance(value, bool) else value + 1, "result.hash_mismatch"
    if re.fullmatch("(0x)?[0-9a-f]{40,64}", value):
        return value[:-1] + ("0" if value[-1] != "0" else "1"), "result.hash_mismatch"
    return value + "x", "result.hash_mismatch"


def edits() -> Iterator[Vector]:
    """Yield one vector for every leaf of a result: changed, still canonical, no longer signed."""
    plain = json.loads(sealed({}))
    for path, value in leaves(plain):
        changed = copy.deepcopy(plain)
        node = changed
        for name in path[:-1]:
            node = node[name]
        node[path[-1]], code = altered(path, value)
        place = "_".join(map(str, path))
        yield Vector(
            f"edit_{place}_fail", rfc8785.dumps(changed), code, f"{'.'.join(map(str, path))} was changed after signing"
        )


def structures() -> Iterator[Vector]:
    """Yield results whose structure or bytes were changed."""
    data = sealed({})
    plain = json.loads(data)

    def without(*path: str) -> bytes:
        changed = copy.deepcopy(plain)
        node = changed
        for name in path[:-1]:
            node = node[name]
        del node[path[-1]]
        return rfc8785.dumps(changed)

    def with_extra(*path: str) -> bytes:
        changed = copy.deepcopy(plain)
        node = changed
        for name in path:
            node = node[name]
        node["extra"] = 1
        return rfc8785.dumps(changed)

    for path in (("attestation",), ("report",), ("attestation", "signature"), ("attestation", "message", "taskId"), ("attestation", "domain", "name"),
                 ("report", "answer"), ("report", "error"), ("report", "model", "sha256"), ("report", "parameters", "seed"), ("report", "request", "commitment")):  # fmt: skip
        code = "result.not_canonical" if path == ("attestation", "domain", "name") else "result.schema"
        yield Vector(f"missing_{'_'.join(path)}_fail", without(*path), code, f"{'.'.join(path)} is missing")
    extras: list[tuple[str, ...]] = [(), ("attestation",), ("attestation", "message"), ("attestation", "domain"), ("report",), ("report", "answer"), ("report", "model"), ("report", "request")]  # fmt: skip
    for place in extras:
        yield Vector(
            f"extra_{'_'.join(place) or 'root'}_fail",
            with_extra(*place),
            "result.schema",
            f"an unknown field in {'.'.join(place) or 'the root'}",
        )
    raw: dict[str, tuple[bytes, str, str]] = {
        "empty": (b"", "json.invalid", "no bytes at all"),
        "truncated": (data[:-1], "json.invalid", "the last byte is gone"),
        "half": (data[: len(data) // 2], "json.invalid", "the second half is gone"),
        "trailing_newline": (data + b"\n", "result.not_canonical", "a newline follows"),
        "trailing_space": (data + b" ", "result.not_canonical", "a space follows"),
        "trailing_object": (data + b"{}", "json.invalid", "a second value follows"),
        "trailing_nul": (data + b"\0", "json.invalid", "a NUL follows"),
        "bom": (b"\xef\xbb\xbf" + data, "json.invalid", "a byte order mark precedes"),
        "utf16": (data.decode().encode("utf-16"), "json.invalid", "another encoding"),
        "bad_utf8": (data.replace(b"Paris", b"Par\xffs"), "json.invalid", "a byte that is no UTF-8"),
        "array": (b"[" + data + b"]", "result.schema", "an array of a result"),
        "string": (rfc8785.dumps(data.decode()), "result.schema", "a result in a string"),
        "null": (b"null", "result.schema", "null"),
        "indented": (json.dumps(plain, indent=1).encode(), "result.not_canonical", "reformatted"),
        "spaces": (json.dumps(plain).encode(), "result.not_canonical", "with spaces after separators"),
        "reordered": (json.dumps(dict(reversed(plain.items())), separators=(",", ":")).encode(), "result.not_canonical", "keys in another order"),
        "escaped": (data.replace(b"Paris", b"P\\u0061ris"), "result.not_canonical", "a letter as an escape"),
        "duplicate_report": (data[:-1] + b',"report":{}}', "json.invalid", "report twice"),
        "duplicate_leaf": (data.replace(b'"seed":0', b'"seed":0,"seed":0'), "json.invalid", "seed twice"),
        "float": (data.replace(b'"seed":0', b'"seed":0.0'), "result.schema", "a float where an integer is due"),
        "exponent": (data.replace(b'"seed":0', b'"seed":0e0'), "result.schema", "an exponent where an integer is due"),
        "minus_zero": (data.replace(b'"seed":0', b'"seed":-0'), "result.not_canonical", "minus zero"),
        "negative": (data.replace(b'"seed":0', b'"seed":-1'), "result.schema", "a negative count"),
        "too_large_integer": (data.replace(b'"seed":0', b'"seed":9007199254740992'), "result.schema", "2^53"),
        "string_for_integer": (data.replace(b'"seed":0', b'"seed":"0"'), "result.schema", "a string where an integer is due"),
        "true_for_integer": (data.replace(b'"seed":0', b'"seed":true'), "result.schema", "true where an integer is due"),
        "nan": (data.replace(b'"seed":0', b'"seed":NaN'), "json.invalid", "NaN"),
        "null_chain": (data.replace(b'"domain":{', b'"domain":{"chainId":null,'), "result.not_canonical", "an absent chainId written as null"),
        "deep": (b"[" * 65 + b"]" * 65, "json.invalid", "65 levels"),
    }  # fmt: skip
    for name, (changed, code, why) in raw.items():
        yield Vector(f"raw_{name}_fail", changed, code, why)


def signatures() -> Iterator[Vector]:
    """Yield results whose signature, domain or signer is wrong."""
    plain = json.loads(sealed({}))
    raw = bytes.fromhex(plain["attestation"]["signature"][2:])
    s, v = int.from_bytes(raw[32:64], "big"), raw[64]

    def signed(signature: bytes, **more: Any) -> bytes:
        changed = copy.deepcopy(plain)
        changed["attestation"] |= {"signature": "0x" + signature.hex(), **more}
        return rfc8785.dumps(changed)

    forms = {
        "high_s": raw[:32] + (ORDER - s).to_bytes(32, "big") + bytes([55 - v]),
        "v_0": raw[:64] + b"\0", "v_1": raw[:64] + b"\1", "v_29": raw[:64] + b"\x1d", "v_other": raw[:64] + bytes([55 - v]),
        "zero": bytes(64) + bytes([v]), "r_zero": bytes(32) + raw[32:], "s_zero": raw[:32] + bytes(32) + raw[64:],
        "r_order": ORDER.to_bytes(32, "big") + raw[32:], "s_order": raw[:32] + ORDER.to_bytes(32, "big") + raw[64:],
        "r_and_s_swapped": raw[32:64] + raw[:32] + raw[64:],
    }  # fmt: skip
    for name, form in forms.items():
        yield Vector(f"signature_{name}_fail", signed(form), "result.signature", f"the signature: {name.replace('_', ' ')}")
    for name, form in {"short": raw[:64], "long": raw + b"\0", "empty": b""}.items():
        yield Vector(f"signature_{name}_fail", signed(form), "result.schema", f"the signature is {name}")
    upper = copy.deepcopy(plain)
    upper["attestation"]["signature"] = "0x" + raw.hex().upper()
    yield Vector("signature_upper_case_fail", rfc8785.dumps(upper), "result.schema", "the signature in upper case")
    yield Vector(
        "signer_lower_case_in_file_fail",
        signed(raw, signer=KEY.address.lower()),
        "result.signature",
        "the signer is not in checksummed form",
    )
    yield Vector("two_signatures_fail", signed(raw, signatures=["0x" + raw.hex()] * 2), "result.schema", "a second signature")
    other = json.loads(sealed({"answer.text": "London."}))
    swapped = {"attestation": other["attestation"], "report": plain["report"]}
    yield Vector(
        "attestation_of_another_report_fail",
        rfc8785.dumps(swapped),
        "result.hash_mismatch",
        "report and attestation of two results",
    )
    yield Vector("other_signer_fail", sealed({}, OTHER), "result.wrong_signer", "signed by a key that nobody trusts")
    yield Vector("expected_other_fail", sealed({}), "result.wrong_signer", "the caller trusts somebody else", OTHER.address)
    for name, chain in {"added": 421614, "changed": 1}.items():
        bound = json.loads(sealed({}, chain_id=None if name == "added" else 421614))
        bound["attestation"]["domain"]["chainId"] = chain
        yield Vector(f"chain_{name}_fail", rfc8785.dumps(bound), "result.signature", f"the chain was {name} after signing")
    bound = json.loads(sealed({}, chain_id=421614))
    del bound["attestation"]["domain"]["chainId"]
    yield Vector("chain_removed_fail", rfc8785.dumps(bound), "result.signature", "the chain was removed after signing")


def outsiders() -> Iterator[Vector]:
    """Yield results of an engine outside of the image that pass for more."""
    plain = json.loads(sealed({"model": OUTSIDE}))
    claimed = copy.deepcopy(plain)
    claimed["attestation"]["message"]["modelHash"] = "0x" + "12" * 32
    yield Vector("outside_with_a_model_hash_fail", rfc8785.dumps(claimed), "result.hash_mismatch", "a model hash for no model")
    for name, change in {
        "embedded": {"embedded": True},
        "with_a_sha256": {"sha256": "12" * 32},
        "unknown": {"engine": "e"},
    }.items():
        odd = copy.deepcopy(plain)
        odd["report"]["model"] |= change
        why = f"an engine outside of the image: {name.replace('_', ' ')}"
        yield Vector(f"outside_{name}_fail", rfc8785.dumps(odd), "result.schema", why)
    renamed = copy.deepcopy(plain)
    renamed["report"]["model"]["host"] = "example.com"
    yield Vector("outside_edit_host_fail", rfc8785.dumps(renamed), "result.hash_mismatch", "its host was changed after signing")


def scores() -> Iterator[Vector]:
    """Yield results with scores, good and bad."""
    for name, data, error, why in score_vectors.vectors(BASE, ITEM, KEY, OTHER):
        yield Vector(name, data, error, why)


def files() -> Iterator[tuple[Path, bytes]]:
    """Yield every file of every vector."""
    for make in (positives, edits, structures, signatures, outsiders, scores):
        for vector in make():
            about = {"error": vector.error, "signer": vector.signer}
            yield FOLDER / vector.name / "result.json", vector.data
            yield FOLDER / vector.name / "vector.json", json.dumps(about, indent=1).encode() + b"\n"
            yield FOLDER / vector.name / "README", f"{vector.why}\n".encode()


def main() -> None:
    """Write the files, or with --check name the first that differs."""
    made = dict(files())
    if "--check" in sys.argv:
        there = {path for path in FOLDER.rglob("*") if path.is_file()}
        wrong = sorted((there ^ made.keys()) | {path for path in there & made.keys() if path.read_bytes() != made[path]})
        if wrong:
            raise SystemExit(f"{len(wrong)} files differ, the first is {wrong[0]}")
        return
    for path, data in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
