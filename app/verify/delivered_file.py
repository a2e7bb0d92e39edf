"""The file that a requester gets: result.json itself, or the zip around it that iExec delivers.

`iexec task show --download` writes 0xTASK.zip: it holds the files of IEXEC_OUT, or iexec_out.zip with these files. For an
encrypted result it holds iexec_out.zip.aes and aes-key.rsa instead (iExec's post-compute, `web2_result.rs` and
`encryption.rs`).
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

from app.base.errors import UsageError, VerifyError
from app.base.limits import LIMITS
from app.desk import own_files

_RESULT, _INNER, _SEALED = "result.json", "iexec_out.zip", ".aes"
_ENCRYPTED = 0x1  # general purpose flag bit 0 (APPNOTE 4.4.4)


def read_delivered(path: Path) -> bytes:
    """Return the bytes of result.json, from the file, its folder, the zip that iExec delivers, or with `-` standard input.

    It reads no more than iExec delivers, and inflates no more than a result can have. Raises `VerifyError` result.unreadable
    with the reason.
    """
    try:
        data = own_files.read_own(path / _RESULT if path.is_dir() else path, LIMITS.delivered_bytes)
    except UsageError as err:
        raise VerifyError("result.unreadable", err.message) from err
    if not data.startswith(b"PK"):
        return data
    return _unpack(data, inner=False)


def _unpack(data: bytes, *, inner: bool) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            if len(entries) != len(archive.infolist()):
                raise VerifyError("result.unreadable", "the zip holds two files of the same name")
            if _RESULT in entries:
                return _content(archive, entries[_RESULT], LIMITS.result_bytes)
            if _INNER in entries and not inner:
                return _unpack(_content(archive, entries[_INNER], LIMITS.delivered_bytes), inner=True)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as err:
        raise VerifyError("result.unreadable", "the zip is damaged") from err
    if any(name.endswith(_SEALED) for name in entries):
        raise VerifyError("result.unreadable", "the zip is still encrypted: `iexec task show --download --decrypt` opens it")
    raise VerifyError("result.unreadable", f"the zip holds no {_RESULT}")


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    if entry.flag_bits & _ENCRYPTED:
        raise VerifyError("result.unreadable", "the zip has a password, which iExec never sets")
    with archive.open(entry) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise VerifyError("result.unreadable", f"{entry.filename} in the zip is larger than {limit} bytes")
    return data
