"""The networks of a workbook: port groups that vPort and dvPort list, and what NICs call theirs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from services.ingest.domain.contradictions import Contradictions
from services.ingest.domain.identity import VCenters
from services.ingest.domain.infrastructure_columns import VPORT
from services.ingest.domain.infrastructure_rows import InfrastructureRows
from services.ingest.domain.network_rows import PortGroupRow
from services.ingest.domain.vlans import Vlan, guessed_vlan

STANDARD: Final = "standard"
DISTRIBUTED: Final = "distributed"
UNLISTED: Final = "unlisted"
"""Neither vPort nor dvPort lists it: an NSX segment, or a tab that is missing."""

Key = tuple[str, str, str | None]
"""vCenter, network and switch."""


@dataclass(slots=True)
class Network:
    """A network on a switch. ``vlan``: what its port groups agree on, else what its name hints."""

    vcenter: str
    name: str
    switch: str | None
    kind: str
    vlan: Vlan | None = None
    row: PortGroupRow | None = None
    """Its first port group; None where no tab lists one."""
    hosts: dict[str | None, Vlan | None] = field(default_factory=dict)
    """The VLAN on each host that has the port group; a distributed one has a single entry."""
    vm_count: int = 0
    nic_count: int = 0


class Networks:
    """Finds the network and the VLAN of a NIC, and counts who uses what."""

    def __init__(
        self, rows: InfrastructureRows, vcenters: VCenters, contradictions: Contradictions
    ) -> None:
        self._networks: dict[Key, Network] = {}
        self._by_name: dict[tuple[str, str], list[Network]] = {}
        self._found: dict[tuple[str, str | None, str, str | None], tuple[Network, Vlan | None]] = {}
        for kind, ports in (
            (DISTRIBUTED, rows.distributed_ports),
            (STANDARD, rows.standard_ports),
        ):
            for port in ports:
                self._add(kind, port, port.source.in_words(vcenters))
        for network in self._networks.values():
            network.vlan = _agreed(network, contradictions) or guessed_vlan(network.name)

    def all(self) -> list[Network]:
        """Every network: listed ones in the order of their tabs, then those that NICs only name."""
        return list(self._networks.values())

    def find(
        self, vcenter: str, host: str | None, name: str, switch: str | None
    ) -> tuple[Network, Vlan | None]:
        """The network that a NIC is attached to, and its VLAN there.

        The port group on the VM's own host counts first, for hosts may differ.
        """
        key = (vcenter, host, name, switch)
        found = self._found.get(key)
        if found is None:
            network = self._of(vcenter, name, switch)
            vlan = network.hosts.get(host) or network.vlan
            found = self._found[key] = (network, vlan)
        return found

    def count(self, networks: Iterable[Network]) -> None:
        """Counts a VM whose NICs are attached to ``networks``, one for each NIC."""
        for network in (used := list(networks)):
            network.nic_count += 1
        for network in {id(one): one for one in used}.values():
            network.vm_count += 1

    def _add(self, kind: str, port: PortGroupRow, vcenter: str) -> None:
        key = (vcenter, port.name, port.switch)
        network = self._networks.get(key)
        if network is None:
            network = self._new(key, Network(vcenter, port.name, port.switch, kind, row=port))
        network.hosts.setdefault(port.host, port.vlan)

    def _new(self, key: Key, network: Network) -> Network:
        self._networks[key] = network
        self._by_name.setdefault(key[:2], []).append(network)
        return network

    def _of(self, vcenter: str, name: str, switch: str | None) -> Network:
        exact = self._networks.get((vcenter, name, switch))
        if exact is not None:
            return exact
        namesakes = self._by_name.get((vcenter, name), [])
        if switch is None and len(namesakes) == 1:
            return namesakes[0]
        listed = [one for one in namesakes if one.kind != UNLISTED]
        vlans = {one.vlan for one in listed}
        vlan = vlans.pop() if len(vlans) == 1 else None
        network = Network(vcenter, name, switch, UNLISTED, vlan=vlan or guessed_vlan(name))
        return self._new((vcenter, name, switch), network)


def _agreed(network: Network, contradictions: Contradictions) -> Vlan | None:
    """The VLAN of all its port groups; None where they differ, which is reported."""
    stated = {vlan for vlan in network.hosts.values() if vlan is not None}
    if len(stated) <= 1:
        return stated.pop() if stated else None
    row = None if network.row is None else network.row.number
    file = None if network.row is None else network.row.source.file
    words = sorted(str(vlan.id if vlan.id is not None else vlan.trunk) for vlan in stated)
    contradictions.of_file(file).add(
        "vlan_differs", vm=None, tab=VPORT, row=row, said=(network.name, ", ".join(words))
    )
    return None
