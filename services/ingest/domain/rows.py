"""The rows of vInfo, vDisk and vNetwork, typed.

One row is one line of the workbook; nothing is joined yet.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Final, Protocol

from services.ingest.domain.cells import BadCell
from services.ingest.domain.columns import NETWORK_COLUMNS
from services.ingest.domain.row_cells import RowCells, VmRef

_NO_NETWORK: Final = frozenset({"none", "not connected", "<none>", "n/a"})
_DATASTORE = re.compile(r"\[([^\]]+)\]")
_HARDWARE_VERSION = re.compile(r"^(?:vmx-)?0*([0-9]{1,3})(?:\.0)?$", re.IGNORECASE)
_NO_ADDRESS: Final = frozenset({"", "unknown", "n/a", "none"})
_LIST_MARKS = re.compile(r"[,;|\s]+")
_HEX = re.compile(r"[^0-9a-fA-F]")

MAX_NUMBER: Final = (1 << 31) - 1
"""What a column of PostgreSQL's type integer holds."""
MAX_PERCENT: Final = 1_000_000.0
"""A share may be above 100: of a host's threads, or of a clock that turbo has raised."""


class TabRow(Protocol):
    """Any row that is about a VM."""

    @property
    def number(self) -> int:
        """The row as Excel counts: the first line of the sheet is 1."""
        ...

    @property
    def ref(self) -> VmRef:
        """The VM it is about."""
        ...


@dataclass(frozen=True, slots=True)
class VmRow:
    """One row of vInfo. Sizes are MiB; None is unknown."""

    number: int
    ref: VmRef
    is_template: bool
    is_srm_placeholder: bool
    connection_state: str | None
    dns_name: str | None
    vcpus: int | None
    memory_mib: int | None
    nic_count: int | None
    disk_count: int | None
    total_disk_mib: int | None
    has_cbt: bool | None
    primary_ip: str | None
    networks: tuple[tuple[str, str], ...]
    """The columns Network #1 to #8 that name a network, and what they say."""
    resource_pool: str | None
    vapp: str | None
    provisioned_mib: int | None
    in_use_mib: int | None
    firmware: str | None
    hardware_version: int | None
    path_datastore: str | None
    annotation: str | None
    os_config: str | None
    os_tools: str | None
    guest_state: str | None
    guest_detail: str | None
    """What the guest says of itself, such as its exact distribution (RVTools 4.6)."""
    smbios_uuid: str | None
    """Repeats on clones; identifies nothing."""
    powered_on_at: datetime | None
    created_at: datetime | None
    needs_consolidation: bool | None
    latency_sensitivity: str | None
    ft_state: str | None
    has_secure_boot: bool | None
    shows_disk_uuids: bool | None
    """EnableUUID: the guest sees the serial numbers of its disks."""
    ha_restart_priority: str | None
    cluster_rules: str | None
    cpu_readiness_percent: float | None
    active_mib: int | None
    attributes: Mapping[str, str]
    """Custom attributes and tags."""


@dataclass(frozen=True, slots=True)
class DiskRow:
    """One row of vDisk."""

    number: int
    ref: VmRef
    label: str | None
    capacity_mib: int | None
    datastore: str | None
    path: str | None
    controller: str | None
    disk_mode: str | None
    sharing_mode: str | None
    shared_bus: str | None
    is_thin: bool | None
    is_raw: bool | None
    key: int | None
    uuid: str | None
    guest_path: str | None
    """What the guest calls it."""
    unit_number: int | None
    controller_label: str | None
    is_eager_zeroed: bool | None
    raw_mode: str | None
    raw_lun: str | None


@dataclass(frozen=True, slots=True)
class NicRow:
    """One row of vNetwork. ``network`` is None when the NIC is attached to nothing."""

    number: int
    ref: VmRef
    label: str | None
    network: str | None
    switch: str | None
    adapter: str | None
    mac: str | None
    ip_addresses: tuple[str, ...]
    is_connected: bool | None
    starts_connected: bool | None
    mac_type: str | None
    """How the MAC was given: assigned, manual, generated."""
    has_direct_path: bool | None


