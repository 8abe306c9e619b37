"""What VMs, tenants and estates use: of what was measured only."""

from collections.abc import Callable
from typing import Any

import httpx

from tests.services.assessment.api.conftest import Headers
from tests.services.assessment.builders import GIB, a_vm
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import Workbench

PATH = f"/v1/projects/{PROJECT}/assessment"


async def test_shares_come_from_measured_vms_only(
    client: httpx.AsyncClient, bench: Workbench, as_person: Callable[..., Headers]
) -> None:
    def used(number: int, folder: str, **facts: Any) -> Any:
        return a_vm(number, folder=f"/DC1/{folder}", **facts)

    await bench.assess(
        bench.ingest.imports(
            [
                used(1, "A", used_mib=30 * GIB, provisioned_mib=40 * GIB, used_basis="allocated"),
                used(2, "A", used_mib=0, provisioned_mib=60 * GIB, used_basis="allocated"),
                used(3, "A", used_mib=9 * GIB, provisioned_mib=9 * GIB, used_basis="provisioned"),
                used(4, "A", used_mib=9 * GIB, used_basis="allocated"),
                used(5, "B"),
                used(6, "C", used_mib=12 * GIB, provisioned_mib=10 * GIB, used_basis="allocated"),
            ]
        )
    )

    vms = (await client.get(f"{PATH}/vms", headers=as_person())).json()["items"]
    tenants = (await client.get(f"{PATH}/tenants", headers=as_person())).json()["items"]

    assert [vm["disk_used_percent"] for vm in vms] == [75, 0, None, None, None, 120]
    assert {one["name"]: (one["measured_vms"], one["disk_used_percent"]) for one in tenants} == {
        "A": (2, 30),
        "B": (0, None),
        "C": (1, 120),
    }


def running(number: int, folder: str, **facts: Any) -> Any:
    return a_vm(number, folder=f"/DC1/{folder}", **facts)


CPU = {"cpu_basis": "reported"}
SOME_USE = [
    running(1, "A", cpu_used_mhz=100, cpu_max_mhz=1000, cpu_percent=10.0, **CPU),
    running(2, "A", cpu_used_mhz=5400, cpu_max_mhz=6000, cpu_percent=90.0, **CPU),
    running(3, "A", cpu_used_mhz=50),  # of nobody knows what
    running(4, "A", power_state="poweredOff", cpu_used_mhz=0, cpu_max_mhz=9000, cpu_percent=0.0),
    running(5, "A", power_state="suspended"),
    running(6, "B", memory_active_mib=0, memory_consumed_mib=3 * GIB),
    running(7, "B", memory_active_mib=GIB, memory_consumed_mib=5 * GIB),
    running(8, "B", memory_mib=None, memory_active_mib=GIB),
    running(9, "C", power_state="poweredOff", cpu_used_mhz=0, memory_active_mib=0),
    running(10, "D", cpu_used_mhz=210, vcpus=2, host_cpu_mhz=2100, cpu_basis="derived"),
]
NOTHING: dict[str, Any] = {"vms": 0, "percent": None}


async def test_sums_of_use_are_of_vms_that_run_and_no_average_of_percentages(
    client: httpx.AsyncClient, bench: Workbench, as_person: Callable[..., Headers]
) -> None:
    await bench.assess(bench.ingest.imports(SOME_USE))

    tenants = (await client.get(f"{PATH}/tenants", headers=as_person())).json()["items"]
    use = {tenant["name"]: tenant["usage"] for tenant in tenants}

    no_cpu, no_memory = NOTHING | {"used_mhz": None}, NOTHING | {"used_mib": None}
    assert use["A"] == {
        "awake_vms": 3,
        "idle_vms": 2,
        "cpu": {"vms": 3, "used_mhz": 5550, "percent": 78.6},
        "memory_active": no_memory,
        "memory_consumed": no_memory,
    }
    assert use["B"] == {
        "awake_vms": 3,
        "idle_vms": 0,
        "cpu": no_cpu,
        "memory_active": {"vms": 3, "used_mib": 2 * GIB, "percent": 12.5},
        "memory_consumed": {"vms": 2, "used_mib": 8 * GIB, "percent": 100.0},
    }
    assert use["C"]["cpu"] == no_cpu
    assert (use["C"]["awake_vms"], use["C"]["idle_vms"]) == (0, 1)
    assert use["D"]["cpu"] == {"vms": 1, "used_mhz": 210, "percent": 5.0}


async def test_statistics_of_a_tenant_have_its_use(
    client: httpx.AsyncClient, bench: Workbench, as_person: Callable[..., Headers]
) -> None:
    disk = {"used_mib": 3 * GIB, "provisioned_mib": 8 * GIB, "used_basis": "allocated"}
    await bench.assess(bench.ingest.imports([*SOME_USE, running(11, "D", **disk)]))
    tenants = (await client.get(f"{PATH}/tenants", headers=as_person())).json()["items"]

    for tenant in tenants:
        path = f"{PATH}/statistics?tenant_id={tenant['id']}"
        totals = (await client.get(path, headers=as_person())).json()["totals"]
        for field in ("usage", "measured_vms", "disk_used_percent"):
            assert totals[field] == tenant[field], (tenant["name"], field)
    everything = (await client.get(f"{PATH}/statistics", headers=as_person())).json()["totals"]
    assert everything["usage"]["cpu"] == {"vms": 4, "used_mhz": 5760, "percent": 51.0}
    assert (everything["measured_vms"], everything["disk_used_percent"]) == (1, 38)


async def test_a_vm_tells_its_use_and_how_it_is_known(
    client: httpx.AsyncClient, bench: Workbench, as_person: Callable[..., Headers]
) -> None:
    await bench.assess(bench.ingest.imports(SOME_USE))

    items = (await client.get(f"{PATH}/vms", headers=as_person())).json()["items"]
    vms = {vm["name"]: vm for vm in items}

    def cpu(name: str) -> tuple[Any, ...]:
        fields = ("cpu_used_mhz", "cpu_capacity_mhz", "cpu_percent", "cpu_basis")
        return tuple(vms[name][field] for field in fields)

    assert cpu("vm2") == (5400, 6000, 90.0, "reported")
    assert cpu("vm3") == (50, None, None, "missing")
    assert cpu("vm5") == (None, None, None, "missing")
    assert cpu("vm10") == (210, 4200, None, "derived")
    detail = await client.get(f"{PATH}/vms/{vms['vm2']['vm_id']}", headers=as_person())
    assert detail.json()["cpu_percent"] == 90.0
