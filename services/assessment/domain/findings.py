"""What stands in a VM's way: findings with what was seen (decision 13).

Only what the workbook tells: an unknown value is no finding, unless not knowing is the trouble.
Kinds, severities and advice are in :mod:`services.assessment.domain.finding_catalogue`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.assessment.domain.finding_catalogue import KINDS, Severity
from services.assessment.domain.guest_os import GuestOs, OsFamily, parse_os
from services.assessment.domain.mode import is_shared
from services.assessment.domain.os_lifecycle import end_of_support
from services.assessment.domain.os_support import OsLimit, is_listed
from services.assessment.domain.vm_facts import DiskFacts, NicFacts, VmFacts


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding on one VM. ``seen`` is the evidence, in words; never a secret."""

    id: str
    severity: Severity
    seen: str


UNVERIFIED: Final = (
    OsLimit("rhel", (6,)),
    OsLimit("centos", (6,)),
    OsLimit("oracle_linux", (6,)),
    OsLimit("sles", (11,)),
    OsLimit("photon"),
    OsLimit("debian", (8,)),
    OsLimit("ubuntu", (17,)),
    OsLimit("windows_server", (2003,)),
    OsLimit("windows", (6,)),
)
"""Outside virt-v2v's list or unverified (the execution tool's rule V09)."""

OLD_WINDOWS: Final = (OsLimit("windows_server", (2012,)),)

MANY_DISKS: Final = 20
"""A VM with more has an agent to itself."""
AGENT_DISKS: Final = 24
"""More do not fit on one agent."""
LONGEST_NAME: Final = 57
"""Bytes of a name that survive in the execution tool's own names."""
CBT_HARDWARE_VERSION: Final = 7

_MOREF: Final = re.compile(r"vm-\d+")
_ADAPTERS: Final = re.compile(r"e1000e?|vmxnet.*|pcnet ?32|flexible", re.IGNORECASE)
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]*")
_CONTROLLER_NAME: Final = re.compile(r"(?:.*[-_\d])?(?:[pb]?dc|adds?|ad)[-_]?\d*", re.IGNORECASE)
"""The whole first label of a name: the zone ``ad.example.com`` makes no controller."""
# A word for a password, also as the end of a longer name, a sign, and a value.
_PASSWORD: Final = re.compile(
    r"(?:(?<![a-z])(?:pass(?:wd|phrase)?|pwd?)|rootpw|password|passwort|kennwort)\s*[:=]\s*"
    r"(?!see\b|siehe\b|ask\b)\S",
    re.IGNORECASE,
)
_NO_NAMES: Final = frozenset({"localhost", "localhost.localdomain"})


def os_findings(
    config: str | None, tools: str | None, os: GuestOs, *, as_of: date
) -> tuple[Finding, ...]:
    """What the guest alone shows: the same for every VM with these strings.

    ``as_of`` is the day that end-of-support dates are held against.
    """
    return tuple(_os_findings(config, tools, os, as_of))


