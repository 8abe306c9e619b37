"""Rows in the text format of PostgreSQL's COPY."""

import re
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

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
    return "\t".join([_field(value) for value in values]) + "\n"


def _field(value: Json) -> str:
    if isinstance(value, str):
        return _escaped(value)
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, list):
        return "{" + ",".join(str(item) for item in value) + "}"
    if isinstance(value, dict):
        return _escaped(orjson.dumps(value).decode()) if value else "{}"
    return str(value)


def _escaped(value: str) -> str:
    # Tabs and line ends are not printable; this asks faster than a search does.
    if value.isprintable() and "\\" not in value:
        return value
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], value)


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
