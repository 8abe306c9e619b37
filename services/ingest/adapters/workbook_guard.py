"""Pre-flight of a workbook: looks at the zip directory and the first bytes of each part only.

Refuses what no spreadsheet program writes (zip bombs, DTDs, two parts of one name) and what is not
an ``.xlsx`` at all, in words that say what to do. Costs milliseconds; what it cannot see is left to
the limits of the parser's process.
"""

import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Final

from services.ingest.domain.errors import (
    DAMAGED_WORKBOOK,
    ENCRYPTED_WORKBOOK,
    NOT_A_WORKBOOK,
    SUSPICIOUS_WORKBOOK,
    WORKBOOK_TOO_LARGE,
)
from services.ingest.domain.file_kinds import ADVICE, require_xlsx
from services.ingest.domain.limits import WorkbookLimits
from shared.kernel.errors import Invalid, TooLarge, Unsupported

WORKBOOK_PART: Final = "xl/workbook.xml"

_HEAD_BYTES: Final = 1 << 20
_PROLOGUE_BYTES: Final = 1 << 16
_RATIO_MATTERS_FROM: Final = 4 << 20
"""Parts that unpack to less cannot hurt, and tiny ones compress very well."""
_PROLOGUE = re.compile(rb"(?:\s|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK: Final = b"\xef\xbb\xbf"


def check_workbook(path: Path, limits: WorkbookLimits) -> None:
    """Lets through what may be an ``.xlsx`` workbook within the limits.

    Raises:
        Invalid: empty, damaged, truncated, or written to harm.
        TooLarge: it would unpack to more than the limit.
        Unsupported: it is another kind of file, or has a password.
    """
    with path.open("rb") as file:
        require_xlsx(file.read(_HEAD_BYTES))
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _check_directory(parts, limits)
            _check_kind(archive, {part.filename for part in parts})
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels")):
                    _check_prologue(archive, part)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise Invalid(
            "The workbook is damaged or was not uploaded completely: its zip directory cannot be "
            f"read ({error}). Open it in Excel; if that works, save it again and upload it.",
            code=DAMAGED_WORKBOOK,
        ) from error


def _check_directory(parts: list[zipfile.ZipInfo], limits: WorkbookLimits) -> None:
    if len(parts) > limits.max_members:
        raise Invalid(
            f"The file holds {len(parts):,} parts; a workbook has some dozens.",
            code=SUSPICIOUS_WORKBOOK,
        )
    repeated = [name for name, n in Counter(part.filename for part in parts).items() if n > 1]
    if repeated:
        raise Invalid(
            f"The file holds the part {repeated[0]} more than once; no spreadsheet program "
            "writes that. Open it in Excel and save it again.",
            code=SUSPICIOUS_WORKBOOK,
        )
    if any(part.flag_bits & 0x1 for part in parts):
        raise Unsupported(
            "The zip is protected with a password. Upload the workbook without one.",
            code=ENCRYPTED_WORKBOOK,
        )
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.max_unpacked_bytes:
        raise TooLarge(
            f"The workbook unpacks to {unpacked / 2**30:.1f} GiB; the limit is "
            f"{limits.max_unpacked_bytes / 2**30:.1f} GiB. Export fewer tabs or one vCenter at a "
            "time.",
            code=WORKBOOK_TOO_LARGE,
        )
    for part in parts:
        ratio = part.file_size / max(part.compress_size, 1)
        if part.file_size > _RATIO_MATTERS_FROM and ratio > limits.max_part_ratio:
            raise Invalid(
                f"The part {part.filename} unpacks to {ratio:.0f} times its size; a workbook "
                f"reaches 5 to 10, the limit is {limits.max_part_ratio}. This is how zip bombs "
                "are made. If the file is yours, open it in Excel and save it again.",
                code=SUSPICIOUS_WORKBOOK,
            )


def _check_kind(archive: zipfile.ZipFile, names: set[str]) -> None:
    if WORKBOOK_PART in names:
        return
    lower = {name.lower() for name in names}
    if "xl/workbook.bin" in lower:
        found = "It is a binary workbook (.xlsb). Open it in Excel and save it as .xlsx."
    elif "content.xml" in lower and "mimetype" in lower:
        found = "It is an OpenDocument file (.ods). Save it as .xlsx."
    elif any(name.startswith(("word/", "ppt/")) for name in lower):
        found = f"It is a Word or PowerPoint document. {ADVICE}"
    elif any(name.endswith((".xlsx", ".xlsm")) for name in lower):
        found = "It is a zip with a workbook inside. Unpack it and upload the .xlsx itself."
    elif any(name.endswith(".csv") for name in lower):
        found = f"It is a zip of CSV files; these are not read yet. {ADVICE}"
    else:
        found = f"It is a zip archive without {WORKBOOK_PART}. {ADVICE}"
    raise Unsupported(f"The file is not an .xlsx workbook. {found}", code=NOT_A_WORKBOOK)


def _check_prologue(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """What precedes the root element may declare entities; spreadsheets never do."""
    with archive.open(part) as stream:
        head = stream.read(_PROLOGUE_BYTES)
    if head.startswith(_UTF16_MARKS):
        head = head.decode("utf-16", "replace").encode()
    rest = head.removeprefix(_UTF8_MARK)
    begins = _PROLOGUE.match(rest)
    root = rest[begins.end() if begins else 0 :][:2]
    if head and (root[:1] != b"<" or not root[1:].isalpha()):
        raise Invalid(
            f"The part {part.filename} does not begin like the XML of a spreadsheet: a document "
            "type or entity declaration, or something else than XML. Open the workbook in Excel "
            "and save it again.",
            code=SUSPICIOUS_WORKBOOK,
        )
