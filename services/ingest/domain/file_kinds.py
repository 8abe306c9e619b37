"""What kind of file an upload is, or an entry of an uploaded zip, told from its first bytes."""

from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from services.ingest.domain.errors import (
    DAMAGED_WORKBOOK,
    EMPTY_UPLOAD,
    ENCRYPTED_WORKBOOK,
    NOT_A_WORKBOOK,
    OLD_EXCEL_FORMAT,
)
from shared.kernel.errors import Invalid, Unsupported

SNIFF_BYTES = 4096
"""Enough of a file to tell its kind."""

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_OTHER_ARCHIVES: Final = (b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08")
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_WORKBOOK_STREAM = "Workbook".encode("utf-16-le")
_BOM = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_WORKBOOK_NAMES: Final = frozenset({".xlsx", ".xlsm"})
_OLD_NAMES: Final = frozenset({".xls", ".xlsb", ".ods"})
_ARCHIVE_NAMES: Final = frozenset({".zip", ".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz"})
_DOCUMENT_NAMES: Final = frozenset({".docx", ".pptx", ".odt", ".vsdx"})
_SHOWN_CHARS: Final = 120

ADVICE = (
    "In RVTools choose File > Export all to Excel, and upload that .xlsx file, or a zip of several."
)


class FileKind(StrEnum):
    """Kinds of files that hold tabs, or files with tabs."""

    ZIP = "zip"
    """A workbook is a zip, too; its directory tells."""
    CSV = "csv"


def kind_of(head: bytes) -> FileKind:
    """The kind of an upload with those first bytes.

    Raises:
        Invalid: it is empty, or an empty zip.
        Unsupported: it is another kind of file; the text says which, and what to do.
    """
    if not head:
        raise Invalid(f"The upload is empty. {ADVICE}", code=EMPTY_UPLOAD)
    if head.startswith(_ZIP):
        return FileKind.ZIP
    if head.startswith(_EMPTY_ZIP):
        raise Invalid(f"The file is an empty zip archive. {ADVICE}", code=DAMAGED_WORKBOOK)
    if head.startswith(_OLE):
        _refuse_ole(head)
    if head.startswith(_BIFF):
        _refuse_xls()
    text = _as_text(head)
    if text.startswith(("<!doctype html", "<html", "<table", "<head", "<body")):
        raise Unsupported(
            f"The file is a web page (HTML), whatever its name says. {ADVICE}", code=NOT_A_WORKBOOK
        )
    if text.startswith("<"):
        raise Unsupported(
            f"The file is XML, not an .xlsx workbook. Open it in Excel and save it as .xlsx. "
            f"{ADVICE}",
            code=NOT_A_WORKBOOK,
        )
    if _looks_like_csv(text):
        return FileKind.CSV
    raise Unsupported(
        f"The file is not an Excel workbook, nor a zip or CSV. {ADVICE}", code=NOT_A_WORKBOOK
    )


def kind_in_zip(name: str, head: bytes) -> FileKind | None:
    """The kind of an entry of a zip: a workbook (``ZIP``), a CSV file, or None for what no import
    reads and what does no harm.

    Raises:
        Invalid: a workbook is empty.
        Unsupported: it is an archive in the archive, an old workbook, or not what it is called.
    """
    ending = PurePosixPath(name.lower()).suffix
    if ending in _WORKBOOK_NAMES:
        if kind_of(head) is not FileKind.ZIP:
            raise Unsupported(
                f"It is called {ending} and is CSV. Give it the ending .csv.", code=NOT_A_WORKBOOK
            )
        return FileKind.ZIP
    is_zip = head.startswith((_ZIP, _EMPTY_ZIP)) and ending not in _DOCUMENT_NAMES
    if ending in _ARCHIVE_NAMES or is_zip or head.startswith(_OTHER_ARCHIVES):
        raise Unsupported(
            "It is an archive inside the archive. Unpack it, and pack the workbooks or CSV files "
            "themselves into one zip.",
            code=NOT_A_WORKBOOK,
        )
    if ending in _OLD_NAMES:
        raise Unsupported(
            f"It is an old or foreign workbook ({ending}). Open it in Excel and save it as .xlsx, "
            "or export again with RVTools 3.9 or newer.",
            code=OLD_EXCEL_FORMAT,
        )
    if ending != ".csv":
        return None
    if head.startswith(_OLE):
        _refuse_ole(head)
    return FileKind.CSV


def shown_name(name: str) -> str:
    r"""The name of an entry, for display only; never a path on this machine.

    >>> shown_name("..\\..\\etc/site-a.xlsx"), shown_name("/exports/vc1/a\x07.csv")
    ('etc/site-a.xlsx', 'exports/vc1/a.csv')
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    shown = "".join(char for char in "/".join(parts) if char.isprintable())
    return shown if len(shown) <= _SHOWN_CHARS else f"…{shown[1 - _SHOWN_CHARS :]}"


def _refuse_ole(head: bytes) -> None:
    if _ENCRYPTED_STREAM in head:
        raise Unsupported(
            "The workbook is protected with a password. Open it in Excel, remove the password "
            "(File > Info > Protect Workbook > Encrypt with Password) and save it as .xlsx.",
            code=ENCRYPTED_WORKBOOK,
        )
    if _WORKBOOK_STREAM in head:
        _refuse_xls()
    raise Unsupported(
        "The file is an old Excel file (.xls) or a workbook with a password; neither can be read. "
        "Open it in Excel, remove a password if there is one, and save it as .xlsx; or export "
        "again with RVTools 3.9 or newer.",
        code=OLD_EXCEL_FORMAT,
    )


def _refuse_xls() -> None:
    raise Unsupported(
        "The file is an old Excel file (.xls, written by RVTools 3.8 and older). Export again "
        "with RVTools 3.9 or newer, or open it in Excel and save it as .xlsx.",
        code=OLD_EXCEL_FORMAT,
    )


def _as_text(head: bytes) -> str:
    if head.startswith(_UTF16_MARKS):
        return head.decode("utf-16", "replace").lstrip().lower()
    return head.removeprefix(_BOM).decode("latin-1").lstrip().lower()


def _looks_like_csv(text: str) -> bool:
    """Whether the first line that is long enough has separators, and the text no control codes."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    printable = all(char >= " " or char in "\t\r\n\f" for char in text)
    marks = (",", ";", "\t")
    return printable and any(line.count(mark) >= 2 for line in lines for mark in marks)
