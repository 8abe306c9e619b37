"""Where VMs live: tenants in the folder tree, clusters with hosts and datastores, networks."""

import itertools
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from random import Random

from tests.support.rvtools_estate.model import Cluster, Host, Network, Tenant, TenantKey
from tests.support.rvtools_estate.vocabulary import (
    FIRST_WORDS,
    HOST_MODELS,
    SECOND_WORDS,
    HostModel,
)

DATACENTERS = ("DC1", "DC2")
VMS_PER_HOST = 27
HOSTS_PER_CLUSTER = 6


class Placement(Enum):
    """How a tenant appears in the inventory tree. The first tenants show each way once."""

    VCD = "/DC1/vm/Acme (uuid)/Acme_vDC_123 (uuid)/vApp_x"
    VCD_DASHES = "/DC1/vm/Acme (uuid)/Acme-VDC-123 (uuid)/vApp_x"
    VCD_WORD_SUFFIX = "/DC1/vm/Acme (uuid)/Acme_vDC_gold (uuid)/vApp_x"
    VCD_WITHOUT_UUIDS = "/DC1/vm/Acme_vDC_123/vApp_x"
    VCD_WITHOUT_MARKER = "/DC1/vm/Acme (uuid)/Production (uuid)/vApp_x"
    FOLDER = "/DC1/vm/Customers/Acme/Linux"
    POOL = "/DC1/vm/Discovered virtual machine, in resource pool Acme"


PLACEMENT_WEIGHTS = (58, 12, 7, 6, 6, 7, 4)


@dataclass(frozen=True, slots=True)
class Landscape:
    """Everything that is not a VM."""

    seed: int
    vcenter_name: str
    vcenter_uuid: str
    tenants: tuple[Tenant, ...]
    tenant_weights: tuple[float, ...]
    """Cumulated, for ``Random.choices``."""
    clusters: tuple[Cluster, ...]
    lone_host: Host
    """A host in no cluster."""
    shared_networks: tuple[Network, ...]

    @property
    def networks(self) -> tuple[Network, ...]:
        """Every network once, by name."""
        found = {n.name: n for t in self.tenants for n in t.networks}
        found |= {n.name: n for n in self.shared_networks}
        return tuple(found[name] for name in sorted(found))

    def clusters_in(self, datacenter: str) -> tuple[Cluster, ...]:
        """The clusters of a datacenter; all of them where it has none of its own."""
        return tuple(c for c in self.clusters if c.datacenter == datacenter) or self.clusters


def make_landscape(*, vms: int, seed: int, tenants: int) -> Landscape:
    """The surroundings of ``vms`` VMs of ``tenants`` tenants."""
    rng = Random(f"{seed}/landscape")
    made = tuple(_tenants(rng, tenants))
    return Landscape(
        seed=seed,
        vcenter_name="vcenter01.acme-cloud.example",
        vcenter_uuid=random_uuid(rng),
        tenants=made,
        tenant_weights=tuple(itertools.accumulate(t.weight for t in made)),
        clusters=tuple(_clusters(rng, vms)),
        lone_host=_host(HOST_MODELS[-1], DATACENTERS[0], None, "esx-lab01"),
        shared_networks=_shared_networks(),
    )


