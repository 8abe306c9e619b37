"""Real exports: what the import says equals what another library counts in the same file."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from openpyxl import load_workbook

from services.ingest.domain.stored_tables import STORED_TABLES
from shared.contracts.records import VmRecord
from tests.services.ingest.adapters.parsing import Parsed, parse
from tests.services.ingest.workbooks import DATA

FULL = DATA / "real-3.10-full-27vms.xlsx"
ATTRIBUTES = DATA / "real-3.10-custom-attributes-131vms.xlsx"
THREE_TABS = DATA / "real-3.x-3tabs-805vms.xlsx"
HUGE = DATA / "real-4.7-huge-dimensions-9vms.xlsx"
MIXED = DATA / "mixed-3.x-4.x-headers-805vms.xlsx"
ALL = [FULL, ATTRIBUTES, THREE_TABS, HUGE, MIXED]

Row = dict[str, object]


def lines(path: Path, tab: str) -> Iterator[Row]:
    """The non-empty rows of a tab by header, read with openpyxl."""
    book = load_workbook(path, read_only=True)
    if tab not in book.sheetnames:
        return
    sheet = book[tab]
    sheet.reset_dimensions()
    rows = sheet.iter_rows(values_only=True)
    header = [str(cell or "") for cell in next(rows)]
    for row in rows:
        if any(cell is not None for cell in row):
            yield dict(zip(header, row, strict=False))
    book.close()


def total(rows: list[Row], *columns: str) -> int:
    """The sum of the first of ``columns`` that the tab has."""
    column = next(name for name in columns if any(name in row for row in rows))
    return sum(round(float(str(row.get(column) or 0))) for row in rows)


@dataclass
class Counted:
    """What openpyxl finds."""

    vms: list[Row]
    disks: list[Row]
    nics: list[Row]

    @property
    def templates(self) -> int:
        """VMs that are templates."""
        return sum(str(row.get("Template")).lower() == "true" for row in self.vms)


@cache
def counted(path: Path) -> Counted:
    """The rows of the three tabs."""
    tabs = [list(lines(path, tab)) for tab in ("vInfo", "vDisk", "vNetwork")]
    return Counted(*tabs)


@cache
def imported(path: Path) -> Parsed:
    """What the import makes of it."""
    return asyncio.run(parse(path.read_bytes()))


Figures = tuple[int, int, int]
"""Capacity, consumed and free MiB of a partition."""


def partitions_by_vm(path: Path) -> dict[str, list[Figures]]:
    """The figures of each distinct partition, by VM ID, else by name."""
    found: dict[str, dict[tuple[object, ...], Figures]] = {}
    for row in lines(path, "vPartition"):
        capacity, consumed, free = (
            round(float(str(row.get(f"{name} MB", row.get(f"{name} MiB")) or 0)))
            for name in ("Capacity", "Consumed", "Free")
        )
        figures = (capacity, consumed or max(0, capacity - free), free)
        found.setdefault(str(row.get("VM ID") or row["VM"]), {})[row["Disk"], *figures] = figures
    return {vm: list(partitions.values()) for vm, partitions in found.items()}


def guest_used(partitions: list[Figures], disk_mib: int) -> int | None:
    """What the import should make of them. One VM here mounts its root at four places."""
    if sum(one[0] for one in partitions) > disk_mib:
        partitions = list(set(partitions))
    capacity = sum(one[0] for one in partitions)
    if not partitions or not disk_mib or capacity < 0.8 * disk_mib:
        return None
    return min(sum(one[1] for one in partitions), disk_mib)


@pytest.fixture(params=ALL, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    """Each workbook in turn."""
    found: Path = request.param
    return found


class TestEveryWorkbook:
    def test_counts_and_sums_are_those_of_the_file(self, path: Path) -> None:
        parsed, truth = imported(path), counted(path)
        records = parsed.records
        assert len(records) == len(truth.vms)
        assert sum(record.is_template for record in records) == truth.templates
        assert sum(len(r.disks) for r in records) == len(truth.disks)
        if truth.nics:
            assert sum(len(r.nics) for r in records) == len(truth.nics)
        assert sum(record.vcpus or 0 for record in records) == total(truth.vms, "CPUs") + (
            18 if path == HUGE else 0
        )
        assert sum(r.provisioned_mib or 0 for r in records) == total(
            truth.vms, "Provisioned MiB", "Provisioned MB"
        )
        assert sum(r.allocated_mib or 0 for r in records) == total(
            truth.vms, "In Use MiB", "In Use MB"
        )
        powers = {state: 0 for state in ("poweredOn", "poweredOff", "suspended")}
        for row in truth.vms:
            powers[str(row["Powerstate"])] += 1
        assert powers == {s: sum(r.power_state == s for r in records) for s in powers}

    def test_nothing_is_rejected(self, path: Path) -> None:
        parsed = imported(path)
        assert parsed.report["rejected"] == []
        assert all(tab["rejected_rows"] == 0 for tab in parsed.report["tabs"])

    def test_disk_sizes_are_those_of_the_best_tab_there_is(self, path: Path) -> None:
        parsed, truth = imported(path), counted(path)
        expected = (
            total(truth.disks, "Capacity MiB", "Capacity MB")
            if truth.disks
            else total(truth.vms, "Provisioned MB")
        )
        assert sum(record.disk_mib or 0 for record in parsed.records) == expected

    def test_used_space_is_the_guests_where_its_partitions_cover_the_disks(
        self, path: Path
    ) -> None:
        parsed = imported(path)
        if path == HUGE:
            return  # its names are unreliable and its partitions have no ID: tested below
        partitions = partitions_by_vm(path)
        for record in parsed.records:
            mine = partitions.get(record.moref or "") or partitions.get(record.name, [])
            expected = guest_used(mine, record.disk_mib or 0)
            assert record.guest_used_mib == expected, record.name
            used = next(
                (
                    value
                    for value in (expected, record.allocated_mib, record.provisioned_mib)
                    if value is not None
                ),
                record.disk_mib,
            )
            assert record.used_mib == used, record.name

    @pytest.mark.parametrize(
        ("table", "tab", "column", "headers"),
        [
            ("hosts", "vHost", "memory_mib", ("# Memory",)),
            ("hosts", "vHost", "cpu_mhz", ("Speed",)),
            ("hosts", "vHost", "cores", ("# Cores",)),
            ("clusters", "vCluster", "memory_mib", ("TotalMemory",)),
            ("clusters", "vCluster", "total_mhz", ("TotalCpu",)),
            ("datastores", "vDatastore", "capacity_mib", ("Capacity MB", "Capacity MiB")),
            ("resource_pools", "vRP", "cpu_reservation_mhz", ("CPU reservation",)),
            ("host_nics", "vNIC", "speed_mbit_s", ("Speed",)),
            ("partitions", "vPartition", "capacity_mib", ("Capacity MB", "Capacity MiB")),
            ("snapshots", "vSnapshot", "size_mib", ("Size MB (total)", "Size MiB (total)")),
        ],
    )
    def test_rows_of_other_tabs_sum_up_to_those_of_the_file(
        self, path: Path, table: str, tab: str, column: str, headers: tuple[str, ...]
    ) -> None:
        rows, truth = imported(path).rows(table), list(lines(path, tab))
        at = STORED_TABLES[table].index(column)
        stored = [0 if row[at] == "\\N" else int(row[at]) for row in rows]
        assert len(stored) == len(truth)
        assert sum(stored) == (total(truth, *headers) if truth else 0)

    def test_cpu_and_memory_use_are_those_of_the_file(self, path: Path) -> None:
        parsed = imported(path)
        cpus, memories = list(lines(path, "vCPU")), list(lines(path, "vMemory"))
        assert sum(r.cpu_used_mhz or 0 for r in parsed.records) == (
            total(cpus, "Overall") if cpus else 0
        )
        for figure, header in (
            ("memory_active_mib", "Active"),
            ("memory_consumed_mib", "Consumed"),
            ("memory_ballooned_mib", "Ballooned"),
            ("memory_swapped_mib", "Swapped"),
        ):
            assert sum(getattr(r, figure) or 0 for r in parsed.records) == (
                total(memories, header) if memories else 0
            )

    def test_names_are_the_files_byte_for_byte(self, path: Path) -> None:
        parsed, truth = imported(path), counted(path)
        assert sorted(r.name for r in parsed.records) == sorted(str(v["VM"]) for v in truth.vms)


def test_totals_leave_templates_out() -> None:
    totals = (imported(FULL)).report["totals"]
    assert (totals["records"], totals["templates"], totals["vms"]) == (27, 1, 26)
    assert (totals["disks"], totals["nics"], totals["disk_mib"]) == (62, 26, 2_795_268)


class TestFull310:
    """A full 3.10.1 export: old labels, mixed addresses, no NIC label."""

    def test_folders_come_from_other_tabs_as_vinfo_has_none(self) -> None:
        parsed = imported(FULL)
        assert all(record.folder == "/Datacenter1/XtractDB" for record in parsed.records[:1])
        assert parsed.report["derived"] == {"folder": 27}

    def test_addresses_of_both_families_leave_one_column(self) -> None:
        record = vm(imported(FULL), "SQLSvrTeam-1")
        assert [nic.label for nic in record.nics] == ["Network adapter 1"]
        assert record.nics[0].ip_addresses == ["fe80::5025:2620:3c7c:31cd", "169.254.49.205"]

    def test_the_vcenter_is_its_uuid(self) -> None:
        parsed = imported(FULL)
        assert parsed.report["vcenters"] == ["9f93bf4f-9a1b-4fb0-a2e6-5d4b0f5e0325"]
        assert parsed.report["identity"] == {"moref": 27, "uuid": 0, "name": 0}

    def test_every_vm_has_the_clock_of_its_host_and_the_vlan_of_its_port_group(self) -> None:
        records = imported(FULL).records
        assert {record.host_cpu_mhz for record in records} == {2600}
        assert {record.host_nic_mbit_s for record in records} == {10_000}
        assert {nic.vlan_id for record in records for nic in record.nics} == {0}
        assert not any(nic.is_vlan_guessed for record in records for nic in record.nics)

    def test_cpu_use_is_overall_by_max(self) -> None:
        truth = {str(row["VM ID"]): row for row in lines(FULL, "vCPU")}
        for record in imported(FULL).records:
            row = truth[record.moref or ""]
            expected = 100 * float(str(row["Overall"])) / float(str(row["Max"]))
            assert record.cpu_percent == pytest.approx(expected, abs=0.051)
            assert record.cpu_basis == "reported"

    def test_tools_and_attached_media_are_told(self) -> None:
        records = imported(FULL).records
        assert {record.tools_status for record in records} == {
            str(row["Tools"]) for row in lines(FULL, "vTools")
        }
        media = [one for record in records for one in record.media]
        assert [one.kind for one in media] == ["cd"] * 27
        assert sum(one.is_connected is True for one in media) == sum(
            row["Connected"] == "True" for row in lines(FULL, "vCD")
        )

    def test_a_full_export_misses_no_tab_but_the_one_it_is_too_old_for(self) -> None:
        confidence = imported(FULL).report["confidence"]
        assert [tab["tab"] for tab in confidence["tabs_missing"]] == ["vUSB"]
        assert (confidence["vms"], confidence["vms_without_id"]) == (26, 0)
        known = {one["figure"]: one["known_percent"] for one in confidence["figures"]}
        assert set(known.values()) == {100.0}


def test_a_workbook_without_ids_has_weak_identities() -> None:
    parsed = imported(THREE_TABS)
    assert parsed.report["identity"] == {"moref": 0, "uuid": 0, "name": 805}
    assert parsed.report["confidence"]["vms_without_id"] == 795
    assert parsed.report["vcenters"] == []
    assert {record.vcenter for record in parsed.records} == {"unnamed"}


def test_custom_attributes_between_known_columns_stay_with_their_vm() -> None:
    parsed = imported(ATTRIBUTES)
    assert parsed.tab("vInfo")["attributes"] == ["Last Backup"]
    assert "Last Backup" in parsed.tab("vInfo")["unmatched"]
    truth = {str(row["VM ID"]): row["Last Backup"] for row in lines(ATTRIBUTES, "vInfo")}
    for record in parsed.records:
        value = truth[record.moref or ""]
        assert record.attributes == ({} if value is None else {"Last Backup": str(value)})
    assert parsed.tab("vDisk")["join"] == {
        "by_id": 247,
        "by_name": 0,
        "orphans": 0,
        "name_differs": 113,
        "repeats": 0,
    }


def test_real_booleans_and_both_generations_of_headers() -> None:
    parsed = imported(MIXED)
    assert all(nic.is_connected is not None for r in parsed.records for nic in r.nics)
    assert parsed.tab("vNetwork")["join"]["by_name"] == 805


class TestHugeDimensions:
    """4.7: a million declared rows, disks with one VM's ID and another's name."""

    def test_disks_follow_the_id(self) -> None:
        parsed = imported(HUGE)
        capacities = {
            record.name: [disk.capacity_mib for disk in record.disks] for record in parsed.records
        }
        by_id: dict[str, list[int]] = {}
        for row in lines(HUGE, "vDisk"):
            by_id.setdefault(str(row["VM ID"]), []).append(round(float(str(row["Capacity MiB"]))))
        for record in parsed.records:
            assert capacities[record.name] == by_id.get(record.moref or "", [])
        assert capacities["vm-2"] == []
        assert capacities["vm-8"] == [102_400, 102_400]

    def test_the_vm_with_a_name_only_adopts_its_id_and_its_figures(self) -> None:
        parsed = imported(HUGE)
        record = vm(parsed, "vm-9")
        assert (record.moref, record.vcpus, record.memory_mib) == ("vm-111122", 18, 40_960)
        assert set(record.derived_fields) >= {"vcpus", "memory_mib", "host", "cluster"}
        assert parsed.report["ids_adopted"] == 1

    def test_partitions_found_by_name_only_replace_nothing(self) -> None:
        records = imported(HUGE).records
        assert sum(len(record.partitions) for record in records) == 9
        assert {record.guest_used_mib for record in records} == {None}

    def test_attributes_come_from_the_first_tab_that_has_them(self) -> None:
        assert imported(HUGE).tab("vDisk")["attributes"] == ["owner", "mmtest-tags"]

    def test_what_the_tabs_disagree_on_is_reported(self) -> None:
        kinds = {c["kind"]: c["count"] for c in (imported(HUGE)).report["contradictions"]}
        assert (kinds["name_differs"], kinds["names_unreliable"]) == (6, 1)
        assert kinds["in_use_zero"] == 4


def vm(parsed: Parsed, name: str) -> VmRecord:
    """The only record of that name."""
    [found] = [record for record in parsed.records if record.name == name]
    return found
