"""Lists of a plan as sheets: tenants, working days, VMs. A column knows its title and its value."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.exporter.domain.json_values import (
    Document,
    find,
    local_date,
    local_instant,
    number,
    text,
)
from services.exporter.domain.sheets import Cell, Column, Kind, Sheet
from shared.kernel.quantities import mib_to_gib


@dataclass(frozen=True, slots=True)
class Field:
    """A column and its value in a row."""

    column: Column
    value: Callable[[Document], Cell]


def table(name: str, fields: Sequence[Field], rows: Iterable[Document]) -> Sheet:
    """A sheet with a row for each of ``rows``, which are read as they are written."""
    return Sheet(
        name,
        [field.column for field in fields],
        ([field.value(row) for field in fields] for row in rows),
    )


def tenant_fields(zone: ZoneInfo) -> list[Field]:
    """Columns of a tenant's totals."""
    return [
        _text("Tenant", "name", width=28),
        _text("Org VDC", "org_vdc", width=28),
        _count("VMs", "vms"),
        _count("Powered off", "powered_off"),
        _count("vCPUs", "vcpus"),
        _amount("Memory (GiB)", "memory_gib"),
        _amount("Disk (GiB)", "disk_gib"),
        _amount("Used (GiB)", "used_gib"),
        _amount("To copy (GiB)", "copy_gib"),
        _count("Warm", "warm"),
        _count("Cold", "cold"),
        _count("Risk green", "risk_bands", "green"),
        _count("Risk yellow", "risk_bands", "yellow"),
        _count("Risk red", "risk_bands", "red"),
        _amount("Downtime, all VMs (h)", "downtime_h", width=14),
        _count("First day", "first_day"),
        _count("Last day", "last_day"),
        _instant("Start", "start", zone),
        _instant("End", "end", zone),
    ]


def day_fields(zone: ZoneInfo) -> list[Field]:
    """Columns of a working day."""
    return [
        _count("Day", "day"),
        Field(Column("Date", Kind.DATE, 12), lambda row: local_date(row.get("date"))),
        _instant("Opens", "opens", zone),
        _instant("Closes", "closes", zone),
        _count("VMs started", "starts"),
        _count("VMs through", "ends"),
        _amount("Copied (GiB)", "copied_gib"),
        _count("Slots busy at most", "slots_busy_max", width=14),
        _amount("Slots in use (%)", "slot_utilisation_pct"),
        _amount("Bandwidth in use (%)", "pipe_utilisation_pct", width=14),
    ]


def vm_fields(zone: ZoneInfo) -> list[Field]:
    """Columns of a VM in the order of the starts."""
    return [
        _count("Start no.", "sequence"),
        _text("VM", "name", width=34),
        _text("Tenant", "tenant_name", width=24),
        _text("Org VDC", "org_vdc", width=24),
        _text("Cluster", "cluster", width=16),
        _text("Power state", "power_state", width=12),
        _text("Operating system", "os_text", width=34),
        _known(_count("vCPUs", "vcpus"), "vcpus_unknown"),
        _known(_gib("Memory (GiB)", "memory_mib"), "memory_unknown"),
        _known(_gib("Disk (GiB)", "disk_mib"), "disk_unknown"),
        _known(_gib("Used (GiB)", "used_mib"), "used_unknown"),
        _text("Networks", "networks", width=34),
        _count("Risk (points)", "risk_score"),
        _text("Risk band", "risk_band"),
        _text("Mode class", "mode_class", width=15),
        _text("Mode", "mode"),
        _amount("Copy, alone (h)", "copy_h"),
        _amount("Copy, at best (h)", "copy_low_h"),
        _amount("Copy, at worst (h)", "copy_high_h"),
        _amount("Cut-over (h)", "cutover_h"),
        _amount("Downtime (h)", "downtime_h"),
        _text("Copy bound by", "bound_by", width=15),
        _count("Day", "day"),
        _instant("Start", "start", zone),
        _instant("Copy complete", "copy_end", zone),
        _instant("Cut-over complete", "end", zone),
        _text("Why here", "why_here", width=60),
        _text("Findings", "findings", width=24),
        _text("VM id", "vm_id", width=38),
    ]


def _text(title: str, key: str, *, width: int = 12) -> Field:
    return Field(Column(title, Kind.TEXT, width), lambda row: text(row.get(key)))


def _count(title: str, *path: str, width: int = 10) -> Field:
    return Field(Column(title, Kind.COUNT, width), lambda row: number(find(row, *path)))


def _amount(title: str, key: str, *, width: int = 12) -> Field:
    return Field(Column(title, Kind.AMOUNT, width), lambda row: number(row.get(key)))


def _known(field: Field, finding: str) -> Field:
    """``field``, blank for a VM with ``finding``: a figure that nobody knows is no 0."""

    def value(row: Document) -> Cell:
        findings = row.get("findings")
        is_unknown = isinstance(findings, list) and finding in findings
        return None if is_unknown else field.value(row)

    return Field(field.column, value)


def _gib(title: str, key: str) -> Field:
    def value(row: Document) -> Cell:
        mib = number(row.get(key))
        return None if mib is None else round(mib_to_gib(mib), 2)

    return Field(Column(title, Kind.AMOUNT, 12), value)


def _instant(title: str, key: str, zone: ZoneInfo) -> Field:
    column = Column(f"{title} ({zone.key})", Kind.INSTANT, 18)
    return Field(column, lambda row: local_instant(row.get(key), zone))
