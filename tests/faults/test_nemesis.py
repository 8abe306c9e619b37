"""The nemesis: one seed is one schedule, and nothing stays broken."""

from functools import partial

import pytest

from tests.faults import nemesis as nemesis_module
from tests.faults.nemesis import Fault, Nemesis


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nemesis_module, "LONGEST_PAUSE_S", 0.0)


class Things:
    """Things that can be broken."""

    def __init__(self, *names: str) -> None:
        self.broken: set[str] = set()
        self.faults = [
            Fault(name, partial(self.broken.add, name), partial(self.broken.discard, name))
            for name in names
        ]


def test_a_seed_is_a_schedule() -> None:
    schedules = []
    for seed in (7, 7, 8):
        nemesis = Nemesis(Things("a", "b", "c").faults, seed=seed)
        nemesis.torment(9)
        schedules.append(nemesis.struck)
    assert schedules[0] == schedules[1] != schedules[2]


def test_every_fault_has_struck_before_one_comes_again() -> None:
    nemesis = Nemesis(Things("a", "b", "c").faults, seed=1)
    nemesis.torment(6)
    assert set(nemesis.struck[:3]) == set(nemesis.struck[3:]) == {"a", "b", "c"}


def test_everything_is_healed_even_if_a_strike_fails() -> None:
    things = Things("a", "b")

    def fail() -> None:
        raise RuntimeError("cannot strike")

    nemesis = Nemesis([*things.faults, Fault("c", fail, lambda: None)], seed=1)
    things.broken.add("a")
    with pytest.raises(RuntimeError, match="cannot strike"):
        nemesis.torment(3)
    assert things.broken == set()


def test_its_text_repeats_the_schedule() -> None:
    nemesis = Nemesis(Things("a").faults, seed=42)
    nemesis.torment(1)
    assert str(nemesis) == "FAULT_SEED=42, struck: a"
