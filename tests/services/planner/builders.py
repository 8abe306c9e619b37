"""Builders for the planner's tests: everything has a default, so a test names what matters."""

from datetime import UTC, date, datetime
from itertools import islice
from uuid import UUID, uuid5

from services.planner.domain.calendar import WEEK, Window, WorkingCalendar
from services.planner.domain.vms import ModeClass, PowerState, RiskBand, Tenant, Vm
from shared.kernel.ids import TenantId, VmId

SPACE = UUID("0193a1b2-0000-7000-8000-000000000000")
GIB = 1024
SUNDAY = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MONDAY = date(2026, 3, 2)


def an_id(name: str) -> UUID:
    return uuid5(SPACE, name)


def a_tenant(name: str = "acme", *, org_vdc: str | None = None, priority: int = 999) -> Tenant:
    return Tenant(TenantId(an_id(f"{name}/{org_vdc}")), name, org_vdc, priority)


def a_vm(
    name: str = "web-01",
    *,
    tenant: Tenant | None = None,
    power_state: PowerState = PowerState.ON,
    mode_class: ModeClass = ModeClass.WARM_ELIGIBLE,
    risk_band: RiskBand = RiskBand.GREEN,
    vcpus: int | None = 2,
    memory_mib: int | None = 4 * GIB,
    disk_mib: int | None = 100 * GIB,
    used_mib: int | None = 50 * GIB,
    allocated_mib: int | None = None,
    priority: int = 50,
) -> Vm:
    return Vm(
        vm_id=VmId(an_id(name)),
        tenant=tenant or a_tenant(),
        power_state=power_state,
        mode_class=mode_class,
        risk_band=risk_band,
        vcpus=vcpus,
        memory_mib=memory_mib,
        disk_mib=disk_mib,
        used_mib=used_mib,
        allocated_mib=allocated_mib,
        priority=priority,
    )


def office_hours(*, hours_per_day: float = 8) -> WorkingCalendar:
    return WorkingCalendar(
        zone=UTC, working_days=frozenset(WEEK[:5]), start_hour=9, hours_per_day=hours_per_day
    )


def windows(count: int, *, hours_per_day: float = 8) -> list[Window]:
    """Working days from Monday 2 March 2026 on."""
    calendar = office_hours(hours_per_day=hours_per_day)
    return list(islice(calendar.windows_after(SUNDAY.date()), count))
