"""The rows of an upload that people should look at: which they are, and what is wrong in each.

They are noted while the upload is read, as places only; what the rows hold is read again in the
end. So a workbook full of errors costs little more memory than one without.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from math import isfinite
from typing import Final

from services.ingest.domain.cells import Cell, plain_text
from services.ingest.domain.columns import VINFO
from services.ingest.domain.headers import HeaderMatch
from shared.kernel.cell_text import cell_text

Place = tuple[str | None, str]
"""A file, None in an import of one, and RVTools' name of a tab."""
StoredCell = str | float | int | bool
"""A cell as it is kept and written again: dates are text, and text is what a sheet can hold."""

MOST_ROWS: Final = 50_000
"""More than that nobody mends by hand."""
MOST_PROBLEMS_PER_ROW: Final = 50
MOST_PROBLEMS: Final = 200_000
"""Of all rows together."""
MOST_CHARS: Final = 64 << 20
"""Of the cells of all rows together; texts of 32,767 characters must not fill the database."""

MARKED_COLUMNS: Final = ("Row", "Problem", "What to do")
"""The first columns of an annotated sheet; no tab of RVTools begins so."""

_MENDS: Final[dict[str, tuple[str, str]]] = {
    "vm_id_repeated": ("VM ID", "Give each VM its own ID, or delete the row that is not real."),
    "same_name_and_place": ("VM", "Export again with the column VM ID, or tell the names apart."),
    "name_differs": ("VM", "Use the name that vInfo has for this VM ID."),
    "joined_by_name_only": ("VM", "Export again with the column VM ID on all tabs."),
    "disk_count": ("Disks", "Make the number that of the VM's rows in vDisk, or add the rows."),
    "nic_count": ("NICs", "Make the number that of the VM's rows in vNetwork, or add the rows."),
    "disk_sum": ("Total disk capacity MiB", "Correct the sum, or the capacities in vDisk."),
    "cpu_count": ("CPUs", "Make it the same in vInfo and vCPU."),
    "memory_size": ("Memory", "Make it the same in vInfo and vMemory."),
    "partitions_exceed_disks": (
        "Capacity MiB",
        "Correct the capacities of the file systems, or of the disks in vDisk.",
    ),
    "vlan_differs": ("VLAN", "Give the port group one VLAN on all hosts, if that is what it has."),
    "power_state": ("Powerstate", "Make it the same on all tabs."),
    "in_use_zero": ("In Use MiB", "Type the space that the VM uses, or leave the cell empty."),
}
"""By kind of contradiction, the column in which it shows and what to do about it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a row. ``column`` is None where it is about the whole row."""

    column: str | None
    reason: str
    fix: str


def contradiction_problem(kind: str, meaning: str, said: tuple[object, object] | None) -> Problem:
    """A contradiction as a problem of the row in which it was noticed."""
    column, fix = _MENDS[kind]
    figures = "" if said is None else f" One says {said[0]}, the other {said[1]}."
    return Problem(column, f"{meaning}{figures}", fix)


@dataclass(slots=True)
class AffectedRows:
    """Collects the places of affected rows, as many as are kept, and what is wrong there."""

    most_rows: int = MOST_ROWS
    by_place: dict[Place, dict[int, list[Problem]]] = field(default_factory=dict)
    is_complete: bool = True
    """Whether no row was left out because there were too many."""
    _rows: int = 0
    _problems: int = 0
    _known: dict[Problem, Problem] = field(default_factory=dict)

    def add(self, file: str | None, tab: str | None, row: int, problem: Problem) -> None:
        """Adds a problem of row ``row`` (as Excel counts) of a tab, by default vInfo."""
        rows = self.by_place.setdefault((file, tab or VINFO), {})
        problems = rows.get(row)
        if problems is None:
            if self._rows >= self.most_rows or self._problems >= MOST_PROBLEMS:
                self.is_complete = False
                return
            self._rows += 1
            problems = rows[row] = []
        if len(problems) < MOST_PROBLEMS_PER_ROW:
            self._problems += 1
            problems.append(self._known.setdefault(problem, problem))


def is_annotated(header: Sequence[Cell]) -> bool:
    """Whether a header row is that of an annotated sheet."""
    return tuple(header[: len(MARKED_COLUMNS)]) == MARKED_COLUMNS


def column_of(header: HeaderMatch, problem: Problem) -> int | None:
    """Where the column of a problem is; None when it is about the row, or the tab has none."""
    if problem.column is None:
        return None
    # Rejects say the header, contradictions our own name of the column.
    stripped = [text.strip() for text in header.headers]
    if problem.column in stripped:
        return stripped.index(problem.column)
    found = header.matched.get(problem.column)
    return None if found is None else found.position


def stored_cell(cell: Cell) -> StoredCell:
    """What is kept of a cell.

    >>> stored_cell(4096.0), stored_cell("web"), stored_cell(True)
    (4096, 'web', True)
    """
    if isinstance(cell, bool | int):
        return cell
    if isinstance(cell, float) and isfinite(cell):
        return int(cell) if cell.is_integer() and abs(cell) < 1e15 else cell
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return cell_text(plain_text(cell))


def stored_row(line: Sequence[Cell], *, width: int) -> list[StoredCell]:
    """The cells of a line that has as many as its header, or more where a text was torn apart."""
    cells = [stored_cell(cell) for cell in line]
    while len(cells) > width and cells[-1] == "":
        cells.pop()
    return cells + [""] * (width - len(cells))


def chars_of(cells: Iterable[StoredCell]) -> int:
    """About how much room cells take."""
    return sum(len(cell) if isinstance(cell, str) else 8 for cell in cells)
