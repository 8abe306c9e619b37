"""Which rows are kept for people to look at, and what is kept of them."""

from datetime import date

from services.ingest.domain import affected_rows
from services.ingest.domain.affected_rows import (
    AffectedRows,
    Problem,
    column_of,
    contradiction_problem,
    is_annotated,
    stored_cell,
    stored_row,
)
from services.ingest.domain.cells import BadCell
from services.ingest.domain.columns import TABS, VINFO
from services.ingest.domain.contradictions import KINDS, Contradictions
from services.ingest.domain.headers import match_header
from services.ingest.domain.rejects import Rejects

BAD = Problem("CPUs", "not a number", "Type a number.")


def test_all_problems_of_a_row_come_together() -> None:
    rejects = Rejects()
    rejects.cell("vInfo", 7, "CPUs", "x", BadCell("not a number", "Type a number."))
    contradictions = Contradictions(affected=rejects.affected)
    contradictions.of_file(None).add("disk_count", row=7, said=(1, 2))
    assert [one.column for one in rejects.affected.by_place[None, "vInfo"][7]] == ["CPUs", "Disks"]


def test_rejects_beyond_those_of_the_report_affect_rows_too() -> None:
    rejects = Rejects(keep=1)
    for row in (2, 3, 4):
        rejects.row("vDisk", row, value="", reason="no disk", fix="Delete it.")
    assert list(rejects.affected.by_place[None, "vDisk"]) == [2, 3, 4]


def test_rows_beyond_the_limit_are_left_out_and_that_is_told() -> None:
    affected = AffectedRows(most_rows=2)
    for row in (2, 3, 3, 2):
        affected.add(None, "vInfo", row, BAD)
    assert affected.is_complete
    affected.add(None, "vDisk", 2, BAD)
    assert not affected.is_complete
    assert sum(len(rows) for rows in affected.by_place.values()) == 2


def test_fifty_thousand_rows_are_kept() -> None:
    affected = AffectedRows()
    for row in range(2, 60_002):
        affected.add(None, "vInfo", row, BAD)
    assert len(affected.by_place[None, "vInfo"]) == affected_rows.MOST_ROWS == 50_000
    assert not affected.is_complete


def test_a_row_of_nothing_but_errors_takes_little_memory() -> None:
    affected = AffectedRows()
    for column in range(10_000):
        affected.add(None, "vInfo", 2, Problem(str(column), "bad", "Mend it."))
    [problems] = affected.by_place[None, "vInfo"].values()
    assert len(problems) == affected_rows.MOST_PROBLEMS_PER_ROW


def test_every_contradiction_of_a_row_has_advice() -> None:
    of_the_workbook = {"names_unreliable"}
    for kind, meaning in KINDS.items():
        if kind not in of_the_workbook:
            problem = contradiction_problem(kind, meaning, None)
            assert problem.column
            assert problem.fix.endswith(".")


def test_a_problem_is_in_the_column_that_it_names_by_header_or_by_our_name() -> None:
    header = match_header(TABS[VINFO], ["VM", "Provisioned MB", "In Use MB"])
    at = [
        column_of(header, Problem(column, "", ""))
        for column in ("In Use MB", "In Use MiB", "CPUs", None)
    ]
    assert at == [2, 2, None, None]


def test_a_cell_is_kept_as_a_sheet_can_hold_it() -> None:
    assert stored_cell("a\x00b\x07") == "ab"
    assert stored_cell(float("inf")) == "inf"
    assert stored_cell(0.5) == 0.5
    assert stored_cell(date(2026, 1, 2)) == "2026-01-02"
    assert len(str(stored_cell("x" * 40_000))) == 32_767


def test_a_short_line_is_filled_and_a_torn_one_keeps_what_lies_beyond() -> None:
    assert stored_row(["a"], width=3) == ["a", "", ""]
    assert stored_row(["a", "b", "c", "", ""], width=2) == ["a", "b", "c"]


def test_only_an_annotated_sheet_is_taken_for_one() -> None:
    assert is_annotated(["Row", "Problem", "What to do", "VM"])
    assert not is_annotated(["VM", "Row", "Problem", "What to do"])
