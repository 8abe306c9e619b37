"""What people are told of an import."""

from services.ingest.domain.columns import TABS
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.report import (
    Totals,
    contradiction_reports,
    count_identities,
    tab_report,
)
from services.ingest.domain.rows import disk_row
from tests.services.ingest.tabs import AssembledWorkbook, table

VINFO = ["VM", "Powerstate", "Template", "SRM Placeholder", "CPUs", "Memory", "Provisioned MiB"]


def totals_of(book: AssembledWorkbook) -> Totals:
    """The totals over all VMs of the workbook."""
    totals = Totals()
    for vm in book.vms:
        totals.add(vm)
    return totals


def test_totals_count_powered_off_vms_and_neither_templates_nor_placeholders() -> None:
    totals = totals_of(
        AssembledWorkbook(
            vInfo=[
                VINFO,
                ["a", "poweredOn", "False", "False", 2.0, 10.0, 100.0],
                ["b", "poweredOff", "False", "False", 4.0, 20.0, 200.0],
                ["c", "suspended", "False", "False", 1.0, 5.0, 50.0],
                ["t", "poweredOff", "True", "False", 8.0, 80.0, 800.0],
                ["p", "poweredOff", "False", "True", 8.0, 80.0, 800.0],
            ]
        )
    )
    assert (totals.records, totals.templates, totals.srm_placeholders, totals.vms) == (5, 1, 1, 3)
    assert (totals.powered_on, totals.powered_off, totals.suspended) == (1, 1, 1)
    assert (totals.vcpus, totals.memory_mib, totals.disk_mib) == (7, 35, 350)


def test_unknown_figures_are_counted_not_added() -> None:
    line = ["a", "poweredOn", "False", "False", "", "", ""]
    totals = totals_of(AssembledWorkbook(vInfo=[VINFO, line]))
    figures = ("vcpus", "memory_mib", "disk_mib", "used_mib")
    assert totals.unknown == dict.fromkeys(figures, 1)


def test_a_tab_tells_its_rows_columns_units_and_what_is_missing() -> None:
    rejects = Rejects()
    sheet = table(
        "vDisk",
        ["VM", "Capacity GB", "Thin", "Owner"],
        ["web", 2.0, "True", "me"],
        ["", "", "", ""],
        ["db", "?", "maybe", "me"],
        rejects=rejects,
    )
    disks = list(sheet.rows(disk_row))
    report = tab_report(
        TABS["vDisk"], sheet.header_row, sheet.header, sheet.counts, rejects=rejects, join=None
    )
    assert [disk.capacity_mib for disk in disks] == [2048, None]
    assert (report.state, report.rows_read, report.rows_blank) == ("read", 2, 1)
    assert (report.rejected_cells, report.rejected_rows) == (2, 0)
    units = {column.column: (column.header, column.mib_per_unit) for column in report.columns}
    assert units["Capacity MiB"] == ("Capacity GB", 1024.0)
    assert units["Thin"] == ("Thin", None)
    assert report.unmatched == ("Owner",)
    assert "VM ID" in report.missing


def test_contradictions_are_all_counted_and_twenty_of_a_kind_shown() -> None:
    lines = [[f"vm{n}", 3.0] for n in range(30)]
    book = AssembledWorkbook(vInfo=[["VM", "NICs"], *lines], vNetwork=[["VM", "Network"]] * 1)
    [report] = contradiction_reports(book.assembly.contradictions)
    assert (report.kind, report.count, len(report.samples)) == ("nic_count", 30, 20)
    assert (report.samples[0].vm, report.samples[0].vinfo, report.samples[0].other) == (
        "vm0",
        "3",
        "0",
    )


def test_every_basis_of_identity_is_listed() -> None:
    assert count_identities(["name", "moref", "name"]) == {"moref": 1, "uuid": 0, "name": 2}
