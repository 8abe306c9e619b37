"""Finds the cell that makes a small tab look enormous, by streaming through its XML.

Run only after the reader died of memory: the scan costs more than a parse would.
"""

import itertools
import re
import zipfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.ingest.adapters.sheet_parts import part_of_tab

_CHUNK: Final = 1 << 20
_LONGEST_TAG: Final = 4096
_CELL = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br=\"([A-Z]{1,3})([0-9]{1,7})\"[^>]*?(/?)>")
_MAX_ROW: Final = 1_048_576
_MAX_COLUMN: Final = 16_384
_ROW_GAP: Final = 10_000
_COLUMN_GAP: Final = 200


@dataclass(frozen=True, slots=True)
class StrayCell:
    """A cell with nothing around it, and the corner of the real data."""

    cell: str
    data_ends_at: str
    count: int
    """How many cells lie out there."""


def find_stray_cell(path: Path, tab: str) -> StrayCell | None:
    """The first cell beyond a wide gap of empty rows or columns; None when there is no such gap."""
    with zipfile.ZipFile(path) as archive:
        part = part_of_tab(archive, tab)
        if part is None:
            return None
        used = _UsedCells()
        with archive.open(part) as stream:
            for column, row in _cells(iter(lambda: stream.read(_CHUNK), b"")):
                used.add(column, row)
    return used.stray()


class _UsedCells:
    """Which rows and columns hold something: 6 MB, however large the sheet."""

    def __init__(self) -> None:
        self._cells_in_row = array("H", bytes(2 * (_MAX_ROW + 1)))
        self._last_column_in_row = array("H", bytes(2 * (_MAX_ROW + 1)))
        self._cells_in_column = array("L", bytes(8 * (_MAX_COLUMN + 1)))

    def add(self, column: int, row: int) -> None:
        if 0 < row <= _MAX_ROW and 0 < column <= _MAX_COLUMN:
            self._cells_in_row[row] = min(self._cells_in_row[row] + 1, 65_535)
            self._last_column_in_row[row] = max(self._last_column_in_row[row], column)
            self._cells_in_column[column] += 1

    def stray(self) -> StrayCell | None:
        rows = [row for row, n in enumerate(self._cells_in_row) if n]
        columns = [column for column, n in enumerate(self._cells_in_column) if n]
        last_row = _before_gap(rows, _ROW_GAP)
        last_column = _before_gap(columns, _COLUMN_GAP)
        if last_row is None and last_column is None:
            return None
        end_row = last_row if last_row is not None else rows[-1]
        end_column = last_column if last_column is not None else columns[-1]
        outside = [
            row for row in rows if row > end_row or self._last_column_in_row[row] > end_column
        ]
        first = outside[0]
        return StrayCell(
            cell=f"{_letters(self._last_column_in_row[first])}{first}",
            data_ends_at=f"{_letters(end_column)}{end_row}",
            count=max(
                sum(self._cells_in_row[row] for row in rows if row > end_row),
                sum(self._cells_in_column[column] for column in columns if column > end_column),
            ),
        )


def _before_gap(used: list[int], width: int) -> int | None:
    """The last used line before the first gap wider than ``width``."""
    for here, following in itertools.pairwise(used):
        if following - here > width:
            return here
    return None


def _cells(chunks: Iterator[bytes]) -> Iterator[tuple[int, int]]:
    """Column and row of every cell that is not written as an empty tag."""
    rest = b""
    for chunk in chunks:
        text = rest + chunk
        cut = text.rfind(b"<")
        cut = len(text) if cut < 0 or len(text) - cut > _LONGEST_TAG else cut
        for letters, digits, is_empty in _CELL.findall(text, 0, cut):
            if not is_empty:
                yield _number(letters), int(digits)
        rest = text[cut:]
    for letters, digits, is_empty in _CELL.findall(rest):
        if not is_empty:
            yield _number(letters), int(digits)


def _number(letters: bytes) -> int:
    """The 1-based column of its letters: A is 1, XFD is 16384."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _letters(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
