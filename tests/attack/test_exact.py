"""Exactly what comes out of what is believed: entries, keys, signatures, callback-data, receipts. Mutants lived here once."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.base.errors import AppError, ProtectedDataError, SigningError, VerifyError
from app.base.limits import LIMITS
from app.crypto.signing import ORDER, Domain, ResultStruct, checksum_address, digest, load_key, new_key, recover
from app.formats import protected_data, zip_layout
from app.request.parse import parse
from app.result.answers.score import ScoreAnswer
from app.result.envelope import callback_data, read_result, seal
from app.result.report import Input
from app.verify.on_chain import OnChain
from app.verify.receipt import receipt
from app.verify.verifier import open_commitment, verify
from tests.support import results
from tests.support.bad_inputs import borsh, patched, zipped
from tests.support.desk import ROOT
from tests.support.reports import BULK, EMPTY, OUTSIDE, REPORT
from tests.support.results import KEY

SALT = hashlib.sha256(b"a salt").hexdigest()
ASKED = {"prompt": "What is this?", "salt": SALT}


def code_of(function: Any, *given: Any) -> str:
    with pytest.raises(AppError) as caught:
        function(*given)
    return caught.value.code


@pytest.mark.parametrize(
    ("raw", "bare"),
    [
        (borsh("hello"), b"hello"),
        (borsh(""), b""),
        (b"", b""),
        (b"abc", b"abc"),
        (b"hello", b"hello"),
        (b"\5\0\0\0hell", b"\5\0\0\0hell"),
        (struct.pack("<I", 8) + b"hello", struct.pack("<I", 8) + b"hello"),
        (struct.pack(">I", 5) + b"hello", struct.pack(">I", 5) + b"hello"),
        (struct.pack("<I", 300) + b"a" * 300, b"a" * 300),
    ],
)
def test_a_field_without_the_length_before_it(raw: bytes, bare: bytes) -> None:
    assert protected_data.unwrapped(raw) == bare


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"0": b"a", "1": b"b"}, ["a", "b"]),
        ({"1": b"b", "0": b"a", "2": {"0": b"c"}}, ["a", "b", ["c"]]),
        ({"0": b"a", "2": b"b"}, {"0": "a", "2": "b"}),
        ({"1": b"a"}, {"1": "a"}),
        ({"None": b"a"}, {"None": "a"}),
        ({"01": b"a"}, {"01": "a"}),
        ({}, {}),
        (b"\0", False),
        (b"\1", True),
        (b"\2", "\2"),
        (b"12345678", "12345678"),
        (struct.pack("<d", 0.5), 0.5),
        (struct.pack("<d", -1.0), -1.0),
        ((12).to_bytes(16, "little"), 12),
        ((-12).to_bytes(16, "little", signed=True), -12),
        (b"sixteen letters!", "sixteen letters!"),
        (b"tab\tor\nnl\r!!!!!!", "tab\tor\nnl\r!!!!!!"),
        (borsh("twelve chars"), "twelve chars"),
        (borsh("four"), "four"),
        (borsh("é"), "é"),
    ],
)
def test_what_no_schema_tells(node: Any, value: Any) -> None:
    found = protected_data.value(node)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (b"-0.25", "-0.25"),
        (b"1" * 40, "1" * 40),
        (b"0." + b"1" * 20, "0." + "1" * 20),
        (borsh("-7"), "-7"),
        (borsh("1234"), "1234"),
        (struct.pack("<d", 64.0), 64.0),
        ((2**100).to_bytes(16, "little"), 2**100),
        ((-(2**127)).to_bytes(16, "little", signed=True), -(2**127)),
    ],
)
def test_numbers_exactly(raw: bytes, number: Any) -> None:
    found = protected_data.number(raw)
    assert (type(found), found) == (type(number), number)


@pytest.mark.parametrize(
    "raw", [b"1" * 41, b"0." + b"1" * 21, b"1.", b".5", b"+1", b"1e3", b" 1", b"1\n", borsh(""), borsh("x")]
)
def test_what_is_no_number(raw: bytes) -> None:
    assert code_of(protected_data.number, raw) == "protected_data.entry"


def test_trees() -> None:
    assert protected_data.tree({"a.b": b"1", "a.c": b"2", "d": b"3"}) == {"a": {"b": b"1", "c": b"2"}, "d": b"3"}
    deep = ".".join("a" * LIMITS.json_depth)
    found: Any = protected_data.tree({deep: b"1"})
    for _ in range(LIMITS.json_depth):
        found = found["a"]
    assert found == b"1"
    for entries in ({deep + ".a": b"1"}, {"a": b"1", "a.b": b"2"}, {"a.b": b"1", "a": b"2"}, {"a.b": b"1", "a.b.c.d": b"2"}):
        assert code_of(protected_data.tree, entries) == "protected_data.invalid"


def lying(size: int, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip whose entry says that it has so many more bytes than it has."""
    good = zipped({"prompt": b"hello hello hello"}, method)
    local, central = good.index(b"PK\3\4"), good.index(b"PK\1\2")
    told = struct.pack("<I", 17 + size)
    return patched(patched(good, local + 22, told), central + 24, told)


