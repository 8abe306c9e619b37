"""What could not be read, cell by cell and row by row: the part of the report people act on."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final, Self

from services.ingest.domain.affected_rows import AffectedRows, Problem
from services.ingest.domain.cells import BadCell, Cell, plain_text

SAMPLE_CHARS: Final = 120


@dataclass(frozen=True, slots=True)
class Reject:
    """A cell or (``column`` None) a whole row that was not taken over, why, and how to fix it."""

    tab: str
    row: int
    column: str | None
    value: str
    reason: str
    fix: str
    file: str | None = None
    """Of an import of several files."""


@dataclass(slots=True)
class Rejects:
    """Collects rejects: all are counted, the first ``keep`` of a tab are kept in full.

    ``file`` is where the next ones come from; :meth:`of_file` gives the same collection for
    another file.
    """

    keep: int = 200
    file: str | None = None
    kept: list[Reject] = field(default_factory=list)
    cells: Counter[tuple[str | None, str]] = field(default_factory=Counter)
    rows: Counter[tuple[str | None, str]] = field(default_factory=Counter)
    by_tab: Counter[str] = field(default_factory=Counter)
    affected: AffectedRows = field(default_factory=AffectedRows)
    """The rows of all of them."""

    def of_file(self, file: str | None) -> Self:
        """This collection, for rejects of ``file``."""
        return replace(self, file=file)

    def cells_of(self, tab: str) -> int:
        """Cells of a tab of this file."""
        return self.cells[self.file, tab]

    def rows_of(self, tab: str) -> int:
        """Rows of a tab of this file."""
        return self.rows[self.file, tab]

    def cell(self, tab: str, row: int, column: str, value: Cell, bad: BadCell) -> None:
        """Adds a cell that is unknown now."""
        self.cells[self.file, tab] += 1
        self._keep(Reject(tab, row, column, _sample(value), bad.reason, bad.fix, self.file))

    def row(self, tab: str, row: int, *, value: str, reason: str, fix: str) -> None:
        """Adds a row that was left out."""
        self.rows[self.file, tab] += 1
        self._keep(Reject(tab, row, None, _sample(value), reason, fix, self.file))

    def stand_in(self, tab: str, row: int, value: str) -> None:
        """Adds a VM without a name, called ``value`` instead."""
        reason = f"the VM has no name; {value} stands in for it"
        self.cell(tab, row, "VM", "", BadCell(reason, "Type the VM's name in column VM."))

    @property
    def count(self) -> int:
        """All rejects, kept or not."""
        return self.by_tab.total()

    def _keep(self, reject: Reject) -> None:
        self.by_tab[reject.tab] += 1
        problem = Problem(reject.column, reject.reason, reject.fix)
        self.affected.add(self.file, reject.tab, reject.row, problem)
        if self.by_tab[reject.tab] <= self.keep:
            self.kept.append(reject)


def _sample(value: Cell) -> str:
    shown = plain_text(value)
    return shown if len(shown) <= SAMPLE_CHARS else shown[: SAMPLE_CHARS - 1] + "…"