def random_uuid(rng: Random) -> str:
    """A version-4 UUID from ``rng``."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _org_names() -> Iterator[str]:
    for generation in itertools.count(1):
        for second, first in itertools.product(("", *SECOND_WORDS), FIRST_WORDS):
            yield f"{first} {second}".strip() + (f" {generation}" if generation > 1 else "")


def _tenants(rng: Random, count: int) -> Iterator[Tenant]:
    names = _org_names()
    placements = list(Placement)
    org, org_uuid, placement = "", "", Placement.VCD
    vdc_numbers = itertools.count(101)
    for ordinal in range(count):
        is_random = ordinal >= len(placements)
        second_vdc_of_same_org = is_random and placement is Placement.VCD and rng.random() < 0.25
        if not second_vdc_of_same_org:
            org, org_uuid = next(names), random_uuid(rng)
            placement = (
                rng.choices(placements, weights=PLACEMENT_WEIGHTS)[0]
                if is_random
                else placements[ordinal]
            )
        yield _tenant(rng, ordinal, org, org_uuid, placement, vdc_number=next(vdc_numbers))


def _tenant(
    rng: Random, ordinal: int, org: str, org_uuid: str, placement: Placement, *, vdc_number: int
) -> Tenant:
    slug = re.sub(r"[^A-Za-z0-9]", "", org)
    datacenter = DATACENTERS[0] if rng.random() < 0.7 else DATACENTERS[1]
    key, folder, pool = _place(rng, placement, datacenter, org, org_uuid, slug, vdc_number)
    return Tenant(
        key=key,
        code=slug.lower()[:10],
        datacenter=datacenter,
        folder=folder,
        pool=pool,
        has_vapps=placement not in (Placement.FOLDER, Placement.POOL),
        networks=tuple(_tenant_networks(rng, ordinal, slug, datacenter)),
        weight=rng.paretovariate(1.3),
    )


def _place(
    rng: Random,
    placement: Placement,
    datacenter: str,
    org: str,
    org_uuid: str,
    slug: str,
    vdc_number: int,
) -> tuple[TenantKey, str, str | None]:
    """Key, folder and pool of a tenant."""
    root = f"/{datacenter}/vm"
    vdc_uuid = random_uuid(rng)
    match placement:
        case Placement.VCD_WITHOUT_UUIDS:
            vdc = f"{slug}_vDC_{vdc_number}"
            return TenantKey(slug, vdc), f"{root}/{vdc}", vdc
        case Placement.FOLDER:
            part = rng.choice(("Linux", "Windows", "Databases"))
            return TenantKey(org, None), f"{root}/Customers/{org}/{part}", None
        case Placement.POOL:
            return TenantKey(org, org), f"{root}/Discovered virtual machine", org
    vdc = {
        Placement.VCD: f"{slug}_vDC_{vdc_number}",
        Placement.VCD_DASHES: f"{slug}-VDC-{vdc_number}",
        Placement.VCD_WORD_SUFFIX: f"{slug}_vDC_{rng.choice(('gold', 'Prod', 'dmz'))}",
        Placement.VCD_WITHOUT_MARKER: rng.choice(("Production", "Shared Services")),
    }[placement]
    tagged = f"{vdc} ({vdc_uuid})"
    return TenantKey(org, vdc), f"{root}/{org} ({org_uuid})/{tagged}", tagged


def _tenant_networks(rng: Random, ordinal: int, slug: str, datacenter: str) -> Iterator[Network]:
    """One to three networks: VLAN port groups with and without the VLAN in the name, NSX."""
    for number in range(rng.choices((1, 2, 3), weights=(5, 4, 1))[0]):
        index = ordinal * 3 + number
        vlan = 1000 + index % 3000
        subnet = f"10.{64 + index // 250 % 190}.{index % 250}"
        distributed = f"dvs-{datacenter.lower()}-tenants"
        kind = rng.choices(("named", "numbered", "nsx_t", "nsx_v"), weights=(5, 2, 2, 1))[0]
        match kind:
            case "named":
                name = (
                    f"{slug}_prod_VLAN_{vlan}" if number == 0 else f"{slug}_net{number}_VLAN_{vlan}"
                )
                yield Network(name, distributed, True, vlan, subnet)
            case "numbered":
                yield Network(f"dvpg-{slug.lower()}-{number}", distributed, True, vlan, subnet)
            case "nsx_t":
                name = f"seg-{slug.lower()}-{number}-{random_uuid(rng)}"
                yield Network(name, f"nsxt-{datacenter.lower()}", True, None, subnet)
            case _:
                name = f"vxw-dvs-{30 + ordinal % 60}-virtualwire-{index}-sid-{5000 + index}-{slug}"
                yield Network(name, distributed, True, None, subnet)


def _shared_networks() -> tuple[Network, ...]:
    """Networks that several tenants use, one of them on standard switches."""
    return (
        Network("dvpg-backup-vlan-900", "dvs-dc1-tenants", True, 900, "172.20.0"),
        Network("dvpg-dmz-internet_VLAN_950", "dvs-dc1-tenants", True, 950, "198.51.100"),
        Network("VM Network", "vSwitch0", False, 20, "192.168.20"),
    )


def _clusters(rng: Random, vms: int) -> Iterator[Cluster]:
    host_count = max(4, -(-vms // VMS_PER_HOST))
    cluster_count = -(-host_count // HOSTS_PER_CLUSTER)
    for number in range(cluster_count):
        datacenter = DATACENTERS[number % 2]
        name = f"{datacenter}-CL{number + 1:02d}"
        size = host_count // cluster_count + (number < host_count % cluster_count)
        model = HOST_MODELS[number % len(HOST_MODELS)]
        hosts = tuple(
            _host(model, datacenter, name, f"esx{number + 1:02d}{h + 1:02d}") for h in range(size)
        )
        tier = rng.choice(("SSD", "NVME", "SAS"))
        stores = tuple(f"{name}-{tier}-{s + 1:02d}" for s in range(size + 1))
        yield Cluster(name, datacenter, hosts, stores)


def _host(model: HostModel, datacenter: str, cluster: str | None, name: str) -> Host:
    return Host(
        name=f"{name}.{datacenter.lower()}.acme-cloud.example",
        datacenter=datacenter,
        cluster=cluster,
        vendor=model.vendor,
        model=model.model,
        cpu_model=model.cpu_model,
        mhz=model.mhz,
        sockets=2,
        cores_per_socket=model.cores_per_socket,
        memory_mib=model.memory_gib * 1024 - 347,
        version=model.version,
    )
