"""What an upload consists of: a workbook, CSV files, or several of either packed into a zip.

Names inside a zip are for display only: what must lie on disk is unpacked to numbered files.
"""

import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, cast

from services.ingest.adapters.csv_reader import CsvTabs, OpenBytes
from services.ingest.adapters.tab_source import TabSource
from services.ingest.adapters.workbook_guard import (
    WORKBOOK_PART,
    Budget,
    check_directory,
    check_workbook,
    refuse_other_documents,
    refusing_damage,
)
from services.ingest.adapters.xlsx_reader import XlsxWorkbook
from services.ingest.domain.columns import TABS, VINFO
from services.ingest.domain.csv_names import csv_name
from services.ingest.domain.errors import NOT_A_WORKBOOK, SUSPICIOUS_WORKBOOK, WORKBOOK_TOO_LARGE
from services.ingest.domain.file_kinds import (
    SNIFF_BYTES,
    FileKind,
    kind_in_zip,
    kind_of,
    shown_name,
)
from services.ingest.domain.headers import match_header
from services.ingest.domain.limits import WorkbookLimits
from shared.kernel.errors import AppError, Invalid, TooLarge, Unsupported

_TELLS_VINFO: Final = ("CPUs", "Memory")
"""Columns of vInfo that no other tab has both of."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One export: a workbook, or the CSV files of one folder.

    ``label`` names it in an import of several and is None in an import of one. ``workbook`` is
    where an ``.xlsx`` lies.
    """

    label: str | None
    tabs: TabSource
    workbook: Path | None


@dataclass(frozen=True, slots=True)
class Sources:
    """All exports of an upload, ordered by their labels."""

    files: Sequence[SourceFile]
    ignored: Sequence[str] = ()
    """Files of a zip that are neither workbooks nor CSV."""

    def named(self, label: str | None) -> SourceFile:
        """The export with that label."""
        return next(file for file in self.files if file.label == label)


@contextmanager
def naming(label: str | None) -> Iterator[None]:
    """Refusals of the block name the file, where the import has several."""
    try:
        yield
    except AppError as refusal:
        if label is None or any(error.file for error in refusal.errors):
            raise
        raise type(refusal)(
            f"{label}: {refusal.detail}",
            code=refusal.code,
            errors=[replace(error, file=label) for error in refusal.errors],
        ) from refusal


def open_sources(upload: Path, limits: WorkbookLimits) -> Sources:
    """Checks and opens everything in ``upload``.

    Raises:
        AppError: it is refused; the text names the file, where there are several.
    """
    with upload.open("rb") as file:
        kind = kind_of(file.read(SNIFF_BYTES))
    if kind is FileKind.CSV:
        return Sources([SourceFile(None, _lone_csv(upload), None)])
    with refusing_damage():
        archive = zipfile.ZipFile(upload)
        names = set(archive.namelist())
        if WORKBOOK_PART not in names:
            refuse_other_documents(names)
            return _Unpacking(archive, upload.parent, limits).sources()
        archive.close()
    check_workbook(upload, Budget(limits))
    return Sources([SourceFile(None, XlsxWorkbook(upload), upload)])


def _lone_csv(upload: Path) -> CsvTabs:
    """One CSV file, which must be vInfo.

    Raises:
        Unsupported: it is another tab.
    """
    name = "the CSV file"
    tabs = CsvTabs({VINFO: (name, cast(OpenBytes, partial(upload.open, "rb")))})
    lines = tabs.lines(VINFO)
    heads = (
        [] if not hasattr(lines, "head") else [match_header(TABS[VINFO], h) for h in lines.head()]
    )
    if not any(all(head.has(column) for column in _TELLS_VINFO) for head in heads):
        raise Unsupported(
            "The file is one tab as CSV, and not vInfo: it has no header row with the columns VM, "
            "CPUs and Memory. Upload RVTools_tabvInfo.csv, or better a zip of all CSV files.",
            code=NOT_A_WORKBOOK,
        )
    return tabs


