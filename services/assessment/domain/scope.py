"""Which VMs are real: templates, SRM placeholders and vCLS VMs are in no total (decision 4)."""

import re
from enum import StrEnum
from typing import Final

from services.assessment.domain.vm_facts import VmFacts


class Exclusion(StrEnum):
    """Why a VM is out of every total, list and plan."""

    TEMPLATE = "template"
    SRM_PLACEHOLDER = "srm_placeholder"
    VCLS = "vcls"


# vSphere names its cluster service VMs "vCLS (3)" or "vCLS-<uuid>" and keeps them in a folder vCLS.
_VCLS_NAME: Final = re.compile(r"vCLS(?: ?\(\d+\)|-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?")


def exclusion(vm: VmFacts) -> Exclusion | None:
    """The reason why ``vm`` does not count, or None for a VM that does."""
    if vm.is_template:
        return Exclusion.TEMPLATE
    if vm.is_srm_placeholder:
        return Exclusion.SRM_PLACEHOLDER
    if vm.name.startswith("vCLS") and _VCLS_NAME.fullmatch(vm.name):
        return Exclusion.VCLS
    if vm.folder is not None and vm.folder.rstrip("/").endswith("/vCLS"):
        return Exclusion.VCLS
    return None
