"""What the cells of a tab show of how its numbers and dates are written.

A whole tab is written by one machine in one notation, so a cell with two readings is decided by
its column, else by the tab's other sizes or dates. Where they are silent or disagree, nothing is
decided and the cell is rejected.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from services.ingest.domain.cells import Cell, decimal_mark_shown
from services.ingest.domain.dates import Orders, looks_like_date, order_shown
from services.ingest.domain.headers import HeaderMatch
from services.ingest.domain.notation import Marks


@dataclass(slots=True)
class _Shown:
    """What one column shows."""

    marks: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)
    texts: int = 0
    dates: int = 0

    def note(self, cell: str) -> None:
        self.texts += 1
        self.dates += looks_like_date(cell)
        mark, order = decimal_mark_shown(cell), order_shown(cell)
        if mark is not None:
            self.marks.add(mark)
        if order is not None:
            self.orders.add(order)

    @property
    def holds_dates(self) -> bool:
        """Dates that people typed into some notes prove nothing for the tab."""
        return 2 * self.dates > self.texts


class Evidence:
    """Looks through the tab once, and only when a cell needs it."""

    def __init__(
        self,
        lines: Iterable[Sequence[Cell]],
        header: HeaderMatch,
        *,
        header_row: int,
        sizes: Iterable[str] = (),
    ) -> None:
        """``lines`` can be read again from the top; ``sizes`` are the columns that hold sizes."""
        self._lines = lines
        self._header_row = header_row
        self._at = {name: found.position for name, found in header.matched.items()}
        self._sizes = frozenset(sizes)
        self._shown: dict[str, _Shown] | None = None

    def decimal_marks(self, column: str) -> Marks:
        """The marks that separate decimals in the column, else in the tab's sizes."""
        shown = self._look()
        others = [found.marks for name, found in shown.items() if name in self._sizes]
        return frozenset(shown[column].marks or set().union(*others))

    def date_orders(self, column: str) -> Orders:
        """The orders of day and month in the column, else in the tab's other dates."""
        shown = self._look()
        others = [found.orders for found in shown.values() if found.holds_dates]
        return frozenset(shown[column].orders or set().union(*others))

    def _look(self) -> dict[str, _Shown]:
        if self._shown is None:
            self._shown = {column: _Shown() for column in self._at}
            for line in islice(self._lines, self._header_row, None):
                for column, at in self._at.items():
                    cell = line[at] if at < len(line) else ""
                    if type(cell) is str and cell:
                        self._shown[column].note(cell)
        return self._shown
