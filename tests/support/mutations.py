"""What can be done to a result.json: to its bytes, to its values, and to values that are then signed again."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import rfc8785

from app.crypto.signing import ORDER, STRUCT_TYPE, keccak256, load_key
from app.formats.hex_words import ZERO_HASH
from app.result.envelope import seal
from tests.support.reports import BULK, KEY, OUTSIDE, REPORT

OTHER = load_key("2e" * 32)


def canonical(value: Any) -> bytes:
    """Return RFC 8785 bytes, or for what has none (a float, half a surrogate pair) the nearest there is."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def keccak_of(value: Any) -> str:
    return "0x" + keccak256(canonical(value)).hex()


def resigned(plain: Any) -> bytes:
    """Return `plain` with its words and its signature made anew, also where no sealing would: only its form can be wrong."""
    report, domain = plain["report"], plain["attestation"].get("domain")
    domain = domain if isinstance(domain, dict) else {}
    model, bulk = report.get("model"), report.get("bulk")
    model = model if isinstance(model, dict) and "sha256" in model else None
    items = bulk.get("results") if isinstance(bulk, dict) else None
    used = [item.get("parameters") for item in items if isinstance(item, dict)] if isinstance(items, list) else None
    words = {
        "taskId": report.get("task_id"),
        "requestHash": keccak_of(report.get("request")),
        "modelHash": f"0x{model.get('sha256')}" if model else None,
        "parametersHash": keccak_of(
            {
                "engine": model and [model.get("engine"), model.get("build")],
                "parameters": report.get("parameters") if used is None else used,
            }
        ),
        "reportHash": keccak_of(report),
    }
    whole = {name: word if isinstance(word, str) and is_word(word) else ZERO_HASH for name, word in words.items()}
    chain_id = domain.get("chainId")
    bound = chain_id.to_bytes(32, "big") if type(chain_id) is int and 0 < chain_id < 2**256 else b""
    domain_type = "EIP712Domain(string name,string version" + (",uint256 chainId)" if bound else ")")
    texts = [str(domain.get(name, "")).encode(errors="replace") for name in ("name", "version")]
    parts = [domain_type.encode(), *texts]
    separator = keccak256(b"".join(map(keccak256, parts)) + bound)
    struct = keccak256(keccak256(STRUCT_TYPE.encode()) + b"".join(bytes.fromhex(word[2:]) for word in whole.values()))
    plain["attestation"] |= {"message": whole, "signature": KEY.sign(keccak256(b"\x19\x01" + separator + struct))}
    return canonical(plain)


def is_word(text: str) -> bool:
    return len(text) == 66 and text.startswith("0x") and set(text[2:]) <= set("0123456789abcdef")


def flipped(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def cut(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return rng.choice([data[:at], data[:at] + data[at + rng.randrange(1, 9) :]])


PIECES = [
    b" ",
    b"\n",
    b"\t",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\xff",
    b"0",
    b"-",
    b"+",
    b".0",
    b"e0",
    b"E+0",
    b"null",
    b"{",
    b"}",
    b"[" * 70,
    b",",
    b'"a":1,',
    b"\\u0041",
    b"\\ud800",
    b"\\/",
    b"//",
    b"{}",
    b"NaN",
    b"\xe2\x80\xa8",
]


def inserted(rng: random.Random, data: bytes) -> bytes:
    at = rng.choice([0, len(data), rng.randrange(len(data))])
    return data[:at] + rng.choice(PIECES) + data[at:]


def rewritten(rng: random.Random, data: bytes) -> bytes:
    """Return the same meaning in other bytes, mostly."""
    plain, text = json.loads(data), data.decode()
    turned = dict(reversed(plain.items())) | {"report": dict(reversed(plain["report"].items()))}
    counts = [token for token in ('"bot_index":0', '"seed":0', '"prompt_tokens":3') if token in text]
    token = rng.choice(counts) if counts else '"bot_index":0'
    forms = [
        *(json.dumps(plain), json.dumps(plain, indent=1), json.dumps(turned, separators=(",", ":"), ensure_ascii=False)),
        *(json.dumps(plain, separators=(",", ":")), json.dumps(plain, separators=(",", ":"), ensure_ascii=False)),
        *(text.replace(token, token + end) for end in (".0", "e0", "E-0", "0", ".5", f",{token}")),
        *(text.replace(token, token[:-1] + start + token[-1]) for start in ("-", "+", "0", " ")),
        *(
            text.replace('"report":', '"report":{},"report":'),
            text.replace("ask", "\\u0061sk"),
            text.replace('"error"', '"\\u0065rror"'),
        ),
    ]
    return rng.choice(forms).encode()


VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 1.0, 1.5, 1e21, 1e-7, 2**53 - 1, 2**53, 2**64, -(2**53), float("inf"), {}, [], [None], [[]]),
    *(
        "",
        "0",
        "ok",
        "ask",
        "ai",
        "stop",
        "\ud800",
        "\udc00",
        "\uffff",
        "🐀",
        "\u0000",
        "ab" * 32,
        ZERO_HASH,
        "0x" + "aB" * 20,
        "Ab" * 32,
    ),
]
KEYS = ["", "a", "0", "__proto__", "constructor", "toString", "é", "\ufffd", "\U00010000", "\ud800", "chainId", "format"]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each (container, key) below `value`."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []:
        yield value, key
        yield from places(value[key])


