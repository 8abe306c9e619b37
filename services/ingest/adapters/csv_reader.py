"""Reads tabs that RVTools exported as CSV, line after line, with little memory.

The separator follows the Windows region (comma, semicolon) and the encoding the program that wrote
the file, so both are told from the file itself.
"""

import codecs
import csv
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import TextIOWrapper
from typing import IO, Final

from services.ingest.domain.cells import Cell
from services.ingest.domain.columns import TABS
from services.ingest.domain.errors import UNREADABLE_WORKBOOK
from services.ingest.domain.headers import match_header, normal_tab_name
from services.ingest.domain.tables import HEADER_SEARCH_ROWS
from shared.kernel.errors import ErrorDetail, Invalid

OpenBytes = Callable[[], IO[bytes]]

SEPARATORS: Final = (",", ";", "\t")
FALLBACK_ENCODING: Final = "cp1252"
_NAMES: Final = {FALLBACK_ENCODING: "Windows-1252", "\t": "tabulators", ",": "commas"} | {
    ";": "semicolons"
}
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK: Final = 1 << 20
_HEAD_BYTES: Final = 1 << 18
_LONGEST_LINE_CHARS: Final = 4 << 20
_SHARE_OF_NULS_IN_UTF16: Final = 0.35
_END: Final = "\x00end of file"
"""A last line of our own: what swallows it is a text whose quotation mark is never closed."""
_BROKEN_FILE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)


class CsvLines:
    """The lines of one CSV file; quoted texts may hold line ends."""

    is_delimited = True

    def __init__(self, tab: str, file_name: str, open_bytes: OpenBytes) -> None:
        """Looks through the bytes once, for their encoding and whether they are whole.

        Raises:
            Invalid: they are damaged, or no text.
        """
        self._tab = tab
        self._file_name = file_name
        self._open = open_bytes
        try:
            head, self.encoding, self.total = self._survey()
        except _BROKEN_FILE as error:
            raise self._unreadable(f"it is damaged ({error})") from error
        if "\x00" in head:
            raise self._unreadable("it holds bytes that are no text")
        self.separator = _separator(head, tab)

    @property
    def note(self) -> str | None:
        """Separator and encoding."""
        encoding = _NAMES.get(self.encoding, self.encoding.upper().removesuffix("-SIG"))
        return f"{self._file_name}: {encoding}, separated by {_NAMES[self.separator]}."

    def head(self) -> Iterator[list[str]]:
        """The first lines, as far as a header may be."""
        for number, line in enumerate(self, start=1):
            yield line
            if number == HEADER_SEARCH_ROWS:
                return

    def __iter__(self) -> Iterator[list[str]]:
        """The lines from the top.

        Raises:
            Invalid: a quotation mark is never closed, or a line is longer than any of RVTools'.
        """
        number = 0
        with (
            self._open() as raw,
            TextIOWrapper(raw, self.encoding, errors=self._on_error, newline="") as text,
        ):
            reader = csv.reader(self._physical_lines(text), delimiter=self.separator)
            try:
                for line in reader:
                    if line and line[-1].endswith(_END):
                        break
                    number += 1
                    yield line
            except (csv.Error, UnicodeError) as error:
                raise self._unreadable(str(error), row=number + 1) from error
        if line != [_END]:
            raise self._unreadable("a quotation mark is never closed", row=number + 1)

    @property
    def _on_error(self) -> str:
        """Windows-1252 leaves five bytes without a meaning."""
        return "replace" if self.encoding == FALLBACK_ENCODING else "strict"

    def _physical_lines(self, text: TextIOWrapper) -> Iterator[str]:
        while line := text.readline(_LONGEST_LINE_CHARS):
            if len(line) == _LONGEST_LINE_CHARS:
                raise csv.Error(f"a line is longer than {_LONGEST_LINE_CHARS:,} characters")
            yield line
        yield _END

    def _survey(self) -> tuple[str, str, int]:
        """The beginning as text, the encoding, and the number of line ends."""
        with self._open() as raw:
            chunk = raw.read(_CHUNK)
            head, encoding = chunk[:_HEAD_BYTES], _encoding_of(chunk)
            line_ends = 0
            decoder = codecs.getincrementaldecoder("utf-8")()
            while chunk:
                line_ends += chunk.count(b"\n")
                if encoding == "utf-8":
                    encoding = _still_utf8(decoder, chunk)
                chunk = raw.read(_CHUNK)
        if encoding == "utf-8":
            encoding = _still_utf8(decoder, b"", is_end=True)
        return head.decode(encoding, "replace"), encoding, line_ends + 1

    def _unreadable(self, why: str, *, row: int | None = None) -> Invalid:
        place = f", row {row:,}" if row else ""
        return Invalid(
            f"Tab {self._tab} ({self._file_name}{place}) cannot be read: {why}. Export it again "
            "with RVTools 4.6.1 or newer, or export to Excel instead of CSV.",
            code=UNREADABLE_WORKBOOK,
            errors=[ErrorDetail("Not readable.", tab=self._tab, row=row)],
        )


class NoLines:
    """The lines of a tab that is not there."""

    total = 0
    is_delimited = True
    note = None

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        return iter(())


class CsvTabs:
    """CSV files by the tab that each holds."""

    def __init__(self, files: Mapping[str, tuple[str, OpenBytes]]) -> None:
        """``files``: the name of a file and how to open it, by RVTools' name of the tab."""
        self._files = {normal_tab_name(tab): file for tab, file in files.items()}
        self.tab_names: list[str] = list(files)
        self._by_normal_name = {normal_tab_name(name): name for name in files}

    def name_of(self, tab: str) -> str | None:
        """What the files call RVTools' ``tab``; None when there is no such file."""
        return self._by_normal_name.get(normal_tab_name(tab))

    def lines(self, tab: str) -> CsvLines | NoLines:
        """The lines of a tab.

        Raises:
            Invalid: its file is damaged, or no text.
        """
        file = self._files.get(normal_tab_name(tab))
        return NoLines() if file is None else CsvLines(tab, *file)

    def close(self) -> None:
        """Nothing stays open between two readings."""


def _encoding_of(start: bytes) -> str:
    """What the first bytes say, else UTF-8 until something contradicts."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    sample = start[:4096]
    for first_nul, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        nuls = sample[first_nul::2].count(0)
        if nuls > len(sample) * _SHARE_OF_NULS_IN_UTF16 and not sample[1 - first_nul :: 2].count(0):
            return encoding
    return "utf-8"


def _still_utf8(decoder: codecs.IncrementalDecoder, chunk: bytes, *, is_end: bool = False) -> str:
    try:
        decoder.decode(chunk, is_end)
    except UnicodeDecodeError:
        return FALLBACK_ENCODING
    return "utf-8"


def _separator(head: str, tab: str) -> str:
    """The separator under which the tab's header is recognised best."""
    first = head[:6].lower()
    if first.startswith("sep=") and first[4:5] in SEPARATORS:
        return first[4]
    return max(SEPARATORS, key=lambda separator: _columns_found(head, tab, separator))


def _columns_found(head: str, tab: str, separator: str) -> tuple[int, int]:
    """Known columns, and all, of the line that is most like the tab's header."""
    best = (0, 0)
    known = TABS.get(tab)
    reader = csv.reader(head.splitlines(keepends=True), delimiter=separator)
    try:
        for _, line in zip(range(HEADER_SEARCH_ROWS), reader, strict=False):
            found = len(match_header(known, line).matched) if known is not None else 0
            best = max(best, (found, len(line)))
    except csv.Error:
        pass  # reading the whole file says it with its place
    return best
