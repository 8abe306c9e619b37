"""Where tabs of one workbook disagree. Reported, never fatal: people filter one tab and save."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final, Self

from services.ingest.domain.affected_rows import AffectedRows, contradiction_problem

KINDS: Final[dict[str, str]] = {
    "vm_id_repeated": "Rows of vInfo have one VM ID and different names. They are told apart by "
    "name; their identity is weak.",
    "same_name_and_place": "Rows of vInfo have the same name, datacenter, folder and cluster and "
    "no ID. They are told apart by their order only.",
    "name_differs": "Rows carry the ID of one VM and the name of another. The ID counts.",
    "names_unreliable": "More than a tenth of the rows with an ID disagree on the name, so joins "
    "by name alone do not replace figures of vInfo.",
    "joined_by_name_only": "Rows were joined by name only, in a workbook whose names are "
    "unreliable.",
    "disk_count": "vInfo's number of disks is not the number of rows in vDisk.",
    "nic_count": "vInfo's number of NICs is not the number of rows in vNetwork.",
    "disk_sum": "vInfo's total disk capacity is not the sum of vDisk.",
    "cpu_count": "vInfo's number of CPUs is not that of vCPU.",
    "memory_size": "vInfo's memory is not that of vMemory.",
    "partitions_exceed_disks": "The file systems of vPartition are larger than the VM's disks. "
    "Those with the same figures were counted once, and never more than the disks hold.",
    "vlan_differs": "A port group has different VLANs on different hosts. A NIC has the one of its "
    "VM's host.",
    "power_state": "Another tab gives a different power state than vInfo.",
    "in_use_zero": "vInfo says 0 MiB in use for a VM with disks; taken as unknown.",
}
"""Each kind with what it means and what was done about it."""

SAMPLES_PER_KIND: Final = 20


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One place where tabs disagree."""

    vm: str | None = None
    tab: str | None = None
    row: int | None = None
    vinfo: str | None = None
    other: str | None = None
    file: str | None = None
    """Of an import of several files."""


@dataclass(slots=True)
class Contradictions:
    """Counts all contradictions by kind and keeps some of each as samples.

    ``file`` is where the next ones come from; :meth:`of_file` gives the same collection for
    another file.
    """

    file: str | None = None
    counts: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[Contradiction]] = field(default_factory=dict)
    affected: AffectedRows = field(default_factory=AffectedRows)
    """The rows in which they show, where that is known."""

    def of_file(self, file: str | None) -> Self:
        """This collection, for contradictions of ``file``."""
        return replace(self, file=file)

    def add(
        self,
        kind: str,
        *,
        vm: str | None = None,
        tab: str | None = None,
        row: int | None = None,
        said: tuple[object, object] | None = None,
    ) -> None:
        """Adds one; ``said`` is vInfo's figure and the other tab's."""
        self.counts[kind] += 1
        if row is not None:
            problem = contradiction_problem(kind, KINDS[kind], said)
            self.affected.add(self.file, tab, row, problem)
        kept = self.samples.setdefault(kind, [])
        if len(kept) < SAMPLES_PER_KIND:
            vinfo, other = (None, None) if said is None else (str(said[0]), str(said[1]))
            kept.append(Contradiction(vm, tab, row, vinfo, other, self.file))
