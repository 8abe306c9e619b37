"""Walks down a tab: finds its header, and passes over rows that are not data."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from services.ingest.domain.affected_rows import is_annotated
from services.ingest.domain.cells import BadCell, Cell, is_blank, plain_text
from services.ingest.domain.cells import number as number_in
from services.ingest.domain.errors import ANNOTATED_WORKBOOK, COLUMN_MISSING, TOO_MANY_ROWS
from services.ingest.domain.evidence import Evidence
from services.ingest.domain.headers import HeaderMatch, Tab, match_header, normal_header
from services.ingest.domain.known_columns import is_known
from services.ingest.domain.limits import WorkbookLimits
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.row_cells import RowCells, SharedCells
from shared.kernel.errors import ErrorDetail, Invalid, TooLarge

HEADER_SEARCH_ROWS: Final = 20
"""A title above the header is passed over; one further down is none of RVTools'."""

_VM_KEYS: Final = ("VM", "VM ID", "VM UUID")
_NOT_OF_A_TOTAL: Final = ("Powerstate", "VM ID", "VM UUID", "Host", "Object ID")
_TOTAL_WORDS: Final = frozenset(
    {"total", "totals", "grand total", "subtotal", "sum", "average", "count"}
    | {"gesamt", "summe", "totaal", "totale", "somme", "suma", "total:", "sum:", "totals:"}
)

R = TypeVar("R")


@dataclass(slots=True)
class RowCounts:
    """How many lines of a tab were what."""

    read: int = 0
    blank: int = 0
    repeated_headers: int = 0
    totals: int = 0


