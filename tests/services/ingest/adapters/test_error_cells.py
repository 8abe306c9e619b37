"""A cell that shows an error is rejected by its place, and never taken for an empty one."""

import re
from pathlib import Path

import pytest

from services.ingest.adapters.error_cells import error_cells
from services.ingest.domain.cells import NO_RESULT
from tests.services.ingest.adapters.parsing import parse_here
from tests.services.ingest.csv_files import csv_zip
from tests.services.ingest.workbooks import with_parts, workbook

SHEET = "xl/worksheets/sheet1.xml"
TABS = {
    "vInfo": [["VM", "CPUs", "Memory", "Host"], ["web", 2, 4096, "esx"], ["db", 4, 8192, "esx"]]
}


def with_cell(place: str, xml: str) -> bytes:
    """The workbook in which a cell of vInfo has that XML; ``{r}`` is its place."""

    def change(parts: dict[str, bytes]) -> None:
        pattern = rf'<c r="{place}"[^>]*>.*?</c>'
        replaced, count = re.subn(pattern, xml.replace("{r}", place), parts[SHEET].decode())
        assert count == 1
        parts[SHEET] = replaced.encode()

    return with_parts(change, workbook(**TABS))


@pytest.mark.parametrize(
    ("xml", "shown"),
    [
        ('<c r="{r}" t="e"><v>#N/A</v></c>', "#N/A"),
        ("<c t='e' r='{r}'><f>1/0</f><v>#DIV/0!</v></c>", "#DIV/0!"),
        ('<c r="{r}"><f>SUM(A1)</f></c>', NO_RESULT),
        ('<c r="{r}" t="str"><f>A1</f><v></v></c>', NO_RESULT),
        ('<c r="{r}"><f t="shared" si="0">A1</f><v/></c>', NO_RESULT),
    ],
)
@pytest.mark.parametrize(("place", "column"), [("B2", "CPUs"), ("C3", "Memory"), ("D2", "Host")])
def test_the_cell_is_rejected_with_what_it_shows(
    place: str, column: str, xml: str, shown: str
) -> None:
    parsed = parse_here(with_cell(place, xml))
    [reject] = parsed.report["rejected"]
    assert (reject["tab"], reject["row"], reject["column"]) == ("vInfo", int(place[1]), column)
    assert reject["value"] == shown
    assert reject["reason"] == f"the cell shows {shown}"
    assert reject["fix"] == "Type the value itself, or export again with RVTools."


def test_a_formula_with_a_result_is_its_result(tmp_path: Path) -> None:
    content = with_cell("B2", '<c r="{r}"><f>1+6</f><v>7</v></c>')
    parsed = parse_here(content)
    assert {record.name: record.vcpus for record in parsed.records} == {"web": 7, "db": 4}
    path = tmp_path / "workbook.xlsx"
    path.write_bytes(content)
    assert error_cells(path, "vInfo") == {}


def test_cells_and_rows_without_references_are_counted(tmp_path: Path) -> None:
    def strip(parts: dict[str, bytes]) -> None:
        sheet = re.sub(rb' r="[A-Z]*[0-9]+"', b"", parts[SHEET])
        parts[SHEET] = sheet.replace(b"<v>8192</v>", b"<f>A1</f>")

    path = tmp_path / "workbook.xlsx"
    path.write_bytes(with_parts(strip, workbook(**TABS)))
    assert error_cells(path, "vInfo") == {(2, 2): NO_RESULT}


def test_a_sheet_that_does_not_begin_in_column_a_has_its_errors_where_they_are() -> None:
    shifted = workbook(vInfo=[["", "VM", "CPUs"], ["", "web", 2]])

    def change(parts: dict[str, bytes]) -> None:
        parts[SHEET] = re.sub(
            rb'<c r="C2"[^>]*>.*?</c>', b'<c r="C2" t="e"><v>#REF!</v></c>', parts[SHEET]
        )

    [reject] = parse_here(with_parts(change, shifted)).report["rejected"]
    assert (reject["row"], reject["column"], reject["value"]) == (2, "CPUs", "#REF!")


def test_a_large_sheet_is_searched_across_pieces(tmp_path: Path) -> None:
    lines = [["VM", "CPUs"], *([f"vm{n}", 2] for n in range(40_000))]

    def change(parts: dict[str, bytes]) -> None:
        for row in (3, 20_000, 40_001):
            parts[SHEET] = re.sub(
                rb'<c r="B%d"[^>]*>.*?</c>' % row,
                rb'<c r="B%d" t="e"><v>#N/A</v></c>' % row,
                parts[SHEET],
            )

    path = tmp_path / "workbook.xlsx"
    path.write_bytes(with_parts(change, workbook(vInfo=lines)))
    assert error_cells(path, "vInfo") == {(row, 1): "#N/A" for row in (2, 19_999, 40_000)}


def test_an_error_in_csv_is_rejected_in_the_same_words() -> None:
    [header, web, db] = TABS["vInfo"]
    parsed = parse_here(csv_zip(vInfo=[header, [*web[:3], "#REF!"], db]))
    [reject] = parsed.report["rejected"]
    assert (reject["row"], reject["column"], reject["reason"]) == (
        2,
        "Host",
        "the cell shows #REF!",
    )
