"""The networks of an estate: which one a NIC is attached to, and what people said of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import uuid5

from services.assessment.domain.network_class import (
    NetworkClass,
    NetworkVerdict,
    VlanFacts,
    classify,
    vlan_facts,
)
from services.assessment.domain.vm_facts import NicFacts, VmFacts
from shared.kernel.ids import NetworkId, ProjectId, TenantId

NO_NETWORK: Final = frozenset({"", "none", "<none>", "n/a", "not connected"})
"""What RVTools prints for a NIC that is attached to nothing, in lower case."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network of one vCenter. Two switches may have one of the same name each, and those are
    two networks; ``switch`` is None where the workbook does not say it. ``id`` stays the same in
    every assessment.
    """

    id: NetworkId
    vcenter: str
    name: str
    switch: str | None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A network as its port group on a VM's host is."""

    network: Network
    vlan: VlanFacts
    verdict: NetworkVerdict


@dataclass(frozen=True, slots=True)
class NetworkUse:
    """How many VMs and NICs in scope of one tenant are attached to a network in the same way."""

    tenant_id: TenantId
    attachment: Attachment
    vms: int
    nics: int


@dataclass(frozen=True, slots=True)
class NetworkOverride:
    """The class that somebody gave a network, in place of the detected one. ``network_class`` is
    None where nobody did, or once it was taken back; ``version`` counts from 1, which is no
    override yet.
    """

    network_class: NetworkClass | None = None
    note: str | None = None
    version: int = 1


def network_id(project_id: ProjectId, vcenter: str, name: str, switch: str | None) -> NetworkId:
    """The id of a network, the same in every assessment of a project."""
    return NetworkId(uuid5(project_id, json.dumps(["network", vcenter, name, switch or ""])))


def attachments(vm: VmFacts, project_id: ProjectId) -> Mapping[Attachment, int]:
    """The networks of all NICs of ``vm``, and how many are on each, in the order of its NICs."""
    first: dict[NetworkId, Attachment] = {}
    nics: dict[Attachment, int] = {}
    for nic in vm.nics:
        if (seen := _of_nic(project_id, vm.vcenter, nic)) is not None:
            one = first.setdefault(seen.network.id, seen)
            nics[one] = nics.get(one, 0) + 1
    return nics


def _of_nic(project_id: ProjectId, vcenter: str, nic: NicFacts) -> Attachment | None:
    name = (nic.network or "").strip()
    if name.lower() in NO_NETWORK:
        return None
    switch = (nic.switch or "").strip() or None
    return _attached(
        project_id,
        vcenter,
        name,
        switch,
        nic.vlan_id,
        nic.vlan_trunk,
        is_vlan_guessed=nic.is_vlan_guessed,
    )


@lru_cache(maxsize=8192)
def _attached(
    project_id: ProjectId,
    vcenter: str,
    name: str,
    switch: str | None,
    vlan_id: int | None,
    vlan_trunk: str | None,
    *,
    is_vlan_guessed: bool,
) -> Attachment:
    """A NIC's network; an estate has some thousand, and many NICs on each."""
    vlan = vlan_facts(name, vlan_id, vlan_trunk, is_guessed=is_vlan_guessed)
    network = Network(network_id(project_id, vcenter, name, switch), vcenter, name, switch)
    return Attachment(network, vlan, classify(name, switch, vlan))