def vm_findings(vm: VmFacts, os: GuestOs) -> Iterator[Finding]:
    """What everything else shows, the guest's own findings left out."""
    yield from _identity(vm)
    yield from _state(vm, os)
    yield from _disks(vm.disks)
    yield from _nics(vm)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The gravest first, then as in the catalogue; what was seen twice stays twice."""
    return tuple(sorted(findings, key=lambda finding: _ORDER[finding.id]))


_ORDER: Final = {id_: place for place, id_ in enumerate(KINDS)}


def _found(id_: str, seen: str) -> Finding:
    return Finding(id_, KINDS[id_].severity, seen)


def _os_findings(
    config: str | None, tools: str | None, os: GuestOs, as_of: date
) -> Iterator[Finding]:
    if os.text is None:
        yield _found("os_unknown", "Neither the configuration nor VMware Tools name an OS.")
        return
    if os.family is OsFamily.OTHER and os.product is None:
        yield _found("os_unknown", f"{os.text} is no name that we know.")
    elif os.family is OsFamily.OTHER:
        yield _found("os_not_convertible", os.text)
    elif is_listed(os, UNVERIFIED):
        yield _found("os_unverified", os.text)
    if is_listed(os, OLD_WINDOWS):
        yield _found("old_windows", os.text)
    ended = end_of_support(os)
    if ended is not None and ended < as_of:
        yield _found("os_end_of_support", f"{os.text}: general support ended by {ended}.")
    configured, reported = parse_os(config), parse_os(tools)
    if configured.product and reported.product and configured.product != reported.product:
        yield _found("os_mismatch", f"Configured {config}; running {tools}.")


def _identity(vm: VmFacts) -> Iterator[Finding]:
    if vm.moref is None or _MOREF.fullmatch(vm.moref) is None:
        yield _found("no_moref", f"VM ID is {vm.moref!r}." if vm.moref else "VM ID is empty.")
    state = (vm.connection_state or "connected").lower()
    if state != "connected":
        yield _found("not_accessible", f"Connection state is {vm.connection_state}.")
    if len(vm.name.encode()) > LONGEST_NAME:
        yield _found("unusual_name", f"{len(vm.name.encode())} bytes long.")
    elif _PLAIN_NAME.fullmatch(vm.name) is None:
        yield _found("unusual_name", f"{vm.name!r} has unusual characters.")
    if vm.annotation is not None and _PASSWORD.search(vm.annotation):
        yield _found("clear_text_password", "The notes seem to hold a password.")


def _state(vm: VmFacts, os: GuestOs) -> Iterator[Finding]:
    is_on = vm.power_state == "poweredOn"
    if vm.power_state in ("poweredOff", "suspended"):
        yield _found("not_running", f"Power state is {vm.power_state}.")
    version = vm.hardware_version
    if version is not None and version < CBT_HARDWARE_VERSION:
        yield _found("old_hardware_version", f"Hardware version {version}.")
    elif vm.has_cbt is False and is_on:
        yield _found("cbt_off", "CBT is off.")
    if vm.snapshot_count:
        age = vm.oldest_snapshot_days
        oldest = "" if age is None else f", the oldest {age} days old"
        yield _found("snapshots", f"{vm.snapshot_count}{oldest}.")
    if vm.firmware is not None and vm.firmware.lower() == "efi":
        yield _found("uefi", "Firmware is EFI.")
    if is_on and vm.dns_name is not None and vm.dns_name.lower() in _NO_NAMES:
        yield _found("no_host_name", f"DNS name is {vm.dns_name}.")
    if os.product == "windows_server" and _CONTROLLER_NAME.fullmatch(vm.name.partition(".")[0]):
        yield _found("maybe_domain_controller", f"Its name is {vm.name}.")


def _disks(disks: Iterable[DiskFacts]) -> Iterator[Finding]:
    count = 0
    for disk in disks:
        count += 1
        if disk.is_raw:
            yield _found("raw_disk", f"{disk.label}.")
        elif is_shared(disk):
            yield _found("shared_disk", f"{disk.label}.")
        if disk.disk_mode and disk.disk_mode.lower().startswith("independent"):
            yield _found("independent_disk", f"{disk.label} is {disk.disk_mode}.")
        if disk.capacity_mib is not None and disk.capacity_mib <= 0:
            yield _found("invalid_disk_capacity", f"{disk.label} has {disk.capacity_mib} MiB.")
        if disk.datastore is None and disk.path is not None:
            yield _found("disk_without_datastore", f"{disk.label} is at {disk.path}.")
    if count > AGENT_DISKS:
        yield _found("too_many_disks_for_an_agent", f"{count} disks.")
    elif count > MANY_DISKS:
        yield _found("many_disks", f"{count} disks.")


def _nics(vm: VmFacts) -> Iterator[Finding]:
    has_address = vm.primary_ip is not None
    for nic in vm.nics:
        has_address = has_address or bool(nic.ip_addresses)
        yield from _nic(nic)
    if vm.power_state == "poweredOn" and vm.nics and not has_address:
        yield _found("no_address", "No NIC reports an address.")


def _nic(nic: NicFacts) -> Iterator[Finding]:
    if nic.adapter and _ADAPTERS.fullmatch(nic.adapter.strip()) is None:
        yield _found("unsupported_adapter", f"{nic.label} is {nic.adapter}.")
    if not nic.network:
        yield _found("nic_without_network", f"{nic.label}.")
    if nic.is_connected is False:
        yield _found("disconnected_nic", f"{nic.label}, on {nic.network or 'no network'}.")
    v4 = [address for address in nic.ip_addresses if ":" not in address]
    if len(v4) > 1 or (nic.ip_addresses and not v4):
        yield _found("several_addresses", f"{nic.label}: {', '.join(nic.ip_addresses)}.")
