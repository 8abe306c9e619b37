"""When a service says that it is ready."""

import asyncio

import pytest

from shared.observability import health as health_module
from shared.observability.health import Health


async def works() -> None:
    return None


async def breaks() -> None:
    raise ConnectionError("postgresql://user:secret@db is away")


async def test_a_service_without_failing_checks_is_ready() -> None:
    assert await Health({"database": works}).failing() == {}


async def test_failing_checks_are_named_without_their_message() -> None:
    health = Health({"database": breaks, "bus": works})
    assert await health.failing() == {"database": "ConnectionError"}


async def test_a_check_that_hangs_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "CHECK_TIMEOUT_S", 0.01)
    health = Health()
    health.add("bus", asyncio.Event().wait)  # type: ignore[arg-type]
    assert await health.failing() == {"bus": "timed out"}


async def test_a_service_that_stops_is_not_ready() -> None:
    health = Health({"database": works})
    health.is_draining = True
    assert list(await health.failing()) == ["draining"]


async def test_a_check_may_recover() -> None:
    answers = iter([breaks, works])

    async def flaky() -> None:
        await next(answers)()

    health = Health({"database": flaky})
    assert await health.failing() == {"database": "ConnectionError"}
    assert await health.failing() == {}
