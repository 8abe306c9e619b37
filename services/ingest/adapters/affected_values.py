"""Reads affected rows once more, as they are in the upload, and makes rows of tables of them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

from services.ingest.adapters.workbook_tabs import TabsOfWorkbook
from services.ingest.domain.affected_rows import (
    MOST_CHARS,
    AffectedRows,
    Place,
    Problem,
    chars_of,
    column_of,
    stored_row,
)
from services.ingest.domain.cells import Cell
from services.ingest.domain.headers import HeaderMatch
from services.ingest.domain.import_report import AffectedReport
from services.ingest.domain.table_rows import Json

MOST_CELLS_AGAIN: Final = 2_000_000
"""A larger tab is not read again: the reader holds a whole tab, and what the first reading took is
not all given back. That is vInfo of 20,000 VMs; the report has the first problems of each tab
all the same."""


class AffectedValues:
    """The rows of both tables; one iteration reads every tab that has any once more."""

    def __init__(self, tabs: TabsOfWorkbook, affected: AffectedRows, inventory_id: str) -> None:
        self._tabs = tabs
        self._affected = affected
        self._inventory_id = inventory_id
        self._chars = 0
        self._rows = 0
        self._is_complete = affected.is_complete

    def report(self) -> AffectedReport:
        """How many rows there were, after the iteration."""
        return AffectedReport(self._rows, self._is_complete)

    def __iter__(self) -> Iterator[tuple[str, tuple[Json, ...]]]:
        """Each row with its table."""
        position = 0
        for sheet, place, header in self._tabs.places():
            wanted = self._affected.by_place.get(place)
            if not wanted:
                continue
            if self._tabs.cells_of(place) > MOST_CELLS_AGAIN:
                self._is_complete = False
                continue
            count = 0
            for number, line in self._lines(place, wanted):
                cells = stored_row(line, width=len(header.headers))
                self._chars += chars_of(cells)
                if self._chars > MOST_CHARS:
                    self._is_complete = False
                    break
                count += 1
                problems = [_problem(header, problem) for problem in wanted[number]]
                yield (
                    "affected_rows",
                    (self._inventory_id, position, number, _json(cells), _json(problems)),
                )
            if count:
                headers = stored_row(header.headers, width=len(header.headers))
                values = (self._inventory_id, position, sheet, *place, _json(headers), count)
                yield "affected_tabs", values
                self._rows += count
                position += 1

    def _lines(
        self, place: Place, wanted: dict[int, list[Problem]]
    ) -> Iterator[tuple[int, Sequence[Cell]]]:
        last = max(wanted)
        for number, line in enumerate(self._tabs.lines_again(place), start=1):
            if number in wanted:
                yield number, line
            if number >= last:
                return


def _problem(header: HeaderMatch, problem: Problem) -> dict[str, Any]:
    at = column_of(header, problem)
    column = header.headers[at].strip() if at is not None else problem.column
    return {"column": column, "at": at, "reason": problem.reason, "fix": problem.fix}


def _json(value: object) -> str:
    """As text, which a line for COPY escapes; ``jsonb`` takes it."""
    return orjson.dumps(value).decode()
