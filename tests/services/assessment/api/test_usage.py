"""Used shares of VMs and tenants: of what was measured only."""

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
