"""The annotated workbook in words: its sheets, and the page that says what it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.ingest.domain.affected_rows import StoredCell
from services.ingest.domain.inventory import Inventory

README_SHEET: Final = "Read me"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Something wrong in a row; ``at`` is the position of its column, where there is one."""

    column: str | None
    at: int | None
    reason: str
    fix: str


@dataclass(frozen=True, slots=True)
class AffectedRow:
    """A row as it was uploaded. ``number`` counts as Excel does."""

    number: int
    cells: Sequence[StoredCell]
    problems: Sequence[RowProblem]

    def reasons(self) -> str:
        """What is wrong, a line for each problem."""
        return "\n".join(
            f"{problem.column}: {problem.reason}" if problem.column else problem.reason
            for problem in self.problems
        )

    def fixes(self) -> str:
        """What to do, each advice once."""
        return "\n".join(dict.fromkeys(problem.fix for problem in self.problems))


@dataclass(frozen=True, slots=True)
class AffectedTab:
    """A tab of the upload with affected rows, and the name of its sheet."""

    position: int
    sheet: str
    file: str | None
    tab: str
    headers: Sequence[str]
    row_count: int


def read_me(
    inventory: Inventory, tabs: Sequence[AffectedTab], *, is_complete: bool
) -> Iterator[tuple[str, str | int]]:
    """The lines of the first sheet: a label and what it says."""
    rows = sum(tab.row_count for tab in tabs)
    yield (
        "What this is",
        (
            "The rows of an import that were left out, have a cell that could not be read, or "
            "contradict another tab. Their cells are as they were uploaded; the first three "
            "columns of each sheet say where a row is, what is wrong with it and what to do."
        ),
    )
    yield (
        "What to do",
        (
            "Make the corrections in the workbook that was uploaded, in the rows that the column "
            "Row names, and upload that workbook again. Do not upload this one: it holds only the "
            "affected rows."
        ),
    )
    yield "Import", inventory.number
    yield "Import id", str(inventory.id)
    yield "File", inventory.upload.file_name
    yield "SHA-256", inventory.upload.sha256
    yield "Affected rows", rows
    if not is_complete:
        yield (
            "Not all of them",
            (
                "There are more affected rows than a workbook like this may hold, or a tab is too "
                "large to be read twice: the import report has its first problems. Correct these, "
                "upload again, and the next ones are shown."
            ),
        )
    for tab in tabs:
        where = f"{tab.tab} of {tab.file}" if tab.file else tab.tab
        yield f"Sheet {tab.sheet}", f"{tab.row_count:,} rows of {where}"
