"""Detection rules that operators write: a pattern on one field of a VM gives its tenant."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.assessment.domain.patterns import Pattern
from services.assessment.domain.vm_facts import VmFacts


class VmField(StrEnum):
    """A text of a VM that a rule may look at."""

    NAME = "name"
    FOLDER = "folder"
    CLUSTER = "cluster"
    HOST = "host"
    DATACENTER = "datacenter"
    RESOURCE_POOL = "resource_pool"
    VAPP = "vapp"
    ANNOTATION = "annotation"
    DNS_NAME = "dns_name"
    VCENTER = "vcenter"
    OS_CONFIG = "os_config"
    OS_TOOLS = "os_tools"
    ATTRIBUTE = "attribute"
    """A custom attribute or tag, which the rule names."""


_READ: Final[Mapping[VmField, Callable[[VmFacts], str | None]]] = {
    VmField.NAME: lambda vm: vm.name,
    VmField.FOLDER: lambda vm: vm.folder,
    VmField.CLUSTER: lambda vm: vm.cluster,
    VmField.HOST: lambda vm: vm.host,
    VmField.DATACENTER: lambda vm: vm.datacenter,
    VmField.RESOURCE_POOL: lambda vm: vm.resource_pool,
    VmField.VAPP: lambda vm: vm.vapp,
    VmField.ANNOTATION: lambda vm: vm.annotation,
    VmField.DNS_NAME: lambda vm: vm.dns_name,
    VmField.VCENTER: lambda vm: vm.vcenter,
    VmField.OS_CONFIG: lambda vm: vm.os_config,
    VmField.OS_TOOLS: lambda vm: vm.os_tools,
}


@dataclass(frozen=True, slots=True)
class PatternRule:
    r"""Where ``pattern`` is found in ``field``, the tenant is ``tenant``.

    ``tenant`` and ``org_vdc`` may take what groups of a regular expression matched: ``\1``,
    ``\g<name>``. Without ``org_vdc`` the OrgVDC is that of the other rules.
    """

    id: str
    field: VmField
    pattern: Pattern
    tenant: str
    org_vdc: str | None = None
    attribute: str | None = None
    """The name of the attribute, ignoring case, where ``field`` is one."""

    def text_in(self, vm: VmFacts) -> str | None:
        """The text of ``vm`` that the rule looks at; None when the workbook has none."""
        if self.field is not VmField.ATTRIBUTE:
            return _READ[self.field](vm)
        name = (self.attribute or "").casefold()
        return next((v for key, v in vm.attributes.items() if key.casefold() == name), None)

    def answer(self, text: str) -> tuple[str, str | None] | None:
        """Tenant and OrgVDC for a VM whose field holds ``text``; None when it does not match, or
        matches and names no tenant."""
        match = self.pattern.match(text)
        if match is None:
            return None
        name = _words(self.pattern.filled(self.tenant, match))
        org_vdc = None if self.org_vdc is None else self.pattern.filled(self.org_vdc, match)
        return (name, _words(org_vdc) or None) if name else None


def _words(text: str | None) -> str:
    return (text or "").strip()
