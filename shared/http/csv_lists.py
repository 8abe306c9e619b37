"""A whole list as CSV: ``<list>.csv`` beside the list, with its filter and order, all rows of it.

RFC 4180 in UTF-8 with a header row; units are in the headers. Rows go out in batches as they are
read, so memory does not grow with the list. A spreadsheet takes a cell for a formula that begins
with one of a few characters: text that does gets an apostrophe in front (decision 34). Who needs
names byte for byte reads the JSON.
"""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from starlette.responses import StreamingResponse

from shared.http.models import MAX_PAGE_ITEMS
from shared.kernel.errors import Unavailable
from shared.kernel.paging import Page

MEDIA_TYPE: Final = "text/csv"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001

CSV_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "All rows; the first one names the columns",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
        "headers": {
            "Content-Disposition": {
                "description": "The name to save the file under",
                "required": True,
                "schema": {"type": "string"},
            }
        },
    }
}
"""For the ``responses`` of a route that answers with CSV."""

Row = Mapping[str, Any]
Columns = Mapping[str, Callable[[Row], object]]
"""The header of each column, and where its cell comes from."""


class CsvResponse(StreamingResponse):
    """A list as a file to download."""

    media_type = f"{MEDIA_TYPE}; charset=utf-8; header=present"

    def __init__(self, name: str, columns: Columns, batches: AsyncIterator[Sequence[Row]]) -> None:
        """The rows of ``batches`` under ``columns``; ``name`` is ASCII and has no suffix."""
        disposition = f'attachment; filename="{name}.csv"'
        super().__init__(_lines(columns, batches), headers={"Content-Disposition": disposition})


def fields(*names: str) -> Columns:
    """Columns that are fields of the rows, named as they are: a field's name has its unit."""
    return {name: _getter(name) for name in names}


async def every_page(
    read: Callable[[str | None, int], Awaitable[Page[Row]]], *, expected: int
) -> AsyncIterator[Sequence[Row]]:
    """All pages of a keyset list that ``read`` gives for a cursor and a limit.

    Each is read by itself: who downloads slowly holds no connection.

    Raises:
        Unavailable: the list ended before ``expected`` rows: it was replaced meanwhile.
    """
    cursor: str | None = None
    given = 0
    while True:
        page = await read(cursor, MAX_PAGE_ITEMS)
        given += len(page.items)
        yield page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    if given < expected:
        raise Unavailable("The list was replaced while it was read. Ask again.")


async def every_row(
    read: Callable[[str | None, int], Awaitable[Page[Row]]],
) -> AsyncIterator[Sequence[Row]]:
    """As :func:`every_page`, of a list that is not replaced as a whole.

    The first page is read at once: what is wrong with a request is told before an answer begins.
    """
    first = await read(None, MAX_PAGE_ITEMS)

    async def read_on(cursor: str | None, limit: int) -> Page[Row]:
        return first if cursor is None else await read(cursor, limit)

    return every_page(read_on, expected=len(first.items))


async def _lines(columns: Columns, batches: AsyncIterator[Sequence[Row]]) -> AsyncIterator[bytes]:
    yield _written([list(columns)])
    async for batch in batches:
        yield _written([get(row) for get in columns.values()] for row in batch)


def _written(rows: Iterable[Sequence[object]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode()


def cell(value: object) -> str:
    """``value`` as the text of a cell: nothing for the unknown, several one after the other.

    >>> cell(["10.0.0.1", "10.0.0.2"]), cell(None), cell(True), cell(-3)
    ('10.0.0.1; 10.0.0.2', '', 'true', '-3')
    >>> cell('=HYPERLINK("http://x")')
    '\\'=HYPERLINK("http://x")'
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _getter(name: str) -> Callable[[Row], object]:
    return lambda row: row.get(name)
