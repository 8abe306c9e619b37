"""Lists of what an inventory holds beside its VMs."""

from typing import Any
from uuid import UUID

import pytest

from services.ingest.api.list_schemas import (
    ClusterReply,
    DatastoreReply,
    DiskReply,
    HostReply,
    NetworkReply,
    NicReply,
    PartitionReply,
    SnapshotReply,
)
from services.ingest.domain.stored_tables import STORED_TABLES
from services.ingest.persistence.list_queries import INFRASTRUCTURE, PARTS
from shared.http.models import ReplyModel
from tests.services.ingest.api.callers import Caller, forged_cursor, problem
from tests.services.ingest.workbooks import workbook
from tests.services.ingest.worker.workbench import Workbench

REPLIES: dict[str, type[ReplyModel]] = {
    "disks": DiskReply,
    "nics": NicReply,
    "snapshots": SnapshotReply,
    "partitions": PartitionReply,
    "hosts": HostReply,
    "clusters": ClusterReply,
    "datastores": DatastoreReply,
    "networks": NetworkReply,
}
SOME_ID = "01890000-0000-7000-8000-000000000007"
VMS = ("web", "db", "web")
ROWS = [(name, f"vm-{number}") for number, name in enumerate(VMS)]
A_WORKBOOK = workbook(
    vInfo=[["VM", "VM ID", "Host"], *([*vm, "esx1"] for vm in ROWS)],
    vDisk=[
        ["VM", "VM ID", "Disk", "Capacity MiB", "Path"],
        *([*vm, f"Hard disk {n}", 10 * n, "[gold_1] x"] for vm in ROWS for n in (1, 2)),
    ],
    vNetwork=[
        ["VM", "VM ID", "Network", "Switch", "Mac Address"],
        *([*vm, "lan 7", "dvs", "00:50:56:00:00:01"] for vm in ROWS),
    ],
    vSnapshot=[
        ["VM", "VM ID", "Name", "Date / time", "Size MiB (total)"],
        *([*vm, "before patch", "2026/01/02 03:04:05", 5] for vm in ROWS),
    ],
    vPartition=[
        ["VM", "VM ID", "Disk", "Capacity MiB", "Consumed MiB"],
        *([*vm, mount, 10, 5] for vm in ROWS for mount in ("/", "/var")),
    ],
    vHost=[["Host", "Cluster", "Speed"], *([f"esx{n}", f"C{n % 2}", 2000] for n in (3, 1, 2))],
    vCluster=[["Name", "TotalCpu"], ["C1", 4000], ["C0", 8000]],
    vDatastore=[["Name", "Type", "Object ID"], *(["gold", "VMFS", f"ds-{n}"] for n in (1, 2))],
    dvPort=[["Port", "Switch", "VLAN"], ["lan 7", "dvs", 7], ["spare", "dvs", "0-4094"]],
)


@pytest.fixture
async def path(dana: Caller, bench: Workbench) -> str:
    """An inventory that is ready."""
    reply = await dana.upload(await bench.project(), A_WORKBOOK)
    await bench.run_jobs()
    return f"/v1/{reply.json()['subject']}"


def test_everything_stored_is_shown() -> None:
    assert REPLIES.keys() == PARTS.keys() | INFRASTRUCTURE.keys()
    for table, reply in REPLIES.items():
        beside = {"vm_name"} if table in PARTS else set()
        assert set(reply.model_fields) == {*STORED_TABLES[table], *beside} - {"inventory_id"}


async def test_a_list_is_the_same_in_pages_of_any_size(viewer: Caller, path: str) -> None:
    counts = {"disks": 6, "nics": 3, "snapshots": 3, "partitions": 6} | {
        "hosts": 3,
        "clusters": 2,
        "datastores": 2,
        "networks": 2,
    }
    for name, count in counts.items():
        everything = await viewer.items(f"{path}/{name}")
        assert len(everything) == count, name
        for limit in (1, 2, count):
            assert await viewer.items(f"{path}/{name}", limit=limit) == everything


