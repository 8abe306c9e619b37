"""Words and tables that estates are drawn from. Nothing here is a real organisation."""

from typing import Final, NamedTuple

_FIRST_WORDS = """
Acme Amber Arbor Aster Basalt Beacon Birch Cobalt Coral Crescent Cypress Dune Ember Falcon Fjord
Garnet Glacier Harbor Hazel Indigo Ivory Jasper Juno Kestrel Lumen Maple Nimbus Onyx Opal Orchard
Pelican Quartz Raven Sable Saffron Sierra Tamarind Tundra Vesper Willow
"""
_SECOND_WORDS = """
Bank Foods Logistics Media Health Retail Energy Legal Travel Motors Pharma Insurance Telecom
Textiles Analytics
"""
FIRST_WORDS: Final = tuple(_FIRST_WORDS.split())
SECOND_WORDS: Final = tuple(_SECOND_WORDS.split())
OWNERS: Final = ("a.rossi", "b.okafor", "c.lindqvist", "d.moreau", "e.tanaka", "f.novak", "g.silva")
BACKUP_POLICIES: Final = ("gold-daily", "silver-daily", "bronze-weekly", "none")
ENVIRONMENTS: Final = (("prod", 55), ("test", 20), ("dev", 15), ("dr", 10))


class Os(NamedTuple):
    """A guest as the VM's configuration and as VMware Tools name it."""

    config: str
    tools: str
    weight: float
    detail: str | None = None

    @property
    def is_windows(self) -> bool:
        """Uses drive letters and VSS."""
        return "Windows" in self.config


ORDINARY_OS: Final = (
    Os("Microsoft Windows Server 2016 (64-bit)", "Microsoft Windows Server 2016 (64-bit)", 12),
    Os(
        "Microsoft Windows Server 2016 or later (64-bit)",
        "Microsoft Windows Server 2019 (64-bit)",
        10,
    ),
    Os("Microsoft Windows Server 2019 (64-bit)", "Microsoft Windows Server 2019 (64-bit)", 12),
    Os("Microsoft Windows Server 2022 (64-bit)", "Microsoft Windows Server 2022 (64-bit)", 9),
    Os("Microsoft Windows Server 2012 (64-bit)", "Microsoft Windows Server 2012 R2 (64-bit)", 6),
    Os("Microsoft Windows Server 2008 R2 (64-bit)", "Microsoft Windows Server 2008 R2 (64-bit)", 7),
    Os("Microsoft Windows Server 2003 (32-bit)", "Microsoft Windows Server 2003 (32-bit)", 2),
    Os("Microsoft Windows 10 (64-bit)", "Microsoft Windows 10 (64-bit)", 2),
    Os(
        "Red Hat Enterprise Linux 7 (64-bit)",
        "Red Hat Enterprise Linux 7 (64-bit)",
        6,
        "prettyName='Red Hat Enterprise Linux Server 7.9 (Maipo)'",
    ),
    Os(
        "Red Hat Enterprise Linux 8 (64-bit)",
        "Red Hat Enterprise Linux 8 (64-bit)",
        8,
        "prettyName='Red Hat Enterprise Linux 8.10 (Ootpa)'",
    ),
    Os("Red Hat Enterprise Linux 9 (64-bit)", "Red Hat Enterprise Linux 9 (64-bit)", 5),
    Os("CentOS 7 (64-bit)", "CentOS 7 (64-bit)", 7),
    Os("CentOS 6 (64-bit)", "CentOS 6 (64-bit)", 5),
    Os("CentOS 4/5 or later (64-bit)", "CentOS 7 (64-bit)", 2),
    Os(
        "Ubuntu Linux (64-bit)",
        "Ubuntu Linux (64-bit)",
        14,
        "prettyName='Ubuntu 22.04.4 LTS'",
    ),
    Os("Debian GNU/Linux 11 (64-bit)", "Debian GNU/Linux 11 (64-bit)", 3),
    Os("Debian GNU/Linux 12 (64-bit)", "Debian GNU/Linux 12 (64-bit)", 3),
    Os("SUSE Linux Enterprise 15 (64-bit)", "SUSE Linux Enterprise 15 (64-bit)", 3),
    Os("Oracle Linux 8 (64-bit)", "Oracle Linux 8 (64-bit)", 2),
    Os("AlmaLinux (64-bit)", "AlmaLinux (64-bit)", 1),
    Os("Rocky Linux (64-bit)", "Rocky Linux (64-bit)", 1),
    Os("VMware Photon OS (64-bit)", "VMware Photon OS (64-bit)", 1),
)


class Role(NamedTuple):
    """What a VM is for, and its size. ``data_gib`` are the disks after the first."""

    name: str
    weight: float
    vcpus: tuple[int, ...]
    memory_gib: tuple[int, ...]
    data_gib: tuple[int, ...]


ROLES: Final = (
    Role("web", 16, (2, 4, 4), (4, 8, 8), ()),
    Role("app", 18, (4, 4, 6), (8, 12, 16), (50, 100)),
    Role("db", 8, (4, 8), (16, 24, 48), (200, 500)),
    Role("mssql", 5, (4, 8), (24, 48), (100, 300, 500)),
    Role("dc", 5, (2,), (8,), ()),
    Role("file", 4, (2, 4), (8, 12), (500, 1000)),
    Role("mail", 2, (4, 6), (16, 32), (300,)),
    Role("k8s", 8, (4, 8), (16, 24), (100,)),
    Role("jump", 4, (2,), (4,), ()),
    Role("backup", 2, (4,), (16,), (800,)),
    Role("mon", 3, (2, 4), (8, 16), (100,)),
    Role("cache", 3, (2,), (16,), ()),
    Role("mq", 2, (2, 4), (8,), (50,)),
    Role("search", 2, (4, 8), (24,), (200, 200)),
    Role("vdi", 5, (2, 4), (8,), ()),
    Role("ci", 3, (4, 8), (16,), (200,)),
    Role("fw", 2, (2,), (4,), ()),
)


class HostModel(NamedTuple):
    """A server type."""

    vendor: str
    model: str
    cpu_model: str
    mhz: int
    cores_per_socket: int
    memory_gib: int
    version: str


HOST_MODELS: Final = (
    HostModel(
        "Dell Inc.",
        "PowerEdge R750",
        "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz",
        1995,
        32,
        1024,
        "VMware ESXi 8.0.2 build-23305546",
    ),
    HostModel(
        "HPE",
        "ProLiant DL380 Gen10",
        "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz",
        2494,
        20,
        768,
        "VMware ESXi 7.0.3 build-23794027",
    ),
    HostModel(
        "Lenovo",
        "ThinkSystem SR645",
        "AMD EPYC 7443 24-Core Processor",
        2844,
        24,
        512,
        "VMware ESXi 7.0.3 build-21930508",
    ),
)
