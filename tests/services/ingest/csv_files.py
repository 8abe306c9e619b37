"""Builders of CSV exports, and of zips of several exports."""

import csv
import io
from collections.abc import Sequence

from services.ingest.domain.cells import Cell, plain_text
from tests.services.ingest.workbooks import VDISK, VINFO, VNETWORK, zipped

Lines = Sequence[Sequence[Cell]]


def csv_text(lines: Lines, *, separator: str = ",") -> str:
    """The lines as RVTools writes them."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    writer.writerows([plain_text(cell) for cell in line] for line in lines)
    return text.getvalue()


def csv_files(
    *, separator: str = ",", encoding: str = "utf-8", folder: str = "", **tabs: Lines
) -> dict[str, bytes]:
    """A file for each tab; without any, those of the usual two VMs."""
    tabs = tabs or {"vInfo": VINFO, "vDisk": VDISK, "vNetwork": VNETWORK}
    return {
        f"{folder}RVTools_tab{tab}.csv": csv_text(lines, separator=separator).encode(encoding)
        for tab, lines in tabs.items()
    }


def csv_zip(*, separator: str = ",", encoding: str = "utf-8", **tabs: Lines) -> bytes:
    """Those files in a zip."""
    return zipped(csv_files(separator=separator, encoding=encoding, **tabs))
