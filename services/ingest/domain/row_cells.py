"""One line of a tab, cell by cell, and how it names its VM."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from services.ingest.domain import cells
from services.ingest.domain.cells import BadCell, Cell
from services.ingest.domain.dates import NO_ORDER, has_two_orders, moment
from services.ingest.domain.evidence import Evidence
from services.ingest.domain.headers import HeaderMatch
from services.ingest.domain.limits import WorkbookLimits
from services.ingest.domain.notation import NOTHING_SHOWN, Marks
from services.ingest.domain.rejects import Rejects

V = TypeVar("V")

POWER_STATES: Final = {"poweredon": "poweredOn", "poweredoff": "poweredOff", "on": "poweredOn"} | {
    "off": "poweredOff",
    "suspended": "suspended",
}
REF_COLUMNS: Final = (
    *("VM", "VM ID", "VM UUID", "VI SDK UUID", "VI SDK Server"),
    *("Datacenter", "Cluster", "Host", "Folder", "Powerstate"),
)
"""The columns that say which VM a row is about."""


@dataclass(frozen=True, slots=True)
class VmRef:
    """How a row of any tab names the VM it is about, and where that VM is."""

    name: str | None
    moref: str | None
    uuid: str | None
    vcenter_uuid: str | None
    vcenter_server: str | None
    datacenter: str | None
    cluster: str | None
    host: str | None
    folder: str | None
    power_state: str | None
    file: str | None = None
    """The file that the row is in, of an import of several."""


class RowCells:
    """The cells of one row by column name. A cell that cannot be read is reported and is None.

    A large workbook has ten million cells, so the usual text, the usual boolean and the row that
    names the same VM as the one above take short cuts.
    """

    def __init__(
        self,
        tab: str,
        header: HeaderMatch,
        rejects: Rejects,
        *,
        limits: WorkbookLimits,
        evidence: Evidence,
    ) -> None:
        self._tab = tab
        self._evidence = evidence
        self._columns = header.matched
        self._at = {name: found.position for name, found in header.matched.items()}
        self._rejects = rejects
        self._max_chars = limits.max_text_chars
        self._max_name_bytes = limits.max_name_bytes
        self._shared: dict[str, str | None] = {}
        self._ref_at = [self._at[column] for column in REF_COLUMNS if column in self._at]
        self._last_ref: tuple[list[Cell], VmRef] | None = None
        self._width = max(self._at.values(), default=-1) + 1
        self._row: Sequence[Cell] = ()
        self.number = 0

    def load(self, number: int, row: Sequence[Cell]) -> None:
        """Points at row ``number`` (1-based, as Excel shows it)."""
        self.number = number
        missing = self._width - len(row)
        self._row = [*row, *[""] * missing] if missing > 0 else row

    def cell(self, column: str) -> Cell:
        """What the sheet holds; ``""`` where the tab has no such column."""
        at = self._at.get(column)
        return "" if at is None else self._row[at]

    def text(self, column: str) -> str | None:
        """Trimmed text."""
        cell = self.cell(column)
        if type(cell) is str and not cells.is_special(cell, max_chars=self._max_chars):
            return cell.strip() or None
        return self._read(column, cell, lambda c: cells.text(c, max_chars=self._max_chars))

    def shared(self, column: str) -> str | None:
        """Trimmed text that many rows repeat; one copy of it is kept."""
        cell = self.cell(column)
        if type(cell) is not str:
            return self.text(column)
        if cell in self._shared:
            return self._shared[cell]
        value = self.text(column)
        if value is not None or not cell:
            self._shared[cell] = value
        return value

    def name(self, column: str) -> str | None:
        """A name, byte for byte."""
        return self._read(
            column, self.cell(column), lambda c: cells.name(c, max_bytes=self._max_name_bytes)
        )

    def whole(self, column: str, *, at_most: int) -> int | None:
        """A count."""
        cell = self.cell(column)
        shown = self._decimal_marks(column, cell)
        return self._read(column, cell, lambda c: cells.whole(c, at_most=at_most, shown=shown))

    def mib(self, column: str) -> int | None:
        """A size in MiB, whatever unit the header states."""
        found = self._columns.get(column)
        if found is None:
            return None
        unit, cell = found.mib_per_unit, self.cell(column)
        shown = self._decimal_marks(column, cell)
        return self._read(column, cell, lambda c: cells.size_mib(c, mib_per_unit=unit, shown=shown))

    def flag(self, column: str) -> bool | None:
        """True or False."""
        return self._read(column, self.cell(column), cells.flag)

    def moment(self, column: str) -> datetime | None:
        """A date and time without a zone."""
        cell = self.cell(column)
        shown = self._evidence.date_orders(column) if has_two_orders(cell) else NO_ORDER
        return self._read(column, cell, lambda c: moment(c, shown=shown))

    def read_as(self, column: str, parse: Callable[[str], V]) -> V | None:
        """What ``parse`` makes of the trimmed text; it raises :class:`BadCell` when it cannot."""
        value = self.text(column)
        if value is None:
            return None
        try:
            return parse(value)
        except BadCell as bad:
            self._reject(column, value, bad)
            return None

    def vm_ref(self) -> VmRef:
        """Which VM the row is about. Neighbouring rows of one VM share the object."""
        row = self._row
        raw = [row[at] for at in self._ref_at]
        if self._last_ref is not None and self._last_ref[0] == raw:
            return self._last_ref[1]
        ref = VmRef(
            name=self.name("VM"),
            moref=_lower(self.text("VM ID")),
            uuid=_lower(self.text("VM UUID")),
            vcenter_uuid=_lower(self.shared("VI SDK UUID")),
            vcenter_server=_lower(self.shared("VI SDK Server")),
            datacenter=self.shared("Datacenter"),
            cluster=self.shared("Cluster"),
            host=self.shared("Host"),
            folder=self.shared("Folder"),
            power_state=self.read_as("Powerstate", _power_state),
            file=self._rejects.file,
        )
        self._last_ref = (raw, ref)
        return ref

    def _decimal_marks(self, column: str, cell: Cell) -> Marks:
        """What other cells show, looked up for a cell that has two readings only."""
        is_open = type(cell) is str and cells.has_two_readings(cell)
        return self._evidence.decimal_marks(column) if is_open else NOTHING_SHOWN

    def _read(self, column: str, cell: Cell, parse: Callable[[Cell], V | None]) -> V | None:
        if cell == "":
            return None
        try:
            cells.refuse_error(cell)
            return parse(cell)
        except BadCell as bad:
            self._reject(column, cell, bad)
            return None

    def _reject(self, column: str, cell: Cell, bad: BadCell) -> None:
        header = self._columns[column].header
        self._rejects.cell(self._tab, self.number, header, cell, bad)


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _power_state(value: str) -> str:
    state = POWER_STATES.get(value.replace(" ", "").lower())
    if state is None:
        raise BadCell("not a power state", "Use poweredOn, poweredOff or suspended.")
    return state
