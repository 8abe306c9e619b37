"""Reading a workbook gives back the estate that it was written from, VM by VM and tab by tab."""

import asyncio
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from services.ingest.domain.stored_tables import STORED_TABLES
from shared.contracts.records import VmRecord
from tests.services.ingest.adapters.parsing import Parsed, parse
from tests.support.rvtools_estate import estate, write_workbook
from tests.support.rvtools_estate.estates import Estate
from tests.support.rvtools_estate.model import EXPORTED_AT, Host, Vm

VMS = 250


@cache
def the_estate() -> Estate:
    """With every special case of the generator."""
    return estate(vms=VMS, seed=7, tenants=12)


@cache
def imported() -> Parsed:
    """What the import makes of it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "estate.xlsx"
        write_workbook(path, the_estate())
        return asyncio.run(parse(path.read_bytes()))


@cache
def pairs() -> list[tuple[Vm, VmRecord]]:
    """Each VM with its record."""
    records = {record.moref: record for record in imported().records}
    vms = list(the_estate().vms())
    assert len(vms) == len(records)
    return [(vm, records[vm.moref]) for vm in vms]


def test_nothing_is_rejected_or_left_without_a_vm() -> None:
    report = imported().report
    assert report["rejected_count"] == 0
    for tab in report["tabs"]:
        if tab["join"] is not None:
            assert tab["join"]["by_id"] == tab["rows_read"], tab["tab"]


def hosts() -> list[Host]:
    """Every host, in the order of the tab."""
    landscape = the_estate().landscape
    return [*(h for cluster in landscape.clusters for h in cluster.hosts), landscape.lone_host]


def test_usage_is_what_the_model_says() -> None:
    clocks = {host.name: host.mhz for host in hosts()}
    for vm, record in pairs():
        assert (record.cpu_used_mhz, record.cpu_max_mhz) == (vm.cpu_used_mhz, vm.cpu_max_mhz)
        assert record.cpu_percent == pytest.approx(
            100 * vm.cpu_used_mhz / vm.cpu_max_mhz, abs=0.051
        )
        assert record.memory_active_mib == vm.active_mib
        assert record.memory_consumed_mib == vm.consumed_mib
        assert record.memory_ballooned_mib == vm.ballooned_mib
        assert record.cores_per_socket == vm.cores_per_socket
        assert record.cpu_reservation_mhz == vm.cpu_reservation_mhz
        assert record.memory_reservation_mib == vm.memory_reservation_mib
        assert record.host_cpu_mhz == clocks[vm.host]


def test_disks_and_partitions_are_those_of_the_model() -> None:
    for vm, record in pairs():
        assert [(disk.disk_key, disk.capacity_mib, disk.datastore) for disk in record.disks] == [
            (disk.key, disk.capacity_mib, disk.datastore) for disk in vm.disks
        ]
        assert [(one.mount, one.disk_key, one.consumed_mib) for one in record.partitions] == [
            (one.mount, one.disk_key, one.consumed_mib) for one in vm.partitions
        ]


def test_guest_used_never_exceeds_the_disks_and_needs_their_coverage() -> None:
    counted = 0
    for vm, record in pairs():
        capacity = sum(one.capacity_mib for one in vm.partitions)
        consumed = sum(one.consumed_mib for one in vm.partitions)
        if not vm.partitions or capacity < 0.8 * vm.disk_mib:
            assert record.guest_used_mib is None
        elif capacity <= vm.disk_mib:
            assert record.guest_used_mib == consumed
            counted += 1
        else:
            assert (record.guest_used_mib or 0) <= vm.disk_mib
    assert counted > VMS / 2


def test_snapshots_have_their_size_and_age() -> None:
    for vm, record in pairs():
        assert [(one.name, one.size_mib, one.age_days) for one in record.snapshots] == [
            (one.name, one.size_mib, (EXPORTED_AT - one.taken_at).days) for one in vm.snapshots
        ]


def test_a_nic_has_the_vlan_of_its_network() -> None:
    landscape = the_estate().landscape
    vlans = {
        network.name: network.vlan
        for tenant in landscape.tenants
        for network in tenant.networks
        if network.vlan is not None
    }
    found = 0
    for vm, record in pairs():
        for nic, shown in zip(vm.nics, record.nics, strict=True):
            assert shown.adapter == nic.adapter
            if nic.network in vlans and shown.network:
                assert (shown.vlan_id, shown.is_vlan_guessed) == (vlans[nic.network], False)
                found += 1
    assert found > VMS / 2


def test_attributes_and_guests_are_those_of_the_model() -> None:
    for vm, record in pairs():
        assert record.attributes.get("Owner") == vm.owner
        assert record.attributes.get("Backup Policy") == vm.backup_policy
        assert (record.tools_status, record.latency_sensitivity) == (
            vm.tools,
            vm.latency_sensitivity,
        )
        assert (record.has_secure_boot, record.ft_state) == (vm.has_secure_boot, vm.ft_state)
        assert record.created_at == vm.created_at


def test_hosts_clusters_and_datastores_are_those_of_the_landscape() -> None:
    columns = STORED_TABLES["hosts"]
    shown = [dict(zip(columns, row, strict=True)) for row in imported().rows("hosts")]
    assert [(row["name"], row["cpu_mhz"], row["memory_mib"], row["cores"]) for row in shown] == [
        (host.name, str(host.mhz), str(host.memory_mib), str(host.cores)) for host in hosts()
    ]
    assert len(imported().rows("clusters")) == len(the_estate().landscape.clusters)
    assert len(imported().rows("datastores")) > 0
