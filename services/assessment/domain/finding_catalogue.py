"""Every finding there is: how grave, why it matters, what to do (decision 13).

Findings stand beside the points of :mod:`services.assessment.domain.risk_score`: points say how
much care a VM needs, findings say what exactly. A blocker leaves a VM in scope, capacity and
schedule.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """How grave a finding is, the gravest first."""

    BLOCKER = "blocker"
    """The execution tool refuses or breaks the VM."""
    HIGH = "high"
    """Somebody has to decide or prepare something."""
    MEDIUM = "medium"
    """Look at it before the wave."""
    INFO = "info"
    """Good to know."""


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One kind of finding. ``id`` never changes: filters and stored findings refer to it."""

    id: str
    severity: Severity
    title: str
    why: str
    fix: str


_B, _H, _M, _I = Severity

_KINDS: Final = (
    FindingKind(
        "no_moref",
        _B,
        "No VM ID",
        "vJailbreak finds a VM by its managed object reference; without one there is no key.",
        'Export again with a column "VM ID" (RVTools 3.9 and newer write it).',
    ),
    FindingKind(
        "not_accessible",
        _B,
        "Not connected to its host",
        "vCenter cannot read the VM's files, so nothing can copy them.",
        "Bring the host or datastore back, or remove the VM from the inventory; import again.",
    ),
    FindingKind(
        "os_not_convertible",
        _B,
        "Guest that cannot be converted",
        "virt-v2v converts Windows and Linux guests only.",
        "Rebuild the workload on the target, or take the VM out of scope.",
    ),
    FindingKind(
        "raw_disk",
        _B,
        "Raw device mapping",
        "A LUN behind a raw device mapping cannot be copied as a virtual disk.",
        "Convert it to a VMDK, or take the VM out of scope and move the LUN by storage means.",
    ),
    FindingKind(
        "shared_disk",
        _B,
        "Shared disk",
        "A disk with several writers allows no snapshot, and each VM would copy one of its own.",
        "Stop sharing for the move, or rebuild the cluster on the target.",
    ),
    FindingKind(
        "independent_disk",
        _B,
        "Independent disk",
        "Snapshots leave an independent disk out, so the copy fails or is stale.",
        "Power the VM off and set the disk mode to dependent.",
    ),
    FindingKind(
        "invalid_disk_capacity",
        _B,
        "Disk without a capacity",
        "A volume of this size cannot be created.",
        "Check the disk in vCenter; remove it, or export again when it is in order.",
    ),
    FindingKind(
        "too_many_disks_for_an_agent",
        _B,
        "More than 24 disks",
        "An agent has PCI slots for about 26 volumes, its own included.",
        "Merge disks in the guest, or use an agent image with virtio-scsi.",
    ),
    FindingKind(
        "unsupported_adapter",
        _B,
        "Unsupported network adapter",
        "vJailbreak counts E1000, E1000e, VMXNET and PCNet32 adapters only; others make the number "
        "of NICs disagree and the move fail.",
        "Replace the adapter with VMXNET3; passthrough needs a plan of its own.",
    ),
    FindingKind(
        "os_unknown",
        _H,
        "Guest OS unknown",
        "Without the guest's family vJailbreak skips the VM.",
        "Install or start VMware Tools, or set the guest OS in vCenter; import again.",
    ),
    FindingKind(
        "not_running",
        _H,
        "Powered off or suspended",
        "vCenter knows neither guest family nor addresses; the VM can only be copied cold, and its "
        "OS family has to be stated in the execution tool.",
        "Start it once with VMware Tools before the wave, or move it cold and set the OS family.",
    ),
    FindingKind(
        "os_unverified",
        _H,
        "Guest at the edge of virt-v2v's list",
        "Conversion or the first boot may fail.",
        "Move one such VM as a pilot first.",
    ),
    FindingKind(
        "old_windows",
        _H,
        "Windows Server 2012 R2 or older",
        "It needs old virtio drivers, and addresses are not carried over up to 2012.",
        "Keep an old virtio-win at hand, write addresses down, move a pilot first.",
    ),
    FindingKind(
        "maybe_domain_controller",
        _H,
        "May be a domain controller",
        "A copied domain controller risks a rollback of its update sequence numbers.",
        "If it is one, build a new controller on the target and let it replicate.",
    ),
    FindingKind(
        "old_hardware_version",
        _H,
        "Hardware version below 7",
        "There is no changed block tracking, so a live copy is impossible.",
        "Upgrade the virtual hardware, or move the VM cold.",
    ),
    FindingKind(
        "many_disks",
        _H,
        "More than 20 disks",
        "The disks of all copies of an agent share its PCI slots.",
        "Give the VM an agent of its own.",
    ),
    FindingKind(
        "snapshots",
        _H,
        "Snapshots",
        "Snapshots are not carried over, they make changed block tracking unreliable and cost I/O.",
        "Consolidate before the wave.",
    ),
    FindingKind(
        "nic_without_network",
        _H,
        "NIC without a network",
        "vJailbreak refuses a VM with a NIC whose network is not mapped, connected or not.",
        "Connect the NIC to a port group or remove it.",
    ),
    FindingKind(
        "disk_without_datastore",
        _H,
        "Disk on an unknown datastore",
        "vJailbreak refuses a VM whose datastore is not mapped.",
        "Export again with vDisk's Path column, or check the disk in vCenter.",
    ),
    FindingKind(
        "clear_text_password",
        _H,
        "Password in the notes",
        "Everybody who reads the workbook or vCenter can read it. It is not repeated here.",
        "Remove it from the notes and change the password.",
    ),
    FindingKind(
        "os_end_of_support",
        _M,
        "OS without support",
        "Its vendor's general support has ended, so no fixes come for what the move reveals.",
        "Upgrade before or soon after the move.",
    ),
    FindingKind(
        "os_mismatch",
        _M,
        "Configured and running OS differ",
        "Drivers and image properties are chosen by OS; VMware Tools' answer is used.",
        "Correct the guest OS in the VM's settings.",
    ),
    FindingKind(
        "unusual_name",
        _M,
        "Unusual name",
        "Names become Kubernetes and OpenStack names: long or unusual ones are cut or hashed.",
        "Rename the VM, or look for it under its shortened name.",
    ),
    FindingKind(
        "cbt_off",
        _M,
        "Changed block tracking is off",
        "vJailbreak turns it on by reconfiguring the running VM.",
        "Turn it on beforehand, and give the account the privilege ChangeTracking.",
    ),
    FindingKind(
        "disconnected_nic",
        _M,
        "Disconnected NIC",
        "It is created on the target too, and its network has to be mapped.",
        "Remove it if nobody needs it.",
    ),
    FindingKind(
        "no_address",
        _M,
        "No address known",
        "Addresses can only be kept where vCenter knows them.",
        "Start VMware Tools, or plan for new addresses.",
    ),
    FindingKind(
        "several_addresses",
        _M,
        "Several addresses on one NIC",
        "Only one IPv4 address can be assigned by hand; IPv6 alone cannot.",
        "Check the addresses after the move.",
    ),
    FindingKind(
        "no_host_name",
        _M,
        "No host name",
        "The guest calls itself localhost.",
        "Name the guest before the move, so that it can be recognised afterwards.",
    ),
    FindingKind(
        "uefi",
        _I,
        "UEFI firmware",
        "The image needs hw_firmware_type=uefi.",
        "Set the property; test secure boot first where it is on.",
    ),
)

KINDS: Final = {kind.id: kind for kind in _KINDS}
"""All kinds by id, the gravest first."""
