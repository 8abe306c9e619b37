"""The sources of ids and of time."""

from datetime import UTC, datetime

from shared.kernel.clock import Clock
from shared.kernel.ids import Ids
from shared.runtime.clock import SystemClock
from shared.runtime.ids import Uuid7Ids


def test_ids_are_version_7_and_sort_in_the_order_of_their_making() -> None:
    ids: Ids = Uuid7Ids()
    made = [ids.new() for _ in range(10_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {7} == {one.version for one in made}


def test_the_clock_tells_the_present_in_utc() -> None:
    clock: Clock = SystemClock()
    before = datetime.now(UTC)
    now = clock.now()

    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)
