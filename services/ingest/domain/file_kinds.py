"""What kind of file an upload is, told from its first bytes."""

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
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08")
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_WORKBOOK_STREAM = "Workbook".encode("utf-16-le")
_BOM = b"\xef\xbb\xbf"

ADVICE = "In RVTools choose File > Export all to Excel, and upload that .xlsx file."


def require_xlsx(head: bytes) -> None:
    """Refuses a file whose first bytes cannot be those of an ``.xlsx`` workbook.

    Raises:
        Invalid: it is empty, or an empty zip.
        Unsupported: it is another kind of file; the text says which, and what to do.
    """
    if not head:
        raise Invalid(f"The upload is empty. {ADVICE}", code=EMPTY_UPLOAD)
    if head.startswith(_ZIP):
        return
    if head.startswith(_EMPTY_ZIP):
        raise Invalid(f"The file is an empty zip archive. {ADVICE}", code=DAMAGED_WORKBOOK)
    if head.startswith(_OLE):
        _refuse_ole(head)
    if head.startswith(_BIFF):
        _refuse_xls()
    text = head.removeprefix(_BOM).lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<body")):
        raise Unsupported(
            f"The file is a web page (HTML), whatever its name says. {ADVICE}", code=NOT_A_WORKBOOK
        )
    if text.startswith(b"<?xml") or text.startswith(b"<"):
        raise Unsupported(
            f"The file is XML, not an .xlsx workbook. Open it in Excel and save it as .xlsx. "
            f"{ADVICE}",
            code=NOT_A_WORKBOOK,
        )
    if _looks_like_csv(text):
        raise Unsupported(
            f"The file is one tab as CSV; the import needs the whole workbook. {ADVICE}",
            code=NOT_A_WORKBOOK,
        )
    raise Unsupported(f"The file is not an Excel workbook. {ADVICE}", code=NOT_A_WORKBOOK)


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


def _looks_like_csv(text: bytes) -> bool:
    first_line = text.split(b"\n", 1)[0]
    printable = all(byte >= 32 or byte in b"\t\r" for byte in first_line)
    return printable and any(first_line.count(mark) >= 2 for mark in (b",", b";", b"\t"))
