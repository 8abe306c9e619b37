"""Header rows of RVTools 4.7, and the custom attribute and tag columns of this estate's vCenter.

RVTools puts custom attributes behind ``Annotation`` and tag categories before ``Datacenter``, so on
every VM tab there are columns between the known ones that no parser has heard of.
"""

from typing import Final

CUSTOM_ATTRIBUTES: Final = ("Owner", "com.vrlcm.snapshot", "Last Backup")
TAG_CATEGORIES: Final = ("Backup Policy", "Environment")

_VM: Final = ("VM", "Powerstate", "Template", "SRM Placeholder")
_OS: Final = ("OS according to the configuration file", "OS according to the VMware Tools")
_SDK: Final = ("VI SDK Server", "VI SDK UUID")
_TAGGED: Final = ("Annotation", *CUSTOM_ATTRIBUTES, *TAG_CATEGORIES)
_PLACE: Final = (*_TAGGED, "Datacenter", "Cluster", "Host", "Folder", *_OS)
_TAIL: Final = (*_PLACE, "VM ID", "VM UUID", *_SDK)


def _columns(text: str) -> tuple[str, ...]:
    return tuple(column.strip() for column in text.split("|"))


VINFO: Final = (
    *_VM,
    *_columns(
        "Config status|DNS Name|Connection state|Guest state|Heartbeat|Consolidation Needed|PowerOn"
        "|Suspended To Memory|Suspend time|Suspend Interval|Creation date|Change Version|CPUs"
        "|Overall Cpu Readiness|Memory|Active Memory|NICs|Disks|Total disk capacity MiB"
        "|Fixed Passthru HotPlug|min Required EVC Mode Key|Latency Sensitivity"
        "|Op Notification Timeout|EnableUUID|CBT|Primary IP Address"
    ),
    *(f"Network #{number}" for number in range(1, 9)),
    *_columns(
        "Num Monitors|Video Ram KiB|Resource pool|Folder ID|Folder|vApp|DAS protection|FT State"
        "|FT Role|FT Latency|FT Bandwidth|FT Sec. Latency|Vm Failover In Progress|Provisioned MiB"
        "|In Use MiB|Unshared MiB|HA Restart Priority|HA Isolation Response|HA VM Monitoring"
        "|Cluster rule(s)|Cluster rule name(s)|Boot Required|Boot delay|Boot retry delay"
        "|Boot retry enabled|Boot BIOS setup|Reboot PowerOff|EFI Secure boot|Firmware|HW version"
        "|HW upgrade status|HW upgrade policy|HW target|Path|Log directory|Snapshot directory"
        "|Suspend directory"
    ),
    *_TAGGED,
    *_columns("Datacenter|Cluster|Host"),
    *_OS,
    *_columns(
        "Customization Info|Guest Detailed Data|VM ID|SMBIOS UUID|VM UUID|VI SDK Server type"
        "|VI SDK API Version"
    ),
    *_SDK,
)
VCPU: Final = (
    *_VM,
    *_columns(
        "CPUs|Sockets|Cores p/s|Max|Overall|Level|Shares|Reservation|Entitlement|DRS Entitlement"
        "|Limit|Hot Add|Hot Remove|Numa Hotadd Exposed"
    ),
    *_TAIL,
)
VMEMORY: Final = (
    *_VM,
    *_columns(
        "Size MiB|Memory Reservation Locked To Max|Overhead|Max|Consumed|Consumed Overhead|Private"
        "|Shared|Swapped|Ballooned|Active|Entitlement|DRS Entitlement|Level|Shares|Reservation"
        "|Limit|Hot Add"
    ),
    *_TAIL,
)
VDISK: Final = (
    *_VM,
    *_columns(
        "Disk|Disk Key|Disk UUID|Disk Path|Capacity MiB|Raw|Disk Mode|Sharing mode|Thin"
        "|Eagerly Scrub|Split|Write Through|Level|Shares|Reservation|Limit|Controller|Label"
        "|SCSI Unit #|Unit #|Shared Bus|Path|Raw LUN ID|Raw Comp. Mode|Internal Sort Column"
    ),
    *_TAIL,
)
VPARTITION: Final = (
    *_VM,
    *_columns("Disk Key|Disk|Capacity MiB|Consumed MiB|Free MiB|Free %|Internal Sort Column"),
    *_TAIL,
)
VNETWORK: Final = (
    *_VM,
    *_columns(
        "NIC label|Adapter|Network|Switch|Connected|Starts Connected|Mac Address|Type|IPv4 Address"
        "|IPv6 Address|Direct Path IO|Internal Sort Column"
    ),
    *_TAIL,
)
VSNAPSHOT: Final = (
    *_columns(
        "VM|Powerstate|Name|Description|Date / time|Filename|Size MiB (vmsn)|Size MiB (total)"
        "|Quiesced|State"
    ),
    *_TAIL,
)
VTOOLS: Final = (
    *_VM,
    *_columns(
        "VM Version|Tools|Tools Version|Required Version|Upgradeable|Upgrade Policy|Sync time"
        "|App status|Heartbeat status|Kernel Crash state|Operation Ready|State change support"
        "|Interactive Guest"
    ),
    *_PLACE,
    *_columns("VMRef|VM ID|VM UUID"),
    *_SDK,
)
VSOURCE: Final = (
    *_columns(
        "Name|OS type|API type|API version|Version|Patch level|Build|Fullname|Product name"
        "|Product version|Product line|Vendor"
    ),
    *_SDK,
)
VCLUSTER: Final = (
    *_columns(
        "Name|Config status|OverallStatus|NumHosts|numEffectiveHosts|TotalCpu|NumCpuCores"
        "|NumCpuThreads|Effective Cpu|TotalMemory|Effective Memory|Num VMotions|HA enabled"
        "|Failover Level|AdmissionControlEnabled|Host monitoring|HB Datastore Candidate Policy"
        "|Isolation Response|Restart Priority|Cluster Settings|Max Failures|Max Failure Window"
        "|Failure Interval|Min Up Time|VM Monitoring|DRS enabled|DRS default VM behavior"
        "|DRS vmotion rate|DPM enabled|DPM default behavior|DPM Host Power Action Rate|Object ID"
        "|com.vmware.vcenter.cluster.edrs.upgradeHostAdded"
    ),
    *_SDK,
)
VHOST: Final = (
    *_columns(
        "Host|Datacenter|Cluster|Config status|Compliance Check State|in Maintenance Mode"
        "|in Quarantine Mode|vSAN Fault Domain Name|CPU Model|Speed|HT Available|HT Active|# CPU"
        "|Cores per CPU|# Cores|CPU usage %|# Memory|Memory Tiering Type|Memory usage %|Console"
        "|# NICs|# HBAs|# VMs total|# VMs|VMs per Core|# vCPUs|vCPUs per Core|vRAM|VM Used memory"
        "|VM Memory Swapped|VM Memory Ballooned|VMotion support|Storage VMotion support"
        "|Current EVC|Max EVC|Assigned License(s)|ATS Heartbeat|ATS Locking"
        "|Current CPU power man. policy|Supported CPU power man.|Host Power Policy|ESX Version"
        "|Boot time|DNS Servers|DHCP|Domain|Domain List|DNS Search Order|NTP Server(s)"
        "|NTPD running|Time Zone|Time Zone Name|GMT Offset|Vendor|Model|Serial number|Service tag"
        "|OEM specific string|BIOS Vendor|BIOS Version|BIOS Date|Certificate Issuer"
        "|Certificate Start Date|Certificate Expiry Date|Certificate Status|Certificate Subject"
        "|Object ID|AutoDeploy.MachineIdentity|UUID"
    ),
    *_SDK,
)
VDATASTORE: Final = (
    *_columns(
        "Name|Config status|Address|Accessible|Type|# VMs total|# VMs|Capacity MiB|Provisioned MiB"
        "|In Use MiB|Free MiB|Free %|SIOC enabled|SIOC Threshold|# Hosts|Hosts|Cluster name"
        "|Cluster capacity MiB|Cluster free space MiB|Block size|Max Blocks|# Extents"
        "|Major Version|Version|VMFS Upgradeable|MHA|URL|Object ID"
    ),
    *_SDK,
)
DVPORT: Final = (
    *_columns(
        "Port|Switch|Type|# Ports|VLAN|Speed|Full Duplex|Blocked|Allow Promiscuous|Mac Changes"
        "|Active Uplink|Standby Uplink|Policy|Forged Transmits|In Traffic Shaping|In Avg|In Peak"
        "|In Burst|Out Traffic Shaping|Out Avg|Out Peak|Out Burst|Reverse Policy|Notify Switch"
        "|Rolling Order|Check Beacon|Live Port Moving|Check Duplex|Check Error %|Check Speed"
        "|Percentage|Block Override|Config Reset|Shaping Override|Vendor Config Override"
        "|Sec. Policy Override|Teaming Override|Vlan Override|Object ID"
    ),
    *_SDK,
)
VPORT: Final = (
    *_columns(
        "Host|Datacenter|Cluster|Port Group|Switch|VLAN|Promiscuous Mode|Mac Changes"
        "|Forged Transmits|Traffic Shaping|Width|Peak|Burst|Policy|Reverse Policy|Notify Switch"
        "|Rolling Order|Offload|TSO|Zero Copy Xmit"
    ),
    *_SDK,
)
VMETADATA: Final = _columns("RVTools major version|RVTools version|xlsx creation datetime|Server")
