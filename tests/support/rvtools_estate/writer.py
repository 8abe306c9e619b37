"""An estate as an RVTools workbook."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from tests.support.rvtools_estate import headers, infrastructure_tabs, vm_tabs
from tests.support.rvtools_estate.estates import Estate
from tests.support.rvtools_estate.infrastructure_tabs import Usage
from tests.support.rvtools_estate.landscape import Landscape
from tests.support.rvtools_estate.model import EXPORTED_AT, Vm
from tests.support.rvtools_estate.vm_tabs import Row


class VmTab(NamedTuple):
    """A tab with rows for each VM."""

    columns: Sequence[str]
    rows: Callable[[Vm, Landscape], Iterator[Row]]


class InfrastructureTab(NamedTuple):
    """A tab about everything else."""

    columns: Sequence[str]
    rows: Callable[[Landscape, Usage], Iterator[Row]]


_VM_TABS: Final = {
    "vInfo": VmTab(headers.VINFO, vm_tabs.vinfo),
    "vCPU": VmTab(headers.VCPU, vm_tabs.vcpu),
    "vMemory": VmTab(headers.VMEMORY, vm_tabs.vmemory),
    "vDisk": VmTab(headers.VDISK, vm_tabs.vdisk),
    "vPartition": VmTab(headers.VPARTITION, vm_tabs.vpartition),
    "vNetwork": VmTab(headers.VNETWORK, vm_tabs.vnetwork),
    "vSnapshot": VmTab(headers.VSNAPSHOT, vm_tabs.vsnapshot),
    "vTools": VmTab(headers.VTOOLS, vm_tabs.vtools),
}
_INFRASTRUCTURE_TABS: Final = {
    "vSource": InfrastructureTab(headers.VSOURCE, infrastructure_tabs.vsource),
    "vCluster": InfrastructureTab(headers.VCLUSTER, infrastructure_tabs.vcluster),
    "vHost": InfrastructureTab(headers.VHOST, infrastructure_tabs.vhost),
    "vDatastore": InfrastructureTab(headers.VDATASTORE, infrastructure_tabs.vdatastore),
    "dvPort": InfrastructureTab(headers.DVPORT, infrastructure_tabs.dvport),
    "vPort": InfrastructureTab(headers.VPORT, infrastructure_tabs.vport),
    "vMetaData": InfrastructureTab(headers.VMETADATA, infrastructure_tabs.vmetadata),
}
COLUMNS: Final = {name: tab.columns for name, tab in _VM_TABS.items()} | {
    name: tab.columns for name, tab in _INFRASTRUCTURE_TABS.items()
}
TABS: Final = tuple(COLUMNS)
"""The tabs of a workbook, in its order."""


def rows_of(
    estate: Estate, *, tabs: Iterable[str] = TABS, without: Container[str] = ()
) -> Iterator[tuple[str, Row]]:
    """Every row with its tab, VM after VM, then what surrounds them; cells of the columns
    ``without`` are left blank.

    Raises:
        ValueError: there is no such tab.
    """
    wanted = set(tabs)
    if unknown := wanted - set(TABS):
        raise ValueError(f"No such tab: {', '.join(sorted(unknown))}. There are {', '.join(TABS)}.")
    usage = Usage()
    for vm in estate.vms():
        usage.add(vm)
        for name, vm_tab in _VM_TABS.items():
            if name in wanted:
                for row in vm_tab.rows(vm, estate.landscape):
                    yield name, _blanked(row, without)
    for name, tab in _INFRASTRUCTURE_TABS.items():
        if name in wanted:
            for row in tab.rows(estate.landscape, usage):
                yield name, _blanked(row, without)


def write_workbook(
    path: Path,
    *estates: Estate,
    tabs: Iterable[str] = TABS,
    constant_memory: bool = True,
    without: Container[str] = (),
) -> dict[str, int]:
    """Writes an estate to ``path`` and returns the data rows of each tab.

    Several estates stand below each other, each under a header row of its own, as
    RVToolsMergeExcelFiles has left them. The same estate gives the same bytes. ``constant_memory``
    writes text into the cells as it comes; without it there is a table of shared strings as in
    RVTools' own files, a quarter smaller, for which every row is held until the end.
    """
    wanted = list(tabs)
    rows = [rows_of(estate, tabs=wanted, without=without) for estate in estates]
    workbook = xlsxwriter.Workbook(
        str(path),
        {
            "constant_memory": constant_memory,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": "yyyy/mm/dd hh:mm:ss",
        },
    )
    workbook.use_zip64()
    workbook.set_properties({"author": "RVTools estate generator", "created": EXPORTED_AT})
    sheets = {
        name: _Sheet(workbook.add_worksheet(name), COLUMNS[name]) for name in TABS if name in wanted
    }
    for number, of_estate in enumerate(rows):
        for sheet in sheets.values() if number else ():
            sheet.repeat_header()
        for name, row in of_estate:
            sheets[name].add(row)
    workbook.close()
    return {name: sheet.row_count for name, sheet in sheets.items()}


class _Sheet:
    """A worksheet that is filled row after row, by column name."""

    def __init__(self, worksheet: Worksheet, columns: Sequence[str]) -> None:
        self._worksheet = worksheet
        self._columns = columns
        self._position = {column: number for number, column in enumerate(columns)}
        self._line = 0
        self.row_count = 0
        worksheet.write_row(0, 0, columns)

    def repeat_header(self) -> None:
        self._line += 1
        self._worksheet.write_row(self._line, 0, self._columns)

    def add(self, row: Row) -> None:
        sheet = self._worksheet
        self._line += 1
        self.row_count += 1
        cells = sorted(
            (self._position[column], value) for column, value in row.items() if value is not None
        )
        for column, value in cells:
            if isinstance(value, str):
                sheet.write_string(self._line, column, value)
            elif isinstance(value, datetime):
                sheet.write_datetime(self._line, column, value)
            else:
                sheet.write_number(self._line, column, value)


def _blanked(row: Row, without: Container[str]) -> Row:
    return {column: value for column, value in row.items() if column not in without}
