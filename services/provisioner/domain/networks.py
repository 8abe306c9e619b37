"""Which network each source network becomes: whose it is, who shares it, and how it is called.

The defaults of a plan that maps no networks: one network for each source name, in the project with
the most VMs on it and shared with the others; a VLAN only if the name tells of one; no subnet.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.provisioner.domain.estate import Estate
from services.provisioner.domain.names import (
    MAX_CHARS,
    RENAME,
    canonical,
    digest,
    guessed_vlan,
    name_blocker,
    natural_key,
)
from services.provisioner.domain.targets import TargetProject
from services.provisioner.domain.tasks import Blocker, Kind
from shared.kernel.ids import TenantId

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetNetwork:
    """A Neutron network for one source network. ``sharers`` use it and do not own it."""

    source: str
    name: str
    vlan_id: int | None
    owner: TargetProject
    sharers: tuple[TargetProject, ...]
    tenant_ids: tuple[TenantId, ...]
    vms: int
    blocker: Blocker | None

    @property
    def key(self) -> str:
        """Of its task. Source names are compared byte for byte."""
        return natural_key(Kind.NETWORK, self.source)


def target_networks(estate: Estate, projects: Sequence[TargetProject]) -> list[TargetNetwork]:
    """One network for each source network, by key."""
    project_of = {tenant_id: project for project in projects for tenant_id in project.tenant_ids}
    users = {source: _users(vms, project_of) for source, vms in estate.networks.items()}
    names = _unique({source: _seeded_name(source, users[source]) for source in users})
    vlans = Counter(vlan for source in users if (vlan := guessed_vlan(source)) is not None)
    networks = [
        TargetNetwork(
            source=source,
            name=names[source],
            vlan_id=guessed_vlan(source),
            owner=users[source][0],
            sharers=tuple(sorted(users[source][1:], key=lambda project: project.key)),
            tenant_ids=tuple(sorted(vms)),
            vms=vms.total(),
            blocker=_blocker(source, names[source], vlans),
        )
        for source, vms in estate.networks.items()
    ]
    return sorted(networks, key=lambda network: network.key)


def _users(
    vms: Counter[TenantId], project_of: Mapping[TenantId, TargetProject]
) -> list[TargetProject]:
    """The projects on a network, that with the most VMs first; of equals the first by key."""
    by_key: dict[str, TargetProject] = {}
    counts: Counter[str] = Counter()
    for tenant_id, count in vms.items():
        project = project_of[tenant_id]
        by_key[project.key] = project
        counts[project.key] += count
    return [by_key[key] for key in sorted(by_key, key=lambda key: (-counts[key], key))]


def _seeded_name(source: str, users: Sequence[TargetProject]) -> str:
    vlan = guessed_vlan(source)
    domains = {project.domain.key for project in users}
    if vlan is None or len(domains) > 1:
        return source.strip()
    return f"{users[0].domain.name}_tenant_extnet_vlan_{vlan}"


def _unique(names: Mapping[str, str]) -> dict[str, str]:
    """``names`` by source; those that several sources would have get a digest of theirs."""
    taken = Counter(canonical(name) for name in names.values())
    return {
        source: name if taken[canonical(name)] == 1 else f"{name}-{digest(source)}"
        for source, name in names.items()
    }


def _blocker(source: str, name: str, vlans: Counter[int]) -> Blocker | None:
    vlan = guessed_vlan(source)
    if vlan is not None and vlans[vlan] > 1:
        return Blocker(
            "vlan-collision",
            f"{vlans[vlan]} source networks name VLAN {vlan}, and a physical network has each VLAN "
            "once.",
            RENAME,
        )
    if "," in name or _UUID.fullmatch(name):
        return Blocker(
            "name-not-allowed",
            f"vJailbreak would not find the network {name!r}: it separates names by commas, and "
            "takes what looks like a UUID for an id.",
            RENAME,
        )
    return name_blocker("network", name, max_chars=MAX_CHARS)
