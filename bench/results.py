"""One figure of a benchmark, as a JSON line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

import orjson

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Result:
    """A figure and what it is held against.

    ``ratio`` is value to baseline: where pairs were measured the median of their ratios, which is
    not the ratio of the medians. ``goal`` bounds the ratio from above, or the value where there is
    no baseline.
    """

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    goal: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is kept; None where there is none."""
        if self.goal is None:
            return None
        return (self.value if self.ratio is None else self.ratio) <= self.goal

    def line(self) -> str:
        """The figure as JSON."""
        fields = {
            "name": self.name,
            "value": round(self.value, DIGITS),
            "unit": self.unit,
            "baseline": _rounded(self.baseline),
            "ratio": _rounded(self.ratio),
            "goal": self.goal,
            "met": self.met,
        }
        return orjson.dumps(fields).decode()


Report = Callable[[Result], None]
"""Takes a figure as soon as it is known."""


def paired(
    name: str, unit: str, pairs: Sequence[tuple[float, float]], *, goal: float | None = None
) -> Result:
    """The figure of (value, baseline) pairs that were measured one right after the other.

    >>> paired("x", "s", [(2.0, 1.0), (3.0, 1.0), (9.0, 2.0)]).ratio
    3.0
    """
    return Result(
        name=name,
        value=median(value for value, _ in pairs),
        unit=unit,
        baseline=median(baseline for _, baseline in pairs),
        ratio=median(value / baseline for value, baseline in pairs),
        goal=goal,
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of ``values`` do not exceed.

    >>> quantile([5.0, 1.0, 2.0, 4.0, 3.0], 0.5), quantile([1.0, 2.0], 0.5)
    (3.0, 1.0)
    """
    ordered = sorted(values)
    return ordered[ceil(share * len(ordered)) - 1]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
