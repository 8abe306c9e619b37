"""Tabs of a source: what an ``.xlsx`` workbook and a set of CSV files have in common."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from services.ingest.domain.cells import Cell


class TabLines(Protocol):
    """The lines of one tab. They can be read from the top again and again."""

    @property
    def total(self) -> int:
        """How many lines there are, or about as many."""
        ...

    @property
    def is_delimited(self) -> bool:
        """Whether every line must have as many cells as the header, as in CSV."""
        ...

    @property
    def note(self) -> str | None:
        """How the tab was read, where that is no matter of course."""
        ...

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        """The lines from the top, the first one being row 1."""
        ...


class TabSource(Protocol):
    """One workbook, or one folder of CSV files. Tabs are found by RVTools' name for them."""

    @property
    def tab_names(self) -> Sequence[str]:
        """What the source itself calls its tabs, in its order."""
        ...

    def name_of(self, tab: str) -> str | None:
        """What the source calls RVTools' ``tab``; None when it has no such tab."""
        ...

    def lines(self, tab: str) -> TabLines:
        """The lines of a tab; none when there is no such tab.

        Raises:
            Invalid: the tab is broken; code ``unreadable-workbook``.
        """
        ...

    def close(self) -> None:
        """Lets go of memory and files until the next use."""
        ...
