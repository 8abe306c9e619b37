"""What a workbook holds, counted with openpyxl and nothing of ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl

MIB_OF_CAPACITY = ("Capacity MiB", "Capacity MB")
PROVISIONED = ("Provisioned MiB", "Provisioned MB")


@dataclass(frozen=True)
class WorkbookCounts:
    """Figures of the VMs proper: no templates, SRM placeholders or vCLS VMs."""

    vms: int
    powered_off: int
    vcpus: int
    memory_mib: int
    disk_mib: int
    templates: int


def count_workbook(path: Path) -> WorkbookCounts:
    """The figures of the workbook at ``path``."""
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    rows = [row for row in _rows(book, "vInfo") if row.get("VM") not in {None, "VM"}]
    _complete(book, rows)
    proper = [row for row in rows if _is_proper(row)]
    disks = _disks(book)
    return WorkbookCounts(
        vms=len(proper),
        powered_off=sum(row["Powerstate"] == "poweredOff" for row in proper),
        vcpus=sum(int(row["CPUs"] or 0) for row in proper),
        memory_mib=sum(int(row["Memory"] or 0) for row in proper),
        disk_mib=sum(disks.get(_key(row), _fallback_mib(row)) for row in proper),
        templates=sum(_is_true(row.get("Template")) for row in rows),
    )


def _complete(book: openpyxl.Workbook, rows: list[dict[str, Any]]) -> None:
    """Fill what a vInfo row with a name only lacks from the rows of that name (decision 2)."""
    for tab, column, sources in (
        ("vCPU", "CPUs", ("CPUs",)),
        ("vMemory", "Memory", ("Size MiB", "Size MB")),
        ("vMemory", "VM ID", ("VM ID",)),
    ):
        lacking = [row for row in rows if column in row and row[column] is None]
        if lacking and tab in book.sheetnames:
            known = {row.get("VM"): _first(row, sources) for row in _rows(book, tab)}
            for row in lacking:
                row[column] = known.get(row["VM"])


def _is_proper(row: dict[str, Any]) -> bool:
    is_vcls = str(row["VM"]).startswith("vCLS")
    return not (_is_true(row.get("Template")) or _is_true(row.get("SRM Placeholder")) or is_vcls)


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"


def _key(row: dict[str, Any]) -> str:
    return str(row.get("VM ID") or row["VM"])


def _disks(book: openpyxl.Workbook) -> dict[str, int]:
    found: dict[str, int] = {}
    if "vDisk" in book.sheetnames:
        for row in _rows(book, "vDisk"):
            if row.get("VM") in {None, "VM"}:
                continue
            found[_key(row)] = found.get(_key(row), 0) + int(_first(row, MIB_OF_CAPACITY) or 0)
    return found


def _fallback_mib(row: dict[str, Any]) -> int:
    return int(_first(row, ("Total disk capacity MiB", *PROVISIONED)) or 0)


def _first(row: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _rows(book: openpyxl.Workbook, tab: str) -> Iterator[dict[str, Any]]:
    sheet = book[tab]
    sheet.reset_dimensions()
    lines = sheet.iter_rows(values_only=True)
    header = [str(cell).strip() if cell is not None else "" for cell in next(lines)]
    for line in lines:
        if any(cell is not None for cell in line):
            yield dict(zip(header, line, strict=False))