class _Unpacking:
    """A zip of exports."""

    def __init__(self, archive: zipfile.ZipFile, folder: Path, limits: WorkbookLimits) -> None:
        self._archive = archive
        self._folder = folder
        self._limits = limits
        self._budget = Budget(limits)
        self._ignored: list[str] = []

    def sources(self) -> Sources:
        parts = self._archive.infolist()
        check_directory(parts, self._budget)
        workbooks: list[zipfile.ZipInfo] = []
        exports: dict[str, dict[str, tuple[str, OpenBytes]]] = {}
        for part in sorted(parts, key=lambda part: part.filename):
            if part.is_dir() or _is_litter(part.filename):
                continue
            kind = self._kind(part)
            if kind is FileKind.ZIP:
                workbooks.append(part)
            elif kind is FileKind.CSV:
                self._add_csv(exports, part)
            else:
                self._ignored.append(shown_name(part.filename))
        self._check_count(len(workbooks) + len(exports))
        is_only = len(workbooks) + len(exports) == 1
        files = [
            SourceFile(None if is_only else label or "RVTools_tab*.csv", CsvTabs(tabs), None)
            for label, tabs in exports.items()
        ]
        for number, part in enumerate(workbooks):
            label = None if is_only else shown_name(part.filename)
            with naming(label):
                files.append(self._workbook(part, label, number))
        files.sort(key=lambda file: file.label or "")
        return Sources(_distinct(files), self._ignored)

    def _kind(self, part: zipfile.ZipInfo) -> FileKind | None:
        """What an entry is; None for what the import does not read.

        Raises:
            Invalid, Unsupported: it is a zip in the zip, an old workbook, or not what it is called.
        """
        with naming(shown_name(part.filename)), self._archive.open(part) as stream:
            return kind_in_zip(part.filename, stream.read(SNIFF_BYTES))

    def _add_csv(
        self, exports: dict[str, dict[str, tuple[str, OpenBytes]]], part: zipfile.ZipInfo
    ) -> None:
        name = csv_name(shown_name(part.filename))
        tabs = exports.setdefault(name.export, {})
        if name.tab in tabs:
            raise Invalid(
                f"{tabs[name.tab][0]} and {part.filename} both hold tab {name.tab} of one export. "
                "Put the files of each vCenter into a folder of their own.",
                code=SUSPICIOUS_WORKBOOK,
            )
        opened = partial(self._archive.open, part)
        tabs[name.tab] = (shown_name(part.filename), cast(OpenBytes, opened))

    def _check_count(self, count: int) -> None:
        if count == 0:
            raise Unsupported(
                "The zip holds no workbook and no CSV file. Pack the .xlsx files, or the CSV "
                "files, that RVTools exported.",
                code=NOT_A_WORKBOOK,
            )
        if count > self._limits.max_files:
            raise TooLarge(
                f"The zip holds {count:,} exports; {self._limits.max_files:,} may be imported "
                "together. Import them in several parts.",
                code=WORKBOOK_TOO_LARGE,
            )

    def _workbook(self, part: zipfile.ZipInfo, label: str | None, number: int) -> SourceFile:
        path = self._folder / f"source-{number:04}.xlsx"
        with self._archive.open(part) as packed, path.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked, 1 << 20)
        check_workbook(path, self._budget)
        tabs = XlsxWorkbook(path)
        tabs.close()
        return SourceFile(label, tabs, path)


def _is_litter(name: str) -> bool:
    """What operating systems leave in zips."""
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or parts[-1].startswith(("._", ".DS_Store", "Thumbs.db", "~$"))


def _distinct(files: Sequence[SourceFile]) -> list[SourceFile]:
    """The files, where a label that repeats has a number added."""
    seen: dict[str | None, int] = {}
    result = []
    for file in files:
        seen[file.label] = nth = seen.get(file.label, 0) + 1
        result.append(file if nth == 1 else replace(file, label=f"{file.label} ({nth})"))
    return result
