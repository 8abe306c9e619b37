"""How far an import can be trusted, said figure by figure."""

from services.ingest.domain.columns import TABS
from services.ingest.domain.confidence import COSTS, Confidence, ConfidenceCounter, FigureConfidence
from services.ingest.domain.joins import Coverage
from services.ingest.domain.report import TabReport
from tests.services.ingest.tabs import AssembledWorkbook

BOOK = {
    "vInfo": [
        ["VM", "VM ID", "Template", "CPUs", "Memory", "In Use MiB", "Path", "Host"],
        ["web", "vm-1", "False", 2.0, 4096.0, 10.0, "[gold] web.vmx", "esx1"],
        ["db", "", "False", "", 4096.0, "", "", ""],
        ["t", "vm-9", "True", "", "", "", "", ""],
    ],
    "vDisk": [
        ["VM", "VM ID", "Capacity MiB", "Path"],
        *(["web", "vm-1", 10.0, "[gold] a"], ["web", "vm-1", 10.0, ""], ["db", "", 10.0, ""]),
    ],
    "vNetwork": [["VM", "VM ID", "Network"], ["web", "vm-1", "vlan-7"], ["db", "", "lan"]],
    "vCPU": [["VM", "CPUs", "Max", "Overall"], ["db", 4.0, 8000.0, 100.0]],
}


def summary(*tabs: TabReport) -> Confidence:
    """Of the workbook above."""
    book = AssembledWorkbook(**BOOK)
    counter = ConfidenceCounter()
    for vm in book.vms:
        counter.add(vm)
    return counter.summary(tabs, {"disk_sum": 3, "disk_count": 1})


def figure(name: str) -> FigureConfidence:
    """One figure of it."""
    [found] = [one for one in summary().figures if one.figure == name]
    return found


def test_figures_are_reported_derived_or_missing_and_templates_are_not_counted() -> None:
    assert figure("vcpus") == FigureConfidence("vcpus", "vms", 2, 1, 1, 0, 0, 100.0)
    assert figure("allocated_mib") == FigureConfidence("allocated_mib", "vms", 2, 1, 0, 1, 0, 50.0)
    assert figure("cpu_percent") == FigureConfidence("cpu_percent", "vms", 2, 1, 0, 1, 0, 50.0)
    assert figure("disk_mib").contradictory == 4


def test_a_datastore_is_known_per_disk_and_a_vlan_per_nic() -> None:
    assert figure("datastore") == FigureConfidence("datastore", "disks", 3, 1, 1, 1, 0, 66.7)
    assert figure("vlan") == FigureConfidence("vlan", "nics", 2, 0, 1, 1, 0, 50.0)


def test_vms_without_an_id_are_at_the_top() -> None:
    assert (summary().vms, summary().vms_without_id) == (2, 1)


def test_tabs_that_are_missing_say_what_they_cost() -> None:
    found = summary(
        TabReport("vDisk", "read", rows_read=3, join=Coverage(by_id=2, orphans=1)),
        TabReport("vPartition", "missing"),
        TabReport("vHost", "empty"),
        TabReport("vSnapshot", "empty"),
        TabReport("vNIC", "no_header"),
        TabReport("vSource", "missing"),
    )
    assert [(tab.tab, tab.state) for tab in found.tabs_missing] == [
        ("vPartition", "missing"),
        ("vHost", "empty"),
        ("vNIC", "no_header"),
    ]
    assert all(tab.costs == COSTS[tab.tab] for tab in found.tabs_missing)
    assert (found.orphan_rows, found.rows_read) == (1, 3)


def test_every_optional_tab_has_its_price() -> None:
    about_the_workbook = {"vInfo", "vSource", "vMetaData"}
    assert set(COSTS) == set(TABS) - about_the_workbook
