"""Pre-flight of uploads: looks at the zip directory and the first bytes of each part only.

Refuses what no spreadsheet program writes (zip bombs, DTDs, two parts of one name) and what is not
an ``.xlsx`` at all, in words that say what to do. Costs milliseconds; what it cannot see is left to
the limits of the parser's process.
"""

import lzma
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.ingest.domain.errors import (
    DAMAGED_WORKBOOK,
    ENCRYPTED_WORKBOOK,
    NOT_A_WORKBOOK,
    SUSPICIOUS_WORKBOOK,
    WORKBOOK_TOO_LARGE,
)
from services.ingest.domain.file_kinds import ADVICE
from services.ingest.domain.limits import GIB, WorkbookLimits
from shared.kernel.errors import Invalid, TooLarge, Unsupported

WORKBOOK_PART: Final = "xl/workbook.xml"
BROKEN_ZIP: Final = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError),
    *(OSError, ValueError, RuntimeError),
)
"""What the standard library raises over a zip that is not whole, or packed in an unknown way."""

_PROLOGUE_BYTES: Final = 1 << 16
_RATIO_MATTERS_FROM: Final = 4 << 20
"""Parts that unpack to less cannot hurt, and tiny ones compress very well."""
_PROLOGUE = re.compile(rb"(?:\s|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK: Final = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Budget:
    """The limits of one upload, and how much of it is accounted for: workbooks in a zip count as
    they are packed and as they unpack."""

    limits: WorkbookLimits
    unpacked_bytes: int = 0

    def spend(self, count: int) -> None:
        """Takes ``count`` bytes.

        Raises:
            TooLarge: that is more than is left.
        """
        self.unpacked_bytes += count
        if self.unpacked_bytes > self.limits.max_unpacked_bytes:
            raise TooLarge(
                f"The upload unpacks to {self.unpacked_bytes / GIB:.1f} GiB; the limit is "
                f"{self.limits.max_unpacked_bytes / GIB:.1f} GiB. Export fewer tabs or one vCenter "
                "at a time, or ask the operator to raise MIGPLAN_INGEST_UNPACKED_MAX_BYTES.",
                code=WORKBOOK_TOO_LARGE,
            )


@contextmanager
def refusing_damage() -> Iterator[None]:
    """A zip that breaks in the block is refused.

    Raises:
        Invalid: it broke; code ``damaged-workbook``.
    """
    try:
        yield
    except BROKEN_ZIP as error:
        raise Invalid(
            "The file is damaged or was not uploaded completely: its zip directory or a part of it "
            f"cannot be read ({str(error)[:200]}). Open it on your machine; if that works, save or "
            "pack it again and upload it.",
            code=DAMAGED_WORKBOOK,
        ) from error


def check_workbook(path: Path, budget: Budget) -> None:
    """Lets through what may be an ``.xlsx`` workbook within the limits. ``path`` is a zip.

    Raises:
        Invalid: damaged, truncated, or written to harm.
        TooLarge: it would unpack to more than the limit.
        Unsupported: it is another kind of file, or has a password.
    """
    with refusing_damage(), zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        check_directory(parts, budget)
        names = {part.filename for part in parts}
        refuse_other_documents(names)
        if WORKBOOK_PART not in names:
            raise Unsupported(
                f"The file is not an .xlsx workbook. It is a zip archive without {WORKBOOK_PART}. "
                f"{ADVICE}",
                code=NOT_A_WORKBOOK,
            )
        for part in parts:
            if part.filename.lower().endswith((".xml", ".rels")):
                _check_prologue(archive, part)


def check_directory(parts: Sequence[zipfile.ZipInfo], budget: Budget) -> None:
    """Lets through a zip directory within the limits, and takes its size from the budget.

    Raises:
        Invalid: too many parts, two of one name, or one that is packed like a bomb.
        TooLarge: there is more than the budget has left.
        Unsupported: it has a password.
    """
    limits = budget.limits
    if len(parts) > limits.max_members:
        raise Invalid(
            f"The file holds {len(parts):,} parts; a workbook has some dozens, and the limit is "
            f"{limits.max_members:,}. Export it again with RVTools.",
            code=SUSPICIOUS_WORKBOOK,
        )
    repeated = [name for name, n in Counter(part.filename for part in parts).items() if n > 1]
    if repeated:
        raise Invalid(
            f"The file holds the part {repeated[0][:200]} more than once; no program writes that. "
            "Open the workbook in Excel and save it, or pack the zip, again.",
            code=SUSPICIOUS_WORKBOOK,
        )
    if any(not part.filename for part in parts):
        raise Invalid(
            "The file holds a part without a name; no program writes that. Open the workbook in "
            "Excel and save it, or pack the zip, again.",
            code=SUSPICIOUS_WORKBOOK,
        )
    if any(part.flag_bits & 0x1 for part in parts):
        raise Unsupported(
            "The zip is protected with a password. Upload it without one.",
            code=ENCRYPTED_WORKBOOK,
        )
    budget.spend(sum(part.file_size for part in parts))
    for part in parts:
        ratio = part.file_size / max(part.compress_size, 1)
        if part.file_size > _RATIO_MATTERS_FROM and ratio > limits.max_part_ratio:
            raise Invalid(
                f"The part {part.filename[:200]} unpacks to {ratio:.0f} times its size; an export "
                f"reaches 5 to 10, the limit is {limits.max_part_ratio}. This is how zip bombs "
                "are made. If the file is yours, open it in Excel and save it again.",
                code=SUSPICIOUS_WORKBOOK,
            )


def refuse_other_documents(names: Set[str]) -> None:
    """Refuses zips that other programs use for their documents.

    Raises:
        Unsupported: it is one of those.
    """
    lower = {name.lower() for name in names}
    if "xl/workbook.bin" in lower:
        found = "It is a binary workbook (.xlsb). Open it in Excel and save it as .xlsx."
    elif "content.xml" in lower and "mimetype" in lower:
        found = "It is an OpenDocument file (.ods). Save it as .xlsx."
    elif any(name.startswith(("word/", "ppt/")) for name in lower):
        found = f"It is a Word or PowerPoint document. {ADVICE}"
    else:
        return
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
