"""Lines of a tab that tell how far somebody has read them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from services.ingest.adapters.tab_source import TabLines
from services.ingest.domain.cells import Cell

REPORT_EVERY_ROWS: Final = 5_000

Report = Callable[[int, int], None]
"""Takes the rows read and their total."""


class CountedLines:
    """The lines of a tab. The first reading is told of; others look something up only."""

    def __init__(self, lines: TabLines, report: Report) -> None:
        self._lines = lines
        self._report: Report | None = report

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        report, self._report = self._report, None
        return iter(self._lines) if report is None else self._told(report)

    def _told(self, report: Report) -> Iterator[Sequence[Cell]]:
        total = self._lines.total
        for number, line in enumerate(self._lines, start=1):
            if number % REPORT_EVERY_ROWS == 0:
                report(number, total)
            yield line
        report(total, total)
