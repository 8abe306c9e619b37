"""One line of a tab, cell by cell, and how it names its VM."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeVar

from services.ingest.domain import cells
from services.ingest.domain.cells import MAX_MIB, BadCell, Cell
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
NO_LIMIT: Final = -1
"""What vSphere says where a limit is not set."""
NO_ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType({})
NO_ATTRIBUTES_AT: Final[Mapping[str, int]] = MappingProxyType({})

_USUAL_FLAGS: Final = {"False": False, "True": True, "": None}
_FEW_DIGITS: Final = 9
_OWN_OF_A_VM: Final = 3
"""The first columns of :data:`REF_COLUMNS` differ from VM to VM; the others repeat."""


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


NOBODY: Final = VmRef(*[None] * 10)
"""Of a row that stands in for one that is missing."""


@dataclass(slots=True)
class SharedCells:
    """What the tabs of one workbook have in common: ten tabs name the same VMs and places, and one
    copy of each is enough."""

    texts: dict[str, str | None] = field(default_factory=dict)
    refs: dict[tuple[Cell, ...], VmRef] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)
    """Names of custom attributes and tags that an earlier tab supplies."""
    _cells: dict[Cell, Cell] = field(default_factory=dict)

    def keep_ref(self, raw: tuple[Cell, ...], ref: VmRef) -> None:
        """Remembers what a row's cells mean."""
        places = (self._cells.setdefault(cell, cell) for cell in raw[_OWN_OF_A_VM:])
        self.refs[(*raw[:_OWN_OF_A_VM], *places)] = ref


