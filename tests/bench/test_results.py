"""What a figure says of its goal."""

import json

import pytest

from bench.results import Result, paired, quantile


def test_a_goal_bounds_the_ratio_where_there_is_a_baseline() -> None:
    result = Result("import", 30.0, "CPU s", baseline=10.0, ratio=3.0, goal=4.0)

    assert result.met is True


def test_a_goal_bounds_the_value_where_there_is_no_baseline() -> None:
    assert Result("page", 51.0, "ms", goal=50).met is False


def test_a_figure_without_a_goal_is_neither_met_nor_missed() -> None:
    assert Result("page", 51.0, "ms").met is None


def test_the_ratio_of_pairs_is_the_median_of_their_ratios() -> None:
    result = paired("import", "s", [(4.0, 1.0), (9.0, 3.0), (100.0, 50.0)])

    assert (result.value, result.baseline, result.ratio) == (9.0, 3.0, 3.0)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        (5, 0.5, 3),
        (4, 0.5, 2),
        (60, 0.95, 57),
        (300, 0.99, 297),
        (3, 0.99, 3),
        (1, 0.5, 1),
    ],
)
def test_a_quantile_is_the_smallest_value_that_the_share_does_not_exceed(
    values: int, share: float, expected: int
) -> None:
    assert expected == quantile(range(values, 0, -1), share)


@pytest.mark.parametrize("goal", [None, 2.0])
def test_every_line_has_the_same_fields(goal: float | None) -> None:
    line = Result("import", 1.23456, "s", goal=goal).line()

    assert json.loads(line) == {
        "name": "import",
        "value": 1.2346,
        "unit": "s",
        "baseline": None,
        "ratio": None,
        "goal": goal,
        "met": None if goal is None else True,
    }
