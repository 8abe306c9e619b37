"""What the tabs say of one VM, before anything is made of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.ingest.domain.columns import (
    VCD,
    VCPU,
    VDISK,
    VMEMORY,
    VNETWORK,
    VPARTITION,
    VSNAPSHOT,
    VTOOLS,
    VUSB,
)
from services.ingest.domain.detail_rows import (
    CpuRow,
    MediaRow,
    MemoryRow,
    PartitionRow,
    SnapshotRow,
    ToolsRow,
)
from services.ingest.domain.hosts import Hosts
from services.ingest.domain.networks import Networks
from services.ingest.domain.row_cells import NO_ATTRIBUTES
from services.ingest.domain.rows import DiskRow, NicRow, TabRow, VmRow


@dataclass(frozen=True, slots=True)
class Parts:
    """The rows of one VM by tab."""

    row: VmRow
    disks: Sequence[DiskRow] = ()
    nics: Sequence[NicRow] = ()
    partitions: Sequence[PartitionRow] = ()
    cpus: Sequence[CpuRow] = ()
    memories: Sequence[MemoryRow] = ()
    tools: Sequence[ToolsRow] = ()
    snapshots: Sequence[SnapshotRow] | None = None
    """None when the workbook has no such tab."""
    cds: Sequence[MediaRow] = ()
    usb: Sequence[MediaRow] = ()
    attributes: Mapping[str, str] = field(default_factory=lambda: NO_ATTRIBUTES)
    """Custom attributes and tags that only other tabs than vInfo have."""
    exported_at: datetime | None = None
    keeps_vinfo_disks: bool = False
    """The disks were found by name only, where names are unreliable."""
    keeps_vinfo_use: bool = False
    """The partitions were."""

    def by_tab(self) -> Iterator[tuple[str, Sequence[TabRow]]]:
        """The rows of every tab but vInfo."""
        yield VDISK, self.disks
        yield VNETWORK, self.nics
        yield VPARTITION, self.partitions
        yield VCPU, self.cpus
        yield VMEMORY, self.memories
        yield VTOOLS, self.tools
        yield VSNAPSHOT, self.snapshots or ()
        yield VCD, self.cds
        yield VUSB, self.usb


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the VMs of a workbook stand among."""

    hosts: Hosts
    networks: Networks
