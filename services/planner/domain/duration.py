"""How long one VM takes when nothing else runs (decision 16).

U is the used volume, P the provisioned one, r = min(η * bottleneck, stream cap) the rate, and
q = daily change * U / (24 h * r) the part of U that changes while U is copied.

* warm: t0 = U/r, deltas d1 = q·t0, d2 = q·d1, …; copy = t0 + every delta longer than 15 minutes;
  cut-over = min(d1, 15 min) + f(U); the VM is down for the cut-over.
* cold: copy = P/r; cut-over = f(U); the VM is down for both.
* a warm VM whose copy would take longer than its cold copy, or that has q >= 1, does not converge:
  it is estimated as cold (ADR 0010).
* f(U) = 0.30 h + 0.28 h * clamp(log10(max(U, 50)/50) / log10(20), 0, 1), U in GiB: conversion.

Worked numbers of decision 16, hours of copy / cut-over at 5 % change a day:

>>> from services.planner.domain.settings import PlanSettings
>>> from shared.kernel.quantities import MIB_PER_GIB
>>> for bottleneck_mbit_s in (1_000, 10_000):
...     model = CopyModel.of(PlanSettings(), "source_nic", bottleneck_mbit_s)
...     for used_gib in (50, 500, 5 * 1024):
...         e = estimate_warm(used_gib * MIB_PER_GIB, model)
...         print(bottleneck_mbit_s, used_gib, f"{e.copy_h:.3g} / {e.cutover_h:.2f}")
1000 50 0.217 / 0.30
1000 500 2.17 / 0.53
1000 5120 23.2 / 0.83
10000 50 0.119 / 0.30
10000 500 1.19 / 0.52
10000 5120 12.5 / 0.83
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Self

from services.planner.domain.settings import FINAL_DELTA_MAX_H, PlanSettings
from services.planner.domain.vms import Mode, Vm
from shared.kernel.quantities import MIB_PER_GIB, mib_per_hour

STREAM_CAP: Final = "stream_cap"
"""What binds when one VM's stream cannot go faster, however wide the way is."""
EFFICIENCY_SPREAD: Final = 0.10
"""A range looks this far to both sides of η: 0.45 to 0.65 around the default."""
STREAM_CAP_SPREAD: Final = 0.25
"""A range looks this share to both sides of the stream cap."""
MAX_PASSES: Final = 20
"""Deltas that vJailbreak copies before it gives a live copy up."""
SMALL_GIB: Final = 50
"""Up to here the conversion takes its least time; at 20 times as much, its most."""
LARGE_RATIO: Final = 20