REFUSED = {
    "longer than it says": lying(-1),
    "shorter than it says": lying(1),
    "stored, shorter": lying(1, zipfile.ZIP_STORED),
    "encrypted": patched(
        patched(zipped({"a": b"1"}), zipped({"a": b"1"}).index(b"PK\1\2") + 8, b"\1"),
        zipped({"a": b"1"}).index(b"PK\3\4") + 6,
        b"\1",
    ),
    "bzip2": zipped({"a": b"1"}, zipfile.ZIP_BZIP2),
    "lzma": zipped({"a": b"1"}, zipfile.ZIP_LZMA),
    "above": zipped({"a/../b": b"1"}),
    "absolute": zipped({"/a": b"1"}),
    "empty step": zipped({"a//b": b"1"}),
    "two steps up": zipped({"../../a": b"1"}),
    "word": zipped({"word/document.xml": b"1"}),
    "files": zipped({"a.txt": b"1"}),
    "large": zipped({"a": bytes(LIMITS.zip_entry_bytes + 1)}, zipfile.ZIP_DEFLATED),
    "large in all": zipped(
        {str(at): bytes(LIMITS.zip_entry_bytes) for at in range(LIMITS.zip_total_bytes // LIMITS.zip_entry_bytes + 1)},
        zipfile.ZIP_DEFLATED,
    ),
    "no end": zipped({"a": b"1"})[:-1],
    "nothing": b"",
}


@pytest.mark.parametrize("name", REFUSED)
def test_archives_that_are_refused(name: str) -> None:
    with pytest.raises(ProtectedDataError) as caught:
        protected_data.read_archive(REFUSED[name])
    assert caught.value.code == "protected_data.invalid"
    assert "None" not in caught.value.message and caught.value.message[0].islower()


def test_archives_at_their_limits() -> None:
    whole = bytes(LIMITS.zip_entry_bytes)
    assert protected_data.read_archive(zipped({"a": whole}, zipfile.ZIP_DEFLATED)) == {"a": whole}
    assert protected_data.read_archive(zipped({"a/b": b"1", "a/": b"", ".DS_Store": b"x"})) == {"a.b": b"1"}
    many = {str(at): b"" for at in range(LIMITS.zip_entries)}
    assert len(protected_data.read_archive(zipped(many))) == LIMITS.zip_entries
    assert code_of(protected_data.read_archive, zipped(many | {"x": b""})) == "protected_data.invalid"


def with_extras(*, comment: bytes = b"", extra: bytes = b"", zip_comment: bytes = b"", streamed: bool = False) -> bytes:
    out = io.BytesIO()
    target: Any = Unseekable(out) if streamed else out
    with zipfile.ZipFile(target, "w") as archive:
        for name in ("a", "b"):
            entry = zipfile.ZipInfo(name)
            entry.comment, entry.extra = comment, extra
            archive.writestr(entry, b"1")
        archive.comment = zip_comment
    return out.getvalue()


class Unseekable:
    """A pipe: sizes and CRC follow the data, in a descriptor."""

    def __init__(self, out: io.BytesIO) -> None:
        self.write, self.flush = out.write, out.flush


@pytest.mark.parametrize(
    "data",
    [
        with_extras(comment=b"about"),
        with_extras(extra=struct.pack("<HH4s", 0x5455, 4, b"time")),
        with_extras(zip_comment=b"about all"),
        with_extras(streamed=True),
        with_extras(comment=b"x" * 300, extra=struct.pack("<HH4s", 0x5455, 4, b"time"), zip_comment=b"y" * 300, streamed=True),
    ],
)
def test_layouts_with_all_their_parts(data: bytes) -> None:
    zip_layout.check_layout(data)
    assert protected_data.read_archive(data) == {"a": b"1", "b": b"1"}
    end = data.rindex(b"PK\5\6")
    for at in (0, data.index(b"PK\1\2"), end):
        assert code_of(zip_layout.check_layout, data[:at] + b"\0" + data[at:]) == "protected_data.invalid"
    assert code_of(zip_layout.check_layout, data + b"\0") == "protected_data.invalid"


# offset in the record, bytes, and of which record: each field that a layout depends on, one off or at its odd value
FIELDS = [
    *((record, at, size) for record, at, size in (("end", 4, 2), ("end", 6, 2), ("end", 8, 2), ("end", 10, 2), ("end", 20, 2))),
    *(("end", at, 4) for at in (12, 16)),
    *(("central", at, size) for at, size in ((8, 2), (20, 4), (28, 2), (30, 2), (32, 2), (42, 4))),
    *(("local", at, size) for at, size in ((6, 2), (26, 2), (28, 2))),
]


@pytest.mark.parametrize(("record", "at", "size"), FIELDS)
def test_a_field_of_the_layout_that_lies(record: str, at: int, size: int) -> None:
    good = with_extras(zip_comment=b"about all")
    mark = {"end": b"PK\5\6", "central": b"PK\1\2", "local": b"PK\3\4"}[record]
    for start in {good.index(mark), good.rindex(mark)}:
        old = int.from_bytes(good[start + at : start + at + size], "little")
        for new in {old + 1, old - 1, 0, 256**size - 1, 256**size - 2, 2 ** (8 * size - 1)} - {old, -1}:
            data = patched(good, start + at, new.to_bytes(size, "little"))
            assert code_of(protected_data.read_archive, data) == "protected_data.invalid", (start, new)


def test_keys_and_where_they_come_from() -> None:
    assert (KEY.origin, KEY.address, KEY.secret) == (
        "app-secret",
        load_key(" 0x" + "1d" * 32 + "\n").address,
        bytes([0x1D]) * 32,
    )
    fresh = new_key()
    assert fresh.origin == "ephemeral" and len(fresh.secret) == 32
    assert load_key(fresh.secret.hex()).address == fresh.address != new_key().address
    assert repr(fresh) == f"Key(address={fresh.address!r}, origin='ephemeral')"
    for text in (
        "",
        "0",
        "00" * 32,
        f"{ORDER:064x}",
        f"{ORDER + 1:064x}",
        "1d" * 33,
        "1d" * 31,
        "zz" * 32,
        "\u0661" * 64,
        "0x0x" + "1d" * 31,
    ):
        assert code_of(load_key, text) == "key.invalid"
    assert load_key(f"{ORDER - 1:064x}").secret == (ORDER - 1).to_bytes(32, "big")
    assert (
        load_key(f"{1:064x}").address == "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
    )  # of the private key 1: widely published


@pytest.mark.parametrize(  # the examples of EIP-55
    "address",
    [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)
def test_checksums(address: str) -> None:
    assert checksum_address(bytes.fromhex(address[2:])) == address


def test_signatures_at_their_bounds() -> None:
    word = bytes(range(32))
    good = bytes.fromhex(KEY.sign(word)[2:])
    assert recover(word, "0x" + good.hex()) == KEY.address
    r, s, v = good[:32], good[32:64], good[64]
    high = (ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    whole, none = ORDER.to_bytes(32, "big"), bytes(32)
    half = (ORDER // 2 + 1).to_bytes(32, "big")
    bad = [
        *(
            none + s + bytes([v]),
            r + none + bytes([v]),
            whole + s + bytes([v]),
            r + half + bytes([v]),
            r + high + bytes([55 - v]),
        ),
        *(r + s + bytes([w]) for w in (0, 1, 26, 29, 255)),
        *(good[:64], good + b"\0", b""),
        b"\xff" * 32 + s + bytes([v]),
    ]
    for raw in bad:
        assert code_of(recover, word, "0x" + raw.hex()) == "result.signature"


def test_messages_are_strict_and_frozen() -> None:
    words: dict[str, Any] = {
        f"{name}{'Id' if name == 'task' else 'Hash'}": "0x" + "01" * 32
        for name in ("task", "request", "model", "parameters", "report")
    }
    message = ResultStruct(**words)
    for name in words:
        for bad in ("0x" + "01" * 31, "0x" + "AB" * 32, "01" * 32, "0x" + "01" * 33, b"0x" + b"01" * 32, None, 5):
            with pytest.raises(ValidationError):
                ResultStruct(**{**words, name: bad})
    with pytest.raises(ValidationError):
        ResultStruct(**{**words, "more": "x"})
    with pytest.raises(ValidationError):
        setattr(message, "taskId", "0x" + "02" * 32)  # noqa: B010  a type checker knows that this cannot be
    wrong: tuple[dict[str, Any], ...] = (
        {"chainId": 0},
        {"chainId": 2**53},
        {"chainId": "1"},
        {"chainId": 1.0},
        {"chainId": True},
        {"name": "x"},
        {"version": "2"},
        {"more": 1},
    )
    for given in wrong:
        with pytest.raises(ValidationError):
            Domain(**given)
    assert Domain(chainId=2**53 - 1).chainId == 2**53 - 1
    with pytest.raises(ValidationError):
        setattr(Domain(), "chainId", 1)  # noqa: B010  the same
    assert len({digest(message, Domain(chainId=chain)) for chain in (None, 1, 2, 256, 2**52)}) == 5


@pytest.mark.parametrize("value", ["0x" + "1" * 39, "0x" + "1" * 41, "1" * 40, "0X" + "1" * 40, "0x" + "g" * 40, "", None])
def test_addresses_of_a_report(value: Any) -> None:
    plain = read_result(results.sealed()).model_dump(mode="json")
    plain["attestation"]["signer"] = value
    with pytest.raises(ValidationError):
        type(read_result(results.sealed())).model_validate(plain)


def test_what_an_input_is() -> None:
    kinds = ("prompt", "material", "email", "chat", "form", "code", "wallet", "history", "options", "unknown")
    for kind in kinds:
        for source in ("dataset", "secret", "input_file", "args"):
            told = Input.model_validate({"source": source, "number": None, "kind": kind, "used": True})
            assert (told.kind, told.source) == (kind, source)
    for bad in ({"kind": "PROMPT"}, {"source": "DATASET"}, {"number": -1}, {"used": 1}, {"more": 1}):
        with pytest.raises(ValidationError):
            Input.model_validate({"source": "dataset", "number": None, "kind": "prompt", "used": True} | bad)


@pytest.mark.parametrize(
    ("report", "number"), [(EMPTY, 0), (REPORT, 1), (BULK, 2), (REPORT.model_copy(update={"status": "failed"}), 3)]
)
def test_callback_data(report: Any, number: int) -> None:
    data = seal(report, KEY).data
    told = callback_data(data)
    checked = verify(data, KEY.address)
    assert told == f"0x{number:064x}{checked.sha256}{checked.result.attestation.message.reportHash[2:]}"


def test_a_score_is_sealed_with_all_its_signatures() -> None:
    found = [path for path in sorted((ROOT / "tests/vectors").rglob("*.json")) if _holds_a_score(path)]
    assert found
    for path in found[:3]:
        report = read_result(path.read_bytes()).report
        for chain_id in (None, 1):
            checked = verify(seal(report, KEY, chain_id).data, KEY.address)
            assert checked.result.attestation.sui is not None
            assert checked.result.attestation.domain.chainId == chain_id
        foreign = read_result(seal(report, new_key()).data).attestation
        plain = read_result(seal(report, KEY).data)
        for update in ({"sui": None}, {"sui": foreign.sui}):
            changed = plain.model_copy(update={"attestation": plain.attestation.model_copy(update=update)})
            from app.formats import strict_json
            from app.result.envelope import _plain

            assert code_of(verify, strict_json.dumps(_plain(changed)), KEY.address) == "result.signature"


def _holds_a_score(path: Path) -> bool:
    try:
        return isinstance(read_result(path.read_bytes()).report.answer, ScoreAnswer)
    except AppError:
        return False


def test_a_result_of_another_model_names_both() -> None:
    for report, model in ((REPORT, REPORT.model.sha256), (OUTSIDE, "not an embedded one"), (EMPTY, "none")):  # type: ignore[union-attr]
        with pytest.raises(VerifyError) as caught:
            verify(seal(report, KEY).data, KEY.address, model_sha256="99" * 32)
        assert (caught.value.code, caught.value.message) == (
            "result.wrong_model",
            f"the model is {model}, expected {'99' * 32}",
        )
    assert verify(seal(REPORT, KEY).data, KEY.address, model_sha256=REPORT.model.sha256)  # type: ignore[union-attr]
    with pytest.raises(VerifyError) as caught:
        verify(seal(REPORT, KEY).data, "0x" + "11" * 20)
    assert caught.value.message == f"signed by {KEY.address}, expected 0x{'11' * 20}"
    assert verify(seal(REPORT, KEY).data, KEY.address.lower()).signer == KEY.address


def test_a_commitment_is_opened_by_its_request_alone() -> None:
    request, salt = parse(ASKED)
    made = request.commitment(salt or b"")
    info = REPORT.request.model_copy(update={"commitment": made})
    bound = verify(seal(REPORT.model_copy(update={"request": info}), KEY).data, KEY.address)
    assert open_commitment(bound, ASKED) == request
    items = BULK.bulk.results  # type: ignore[union-attr]
    several = BULK.bulk.model_copy(update={"results": (items[0], items[1].model_copy(update={"commitment": made}))})  # type: ignore[union-attr]
    assert open_commitment(verify(seal(BULK.model_copy(update={"bulk": several}), KEY).data, KEY.address), ASKED) == request
    unbound = verify(
        seal(REPORT.model_copy(update={"request": info.model_copy(update={"commitment": None})}), KEY).data, KEY.address
    )
    for verified, given in (
        (bound, {**ASKED, "prompt": "What is that?"}),
        (bound, {**ASKED, "salt": hashlib.sha256(b"another").hexdigest()}),
        (bound, {"prompt": "What is this?"}),
        (unbound, ASKED),
        (unbound, {"prompt": "What is this?"}),
    ):
        with pytest.raises(VerifyError) as caught:
            open_commitment(verified, given)
        assert caught.value.code == "result.wrong_request"
        assert caught.value.message == (
            "the result holds no commitment: the request had no salt"
            if verified is unbound
            else "the commitment in the result is not to this request"
        )


def test_receipts() -> None:
    checked = verify(seal(REPORT, KEY).data, KEY.address)
    told: Any = zip((field.name for field in fields(OnChain)), (1, "hub", "app", "deal", "task", "digest", True), strict=True)
    on_chain = OnChain(**dict(told))
    predicate: dict[str, Any] = {
        "signer": KEY.address,
        "version": REPORT.version,
        "keyOrigin": "app-secret",
        "status": "ok",
        "message": checked.result.attestation.message.model_dump(),
        "model": REPORT.model.model_dump(mode="json"),  # type: ignore[union-attr]
        "scores": [],
        "onChain": None,
    }
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "result.json", "digest": {"sha256": checked.sha256}}],
        "predicateType": "urn:sealed-llm:result:1",
        "predicate": predicate,
    }
    assert receipt(checked) == statement
    predicate["onChain"] = {
        "chainId": 1,
        "hub": "hub",
        "app": "app",
        "dealId": "deal",
        "taskId": "task",
        "resultDigest": "digest",
        "hasCallback": True,
    }
    assert receipt(checked, on_chain) == statement
    assert receipt(verify(seal(EMPTY, KEY).data, KEY.address))["predicate"]["model"] is None


def test_results_at_the_limit_of_bytes() -> None:
    assert code_of(read_result, b" " * (LIMITS.result_bytes + 1)) == "result.unreadable"
    assert code_of(read_result, b" " * LIMITS.result_bytes) == "json.invalid"
    assert code_of(read_result, b"{}") == "result.schema"
    assert code_of(read_result, results.sealed() + b"\n") == "result.not_canonical"


def test_a_signature_that_is_not_ours_never_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.crypto import signing

    other = load_key("2e" * 32)
    monkeypatch.setattr(signing, "_sign", lambda _, word: bytes.fromhex(other.sign(word)[2:]) if False else bytes(65))
    with pytest.raises(SigningError) as caught:
        KEY.sign(bytes(32))
    assert caught.value.code == "result.signature"
    monkeypatch.setattr(signing, "recover", lambda *_: other.address)
    with pytest.raises(SigningError) as caught:
        KEY.sign(bytes(32))
    assert (caught.value.code, caught.value.message) == ("internal", "a fresh signature did not recover to its own address")
