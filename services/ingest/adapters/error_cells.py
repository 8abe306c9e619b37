"""Cells that show an error, or a formula without a result, which calamine gives as empty ones.

Taken for empty they would become unknown figures in silence. The sheet is unpacked once more and
searched for the few bytes that such cells need; only where they occur is it looked at cell by cell.
"""

import itertools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from services.ingest.adapters.sheet_parts import part_of_tab
from services.ingest.domain.cells import NO_RESULT
from services.ingest.domain.errors import UNREADABLE_WORKBOOK
from shared.kernel.errors import ErrorDetail, Invalid

Cells = dict[tuple[int, int], str]
"""What cells show, by row and column, both from 0."""

MOST_ERRORS: Final = 100_000
_CHUNK: Final = 1 << 20
_OVERLAP: Final = 16
_LONGEST_CELL: Final = 1 << 18
_SIGNS: Final = (b't="e"', b"t='e'", b"f>")
_TAG = re.compile(rb"<(?:\w+:)?(row|c)(?=[\s>/])")
_ROW = re.compile(rb"\br=[\"']([0-9]{1,7})[\"']")
_PLACE = re.compile(rb"\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_IS_ERROR = re.compile(rb"\bt=[\"']e[\"']")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|t)(?:\s[^>]{0,40})?>([^<]{1,64})")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")


def error_cells(path: Path, tab: str) -> Cells:
    """What the cells of a tab show that hold an error or a formula without a result.

    Raises:
        Invalid: there are more of them than can be reported.
    """
    with zipfile.ZipFile(path) as archive:
        part = part_of_tab(archive, tab)
        if part is None or not _has_signs(archive, part):
            return {}
        return _found(archive, part, tab)


def _has_signs(archive: zipfile.ZipFile, part: str) -> bool:
    tail = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            text = tail + chunk
            if any(sign in text for sign in _SIGNS):
                return True
            tail = chunk[-_OVERLAP:]
    return False


def _found(archive: zipfile.ZipFile, part: str, tab: str) -> Cells:
    found: Cells = {}
    row = column = -1
    with archive.open(part) as stream:
        for tag, text in _tags(stream):
            attributes, _, content = text.partition(b">")
            if tag == b"row":
                stated = _ROW.search(attributes)
                row, column = (int(stated[1]) - 1 if stated else row + 1), -1
                continue
            place = _PLACE.search(attributes)
            column = _number(place[1]) - 1 if place else column + 1
            shown = _shown(attributes, content)
            if shown is not None:
                found[int(place[2]) - 1 if place else row, column] = shown
            if len(found) > MOST_ERRORS:
                raise _too_many(tab, first_row=min(found)[0] + 1)
    return found


def _shown(attributes: bytes, content: bytes) -> str | None:
    """What the cell shows; None when that is a value."""
    is_error = _IS_ERROR.search(attributes) is not None
    if not is_error and _FORMULA.search(content) is None:
        return None
    value = _VALUE.search(content)
    if value is None:
        return NO_RESULT
    return value[1].decode("utf-8", "replace") if is_error else None


def _tags(stream: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """``row`` and ``c`` tags, each with the text up to the next one; of a long text its beginning
    and its end."""
    buffer = b""
    while True:
        chunk = stream.read(_CHUNK)
        buffer += chunk
        starts = list(_TAG.finditer(buffer))
        for this, following in itertools.pairwise(starts):
            yield this[1], buffer[this.end() : following.start()]
        if not chunk:
            if starts:
                yield starts[-1][1], buffer[starts[-1].end() :]
            return
        buffer = buffer[starts[-1].start() :] if starts else buffer[-_OVERLAP:]
        if len(buffer) > _LONGEST_CELL + _OVERLAP:
            buffer = buffer[:_LONGEST_CELL] + buffer[-_OVERLAP:]


def _too_many(tab: str, *, first_row: int) -> Invalid:
    return Invalid(
        f"Tab {tab} has more than {MOST_ERRORS:,} cells that show an error such as #N/A. Mend or "
        "delete the formulas, or export again with RVTools.",
        code=UNREADABLE_WORKBOOK,
        errors=[ErrorDetail("The first one.", tab=tab, row=first_row)],
    )


def _number(letters: bytes) -> int:
    """The 1-based column of its letters."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