@dataclass(frozen=True, kw_only=True)
class CopyModel:
    """What the time of every VM depends on besides its own size.

    Its rates are worked out once: they are asked for a dozen times for every VM.
    """

    bottleneck: str
    bottleneck_mbit_s: float
    efficiency: float
    stream_cap_mbit_s: float
    daily_change: float
    cutover_min_h: float
    cutover_max_h: float

    @classmethod
    def of(cls, settings: PlanSettings, bottleneck: str, bottleneck_mbit_s: float) -> Self:
        """The model of a project whose slowest part is ``bottleneck``."""
        return cls(
            bottleneck=bottleneck,
            bottleneck_mbit_s=bottleneck_mbit_s,
            efficiency=settings.efficiency,
            stream_cap_mbit_s=settings.stream_cap_mbit_s,
            daily_change=settings.daily_change_pct / 100,
            cutover_min_h=settings.cutover_min_h,
            cutover_max_h=settings.cutover_max_h,
        )

    @cached_property
    def pipe_mib_h(self) -> float:
        """What all streams together move in an hour: η * bottleneck."""
        return mib_per_hour(self.efficiency * self.bottleneck_mbit_s)

    @cached_property
    def stream_cap_mib_h(self) -> float:
        """What one stream moves in an hour at most."""
        return mib_per_hour(self.stream_cap_mbit_s)

    @cached_property
    def rate_mib_h(self) -> float:
        """What one stream moves in an hour when it is alone."""
        return min(self.pipe_mib_h, self.stream_cap_mib_h)

    @property
    def bound_by(self) -> str:
        """The name of what limits a lone stream."""
        is_capped = self.stream_cap_mib_h < self.pipe_mib_h
        return STREAM_CAP if is_capped else self.bottleneck

    def optimistic(self) -> Self:
        """The fast end of the range."""
        return replace(
            self,
            efficiency=min(1.0, self.efficiency + EFFICIENCY_SPREAD),
            stream_cap_mbit_s=self.stream_cap_mbit_s * (1 + STREAM_CAP_SPREAD),
        )

    def pessimistic(self) -> Self:
        """The slow end of the range."""
        return replace(
            self,
            efficiency=max(0.01, self.efficiency - EFFICIENCY_SPREAD),
            stream_cap_mbit_s=self.stream_cap_mbit_s * (1 - STREAM_CAP_SPREAD),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The uncontended time of one VM, in working hours.

    ``volume_mib`` is what ``copy_h`` moves; ``final_delta_h`` is the part of the cut-over in which
    the last changes are copied. ``is_convergent`` is False for a warm VM that changes too fast
    to be copied live, and is therefore estimated as cold.
    """

    copy_h: float
    cutover_h: float
    downtime_h: float
    volume_mib: float
    final_delta_h: float
    is_convergent: bool = True


@dataclass(frozen=True, slots=True)
class CopyRange:
    """Copy time if things go well and if they do not, in hours."""

    low_h: float
    high_h: float


def conversion_h(used_mib: float, model: CopyModel) -> float:
    """f(U): hours of conversion and first boot, growing with the logarithm of the size.

    >>> model = CopyModel.of(PlanSettings(), "source_nic", 1000)
    >>> [round(conversion_h(gib * 1024, model), 3) for gib in (1, 50, 500, 1000, 5000)]
    [0.3, 0.3, 0.515, 0.58, 0.58]
    """
    used_gib = max(used_mib / MIB_PER_GIB, SMALL_GIB)
    share = math.log10(used_gib / SMALL_GIB) / math.log10(LARGE_RATIO)
    return model.cutover_min_h + (model.cutover_max_h - model.cutover_min_h) * min(share, 1.0)


def change_ratio(used_mib: float, model: CopyModel) -> float:
    """q: the part of the used volume that changes while it is copied once."""
    return model.daily_change * used_mib / (24 * model.rate_mib_h)


def estimate_warm(used_mib: float, model: CopyModel) -> Estimate:
    """The time of a live copy. Meaningful only while it :func:`converges`."""
    full_pass_h = used_mib / model.rate_mib_h
    q = change_ratio(used_mib, model)
    final_delta_h = min(q * full_pass_h, FINAL_DELTA_MAX_H)
    copy_h = full_pass_h + _long_deltas_h(full_pass_h, q)
    cutover_h = final_delta_h + conversion_h(used_mib, model)
    return Estimate(
        copy_h=copy_h,
        cutover_h=cutover_h,
        downtime_h=cutover_h,
        volume_mib=copy_h * model.rate_mib_h,
        final_delta_h=final_delta_h,
    )


def _long_deltas_h(full_pass_h: float, q: float) -> float:
    """Sum of the deltas t0·q, t0·q², … that are longer than 15 minutes."""
    count = long_deltas(full_pass_h, q)
    return full_pass_h * q * (1 - q**count) / (1 - q) if count else 0.0


def long_deltas(full_pass_h: float, q: float) -> int:
    """How many deltas t0·q, t0·q², … are longer than 15 minutes, for q below 1.

    >>> long_deltas(100, 0.5)   # 50, 25, 12.5, 6.25, 3.1, 1.6, 0.8 and 0.4 h
    8
    """
    if q * full_pass_h <= FINAL_DELTA_MAX_H:
        return 0
    return math.ceil(math.log(FINAL_DELTA_MAX_H / full_pass_h) / math.log(q)) - 1


def converges(used_mib: float, model: CopyModel) -> bool:
    """Whether the changes become small enough to switch within :data:`MAX_PASSES` deltas."""
    q = change_ratio(used_mib, model)
    return q < 1 and long_deltas(used_mib / model.rate_mib_h, q) <= MAX_PASSES


def estimate_cold(used_mib: float, provisioned_mib: float, model: CopyModel) -> Estimate:
    """The time of a copy of a VM that is off throughout.

    >>> model = CopyModel.of(PlanSettings(), "source_nic", 1000)
    >>> e = estimate_cold(200 * 1024, 500 * 1024, model)
    >>> round(e.copy_h, 2), round(e.cutover_h, 2), round(e.downtime_h, 2)
    (2.17, 0.43, 2.6)
    """
    copy_h = provisioned_mib / model.rate_mib_h
    cutover_h = conversion_h(used_mib, model)
    return Estimate(
        copy_h=copy_h,
        cutover_h=cutover_h,
        downtime_h=copy_h + cutover_h,
        volume_mib=provisioned_mib,
        final_delta_h=0.0,
    )


def estimate_vm(vm: Vm, mode: Mode, model: CopyModel) -> Estimate:
    """The time of ``vm``; a warm copy that does not converge is estimated as cold, and says so."""
    return _estimate(vm.used_volume_mib, vm.provisioned_volume_mib, mode, model)


def _estimate(used_mib: int, provisioned_mib: int, mode: Mode, model: CopyModel) -> Estimate:
    if mode is Mode.COLD:
        return estimate_cold(used_mib, provisioned_mib, model)
    if converges(used_mib, model):
        return estimate_warm(used_mib, model)
    cold = estimate_cold(used_mib, max(provisioned_mib, used_mib), model)
    return replace(cold, is_convergent=False)


@dataclass(frozen=True, slots=True)
class RangeModels:
    """The models of the two ends of a range: η ± 0.10, stream cap ± 25 %."""

    low: CopyModel
    high: CopyModel

    @classmethod
    def around(cls, model: CopyModel) -> Self:
        """The ends around ``model``."""
        return cls(low=model.optimistic(), high=model.pessimistic())


def copy_range(vm: Vm, mode: Mode, models: RangeModels, *, point_h: float) -> CopyRange:
    """Best and worst copy time; the volume is guest-used at best, allocated at worst.

    ``point_h`` is the copy time of :func:`estimate_vm`; the range always holds it.
    """
    volumes_mib = (vm.used_volume_mib, vm.allocated_mib or vm.used_volume_mib)
    provisioned_mib = vm.provisioned_volume_mib
    best_h = _estimate(min(volumes_mib), provisioned_mib, mode, models.low).copy_h
    worst_h = _estimate(max(volumes_mib), provisioned_mib, mode, models.high).copy_h
    return CopyRange(
        low_h=min(best_h, worst_h, point_h),
        high_h=max(best_h, worst_h, point_h),
    )