class Table:
    """A tab with a header that was recognised, and its rows."""

    def __init__(
        self,
        tab: Tab,
        lines: Iterable[Sequence[Cell]],
        *,
        rejects: Rejects,
        limits: WorkbookLimits,
        is_delimited: bool = False,
        common: SharedCells | None = None,
    ) -> None:
        """Reads up to the header. ``lines`` can be read again from the top, which is done only for
        cells whose notation other cells must tell.

        ``is_delimited``: every line of the tab has as many cells as its header has, or is broken.
        ``common``: what earlier tabs of the workbook have read.

        Raises:
            Invalid: there is none; code ``column-missing``.
        """
        self.tab = tab
        self.counts = RowCounts()
        self._all_lines = lines
        self._lines = iter(lines)
        self._is_delimited = is_delimited
        self._rejects = rejects
        self._limits = limits
        self._common = common or SharedCells()
        self._key = tab.key or ""
        self._keys = _VM_KEYS if tab.is_about_vms else (self._key,)
        self.header_row, self.header = self._find_header()
        self.attributes = self._new_attributes()
        """Custom attributes and tags that no earlier tab supplies, and where they are."""
        key = self.header.matched.get(self._key)
        self._suspicious = _TOTAL_WORDS | ({key.header.lower()} if key is not None else set())

    def rows(self, make: Callable[[RowCells], R]) -> Iterator[R]:
        """The data rows, top to bottom, each read by ``make``.

        Raises:
            TooLarge: there are more lines than a tab may have.
        """
        cells = RowCells(
            self.tab.name,
            self.header,
            self._rejects,
            limits=self._limits,
            evidence=Evidence(
                self._all_lines,
                self.header,
                header_row=self.header_row,
                sizes=[column.name for column in self.tab.columns if column.is_size],
            ),
            common=self._common,
            attributes=self.attributes,
        )
        is_keyed = self.tab.key is not None
        for number, line in enumerate(self._lines, start=self.header_row + 1):
            if number > self._limits.max_rows_per_tab:
                raise TooLarge(
                    f"Tab {self.tab.name} has more than {self._limits.max_rows_per_tab:,} rows. "
                    "Delete the empty rows below the data, export one vCenter at a time, or ask "
                    "the operator to raise MIGPLAN_INGEST_ROWS_MAX_PER_TAB.",
                    code=TOO_MANY_ROWS,
                    errors=[ErrorDetail("One row too many.", tab=self.tab.name, row=number)],
                )
            cells.load(number, line)
            if self._is_delimited and self._is_broken(number, line):
                continue
            if not (self._is_data(cells, line) if is_keyed else self._is_fact(cells, line)):
                continue
            self.counts.read += 1
            yield make(cells)
        # The table stays for the report; the lines of a whole tab must not stay with it.
        self._all_lines, self._lines = (), iter(())

    def _find_header(self) -> tuple[int, HeaderMatch]:
        seen: list[str] = []
        for number, line in enumerate(self._lines, start=1):
            if is_annotated(line):
                raise _annotated(self.tab.name, number)
            match = match_header(self.tab, line)
            if self._is_header(match):
                return number, match
            seen = seen or [text for cell in line if (text := plain_text(cell).strip())]
            if number == HEADER_SEARCH_ROWS:
                break
        found = f" The first row with text reads {', '.join(seen[:8])}." if seen else ""
        column = f"column {self._key}" if self._key else "known column"
        raise Invalid(
            f"Tab {self.tab.name} has no header row with a {column} in its first "
            f"{HEADER_SEARCH_ROWS} rows.{found} Export again with RVTools, or put the original "
            "header back.",
            code=COLUMN_MISSING,
            errors=[ErrorDetail("No such column.", tab=self.tab.name, row=1, column=self.tab.key)],
        )

    def _is_header(self, match: HeaderMatch) -> bool:
        if self.tab.key is None:
            return bool(match.matched)
        named = match.matched.get(self._key)
        if named is not None and named.header == named.column:
            return True
        return len(match.matched) >= 2 and any(match.has(key) for key in self._keys)

    def _new_attributes(self) -> dict[str, int]:
        """Columns that RVTools does not know. Where the VM's name has lost its header, it would be
        taken for one, so that tab supplies none."""
        if not self.tab.is_about_vms or not self.header.has("VM"):
            return {}
        taken = {found.position for found in self.header.matched.values()}
        found: dict[str, int] = {}
        for position, header in enumerate(self.header.headers):
            name = header.strip()
            is_new = name and position not in taken and name not in self._common.attributes
            if is_new and not is_known(name, self.tab.name, self.tab.known):
                found.setdefault(name, position)
        self._common.attributes.update(found)
        return found

    def _is_broken(self, number: int, line: Sequence[Cell]) -> bool:
        """A stray quote, separator or line end has moved the cells of a line, so that none is
        where its header says."""
        wanted, found = len(self.header.headers), len(line)
        beyond = line[wanted:] if found > wanted else line
        if found == wanted or all(is_blank(cell) for cell in beyond):
            return False
        self._rejects.row(
            self.tab.name,
            number,
            value=_joined(line),
            reason=f"the row has {found:,} cells and the header {wanted:,}: a quotation mark, a "
            "separator or a line break inside a text has moved them",
            fix="Export again with RVTools 4.6.1 or newer, or export to Excel instead of CSV.",
        )
        return True

    def _is_fact(self, cells: RowCells, line: Sequence[Cell]) -> bool:
        """Whether a row of a tab that is not about VMs holds more than the header does."""
        if all(is_blank(cell) for cell in line):
            self.counts.blank += 1
        elif self._repeats_header(cells):
            self.counts.repeated_headers += 1
        else:
            return True
        return False

    def _is_data(self, cells: RowCells, line: Sequence[Cell]) -> bool:
        name = plain_text(cells.cell(self._key)).strip()
        if name and name.lower() not in self._suspicious:
            return True
        if all(is_blank(cell) for cell in line):
            self.counts.blank += 1
        elif self._repeats_header(cells):
            self.counts.repeated_headers += 1
        elif self._is_total(cells, line):
            self.counts.totals += 1
        elif name or not all(is_blank(cells.cell(key)) for key in self._keys):
            return True
        else:
            self._rejects.row(
                self.tab.name,
                cells.number,
                value=_joined(line),
                reason="the row names no VM" if self.tab.is_about_vms else f"no {self._key}",
                fix=self._fix_of_nameless(),
            )
        return False

    def _fix_of_nameless(self) -> str:
        if self.tab.is_about_vms:
            return "Type the VM's name in column VM, or delete the row."
        return f"Type it in column {self._key}, or delete the row."

    def _repeats_header(self, cells: RowCells) -> bool:
        """Merged workbooks may hold the header again; a VM can be named VM, so look further."""
        matched = list(self.header.matched.values())[:4]
        return all(
            normal_header(plain_text(cells.cell(column.column))) == normal_header(column.header)
            for column in matched
        )

    def _is_total(self, cells: RowCells, line: Sequence[Cell]) -> bool:
        """Sums that somebody typed under the data: figures, and nothing that tells of a thing."""
        name = plain_text(cells.cell(self._key)).strip().lower()
        if name and name not in _TOTAL_WORDS:
            return False
        if not all(is_blank(cells.cell(c)) for c in _NOT_OF_A_TOTAL if c != self._key):
            return False
        return any(_is_figure(cell) for cell in line)


def _annotated(tab: str, row: int) -> Invalid:
    """A list of a few affected rows would be taken for the whole estate."""
    return Invalid(
        "This is the workbook of affected rows that an import gave: it holds those rows only, and "
        "importing it would leave out all others. Make the corrections in the workbook that was "
        "uploaded first, in the rows that the column Row names, and upload that.",
        code=ANNOTATED_WORKBOOK,
        errors=[ErrorDetail("Only affected rows.", tab=tab, row=row, column="Row")],
    )


def _joined(line: Sequence[Cell]) -> str:
    return " | ".join(text for cell in line[:200] if (text := plain_text(cell).strip()))[:200]


def _is_figure(cell: Cell) -> bool:
    try:
        return number_in(cell) is not None
    except BadCell:
        return False
