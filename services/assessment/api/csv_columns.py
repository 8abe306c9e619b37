"""The columns of the lists as CSV."""

from typing import Any, Final

from services.assessment.domain.usage import MEASURES, disk_used_percent
from shared.http.csv_lists import Columns, Row, fields


def _findings(row: Row) -> list[Any]:
    return list(dict.fromkeys(finding["id"] for finding in row["findings"]))


def _rules(field: str) -> Any:
    return lambda row: [reason["rule"] for reason in row[field]]


VM_COLUMNS: Final[Columns] = {
    **fields(
        *("name", "vm_id", "vcenter", "moref", "tenant_name", "org_vdc", "app_group"),
        *("power_state", "excluded_because", "datacenter", "cluster", "host", "dns_name"),
        *("ip_addresses", "networks", "os_family", "os_product", "os_version", "os_text"),
        *("vcpus", "memory_mib", "disk_mib", "provisioned_mib", "allocated_mib", "used_mib"),
        *(
            "used_basis",
            "disk_used_percent",
            *("cpu_used_mhz", "cpu_capacity_mhz", "cpu_percent", "cpu_basis"),
            *("memory_active_mib", "memory_active_percent", "memory_active_basis"),
            *("memory_consumed_mib", "memory_consumed_percent", "memory_consumed_basis"),
            "disk_count",
            "nic_count",
            "snapshot_count",
            "risk_score",
            "risk_band",
        ),
    ),
    "risk_reasons": _rules("risk_reasons"),
    **fields("mode_class"),
    "mode_reasons": _rules("mode_reasons"),
    **fields("gravest_finding"),
    "findings": _findings,
}


def _disk_used_percent(row: Row) -> int | None:
    return disk_used_percent(row["measured_used_mib"], row["measured_provisioned_mib"])


TENANT_COLUMNS: Final[Columns] = {
    **fields(
        *("name", "id", "org_vdc", "detection_method", "vms", "powered_off", "vcpus", "memory_mib"),
        *("disk_mib", "used_mib", "green", "yellow", "red", "warm_eligible", "warm_risky"),
        *("cold_required", "measured_vms"),
    ),
    "disk_used_percent": _disk_used_percent,
    **fields("awake_vms", *(name for one in MEASURES for name in (one.vms, one.of("used")))),
    **{f"{measure.name}_percent": measure.percent for measure in MEASURES},
}