async def test_parts_come_by_vm_and_say_whose_they_are(viewer: Caller, path: str) -> None:
    disks = await viewer.items(f"{path}/disks")
    keys = [(disk["vm_name"], disk["vm_id"], disk["position"]) for disk in disks]
    assert keys == sorted(keys)
    assert [disk["vm_name"] for disk in disks] == ["db"] * 2 + ["web"] * 4
    assert disks[0].items() >= {"label": "Hard disk 1", "capacity_mib": 10}.items()
    assert disks[0]["datastore"] == "gold_1"
    of_one = await viewer.items(f"{path}/disks", vm_id=disks[-1]["vm_id"])
    assert of_one == disks[-2:]
    [snapshot] = await viewer.items(f"{path}/snapshots", vm_id=disks[0]["vm_id"])
    assert (snapshot["taken_at"], snapshot["size_mib"]) == ("2026-01-02T03:04:05", 5)


async def test_infrastructure_comes_by_name(viewer: Caller, path: str) -> None:
    hosts = await viewer.items(f"{path}/hosts")
    assert [(host["name"], host["cpu_mhz"], host["source_row"]) for host in hosts] == [
        ("esx1", 2000, 3),
        ("esx2", 2000, 4),
        ("esx3", 2000, 2),
    ]
    lan, spare = await viewer.items(f"{path}/networks")
    assert (lan["vlan_id"], lan["vm_count"], lan["nic_count"]) == (7, 3, 3)
    assert (spare["vlan_id"], spare["vlan_trunk"], spare["vm_count"]) == (None, "0-4094", 0)
    stores = await viewer.items(f"{path}/datastores")
    assert [store["object_id"] for store in stores] == ["ds-1", "ds-2"]


@pytest.mark.parametrize(
    ("listed", "search", "count"),
    [
        ("disks", "WEB", 4),
        ("disks", "disk 2", 3),
        ("disks", "gold_1", 6),
        ("disks", "gold%", 0),
        ("disks", "gold_2", 0),
        ("nics", "LAN", 3),
        ("snapshots", "patch", 3),
        ("partitions", "/var", 3),
        ("hosts", "c1", 2),
        ("networks", "spare", 1),
        ("clusters", "nothing", 0),
    ],
)
async def test_a_search_finds_text_in_either_case_and_nothing_is_a_wildcard(
    viewer: Caller, path: str, listed: str, search: str, count: int
) -> None:
    found: list[Any] = await viewer.items(f"{path}/{listed}", search=search, limit=1)
    assert len(found) == count


@pytest.mark.parametrize(
    ("listed", "key"),
    [
        ("disks", ["web", SOME_ID]),
        ("nics", ["web", "no uuid", 1]),
        ("snapshots", [1]),
        ("partitions", ["web", SOME_ID, 10**30]),
        ("hosts", ["esx1"]),
        ("networks", [1, "lan"]),
    ],
)
async def test_a_cursor_of_another_list_is_refused(
    viewer: Caller, path: str, listed: str, key: list[object]
) -> None:
    reply = await viewer.get(f"{path}/{listed}", cursor=forged_cursor(*key))
    assert problem(reply) == (400, "invalid-cursor")


async def test_lists_wait_for_the_import_and_belong_to_its_project(
    dana: Caller, bench: Workbench
) -> None:
    operation = (await dana.upload(await bench.project(), A_WORKBOOK)).json()
    inventory = f"/v1/{operation['subject']}"
    other = inventory.replace(inventory.split("/")[3], str(UUID(int=(await bench.project()).int)))
    for listed in REPLIES:
        assert problem(await dana.get(f"{inventory}/{listed}")) == (409, "inventory-not-ready")
        assert problem(await dana.get(f"{other}/{listed}")) == (404, "inventory-not-found")
