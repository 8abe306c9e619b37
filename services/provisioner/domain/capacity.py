"""How much a project may use, and which flavors its VMs need.

Nova, Cinder and Neutron count virtual resources, so a quota is what the project's own VMs need plus
headroom; overcommitting is the business of sizing nodes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from services.provisioner.domain.estate import Shape, TenantNeed
from services.provisioner.domain.tasks import Blocker
from shared.kernel.quantities import MIB_PER_GIB

HEADROOM_PERCENT: Final = 110
"""Of everything that is counted but storage."""
DISK_FACTOR_PERCENT: Final = 150
"""Of GiB, for snapshots: that of the balanced profile, which is every project's default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What some tenants' VMs use, as OpenStack counts it."""

    instances: int
    cores: int
    ram_mib: int
    volumes: int
    gigabytes: int
    ports: int
    networks: int
    vms_with_unknowns: int

    @classmethod
    def of(cls, tenants: Iterable[TenantNeed], *, networks: int) -> "Need":
        """The need of ``tenants``, who own so many ``networks``."""
        needs = list(tenants)
        return cls(
            instances=sum(need.vms for need in needs),
            cores=sum(need.vcpus for need in needs),
            ram_mib=sum(need.memory_mib for need in needs),
            volumes=sum(need.volumes for need in needs),
            gigabytes=sum(need.volume_gib for need in needs),
            ports=sum(need.ports for need in needs),
            networks=networks,
            vms_with_unknowns=sum(need.vms_with_unknowns for need in needs),
        )


def quota(need: Need) -> dict[str, int]:
    """The quota to set: never less than the need."""
    return {
        "instances": percent_of(need.instances, HEADROOM_PERCENT),
        "cores": percent_of(need.cores, HEADROOM_PERCENT),
        "ram_mib": percent_of(need.ram_mib, HEADROOM_PERCENT),
        "volumes": percent_of(need.volumes, HEADROOM_PERCENT),
        "gigabytes": percent_of(need.gigabytes, DISK_FACTOR_PERCENT),
        "ports": percent_of(need.ports, HEADROOM_PERCENT),
        "networks": percent_of(need.networks, HEADROOM_PERCENT),
    }


def percent_of(amount: int, percent: int) -> int:
    """So many per cent of ``amount``, rounded up.

    >>> percent_of(10, 110), percent_of(1, 110), percent_of(0, 110)
    (11, 2, 0)
    """
    return -(-amount * percent // 100)


def flavor_name(shape: Shape) -> str:
    """The default name; different shapes have different ones.

    >>> flavor_name((2, 4096)), flavor_name((1, 1536))
    ('m1.custom-2cpu-4gb', 'm1.custom-1cpu-1536mb')
    """
    vcpus, memory_mib = shape
    gib, rest = divmod(memory_mib, MIB_PER_GIB)
    return f"m1.custom-{vcpus}cpu-{memory_mib}mb" if rest else f"m1.custom-{vcpus}cpu-{gib}gb"


def flavor_blocker(shape: Shape, vms: int) -> Blocker | None:
    """Why there can be no flavor of this shape; None if there can."""
    if all(shape):
        return None
    missing = " and ".join(
        name for name, value in zip(("vCPU count", "memory size"), shape, strict=True) if not value
    )
    return Blocker(
        "size-unknown",
        f"The workbook does not give the {missing} of {vms} VMs.",
        "Export the workbook again with the columns CPUs and Memory of the tab vInfo, import it "
        "and approve the new plan.",
    )
