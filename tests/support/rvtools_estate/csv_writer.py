"""An estate as a zip of RVTools' CSV files, in the notation of a country."""

import csv
import zipfile
from collections.abc import Container, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TextIO

from tests.support.rvtools_estate.estates import Estate
from tests.support.rvtools_estate.vm_tabs import Cell
from tests.support.rvtools_estate.writer import COLUMNS, TABS, rows_of

_NAMES: Final = frozenset({"VLAN", "Tools Version", "Required Version"})


@dataclass(frozen=True, slots=True)
class Notation:
    """How a machine in some country writes CSV files."""

    separator: str = ","
    decimal: str = "."
    thousands: str = ""
    date: str = "%Y/%m/%d %H:%M:%S"
    encoding: str = "utf-8-sig"

    def text_of(self, column: str, cell: Cell) -> str:
        """A cell as text; numbers that name something have no thousands."""
        if cell is None:
            return ""
        if isinstance(cell, datetime):
            return cell.strftime(self.date)
        if isinstance(cell, str):
            return cell
        if column in _NAMES:
            return str(cell)
        shown = f"{cell:,}".replace(",", "\0").replace(".", self.decimal)
        return shown.replace("\0", self.thousands)


RVTOOLS: Final = Notation()
AMERICAN: Final = Notation(thousands=",", date="%m/%d/%Y %I:%M:%S %p", encoding="utf-8")
GERMAN: Final = Notation(
    separator=";", decimal=",", thousands=".", date="%d.%m.%Y %H:%M:%S", encoding="utf-16"
)
SWISS: Final = Notation(separator=";", thousands="\u2019", date="%d.%m.%Y %H:%M:%S")
FRENCH: Final = Notation(
    separator=";", decimal=",", thousands="\u202f", date="%d/%m/%Y %H:%M:%S", encoding="utf-8"
)
NOTATIONS: Final = {
    "rvtools": RVTOOLS,
    "american": AMERICAN,
    "german": GERMAN,
    "swiss": SWISS,
    "french": FRENCH,
}

CSV_TABS: Final = tuple(tab for tab in TABS if tab != "vMetaData")
"""The CSV export has no vMetaData."""


def write_csv_zip(
    path: Path,
    estates: Mapping[str, Estate],
    *,
    notation: Notation = RVTOOLS,
    tabs: Iterable[str] = CSV_TABS,
    without: Container[str] = (),
) -> None:
    """Writes estates, each by the folder that holds its files; "" is the top of the zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder, estate in estates.items():
            with TemporaryDirectory() as scratch:
                files = _write_files(Path(scratch), estate, notation, list(tabs), without)
                for file in files:
                    archive.write(file, f"{folder}{file.name}")


def _write_files(
    folder: Path, estate: Estate, notation: Notation, tabs: list[str], without: Container[str]
) -> list[Path]:
    with ExitStack() as opened:
        paths = {tab: folder / f"RVTools_tab{tab}.csv" for tab in tabs}
        writers: dict[str, Any] = {}
        for tab, path in paths.items():
            file: TextIO = opened.enter_context(
                path.open("w", encoding=notation.encoding, newline="")
            )
            writers[tab] = csv.writer(file, delimiter=notation.separator)
            writers[tab].writerow(COLUMNS[tab])
        for tab, row in rows_of(estate, tabs=tabs, without=without):
            writers[tab].writerow(
                [notation.text_of(column, row.get(column)) for column in COLUMNS[tab]]
            )
    return list(paths.values())
