"""The chapters of the document, in reading order."""

from collections.abc import Iterable
from typing import Final

_DESCRIPTIONS: Final = {
    "sessions": "Log in and out, and one's own account.",
    "users": "Accounts, for administrators of all projects.",
    "projects": "One project is one estate on its way to a target cloud.",
    "inventories": "RVTools workbooks, imported: what was read, derived and rejected, and the VMs.",
    "assessment": "Tenant, operating system, risk and mode class of every VM in scope.",
    "rules": "What assessments go by: detection of tenants, risk, what the target runs.",
    "tenants": "Tenants as people name, merge and fill them.",
    "networks": "Networks of the source: who uses them, what they are made of, by whose word.",
    "waivers": "Findings that are let pass, by whom and why.",
    "plan": "Settings, bandwidth, time and the dated schedule, frozen as a snapshot.",
    "approval": "A person approves the digest of a frozen plan.",
    "exports": "The plan as a document.",
    "preparation": "What may be and has been prepared on the target cloud.",
    "streams": "What happens, as it happens.",
    "audit": "Who did what, append-only.",
    "operations": "Long work: watch it, cancel it, queue it again.",
}


def described(used: Iterable[str]) -> list[dict[str, str]]:
    """The ``used`` tags with their descriptions; those without one come last.

    >>> described(["plan"])[0]["name"]
    'plan'
    """
    wanted = set(used)
    known = [
        {"name": name, "description": text}
        for name, text in _DESCRIPTIONS.items()
        if name in wanted
    ]
    return known + [{"name": name} for name in sorted(wanted - _DESCRIPTIONS.keys())]
