"""Recognise files that are neither text, JSON nor a protectedData, so that an error can name them.

Signatures: the formats' own specifications, as collected in the `file` program's magic database (darwinsys.com/file).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_ZIPS = (b"PK\3\4", b"PK\5\6", b"PK\7\x08")
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "a PDF"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"GIF8", "a GIF image"),
    (0, b"RIFF", "a WebP image, a WAV recording or an AVI film"),
    (0, b"II*\0", "a TIFF image"),
    (0, b"MM\0*", "a TIFF image"),
    (0, b"BM", "a BMP image"),
    (0, b"\0\0\1\0", "an icon"),
    (4, b"ftypheic", "a HEIC image"),
    (4, b"ftypmif1", "a HEIF image"),
    (4, b"ftypavif", "an AVIF image"),
    (4, b"ftyp", "an MP4 film or recording"),
    (0, b"ID3", "an MP3 recording"),
    (0, b"\xff\xfb", "an MP3 recording"),
    (0, b"OggS", "an Ogg recording"),
    (0, b"fLaC", "a FLAC recording"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM film"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file (DOC, XLS, PPT or MSG)"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\0", "an xz archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\7", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"PAR1", "a Parquet file"),
    (0, b"GGUF", "a GGUF model"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a Windows program"),
    (0, b"\0asm", "a WebAssembly module"),
    (0, b"\x80\4\x95", "a pickled Python object"),
    (0, b"\xff\xfe", "text in UTF-16"),
    (0, b"\xfe\xff", "text in UTF-16"),
)
_SPOKEN = frozenset(
    {b"BM", b"MZ", b"ID3", b"BZh", b"PAR1", b"GGUF", b"GIF8", b"RIFF", b"OggS", b"fLaC"}
)  # letters, with which a text may begin as well
# The type of an archive, by an entry that only this type has.
_ARCHIVES: tuple[tuple[str, str], ...] = (
    ("word/document.xml", "a Word document (DOCX)"),
    ("xl/workbook.xml", "an Excel workbook (XLSX)"),
    ("xl/workbook.bin", "an Excel workbook (XLSB)"),
    ("ppt/presentation.xml", "a PowerPoint presentation (PPTX)"),
    ("visio/document.xml", "a Visio drawing (VSDX)"),
    ("[Content_Types].xml", "an Office document"),
    ("META-INF/container.xml", "an e-book (EPUB)"),
    ("content.xml", "an OpenDocument file (ODT, ODS or ODP)"),
    ("Index/Document.iwa", "a Pages, Numbers or Keynote document"),
    ("AndroidManifest.xml", "an Android app (APK)"),
    ("META-INF/MANIFEST.MF", "a Java archive (JAR)"),
)
CURE = "not read here: save it as UTF-8 text, CSV or JSON"


def is_zip(data: bytes) -> bool:
    """Return whether `data` begins as a zip archive does."""
    return data.startswith(_ZIPS)


def of_bytes(data: bytes) -> str | None:
    """Return the type of the file with its article, None if its first bytes do not tell. `of_archive` names zip files."""
    for offset, magic, name in _SIGNATURES:
        if data[offset : offset + len(magic)] == magic and not (magic in _SPOKEN and _is_text(data)):
            return name
    return None


def of_archive(names: Iterable[str]) -> str | None:
    """Return the type of a zip with entries of these names, None if it may be a protectedData."""
    known = set(names)
    found = next((name for entry, name in _ARCHIVES if entry in known), None)
    own = [name for name in known if not name.endswith("/") and not name.startswith("__MACOSX/") and name != ".DS_Store"]
    if found is None and own and all("." in name.rpartition("/")[2] for name in own):
        return "a zip of files"
    return found


def of_form(value: Any) -> str | None:
    """Return the form service that exported the answers in a decoded JSON value, None if its rows show no known one.

    Sources: Typeform Responses API and webhooks, Google Forms API (forms.responses), SurveyMonkey API v3 (responses/bulk),
    Jotform API (form/submissions).
    """
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("form_response"), dict) or _rows(value.get("items"), "answers", "submitted_at"):
        return "Typeform"
    if _rows(value.get("responses"), "responseId") or ("formId" in value and "items" in value):
        return "Google Forms"
    if _rows(value.get("data"), "pages") or ("survey_id" in value and "pages" in value):
        return "SurveyMonkey"
    return "Jotform" if _rows(value.get("content"), "answers", "form_id") else None


def _rows(value: Any, *keys: str) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and set(keys) <= value[0].keys()


def _is_text(data: bytes) -> bool:
    """Return whether the beginning could be text: it has no control character but white space."""
    return all(byte >= 32 or byte in b"\t\n\v\f\r" for byte in data[:512])
