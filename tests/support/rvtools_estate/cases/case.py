"""What a case is."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.support.rvtools_estate.landscape import Landscape
from tests.support.rvtools_estate.model import Vm


@dataclass(frozen=True, slots=True)
class Context:
    """What a case may look at beside its VM."""

    landscape: Landscape
    index: int
    rng: Random


Case = Callable[[Vm, Context], Vm]
"""Turns an ordinary VM into an interesting one."""
