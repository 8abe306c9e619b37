"""The nemesis: strikes with faults by a schedule that a seed decides, and always heals."""

import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LONGEST_PAUSE_S = 1.5
SEED_VARIABLE = "FAULT_SEED"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break something, and how it is mended: ``heal`` may be called when all is well."""

    name: str
    strike: Callable[[], None]
    heal: Callable[[], None]


def seed() -> int:
    """The seed of this run: ``FAULT_SEED``, to repeat a schedule that failed, or a new one."""
    return int(os.environ.get(SEED_VARIABLE) or time.time_ns())


class Nemesis:
    """Strikes and heals. As text it is what a person needs to repeat it."""

    def __init__(self, faults: Sequence[Fault], *, seed: int) -> None:
        self._faults = list(faults)
        self._seed = seed
        self._random = random.Random(seed)
        self.struck: list[str] = []

    def torment(self, strikes: int) -> None:
        """Strike so often, each fault before any comes again; every one is healed at the end."""
        try:
            waiting: list[Fault] = []
            for _ in range(strikes):
                if not waiting:
                    waiting = self._random.sample(self._faults, len(self._faults))
                fault = waiting.pop()
                self._pause()
                self.struck.append(fault.name)
                fault.strike()
                self._pause()
                fault.heal()
        finally:
            for fault in self._faults:
                fault.heal()

    def _pause(self) -> None:
        time.sleep(self._random.uniform(0, LONGEST_PAUSE_S))  # the moment is the point

    def __str__(self) -> str:
        return f"{SEED_VARIABLE}={self._seed}, struck: {', '.join(self.struck) or 'nothing'}"