def vm_row(row: RowCells) -> VmRow:
    """A row of vInfo."""
    return VmRow(
        number=row.number,
        ref=row.vm_ref(),
        is_template=row.flag("Template") or False,
        is_srm_placeholder=row.flag("SRM Placeholder") or False,
        connection_state=row.shared("Connection state"),
        dns_name=row.text("DNS Name"),
        vcpus=row.whole("CPUs", at_most=100_000),
        memory_mib=row.mib("Memory"),
        nic_count=row.whole("NICs", at_most=10_000),
        disk_count=row.whole("Disks", at_most=10_000),
        total_disk_mib=row.mib("Total disk capacity MiB"),
        has_cbt=row.flag("CBT"),
        primary_ip=row.text("Primary IP Address"),
        networks=tuple(
            (column, network)
            for column in NETWORK_COLUMNS
            if (network := _attached(row.shared(column))) is not None
        ),
        resource_pool=row.shared("Resource pool"),
        vapp=row.shared("vApp"),
        provisioned_mib=row.mib("Provisioned MiB"),
        in_use_mib=row.mib("In Use MiB"),
        firmware=row.shared("Firmware"),
        hardware_version=row.read_as("HW version", _hardware_version),
        path_datastore=datastore_in(row.text("Path")),
        annotation=row.text("Annotation"),
        os_config=row.shared("OS according to the configuration file"),
        os_tools=row.shared("OS according to the VMware Tools"),
        guest_state=row.shared("Guest state"),
        guest_detail=row.shared("Guest Detailed Data"),
        smbios_uuid=row.text("SMBIOS UUID"),
        powered_on_at=row.moment("PowerOn"),
        created_at=row.moment("Creation date"),
        needs_consolidation=row.flag("Consolidation Needed"),
        latency_sensitivity=row.shared("Latency Sensitivity"),
        ft_state=row.shared("FT State"),
        has_secure_boot=row.flag("EFI Secure boot"),
        shows_disk_uuids=row.flag("EnableUUID"),
        ha_restart_priority=row.shared("HA Restart Priority"),
        cluster_rules=row.shared("Cluster rule(s)") or row.shared("Cluster rule name(s)"),
        cpu_readiness_percent=row.decimal("Overall Cpu Readiness", at_most=MAX_PERCENT),
        active_mib=row.mib("Active Memory"),
        attributes=row.attributes(),
    )


def disk_row(row: RowCells) -> DiskRow:
    """A row of vDisk. In RVTools 4.x ``Disk Path`` is the guest's path unless it begins with [."""
    path = row.text("Path")
    disk_path = row.text("Disk Path")
    if disk_path is not None and disk_path.startswith("["):
        path, disk_path = path or disk_path, None
    return DiskRow(
        number=row.number,
        ref=row.vm_ref(),
        label=row.shared("Disk"),
        capacity_mib=row.mib("Capacity MiB"),
        datastore=datastore_in(path),
        path=path,
        controller=row.shared("Controller"),
        disk_mode=row.shared("Disk Mode"),
        sharing_mode=row.shared("Sharing mode"),
        shared_bus=row.shared("Shared Bus"),
        is_thin=row.flag("Thin"),
        is_raw=row.flag("Raw"),
        key=row.whole("Disk Key", at_most=MAX_NUMBER),
        uuid=row.text("Disk UUID"),
        guest_path=disk_path,
        unit_number=row.whole("Unit #", at_most=MAX_NUMBER),
        controller_label=row.shared("Label"),
        is_eager_zeroed=row.flag("Eagerly Scrub"),
        raw_mode=row.shared("Raw Comp. Mode"),
        raw_lun=row.text("Raw LUN ID"),
    )


def nic_row(row: RowCells) -> NicRow:
    """A row of vNetwork. Before 4.1.2 one column holds IPv4 and IPv6 addresses mixed."""
    addresses: dict[str, None] = {}
    for column in ("IPv4 Address", "IPv6 Address", "IP Address"):
        addresses.update(dict.fromkeys(row.read_as(column, _addresses) or ()))
    return NicRow(
        number=row.number,
        ref=row.vm_ref(),
        label=row.shared("NIC label"),
        network=_attached(row.shared("Network")),
        switch=_attached(row.shared("Switch")),
        adapter=row.shared("Adapter"),
        mac=row.read_as("Mac Address", _mac),
        ip_addresses=tuple(addresses),
        is_connected=row.flag("Connected"),
        starts_connected=row.flag("Starts Connected"),
        mac_type=row.shared("Type"),
        has_direct_path=row.flag("Direct Path IO"),
    )


def datastore_in(path: str | None) -> str | None:
    """The datastore of a vSphere path.

    >>> datastore_in("[gold 01] web/web.vmdk")
    'gold 01'
    """
    found = _DATASTORE.search(path) if path is not None else None
    return found[1].strip() or None if found else None


def _attached(network: str | None) -> str | None:
    return None if network is None or network.lower() in _NO_NETWORK else network


def _hardware_version(value: str) -> int:
    found = _HARDWARE_VERSION.match(value)
    if found is None:
        raise BadCell("not a hardware version", "Type it as RVTools does, for example 13.")
    return int(found[1])


def _addresses(value: str) -> tuple[str, ...]:
    parts = [part for part in _LIST_MARKS.split(value) if part.lower() not in _NO_ADDRESS]
    try:
        return tuple(str(ip_address(part.split("/")[0].split("%")[0])) for part in parts)
    except ValueError:
        raise BadCell("not a list of IP addresses", "Type addresses divided by commas.") from None


def _mac(value: str) -> str:
    digits = _HEX.sub("", value).lower()
    if len(digits) != 12:
        raise BadCell("not a MAC address", "Type twelve hexadecimal digits.")
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))