class RowCells:
    """The cells of one row by column name. A cell that cannot be read is reported and is None.

    A large workbook has ten million cells, so the usual text, number and boolean and the row that
    names a VM as an earlier one did take short cuts.
    """

    def __init__(
        self,
        tab: str,
        header: HeaderMatch,
        rejects: Rejects,
        *,
        limits: WorkbookLimits,
        evidence: Evidence,
        common: SharedCells,
        attributes: Mapping[str, int] = NO_ATTRIBUTES_AT,
    ) -> None:
        """``attributes``: where the tab's custom attributes and tags are, by name."""
        self._tab = tab
        self._evidence = evidence
        self._columns = header.matched
        self._at = {name: found.position for name, found in header.matched.items()}
        self._rejects = rejects
        self._max_chars = limits.max_text_chars
        self._max_name_bytes = limits.max_name_bytes
        self._common = common
        self._shared = common.texts
        self._attributes = attributes
        self._width = max([*self._at.values(), *attributes.values()], default=-1) + 1
        self._ref_at = [self._at.get(column) for column in REF_COLUMNS]
        self._last_ref: tuple[tuple[Cell, ...], VmRef] | None = None
        self._row: Sequence[Cell] = ()
        self.number = 0

    def load(self, number: int, row: Sequence[Cell]) -> None:
        """Points at row ``number`` (1-based, as Excel shows it)."""
        self.number = number
        missing = self._width - len(row)
        self._row = [*row, *[""] * missing] if missing > 0 else row

    @property
    def file(self) -> str | None:
        """The file that the row is in, of an import of several."""
        return self._rejects.file

    def cell(self, column: str) -> Cell:
        """What the sheet holds; ``""`` where the tab has no such column."""
        at = self._at.get(column)
        return "" if at is None else self._row[at]

    def text(self, column: str) -> str | None:
        """Trimmed text."""
        at = self._at.get(column)
        cell = "" if at is None else self._row[at]
        if cell == "":
            return None
        if type(cell) is str and not cells.is_special(cell, max_chars=self._max_chars):
            return cell.strip() or None
        return self._read(column, cell, lambda c: cells.text(c, max_chars=self._max_chars))

    def shared(self, column: str) -> str | None:
        """Trimmed text that many rows repeat; one copy of it is kept."""
        at = self._at.get(column)
        cell = "" if at is None else self._row[at]
        if cell == "":
            return None
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
        at = self._at.get(column)
        cell = "" if at is None else self._row[at]
        if type(cell) is float:
            if 0 <= cell <= at_most and cell == (quick := int(cell)):
                return quick
        elif type(cell) is str and cell.isascii() and cell.isdigit() and len(cell) <= _FEW_DIGITS:
            return self._within(column, int(cell), at_most)
        shown = self._decimal_marks(column, cell)
        return self._read(column, cell, lambda c: cells.whole(c, at_most=at_most, shown=shown))

    def _within(self, column: str, value: int, at_most: int) -> int | None:
        if value <= at_most:
            return value
        return self._read(column, value, lambda c: cells.whole(c, at_most=at_most))

    def limit(self, column: str, *, at_most: int) -> int | None:
        """A limit that somebody has set; None where there is none."""
        cell = self.cell(column)
        if cell == NO_LIMIT or cell == str(NO_LIMIT):
            return None
        return self.whole(column, at_most=at_most)

    def decimal(self, column: str, *, at_most: float) -> float | None:
        """A share or another number that need not be whole, 0 or more."""
        cell = self.cell(column)
        if type(cell) is float and 0 <= cell <= at_most:
            return cell
        shown = self._decimal_marks(column, _without_percent(cell))
        return self._read(column, cell, lambda c: _decimal(c, at_most, shown))

    def mib(self, column: str) -> int | None:
        """A size in MiB, whatever unit the header states."""
        found = self._columns.get(column)
        if found is None:
            return None
        unit, cell = found.mib_per_unit, self._row[found.position]
        if type(cell) is float and unit == 1 and 0 <= cell <= MAX_MIB:
            return round(cell)
        shown = self._decimal_marks(column, cell)
        return self._read(column, cell, lambda c: cells.size_mib(c, mib_per_unit=unit, shown=shown))

    def flag(self, column: str) -> bool | None:
        """True or False."""
        at = self._at.get(column)
        cell = "" if at is None else self._row[at]
        if type(cell) is str and cell in _USUAL_FLAGS:
            return _USUAL_FLAGS[cell]
        return self._read(column, cell, cells.flag)

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

    def attributes(self) -> Mapping[str, str]:
        """The VM's custom attributes and tags that have a value, as text."""
        found: dict[str, str] = {}
        row = self._row
        for name, at in self._attributes.items():
            cell = row[at]
            if cell != "":
                value = self._shared_text(cell)
                if value is not None:
                    found[name] = value
        return found or NO_ATTRIBUTES

    def vm_ref(self) -> VmRef:
        """Which VM the row is about. Rows that name a VM in the same way share the object."""
        row = self._row
        raw = tuple(["" if at is None else row[at] for at in self._ref_at])
        if self._last_ref is not None and self._last_ref[0] == raw:
            return self._last_ref[1]
        ref = self._common.refs.get(raw)
        if ref is None:
            rejected_before = self._rejects.count
            ref = self._read_ref()
            if not all(type(cell) is str for cell in raw):
                return ref  # not to be compared: Excel's True equals its 1
            if self._rejects.count == rejected_before:
                self._common.keep_ref(raw, ref)
        self._last_ref = (raw, ref)
        return ref

    def _read_ref(self) -> VmRef:
        return VmRef(
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

    def _shared_text(self, cell: Cell) -> str | None:
        """An attribute's value. Nothing is refused: what it means is for people to say."""
        raw = cell if type(cell) is str else cells.plain_text(cell)
        if raw in self._shared:
            return self._shared[raw]
        value = cells.plain_text(raw).strip()[: self._max_chars] or None
        if len(raw) <= self._max_chars:
            self._shared[raw] = value
        return value

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
    if value is None:
        return None
    lower = value.lower()
    return value if lower == value else lower


def _without_percent(cell: Cell) -> Cell:
    return cell.strip().removesuffix("%") if isinstance(cell, str) else cell


def _decimal(cell: Cell, at_most: float, shown: Marks) -> float | None:
    value = cells.number(_without_percent(cell), shown=shown, has_thousandths=True)
    if value is not None and not 0 <= value <= at_most:
        raise BadCell(f"not between 0 and {at_most:,.0f}", "Type the real figure.")
    return None if value is None else float(value)


def _power_state(value: str) -> str:
    state = POWER_STATES.get(value.replace(" ", "").lower())
    if state is None:
        raise BadCell("not a power state", "Use poweredOn, poweredOff or suspended.")
    return state
