"""Lists as CSV: RFC 4180, whole, harmless in a spreadsheet, in memory only a batch at a time."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.csv_lists import CsvResponse, cell, every_page, fields
from shared.kernel.errors import Unavailable
from shared.kernel.paging import Page

Row = Mapping[str, Any]


async def batches(*given: Sequence[Row]) -> AsyncIterator[Sequence[Row]]:
    for batch in given:
        yield batch


async def body(response: CsvResponse) -> str:
    return b"".join([bytes(piece) async for piece in response.body_iterator]).decode()  # type: ignore[arg-type]


async def test_a_header_and_a_row_for_each_item_end_in_crlf() -> None:
    rows = [{"name": "web", "vcpus": 2}, {"name": 'a "b", c', "vcpus": None}]

    response = CsvResponse("vms", fields("name", "vcpus"), batches(rows[:1], rows[1:]))

    assert await body(response) == 'name,vcpus\r\nweb,2\r\n"a ""b"", c",\r\n'
    assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert response.headers["content-disposition"] == 'attachment; filename="vms.csv"'


async def test_an_empty_list_has_its_header() -> None:
    assert await body(CsvResponse("vms", fields("name"), batches())) == "name\r\n"


@pytest.mark.parametrize("start", list("=+-@\t\r\n＝＋－＠"))  # noqa: RUF001
def test_text_that_a_spreadsheet_would_run_is_made_text(start: str) -> None:
    assert cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"
    assert cell([f"{start}x", "y"]) == f"'{start}x; y"


def test_numbers_stay_numbers() -> None:
    assert [cell(value) for value in (0, -3, 1.5, False)] == ["0", "-3", "1.5", "false"]


@given(
    st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2))
)
async def test_any_text_is_read_back_as_it_was_written(rows: list[tuple[str, str]]) -> None:
    given = [{"a": a, "b": b} for a, b in rows]

    text = await body(CsvResponse("x", fields("a", "b"), batches(given)))

    read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert read[1:] == [[cell(a), cell(b)] for a, b in rows]


async def test_a_list_that_was_replaced_meanwhile_does_not_pass_for_whole() -> None:
    async def read(cursor: str | None, limit: int) -> Page[Row]:
        return Page([{"n": cursor or "0"}], None if cursor == "1" else str(int(cursor or 0) + 1))

    whole = [row async for page in every_page(read, expected=2) for row in page]

    assert whole == [{"n": "0"}, {"n": "1"}]
    with pytest.raises(Unavailable, match="Ask again"):
        async for _ in every_page(read, expected=3):
            pass
