"""A plan snapshot as the exporter gets it: a header made by the planner's own code, and VMs."""

from collections.abc import Mapping
from typing import Any

from services.planner.domain.plan import make_plan
from services.planner.domain.settings import PlanSettings
from services.planner.domain.snapshot import BasedOn, plan_header
from services.planner.domain.vms import ModeClass, PowerState, RiskBand
from shared.contracts.records import PlannedVmRecord
from shared.kernel.ids import AssessmentId, InventoryId, ProjectId
from tests.services.planner.builders import SUNDAY, a_tenant, a_vm, an_id
from tests.support.planned_vms import a_planned_record

PROJECT_ID = an_id("project")


def a_header(**settings: Any) -> dict[str, Any]:
    """The header of a plan of three VMs of two tenants."""
    acme, beta = a_tenant("acme", org_vdc="acme_vDC_1"), a_tenant("=beta")
    vms = [
        a_vm("web-01", tenant=acme),
        a_vm("db-01", tenant=acme, risk_band=RiskBand.RED, mode_class=ModeClass.WARM_RISKY),
        a_vm(
            "old-01",
            tenant=beta,
            power_state=PowerState.OFF,
            mode_class=ModeClass.COLD_REQUIRED,
            memory_mib=1536,
        ),
    ]
    plan = make_plan(vms, PlanSettings(**settings), imported_at=SUNDAY)
    based_on = BasedOn(
        inventory_id=InventoryId(an_id("inventory")),
        inventory_number=1,
        assessment_id=AssessmentId(an_id("assessment")),
        assessment_number=1,
        imported_at=SUNDAY,
        digest="0" * 64,
    )
    return dict(
        plan_header(ProjectId(PROJECT_ID), based_on, plan, excluded={"template": 5, "vcls": 4})
    )


def a_planned_vm(
    sequence: int = 1, name: str = "web-01", tenant_name: str = "acme", **changes: Any
) -> PlannedVmRecord:
    """A record of the snapshot."""
    values: dict[str, Any] = {
        "name": name,
        "tenant_id": an_id(tenant_name),
        "tenant_name": tenant_name,
        "os_text": "Debian GNU/Linux 12 (64-bit)",
    }
    return a_planned_record(sequence, **values | changes)


def a_planned_vm_json(sequence: int = 1, **changes: Any) -> Mapping[str, Any]:
    """The same as the exporter's domain takes it."""
    return a_planned_vm(sequence, **changes).model_dump(mode="json")
