"""The rows of vPort, dvPort and vNIC, typed. Links are Mbit/s; None is unknown."""

import re
from dataclasses import dataclass
from typing import Final

from services.ingest.domain.cells import BadCell
from services.ingest.domain.row_cells import RowCells
from services.ingest.domain.sources import Source, source_of
from services.ingest.domain.vlans import Vlan, vlan_in

_SPEED = re.compile(r"^([0-9]+(?:[.,][0-9]+)?)\s*([gm]?)(?:b|bit|bits|bps|bit/s|b/s)?$")
_MBIT_PER_UNIT: Final = {"": 1, "m": 1, "g": 1000}
_POLICIES: Final = {"true": True, "accept": True, "false": False, "reject": False}
_DUPLEX: Final = {"true": True, "full": True, "false": False, "half": False}


@dataclass(frozen=True, slots=True)
class PortGroupRow:
    """One row of vPort or dvPort; ``host`` is None for a distributed one."""

    number: int
    source: Source
    name: str
    switch: str | None
    host: str | None
    vlan: Vlan | None
    allows_promiscuous: bool | None
    allows_mac_changes: bool | None
    allows_forged_transmits: bool | None
    object_id: str | None


@dataclass(frozen=True, slots=True)
class HostNicRow:
    """One row of vNIC, a physical port. 0 Mbit/s is a port without link."""

    number: int
    source: Source
    device: str
    host: str | None
    switch: str | None
    driver: str | None
    mac: str | None
    speed_mbit_s: int | None
    is_full_duplex: bool | None


def standard_port_row(row: RowCells) -> PortGroupRow:
    """A row of vPort: a port group on one host."""
    return _port_group_row(row, "Port Group", row.shared("Host"), "Promiscuous Mode")


def distributed_port_row(row: RowCells) -> PortGroupRow:
    """A row of dvPort: a distributed port group."""
    return _port_group_row(row, "Port", None, "Allow Promiscuous")


def host_nic_row(row: RowCells) -> HostNicRow:
    """A row of vNIC. A port without link has no speed; RVTools says so under Duplex."""
    duplex = row.shared("Duplex") or ""
    speed_mbit_s = row.read_as("Speed", _speed_mbit_s)
    is_down = speed_mbit_s is None and "down" in duplex.lower()
    return HostNicRow(
        number=row.number,
        source=source_of(row),
        device=row.shared("Network Device") or "",
        host=row.shared("Host"),
        switch=row.shared("Switch"),
        driver=row.shared("Driver"),
        mac=row.text("MAC"),
        speed_mbit_s=0 if is_down else speed_mbit_s,
        is_full_duplex=_DUPLEX.get(duplex.lower()),
    )


def _port_group_row(
    row: RowCells, name_column: str, host: str | None, promiscuous_column: str
) -> PortGroupRow:
    return PortGroupRow(
        number=row.number,
        source=source_of(row),
        name=row.shared(name_column) or "",
        switch=row.shared("Switch"),
        host=host,
        vlan=row.read_as("VLAN", vlan_in),
        allows_promiscuous=row.read_as(promiscuous_column, _is_accepted),
        allows_mac_changes=row.read_as("Mac Changes", _is_accepted),
        allows_forged_transmits=row.read_as("Forged Transmits", _is_accepted),
        object_id=row.text("Object ID"),
    )


def _is_accepted(value: str) -> bool:
    """A security policy of a port group."""
    word = value.lower()
    if word not in _POLICIES:
        raise BadCell("neither accepted nor rejected", "Type True or False.")
    return _POLICIES[word]


def _speed_mbit_s(value: str) -> int:
    """A link speed; a plain number is Mbit/s.

    >>> _speed_mbit_s("10000"), _speed_mbit_s("10 Gbit/s"), _speed_mbit_s("2.5 Gb")
    (10000, 10000, 2500)
    """
    found = _SPEED.match(value.lower())
    if found is None:
        raise BadCell("not a link speed", "Type it in Mbit/s, for example 10000.")
    return round(float(found[1].replace(",", ".")) * _MBIT_PER_UNIT[found[2]])
