"""``plan.json``: the plan snapshot as one document, which can be written as it is read.

    {"format": "migration-plan", "version": 1, "snapshot": {…},
     "summary": {…}, "based_on": {…}, "settings": {…}, "bandwidth": {…}, "agents": {…},
     "tenants": […], "days": […], "vms": […]}

What people look for comes first; ``vms``, which may be long, comes last. Everything else is the
planner's, unchanged: the same figures as the API, to the digit (decision 34).
"""

from collections.abc import Mapping
from typing import Final

from services.exporter.domain.json_values import Document, Json

FORMAT: Final = "migration-plan"
VERSION: Final = 1
"""Raised when a field changes its meaning or goes; new fields come without."""

LIST: Final = "vms"
KEY_ORDER: Final = (
    *("tenant_id", "name", "org_vdc"),
    *("day", "date", "opens", "closes", "starts", "ends"),
    *("vms", "tenants", "powered_off", "vcpus", "memory_gib", "disk_gib", "used_gib", "copy_gib"),
    *("risk_bands", "green", "yellow", "red"),
    *("mode_classes", "warm_eligible", "warm_risky", "cold_required", "warm", "cold"),
    *("start_date", "finish_date", "working_days", "deadline"),
)
"""Keys that come first, in this order, in every object before ``vms``; others by the alphabet.

A snapshot's header has been through a database that keeps no order of keys.
"""
_FIRST: Final = (
    "project_id",
    "summary",
    "based_on",
    "settings",
    "bandwidth",
    "agents",
    "tenants",
    "days",
)


def document_head(header: Document, *, digest: str) -> dict[str, Json]:
    """Everything before ``vms``, in the order of the document; ``digest`` is the snapshot's."""
    head: dict[str, Json] = {
        "format": FORMAT,
        "version": VERSION,
        "snapshot": {"digest": digest},
    }
    names = [*(n for n in _FIRST if n in header), *(n for n in sorted(header) if n not in _FIRST)]
    return head | {name: in_order(header[name]) for name in names if name != LIST}


def in_order(value: Json) -> Json:
    """``value`` with the keys of every object in their order.

    >>> list(in_order({"z": 1, "red": 1, "green": 2}))
    ['green', 'red', 'z']
    """
    match value:
        case Mapping():
            return {key: in_order(value[key]) for key in sorted(value, key=_place)}
        case list():
            return [in_order(item) for item in value]
        case _:
            return value


def _place(key: str) -> tuple[int, str]:
    return (KEY_ORDER.index(key) if key in KEY_ORDER else len(KEY_ORDER), key)
