"""The plan workbook: Summary, Tenants, Schedule, VMs, and how it was all worked out.

Instants are shown by the clock of the plan's time zone, which every such title names.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.exporter.domain.explanations import explanation_rows
from services.exporter.domain.json_values import (
    Document,
    find,
    items,
    local_date,
    plain_cell,
    text,
)
from services.exporter.domain.labels import label
from services.exporter.domain.sheets import Cell, Column, Kind, Sheet
from services.exporter.domain.tables import day_fields, table, tenant_fields, vm_fields

UTC: Final = "UTC"


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the summary."""

    label: str
    path: tuple[str, ...]
    unit: str | None = None
    is_code: bool = False
    """The value is a name such as ``source_nic``, shown in words."""


FIGURES: Final = (
    Figure("VMs in scope", ("vms",), "VMs"),
    Figure("of these powered off", ("powered_off",), "VMs"),
    Figure("Tenants", ("tenants",), "tenants"),
    Figure("vCPUs configured", ("vcpus",), "vCPUs"),
    Figure("Memory configured", ("memory_gib",), "GiB"),
    Figure("Disk provisioned", ("disk_gib",), "GiB"),
    Figure("Disk used", ("used_gib",), "GiB"),
    Figure("To copy", ("copy_gib",), "GiB"),
    Figure("Risk green", ("risk_bands", "green"), "VMs"),
    Figure("Risk yellow", ("risk_bands", "yellow"), "VMs"),
    Figure("Risk red", ("risk_bands", "red"), "VMs"),
    Figure("Warm eligible", ("mode_classes", "warm_eligible"), "VMs"),
    Figure("Warm at a risk", ("mode_classes", "warm_risky"), "VMs"),
    Figure("Cold required", ("mode_classes", "cold_required"), "VMs"),
    Figure("Planned warm", ("warm",), "VMs"),
    Figure("Planned cold", ("cold",), "VMs"),
    Figure("Warm copies that would not catch up, planned cold", ("warm_not_convergent",), "VMs"),
    Figure("Downtime, all VMs added up", ("downtime_h",), "h"),
    Figure("Bottleneck", ("bottleneck",), is_code=True),
    Figure("Rate of the bottleneck", ("bottleneck_mbit_s",), "Mbit/s"),
    Figure("First working day", ("start_date",)),
    Figure("Finish date", ("finish_date",)),
    Figure("Working days", ("working_days",), "days"),
    Figure("Deadline", ("deadline", "last_date")),
    Figure("Deadline is met", ("deadline", "is_met")),
    Figure("Late by", ("deadline", "late_by_working_days"), "working days"),
)


def workbook_sheets(header: Document, vms: Iterable[Document], *, digest: str) -> Iterator[Sheet]:
    """The sheets of the plan snapshot with this digest, in their order.

    ``vms`` is read once, when the rows of the sheet VMs are.
    """
    zone = plan_zone(header)
    yield Sheet(
        "Summary",
        [
            Column("Figure", Kind.TEXT, 48),
            Column("Value", Kind.MIXED, 20),
            Column("Unit", Kind.TEXT, 16),
        ],
        summary_rows(header),
    )
    yield table("Tenants", tenant_fields(zone), items(find(header, "tenants")))
    yield table("Schedule", day_fields(zone), items(find(header, "days")))
    yield table("VMs", vm_fields(zone), vms)
    yield Sheet(
        "How this was worked out",
        [
            Column("Topic", Kind.TEXT, 18),
            Column("Item", Kind.TEXT, 34),
            Column("Value", Kind.MIXED, 40),
            Column("Unit", Kind.TEXT, 18),
            Column("Explanation", Kind.LONG_TEXT, 90),
        ],
        explanation_rows(header, digest=digest),
    )


def plan_zone(header: Document) -> ZoneInfo:
    """The plan's time zone; UTC if it has none that is known here."""
    name = find(header, "settings", "time_zone")
    try:
        return ZoneInfo(name if isinstance(name, str) and name else UTC)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(UTC)


def summary_rows(header: Document) -> Iterator[list[Cell]]:
    """Label, value and unit; a figure that the snapshot does not have is left out."""
    summary = find(header, "summary")
    for figure in FIGURES:
        value = find(summary, *figure.path)
        if isinstance(value, str) and figure.is_code:
            yield [figure.label, label(value), figure.unit]
        elif value is not None:
            yield [figure.label, local_date(value) or plain_cell(value), figure.unit]
    for topic, heading in (("excluded", "Left out"), ("unknown", "Not in the workbook")):
        counts = find(summary, topic)
        if isinstance(counts, Mapping):
            for name, count in sorted(counts.items()):
                yield [f"{heading}: {label(name)}", plain_cell(count), "VMs"]
    yield ["What is counted", text(find(summary, "counted")), None]
