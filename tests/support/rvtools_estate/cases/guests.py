"""Old and foreign guests."""

from dataclasses import replace
from functools import partial

from tests.support.rvtools_estate.cases.case import Case, Context
from tests.support.rvtools_estate.model import (
    Power,
    Vm,
)


def with_guest(
    vm: Vm, _: Context, *, config: str, tools: str | None = None, hardware_version: int = 0
) -> Vm:
    """A VM that runs another guest, with Tools, so that both OS columns are filled."""
    return replace(
        vm,
        power=Power.ON,
        tools="toolsOld",
        os_config=config,
        os_tools=tools or config,
        guest_detail=None,
        hardware_version=hardware_version or vm.hardware_version,
        active_mib=vm.active_mib or vm.memory_mib // 20,
        consumed_mib=vm.consumed_mib or vm.memory_mib // 2,
        cpu_used_mhz=vm.cpu_used_mhz or vm.cpu_max_mhz // 50,
    )


GUESTS: tuple[Case, ...] = (
    partial(with_guest, config="Microsoft Windows Server 2003 (32-bit)", hardware_version=7),
    partial(with_guest, config="Microsoft Windows Server 2008 (64-bit)", hardware_version=8),
    partial(with_guest, config="Microsoft Windows Server 2008 R2 (64-bit)"),
    partial(with_guest, config="Microsoft Windows 2000 Server", hardware_version=7),
    partial(with_guest, config="Microsoft Windows XP Professional (32-bit)"),
    partial(with_guest, config="CentOS 6 (64-bit)"),
    partial(with_guest, config="CentOS 4/5 or later (64-bit)"),
    partial(with_guest, config="Red Hat Enterprise Linux 5 (64-bit)", hardware_version=8),
    partial(with_guest, config="Debian GNU/Linux 7 (64-bit)"),
    partial(with_guest, config="Ubuntu Linux (64-bit)", tools="Ubuntu Linux 14.04 (64-bit)"),
    partial(with_guest, config="Oracle Solaris 11 (64-bit)"),
    partial(with_guest, config="FreeBSD 13 (64-bit)"),
    partial(with_guest, config="SCO OpenServer 5", hardware_version=7),
    # Not SCO, whatever a substring search says.
    partial(with_guest, config="Other Linux (64-bit)", tools="Cisco ASAv appliance"),
    partial(with_guest, config="Other (64-bit)", tools="Other (64-bit)"),
)