def another(rng: random.Random, value: Any) -> Any:
    near: list[Any] = []
    if isinstance(value, str):
        near = [value + "\n", value + "0", value[:-1], " " + value, value.upper(), value.swapcase(), value + "\u2028", [value]]
        near += [value.replace("1", "\u0661"), value.replace("1", "\uff11"), value[:2] + value[2:][::-1]]
    elif type(value) is int:
        near = [value + 1, value - 1, -value, str(value), float(value), value + 0.5, value == 1]
    return copy.deepcopy(rng.choice(near if near and rng.random() < 0.6 else VALUES))


def _edit(rng: random.Random, part: Any) -> None:
    """Change, drop, add, copy or rename one thing somewhere in `part`."""
    container, key = rng.choice(list(places(part)))
    way = rng.choice(["change", "change", "change", "drop", "add", "copy", "rename"])
    if way == "drop":
        del container[key]
    elif way == "change":
        container[key] = another(rng, container[key])
    elif way == "copy":
        source, name = rng.choice(list(places(part)))
        container[key] = copy.deepcopy(source[name])
    elif isinstance(container, list):
        container.insert(key, copy.deepcopy(container[key]))
    else:
        container[rng.choice([*KEYS, str(key).upper()])] = rng.choice(VALUES) if way == "add" else container.pop(key)


def edited(rng: random.Random, data: bytes) -> bytes:
    plain = json.loads(data)
    _edit(rng, plain)
    return canonical(plain)


def edited_and_signed(rng: random.Random, data: bytes) -> bytes:
    plain = json.loads(data)
    _edit(rng, plain["report"])
    return resigned(plain)


def other_domain_signed(rng: random.Random, data: bytes) -> bytes:
    plain = json.loads(data)
    _edit(rng, plain["attestation"]["domain"])
    return resigned(plain)


def mixed(rng: random.Random, data: bytes) -> bytes:
    """Return a result with a part of another one."""
    plain, other = json.loads(data), json.loads(seal(rng.choice([REPORT, BULK, OUTSIDE]), rng.choice([KEY, OTHER]), 5).data)
    if rng.random() < 0.3:
        plain["attestation"] = other["attestation"]
    else:
        part = rng.choice(["signature", "signer", "message", "domain"])
        plain["attestation"][part] = other["attestation"][part]
    return canonical(plain)


def forged(rng: random.Random, data: bytes) -> bytes:
    plain = json.loads(data)
    raw = bytes.fromhex(plain["attestation"]["signature"][2:])
    r, s, v = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big"), raw[64]
    r, s, v = rng.choice(
        [
            (r, ORDER - s, 55 - v),
            (r, s, 55 - v),
            (r, s, v - 27),
            (r, s, v + 8),
            (r, s, 0),
            (0, s, v),
            (r, 0, v),
            (ORDER, s, v),
            (r, ORDER, v),
            (s, r, v),
            (r, s ^ 1, v),
            (5, 1, v),
            (2**256 - 1, s, v),
            (r + ORDER if r + ORDER < 2**256 else r, s, v + 2),
            (r, ORDER // 2, v),
            (r, ORDER // 2 + 1, v),
        ]
    )
    plain["attestation"]["signature"] = "0x" + (r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])).hex()
    return canonical(plain)


WAYS: list[Callable[[random.Random, bytes], bytes]] = [
    flipped,
    cut,
    inserted,
    rewritten,
    edited,
    edited_and_signed,
    edited_and_signed,
    other_domain_signed,
    mixed,
    forged,
]
