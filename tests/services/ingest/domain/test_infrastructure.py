"""Hosts, clusters and the like have keys of their own, and rows of tables."""

from services.ingest.domain.cells import Cell
from services.ingest.domain.infrastructure_rows import cluster_row, host_row
from services.ingest.domain.infrastructure_tables import (
    INFRASTRUCTURE_TABLES,
    infrastructure_values,
)
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.table_rows import Json
from tests.services.ingest.tabs import AssembledWorkbook, Lines, rows, table

VINFO = (["VM", "Host"], ["web", "ESX1"])


def stored(**tabs: Lines) -> dict[str, list[dict[str, Json]]]:
    """The rows by table of a workbook with those tabs."""
    book = AssembledWorkbook(vInfo=VINFO, **tabs)
    found: dict[str, list[dict[str, Json]]] = {}
    for name, values in infrastructure_values(
        book.rows.infrastructure,
        book.assembly.hosts,
        book.assembly.networks,
        book.rows.vcenters,
        "i",
    ):
        row = dict(zip(INFRASTRUCTURE_TABLES[name], values, strict=True))
        found.setdefault(name, []).append(row)
    return found


def test_a_vms_host_lends_it_clock_version_and_link_speed() -> None:
    book = AssembledWorkbook(
        vInfo=VINFO,
        vHost=[["Host", "Speed", "ESX Version"], ["esx1", 2394.0, "VMware ESXi 7.0.3"]],
        vNIC=[
            ["Network Device", "Host", "Speed"],
            *(["vmnic0", "esx1", 1000.0], ["vmnic1", "esx1", 25000.0], ["vmnic2", "esx1", 0.0]),
        ],
    )
    facts = book.vm("web").host_facts
    assert (facts.cpu_mhz, facts.esx_version) == (2394, "VMware ESXi 7.0.3")
    assert facts.fastest_nic_mbit_s == 25_000


def test_the_same_host_name_in_two_vcenters_is_two_hosts() -> None:
    header = ["Host", "Speed", "VI SDK UUID"]
    book = AssembledWorkbook(
        vInfo=[["VM", "Host", "VI SDK UUID"], ["web", "esx1", "b"]],
        vHost=[header, ["esx1", 2000.0, "a"], ["esx1", 3000.0, "b"]],
    )
    assert book.vm("web").host_facts.cpu_mhz == 3000


def test_rows_that_repeat_an_earlier_one_in_everything_are_stored_once() -> None:
    header = ["Name", "Type", "VI SDK UUID"]
    gold: list[Cell] = ["gold", "VMFS", "a"]
    found = stored(
        vDatastore=[header, gold, gold, ["gold", "VMFS", "b"], ["gold", "NFS", "a"]],
        vHost=[["Host", "Speed"], ["esx1", 2000.0], ["esx1", 2000.0]],
    )
    assert [(row["position"], row["vcenter"], row["kind"]) for row in found["datastores"]] == [
        (1, "a", "VMFS"),
        (2, "b", "VMFS"),
        (3, "a", "NFS"),
    ]
    assert len(found["hosts"]) == 1


def test_the_vcenter_of_a_row_is_named_as_vms_name_it() -> None:
    found = stored(
        vCluster=[["Name", "VI SDK Server"], ["C1", "vc.example"]],
        vHost=[["Host", "VI SDK Server", "VI SDK UUID"], ["esx1", "VC.example", "u-1"]],
        vHealth=[["Name", "Message", "Message type"], ["web", "CDROM connected!", "CDROM"]],
    )
    assert [row["vcenter"] for row in found["clusters"]] == ["u-1"]
    [message] = found["health_messages"]
    assert (message["vcenter"], message["kind"]) == ("u-1", "CDROM")


def test_a_tab_about_hosts_has_its_own_key_and_no_totals_for_hosts() -> None:
    rejects = Rejects()
    sheet = table(
        "vHost",
        *(["Host", "# Cores"], ["esx1", 28.0], ["Host", "# Cores"], ["", ""], ["Total", 28.0]),
        rejects=rejects,
    )
    assert [row.name for row in sheet.rows(host_row)] == ["esx1"]
    assert (sheet.counts.repeated_headers, sheet.counts.blank, sheet.counts.totals) == (1, 1, 1)
    assert rejects.count == 0


def test_a_row_without_its_key_is_rejected_with_a_fix() -> None:
    rejects = Rejects()
    rows("vCluster", cluster_row, ["Name", "HA enabled"], ["", "True"], rejects=rejects)
    [reject] = rejects.kept
    assert (reject.tab, reject.row, reject.reason) == ("vCluster", 2, "no Name")
    assert reject.fix == "Type it in column Name, or delete the row."
