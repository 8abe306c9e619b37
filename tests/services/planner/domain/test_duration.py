"""The time of one VM (decision 16)."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.planner.domain.duration import (
    MAX_PASSES,
    STREAM_CAP,
    CopyModel,
    CopyRange,
    RangeModels,
    change_ratio,
    conversion_h,
    copy_range,
    estimate_cold,
    estimate_vm,
    estimate_warm,
    long_deltas,
)
from services.planner.domain.settings import PlanSettings
from services.planner.domain.vms import Mode, Vm
from tests.services.planner.builders import GIB, a_vm


def a_model(mbit_s: float = 1000, **settings: float) -> CopyModel:
    return CopyModel.of(PlanSettings(**settings), "source_nic", mbit_s)  # type: ignore[arg-type]


def a_spread(vm: Vm, mode: Mode, model: CopyModel) -> CopyRange:
    point_h = estimate_vm(vm, mode, model).copy_h
    return copy_range(vm, mode, RangeModels.around(model), point_h=point_h)


@pytest.mark.parametrize(
    ("mbit_s", "used_gib", "copy_h", "cutover_h"),
    [
        (1_000, 50, 0.22, 0.30),
        (1_000, 500, 2.17, 0.53),
        (1_000, 5 * 1024, 23.2, 0.83),
        (10_000, 50, 0.12, 0.30),
        (10_000, 500, 1.19, 0.52),
        (10_000, 5 * 1024, 12.5, 0.83),
    ],
)
def test_worked_numbers_of_decision_16(
    mbit_s: float, used_gib: int, copy_h: float, cutover_h: float
) -> None:
    vm = a_vm(used_mib=used_gib * GIB, disk_mib=2 * used_gib * GIB)
    estimate = estimate_vm(vm, Mode.WARM, a_model(mbit_s))
    assert copy_h == pytest.approx(estimate.copy_h, abs=0.051 if copy_h > 10 else 0.0051)
    assert cutover_h == pytest.approx(estimate.cutover_h, abs=0.0051)
    assert estimate.cutover_h == estimate.downtime_h


def test_deltas_longer_than_15_minutes_are_copied_before_the_cut_over() -> None:
    model = a_model(daily_change_pct=50)
    used_mib = 2_000 * GIB
    full_pass_h = used_mib / model.rate_mib_h
    q = change_ratio(used_mib, model)
    deltas = [full_pass_h * q**k for k in range(1, 30)]
    estimate = estimate_warm(used_mib, model)
    assert full_pass_h + sum(d for d in deltas if d > 0.25) == pytest.approx(estimate.copy_h)
    assert estimate.final_delta_h == 0.25
    assert pytest.approx(estimate.cutover_h) == 0.25 + 0.58


def test_a_cold_vm_is_down_for_the_copy_of_all_it_has_and_the_cut_over() -> None:
    model = a_model()
    vm = a_vm(used_mib=200 * GIB, disk_mib=500 * GIB)
    estimate = estimate_vm(vm, Mode.COLD, model)
    assert estimate.volume_mib == 500 * GIB
    assert 500 * GIB / model.rate_mib_h == pytest.approx(estimate.copy_h)
    assert estimate.copy_h + conversion_h(200 * GIB, model) == pytest.approx(estimate.downtime_h)


def test_a_vm_that_changes_faster_than_it_copies_is_estimated_as_cold_and_marked() -> None:
    model = a_model(100, daily_change_pct=200)
    vm = a_vm(used_mib=1_000 * GIB, disk_mib=2_000 * GIB)
    assert change_ratio(1_000 * GIB, model) >= 1
    estimate = estimate_vm(vm, Mode.WARM, model)
    assert not estimate.is_convergent
    assert estimate_cold(1_000 * GIB, 2_000 * GIB, model).downtime_h == estimate.downtime_h


@pytest.mark.parametrize("q", [0.9, 0.98, 0.999999])
def test_a_vm_that_needs_too_many_passes_is_estimated_as_cold_and_marked(q: float) -> None:
    model = a_model(100, daily_change_pct=50)
    used_mib = int(q * 24 * model.rate_mib_h / model.daily_change)
    vm = a_vm(used_mib=used_mib, disk_mib=2 * used_mib)
    assert change_ratio(used_mib, model) == pytest.approx(q)
    assert long_deltas(used_mib / model.rate_mib_h, q) > MAX_PASSES
    expected = replace(estimate_vm(vm, Mode.COLD, model), is_convergent=False)
    assert estimate_vm(vm, Mode.WARM, model) == expected


def test_the_stream_cap_binds_a_wide_pipe_and_the_bottleneck_a_narrow_one() -> None:
    assert a_model(10_000).bound_by == STREAM_CAP
    assert a_model(1_000).bound_by == "source_nic"
    assert a_model(1_000, efficiency=1).bound_by == "source_nic"  # a tie names the first


def test_unknown_used_space_is_planned_as_the_whole_disk() -> None:
    model = a_model()
    vm = a_vm(used_mib=None, disk_mib=100 * GIB)
    assert estimate_warm(100 * GIB, model) == estimate_vm(vm, Mode.WARM, model)


def test_a_vm_of_unknown_size_takes_the_shortest_cut_over() -> None:
    estimate = estimate_vm(a_vm(used_mib=None, disk_mib=None), Mode.WARM, a_model())
    assert (estimate.copy_h, pytest.approx(estimate.cutover_h)) == (0, 0.30)


def test_the_range_covers_efficiency_cap_and_volume() -> None:
    vm = a_vm(used_mib=100 * GIB, allocated_mib=300 * GIB, disk_mib=400 * GIB)
    spread = a_spread(vm, Mode.WARM, a_model(1_000))
    assert 100 * GIB / (a_model(1_000, efficiency=0.65).rate_mib_h) == pytest.approx(spread.low_h)
    assert 300 * GIB / (a_model(1_000, efficiency=0.45).rate_mib_h) == pytest.approx(spread.high_h)


SIZES_MIB = st.integers(0, 40 * 1024 * GIB)
MODELS = st.builds(
    a_model, st.floats(10, 40_000), daily_change_pct=st.floats(0, 100), efficiency=st.floats(0.1, 1)
)


@given(SIZES_MIB, SIZES_MIB, st.integers(1, 8), MODELS, st.sampled_from(Mode))
def test_time_grows_with_size(
    a_mib: int, b_mib: int, disk_factor: int, model: CopyModel, mode: Mode
) -> None:
    smaller, larger = (
        estimate_vm(a_vm(used_mib=mib, disk_mib=disk_factor * mib), mode, model)
        for mib in sorted((a_mib, b_mib))
    )
    assert smaller.is_convergent or not larger.is_convergent
    assert smaller.downtime_h <= larger.downtime_h * (1 + 1e-9)
    if smaller.is_convergent == larger.is_convergent:  # else the larger one is copied once, cold
        assert smaller.copy_h <= larger.copy_h * (1 + 1e-9)


@given(SIZES_MIB, SIZES_MIB, MODELS)
def test_a_live_copy_takes_at_most_twenty_passes_more_or_is_planned_cold(
    used_mib: int, free_mib: int, model: CopyModel
) -> None:
    vm = a_vm(used_mib=used_mib, disk_mib=used_mib + free_mib)
    warm, cold = estimate_vm(vm, Mode.WARM, model), estimate_vm(vm, Mode.COLD, model)
    if warm.is_convergent:
        assert warm.copy_h <= (MAX_PASSES + 1) * used_mib / model.rate_mib_h + 1e-9
    else:
        assert replace(warm, is_convergent=True) == cold


@given(SIZES_MIB, SIZES_MIB, SIZES_MIB, MODELS, st.sampled_from(Mode))
def test_every_estimate_is_finite_and_lies_in_its_range(
    used_mib: int, allocated_mib: int, disk_mib: int, model: CopyModel, mode: Mode
) -> None:
    vm = a_vm(used_mib=used_mib, allocated_mib=allocated_mib, disk_mib=disk_mib)
    estimate = estimate_vm(vm, mode, model)
    assert math.isfinite(estimate.copy_h)
    assert 0 <= estimate.final_delta_h <= estimate.cutover_h <= 0.25 + 0.58 + 1e-9
    assert model.rate_mib_h * estimate.copy_h == pytest.approx(estimate.volume_mib)
    spread = a_spread(vm, mode, model)
    assert spread.low_h <= estimate.copy_h <= spread.high_h
