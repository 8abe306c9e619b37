"""Rows in the text format of PostgreSQL's COPY."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from services.ingest.domain.table_rows import Json

_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES: Final = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_BUFFER_BYTES: Final = 1 << 20


def copy_line(values: Iterable[Json]) -> str:
    r"""One line for COPY. Lists may hold words only, nothing that an array literal would quote.

    >>> copy_line(["a\tb", 7, None, True, ["::1", "10.0.0.1"]])
    'a\\tb\t7\t\\N\tt\t{::1,10.0.0.1}\n'
    """
    # Tabs and line ends are not printable, and asking for that is faster than a search.
    fields = [
        value
        if type(value) is str and value.isprintable() and "\\" not in value
        else _FIELDS[type(value)](value)
        for value in values
    ]
    return "\t".join(fields) + "\n"


def _escaped(value: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], value)


def _array(value: list[Json]) -> str:
    return "{" + ",".join([str(item) for item in value]) + "}"


def _json(value: dict[str, Json]) -> str:
    return _escaped(orjson.dumps(value).decode()) if value else "{}"


_FIELDS: Final[dict[type, Callable[[Any], str]]] = {
    str: _escaped,
    int: str,
    float: str,
    list: _array,
    dict: _json,
    # Tables, for looking a field up is all there is to do; a large workbook has twenty million.
    bool: {True: "t", False: "f"}.__getitem__,
    type(None): {None: "\\N"}.__getitem__,
}


class CopyFile:
    """A file of rows, written once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=_BUFFER_BYTES)
        self.rows = 0

    def write(self, values: Iterable[Json]) -> None:
        """Adds a row."""
        self._file.write(copy_line(values).encode())
        self.rows += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
