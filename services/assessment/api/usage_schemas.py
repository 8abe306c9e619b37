"""What VMs use of CPU and memory, as sums."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from services.assessment.domain.usage import MEASURES, Measure
from shared.http.models import ReplyModel


class CpuUse(ReplyModel):
    """CPU that VMs draw, of those that run."""

    vms: int = Field(description="VMs whose use is known; the sum is of them")
    used_mhz: int | None = Field(description="Null where no VM's use is known")
    percent: float | None = Field(
        description="Sum of the used by the sum of what vCPUs can draw, of VMs that have both; "
        "null where there are none"
    )


class MemoryUse(ReplyModel):
    """Memory that VMs use, of those that run."""

    vms: int = Field(description="VMs whose use is known; the sum is of them")
    used_mib: int | None = Field(description="Null where no VM's use is known")
    percent: float | None = Field(
        description="Sum of the used by the sum of the configured, of VMs that have both; null "
        "where there are none"
    )


class Usage(ReplyModel):
    """What VMs use at the time of the export. Those that are powered off or suspended draw nothing
    and are left out: they are in `idle_vms` only."""

    awake_vms: int = Field(description="VMs that are neither powered off nor suspended")
    idle_vms: int = Field(description="VMs that are powered off or suspended: in no figure here")
    cpu: CpuUse
    memory_active: MemoryUse = Field(
        description="What guests touched lately: the low bound of what they need"
    )
    memory_consumed: MemoryUse = Field(
        description="What hosts hold for them: the high bound of what they need"
    )

    @classmethod
    def of(cls, sums: Mapping[str, Any]) -> Self:
        """Sums of VMs, ``vms`` of them, as a reply."""
        return cls.model_validate(
            {
                "awake_vms": sums["awake_vms"],
                "idle_vms": sums["vms"] - sums["awake_vms"],
                **{measure.name: _use(measure, sums) for measure in MEASURES},
            }
        )


def _use(measure: Measure, sums: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "vms": sums[measure.vms],
        f"used_{measure.unit}": sums[measure.of("used")],
        "percent": measure.percent(sums),
    }
