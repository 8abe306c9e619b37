"""Hosts, clusters, storage and networks as rows of their tables.

Each row has a position in its inventory, for nothing else is certain to tell two of them apart:
datastores of two datacenters may share a name, and older exports have no object ids.
"""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, Final

from services.ingest.domain.hosts import Hosts
from services.ingest.domain.identity import VCenters
from services.ingest.domain.infrastructure_rows import (
    ClusterRow,
    DatastoreRow,
    HealthRow,
    HostRow,
    InfrastructureRows,
    PoolRow,
)
from services.ingest.domain.network_rows import HostNicRow
from services.ingest.domain.networks import Network, Networks
from services.ingest.domain.table_rows import Json

_HEAD: Final = ("inventory_id", "position", "vcenter")
_TAIL: Final = ("source_row",)
_NOT_A_COLUMN: Final = frozenset({"number", "source"})


def _names(row: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(row) if field.name not in _NOT_A_COLUMN)


_HOST: Final = _names(HostRow)
_ROWS: Final = {
    "clusters": _names(ClusterRow),
    "datastores": _names(DatastoreRow),
    "resource_pools": _names(PoolRow),
    "host_nics": _names(HostNicRow),
    "health_messages": _names(HealthRow),
}
INFRASTRUCTURE_TABLES: Final[dict[str, tuple[str, ...]]] = {
    "hosts": (*_HEAD, *_HOST, "fastest_nic_mbit_s", *_TAIL),
    **{table: (*_HEAD, *names, *_TAIL) for table, names in _ROWS.items()},
    "networks": (
        *_HEAD,
        *("name", "switch", "kind", "object_id", "vlan_id", "vlan_trunk", "is_vlan_guessed"),
        *("host_count", "vm_count", "nic_count"),
        *("allows_promiscuous", "allows_mac_changes", "allows_forged_transmits"),
        *_TAIL,
    ),
}
"""The columns of each table, in the order in which its rows are written."""


def infrastructure_values(
    rows: InfrastructureRows,
    hosts: Hosts,
    networks: Networks,
    vcenters: VCenters,
    inventory_id: str,
) -> Iterator[tuple[str, tuple[Json, ...]]]:
    """The rows by table, in the order of :data:`INFRASTRUCTURE_TABLES`.

    A row that repeats an earlier one in everything, as merged workbooks have them, is left out.
    Networks are counted by then: call it when all VMs are made.
    """
    for position, host in enumerate(hosts.all(), start=1):
        figures = [getattr(host.row, name) for name in _HOST]
        tail = (host.fastest_nic_mbit_s, host.row.number)
        yield "hosts", (inventory_id, position, host.vcenter, *figures, *tail)
    for table, lines in (
        ("clusters", rows.clusters),
        ("datastores", rows.datastores),
        ("resource_pools", rows.pools),
        ("host_nics", rows.host_nics),
        ("health_messages", rows.health),
    ):
        for position, (content, number) in enumerate(_distinct(table, lines, vcenters), start=1):
            yield table, (inventory_id, position, *content, number)
    for position, network in enumerate(networks.all(), start=1):
        yield "networks", (inventory_id, position, *_network(network))


def _distinct(
    table: str, rows: Iterable[Any], vcenters: VCenters
) -> Iterator[tuple[tuple[Json, ...], int]]:
    seen: set[tuple[Json, ...]] = set()
    for row in rows:
        figures = [getattr(row, name) for name in _ROWS[table]]
        content = (row.source.in_words(vcenters), *figures)
        if content not in seen:
            seen.add(content)
            yield content, row.number


def _network(network: Network) -> tuple[Json, ...]:
    row, vlan = network.row, network.vlan
    return (
        network.vcenter,
        network.name,
        network.switch,
        network.kind,
        None if row is None else row.object_id,
        None if vlan is None else vlan.id,
        None if vlan is None else vlan.trunk,
        vlan is not None and vlan.is_guessed,
        len([host for host in network.hosts if host is not None]) or None,
        network.vm_count,
        network.nic_count,
        None if row is None else row.allows_promiscuous,
        None if row is None else row.allows_mac_changes,
        None if row is None else row.allows_forged_transmits,
        None if row is None else row.number,
    )
