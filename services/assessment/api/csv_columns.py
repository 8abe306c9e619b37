"""The columns of the lists as CSV."""

from typing import Any, Final

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

TENANT_COLUMNS: Final[Columns] = fields(
    *("name", "id", "org_vdc", "detection_method", "vms", "powered_off", "vcpus", "memory_mib"),
    *("disk_mib", "used_mib", "green", "yellow", "red", "warm_eligible", "warm_risky"),
    "cold_required",
)
