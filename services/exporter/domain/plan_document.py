"""``plan.json``: the plan snapshot as one document, which can be written as it is read.

    {"format": "migration-plan", "version": 1, "snapshot": {…},
     "summary": {…}, "based_on": {…}, "settings": {…}, "bandwidth": {…}, "agents": {…},
     "tenants": […], "days": […], "vms": […]}

What people look for comes first; ``vms``, which may be long, comes last. Everything else is the
planner's, unchanged: the same figures as the API, to the digit (decision 34).
"""

from typing import Final

from services.exporter.domain.json_values import Document, Json

FORMAT: Final = "migration-plan"
VERSION: Final = 1
"""Raised when a field changes its meaning or goes; new fields come without."""

LIST: Final = "vms"
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
    head |= {name: header[name] for name in _FIRST if name in header}
    head |= {name: header[name] for name in sorted(header) if name not in head and name != LIST}
    return head
