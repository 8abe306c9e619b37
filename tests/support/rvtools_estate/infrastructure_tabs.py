"""Rows of the tabs about vCenter, hosts, clusters, datastores and networks.

Counts per host and datastore depend on the VMs, so they are tallied while the VM tabs are written.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from tests.support.rvtools_estate.landscape import Landscape
from tests.support.rvtools_estate.model import EXPORTED_AT, Cluster, Host, Network, Vm
from tests.support.rvtools_estate.vm_tabs import Cell, Row, flag

CAPACITY_STEP_MIB = 4 * 1024 * 1024


@dataclass(slots=True)
class Usage:
    """What VMs put on hosts and datastores, by name; its size does not grow with the VMs."""

    host_vms: Counter[str] = field(default_factory=Counter)
    host_vms_on: Counter[str] = field(default_factory=Counter)
    host_vcpus: Counter[str] = field(default_factory=Counter)
    host_vram_mib: Counter[str] = field(default_factory=Counter)
    host_cpu_mhz: Counter[str] = field(default_factory=Counter)
    host_memory_mib: Counter[str] = field(default_factory=Counter)
    store_disks: Counter[str] = field(default_factory=Counter)
    store_provisioned_mib: Counter[str] = field(default_factory=Counter)
    store_allocated_mib: Counter[str] = field(default_factory=Counter)

    def add(self, vm: Vm) -> None:
        """Counts ``vm``."""
        self.host_vms[vm.host] += 1
        if vm.is_on:
            self.host_vms_on[vm.host] += 1
            self.host_vcpus[vm.host] += vm.vcpus
            self.host_vram_mib[vm.host] += vm.memory_mib
            self.host_cpu_mhz[vm.host] += vm.cpu_used_mhz
            self.host_memory_mib[vm.host] += vm.consumed_mib
        for disk in vm.disks:
            self.store_disks[disk.datastore] += 1
            self.store_provisioned_mib[disk.datastore] += disk.capacity_mib
            self.store_allocated_mib[disk.datastore] += disk.allocated_mib


def _sdk(at: Landscape) -> dict[str, Cell]:
    return {"VI SDK Server": at.vcenter_name, "VI SDK UUID": at.vcenter_uuid}


def vsource(at: Landscape, _: Usage) -> Iterator[Row]:
    """The vCenter."""
    yield {
        **_sdk(at),
        "Name": "VMware vCenter Server",
        "OS type": "linux-x64",
        "API type": "VirtualCenter",
        "API version": "8.0.3.0",
        "Version": "8.0.3",
        "Patch level": "00400",
        "Build": "24322831",
        "Fullname": "VMware vCenter Server 8.0.3 build-24322831",
        "Product name": "VMware VirtualCenter Server",
        "Product version": "8.0",
        "Product line": "vpx",
        "Vendor": "VMware, Inc.",
    }


def vmetadata(at: Landscape, _: Usage) -> Iterator[Row]:
    """Which RVTools wrote the workbook, and when."""
    yield {
        "RVTools major version": "4.7",
        "RVTools version": "4.7.1.4",
        "xlsx creation datetime": EXPORTED_AT,
        "Server": at.vcenter_name,
    }


def vhost(at: Landscape, usage: Usage) -> Iterator[Row]:
    """A row per host, with what its VMs take."""
    hosts = [host for cluster in at.clusters for host in cluster.hosts]
    for number, host in enumerate((*hosts, at.lone_host)):
        yield {**_sdk(at), **_host(host, number), **_host_load(host, usage)}


def _host(host: Host, number: int) -> dict[str, Cell]:
    return {
        "Host": host.name,
        "Datacenter": host.datacenter,
        "Cluster": host.cluster,
        "Config status": "green",
        "in Maintenance Mode": flag(False),
        "in Quarantine Mode": flag(False),
        "CPU Model": host.cpu_model,
        "Speed": host.mhz,
        "HT Available": flag(True),
        "HT Active": flag(True),
        "# CPU": host.sockets,
        "Cores per CPU": host.cores_per_socket,
        "# Cores": host.cores,
        "# Memory": host.memory_mib,
        "Memory Tiering Type": "noTiering",
        "Console": 0,
        "# NICs": 4,
        "# HBAs": 2,
        "VMotion support": flag(True),
        "Storage VMotion support": flag(True),
        "Host Power Policy": "dynamic",
        "ESX Version": host.version,
        "Boot time": EXPORTED_AT - timedelta(days=100 + number, hours=number % 24),
        "DNS Servers": "172.20.255.10, 172.20.255.11",
        "DHCP": flag(False),
        "Domain": "acme-cloud.example",
        "NTP Server(s)": "172.20.255.12",
        "NTPD running": flag(True),
        "Time Zone": "UTC",
        "Time Zone Name": "UTC",
        "GMT Offset": 0,
        "Vendor": host.vendor,
        "Model": host.model,
        "Serial number": f"SN{number + 4001:06d}",
        "Object ID": f"host-{100 + number}",
    }


def _host_load(host: Host, usage: Usage) -> dict[str, Cell]:
    vms_on, vcpus = usage.host_vms_on[host.name], usage.host_vcpus[host.name]
    memory_mib = usage.host_memory_mib[host.name]
    return {
        "CPU usage %": 100 * usage.host_cpu_mhz[host.name] // (host.cores * host.mhz),
        "Memory usage %": min(99, 100 * memory_mib // host.memory_mib),
        "# VMs total": usage.host_vms[host.name],
        "# VMs": vms_on,
        "VMs per Core": round(vms_on / host.cores, 3),
        "# vCPUs": vcpus,
        "vCPUs per Core": round(vcpus / host.cores, 3),
        "vRAM": usage.host_vram_mib[host.name],
        "VM Used memory": memory_mib,
        "VM Memory Swapped": 0,
        "VM Memory Ballooned": 0,
    }


def vcluster(at: Landscape, _: Usage) -> Iterator[Row]:
    """A row per cluster."""
    for number, cluster in enumerate(at.clusters):
        cores = sum(host.cores for host in cluster.hosts)
        mhz = sum(host.cores * host.mhz for host in cluster.hosts)
        memory_mib = sum(host.memory_mib for host in cluster.hosts)
        yield {
            **_sdk(at),
            "Name": cluster.name,
            "Config status": "green",
            "OverallStatus": "green",
            "NumHosts": len(cluster.hosts),
            "numEffectiveHosts": len(cluster.hosts),
            "TotalCpu": mhz,
            "NumCpuCores": cores,
            "NumCpuThreads": cores * 2,
            "Effective Cpu": mhz * 9 // 10,
            "TotalMemory": memory_mib,
            "Effective Memory": memory_mib * 97 // 100,
            "Num VMotions": 1200 + number,
            "HA enabled": flag(True),
            "Failover Level": 1,
            "AdmissionControlEnabled": flag(True),
            "Host monitoring": "enabled",
            "DRS enabled": flag(True),
            "DRS default VM behavior": "fullyAutomated",
            "DPM enabled": flag(False),
            "Object ID": f"domain-c{10 + number}",
        }


def vdatastore(at: Landscape, usage: Usage) -> Iterator[Row]:
    """A row per datastore, large enough for what lies on it."""
    serial = 0
    for cluster in at.clusters:
        for name in cluster.datastores:
            serial += 1
            yield {**_sdk(at), **_datastore(cluster, name, serial, usage)}


def _datastore(cluster: Cluster, name: str, serial: int, usage: Usage) -> dict[str, Cell]:
    used_mib = usage.store_allocated_mib[name]
    capacity_mib = CAPACITY_STEP_MIB * (1 + used_mib * 5 // (4 * CAPACITY_STEP_MIB))
    return {
        "Name": name,
        "Config status": "green",
        "Accessible": flag(True),
        "Type": "VMFS",
        "# VMs total": usage.store_disks[name],
        "# VMs": usage.store_disks[name],
        "Capacity MiB": capacity_mib,
        "Provisioned MiB": usage.store_provisioned_mib[name],
        "In Use MiB": used_mib,
        "Free MiB": capacity_mib - used_mib,
        "Free %": 100 * (capacity_mib - used_mib) // capacity_mib,
        "SIOC enabled": flag(False),
        "SIOC Threshold": 30,
        "# Hosts": len(cluster.hosts),
        "Hosts": ", ".join(host.name for host in cluster.hosts),
        "Cluster name": cluster.name,
        "Block size": 1,
        "# Extents": 1,
        "Major Version": 6,
        "Version": "6.82",
        "VMFS Upgradeable": flag(False),
        "URL": f"ds:///vmfs/volumes/{serial:08x}-acme/",
        "Object ID": f"datastore-{10 + serial}",
    }


def dvport(at: Landscape, _: Usage) -> Iterator[Row]:
    """A row per distributed port group: a blank VLAN is an uplink or an overlay, text a trunk."""
    switches = sorted({n.switch for n in at.networks if n.is_distributed and n.vlan is not None})
    for number, switch in enumerate(switches):
        uplinks = _port_group(at, f"{switch}-DVUplinks-{40 + number}", switch, None)
        yield {**uplinks, "Type": "earlyBinding", "Active Uplink": "uplink1, uplink2"}
        yield _port_group(at, f"{switch}-trunk", switch, "0-4094")
    for network in at.networks:
        if network.is_distributed:
            yield _port_group(at, network.name, network.switch, network.vlan)


def _port_group(at: Landscape, name: str, switch: str, vlan: Cell) -> dict[str, Cell]:
    return {
        **_sdk(at),
        "Port": name,
        "Switch": switch,
        "Type": "earlyBinding",
        "# Ports": 128,
        "VLAN": vlan,
        "Full Duplex": flag(True),
        "Blocked": flag(False),
        "Allow Promiscuous": flag(False),
        "Mac Changes": flag(False),
        "Forged Transmits": flag(False),
        "Policy": "loadbalance_loadbased",
        "In Traffic Shaping": flag(False),
        "Out Traffic Shaping": flag(False),
    }


def vport(at: Landscape, _: Usage) -> Iterator[Row]:
    """A row per host and standard port group."""
    standard = [network for network in at.networks if not network.is_distributed]
    for cluster in at.clusters:
        for host in cluster.hosts:
            for network in standard:
                yield {**_sdk(at), **_standard_port_group(host, network)}


def _standard_port_group(host: Host, network: Network) -> dict[str, Cell]:
    return {
        "Host": host.name,
        "Datacenter": host.datacenter,
        "Cluster": host.cluster,
        "Port Group": network.name,
        "Switch": network.switch,
        "VLAN": network.vlan,
        "Promiscuous Mode": flag(False),
        "Mac Changes": flag(True),
        "Forged Transmits": flag(True),
        "Traffic Shaping": flag(False),
        "Policy": "loadbalance_srcid",
    }
