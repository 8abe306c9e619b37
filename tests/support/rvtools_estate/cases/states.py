"""Power, connection, hardware and Tools."""

from dataclasses import replace
from functools import partial

from tests.support.rvtools_estate.cases.case import Case, Context
from tests.support.rvtools_estate.cases.guests import with_guest
from tests.support.rvtools_estate.fleet import GIB
from tests.support.rvtools_estate.model import (
    Power,
    Vm,
)

CLONED_SMBIOS_UUID = "4207c0de-0000-4000-8000-00000000c10e"


def _stopped(vm: Vm, context: Context, *, power: Power) -> Vm:
    return replace(
        vm,
        power=power,
        tools="toolsNotRunning",
        cpu_used_mhz=0,
        active_mib=0,
        consumed_mib=0,
        partitions=(),
        nics=tuple(replace(nic, ipv4=None) for nic in vm.nics),
    )


def _enormous(vm: Vm, context: Context) -> Vm:
    """The VM that decides how large a target node must be."""
    vm = with_guest(vm, context, config="SUSE Linux Enterprise 15 (64-bit)")
    memory_mib = 384 * GIB
    return replace(
        vm,
        name=f"{vm.name}-hana",
        vcpus=48,
        cores_per_socket=24,
        memory_mib=memory_mib,
        memory_reservation_mib=memory_mib,
        consumed_mib=memory_mib,
        active_mib=memory_mib // 4,
        cpu_used_mhz=48 * vm.host_mhz // 12,
    )


STATES: tuple[Case, ...] = (
    partial(_stopped, power=Power.SUSPENDED),
    partial(_stopped, power=Power.OFF),
    lambda vm, _: replace(vm, hardware_version=4, firmware="bios"),
    lambda vm, _: replace(vm, hardware_version=7, firmware="bios"),
    lambda vm, _: replace(vm, firmware="efi", has_secure_boot=True, hardware_version=19),
    lambda vm, _: replace(vm, has_cbt=False),
    lambda vm, _: replace(vm, ft_state="running"),
    lambda vm, _: replace(vm, latency_sensitivity="high", cpu_reservation_mhz=vm.cpu_max_mhz),
    lambda vm, _: replace(vm, ballooned_mib=vm.memory_mib // 8),
    lambda vm, _: replace(vm, tools="toolsNotInstalled", os_tools=None, dns_name=None),
    lambda vm, _: replace(vm, created_at=None),
    lambda vm, _: replace(vm, smbios_uuid=CLONED_SMBIOS_UUID),
    lambda vm, _: replace(vm, smbios_uuid=CLONED_SMBIOS_UUID),  # its clone
    lambda vm, _: replace(vm, folder_is_in_vinfo=False),
    lambda vm, c: replace(_stopped(vm, c, power=Power.OFF), connection_state="orphaned"),
    _enormous,
)
