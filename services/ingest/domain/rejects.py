"""What could not be read, cell by cell and row by row: the part of the report people act on."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

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


@dataclass(slots=True)
class Rejects:
    """Collects rejects: all are counted, the first ``keep`` of a tab are kept in full."""

    keep: int = 200
    kept: list[Reject] = field(default_factory=list)
    cells: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)

    def cell(self, tab: str, row: int, column: str, value: Cell, bad: BadCell) -> None:
        """Adds a cell that is unknown now."""
        self.cells[tab] += 1
        self._keep(Reject(tab, row, column, _sample(value), bad.reason, bad.fix))

    def row(self, tab: str, row: int, *, value: str, reason: str, fix: str) -> None:
        """Adds a row that was left out."""
        self.rows[tab] += 1
        self._keep(Reject(tab, row, None, _sample(value), reason, fix))

    def stand_in(self, tab: str, row: int, value: str) -> None:
        """Adds a VM without a name, called ``value`` instead."""
        reason = f"the VM has no name; {value} stands in for it"
        self.cell(tab, row, "VM", "", BadCell(reason, "Type the VM's name in column VM."))

    @property
    def count(self) -> int:
        """All rejects, kept or not."""
        return self.cells.total() + self.rows.total()

    def _keep(self, reject: Reject) -> None:
        if self.cells[reject.tab] + self.rows[reject.tab] <= self.keep:
            self.kept.append(reject)


def _sample(value: Cell) -> str:
    shown = plain_text(value)
    return shown if len(shown) <= SAMPLE_CHARS else shown[: SAMPLE_CHARS - 1] + "…"
