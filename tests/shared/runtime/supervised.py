"""A process under the supervisor, for tests to signal.

``python -m tests.shared.runtime.supervised <scenario> <folder>``: what happens is noted as lines in
``<folder>/story``; the service listens on ``<folder>/s.sock``.
"""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from fastapi import APIRouter

from shared.http.app import create_app
from shared.http.security import allow_anybody
from shared.kernel.errors import Unavailable
from shared.observability.health import Health
from shared.observability.logging import configure_logging
from shared.observability.metrics import Metrics
from shared.runtime.listening import Listening
from shared.runtime.restarting import RestartPolicy
from shared.runtime.service import Background, Hook, Service
from shared.runtime.supervisor import run, serve
from shared.testing.waiting import eventually

SCENARIO, FOLDER = sys.argv[1], Path(sys.argv[2])
NAMES = {"s", "first", "second"}
QUICK = RestartPolicy(first_s=0.01, longest_s=0.02, crashes=5, window_s=60)


def note(line: str) -> None:
    with (FOLDER / "story").open("a") as story:
        story.write(line + "\n")


async def steady(stop: asyncio.Event) -> None:
    note("working")
    await stop.wait()
    note("gave work back")


async def stubborn(stop: asyncio.Event) -> None:
    note("working")
    try:
        await asyncio.Event().wait()
    finally:
        note("was cut off")


async def broken(stop: asyncio.Event) -> None:
    raise RuntimeError("always")


async def breaks_twice(stop: asyncio.Event) -> None:
    if (FOLDER / "story").read_text().splitlines().count("crash") < 2:
        note("crash")
        raise RuntimeError("twice")
    await steady(stop)


TASKS: Mapping[str, Background] = {
    "steady": steady,
    "late": steady,
    "stubborn": stubborn,
    "broken": broken,
    "breaks-twice": breaks_twice,
}


async def relay(stop: asyncio.Event) -> None:
    await stop.wait()
    note("relay drained")


def noting(line: str) -> Hook:
    async def hook() -> None:
        note(line)

    return hook


async def come_late() -> None:
    """What the service needs is away until there is a file ``go-on``."""
    if SCENARIO == "late" and not (FOLDER / "go-on").exists():
        note("away")
        raise Unavailable("The database cannot be reached now.")


async def fail_to_close() -> None:
    raise RuntimeError("already closed")


def service(name: str, task: str) -> Service:
    router = APIRouter(dependencies=[allow_anybody()])

    @router.get("/slow")
    async def slow() -> str:
        note("slow began")
        await eventually((FOLDER / "go-on").exists, within_s=30)
        return "done"

    health, metrics = Health(), Metrics(name)
    return Service(
        name=name,
        app=create_app(
            service=name,
            title=name,
            routers=[router],
            verifier=None,
            health=health,
            metrics=metrics,
        ),
        health=health,
        metrics=metrics,
        background={task: TASKS[task]},
        relays={"relay": relay},
        on_start=[come_late, noting("started")],
        on_close=[noting("closed first opened"), fail_to_close, noting("closed last opened")],
    )


def listenings() -> list[Listening]:
    if SCENARIO == "two":
        return [
            Listening(service=service(name, "steady"), uds=FOLDER / f"{name}.sock")
            for name in ("first", "second")
        ]
    if SCENARIO.startswith("port:"):
        return [Listening(service=service("s", "steady"), port=int(SCENARIO[5:]))]
    if SCENARIO.startswith("admin-port:"):
        told = service("s", "steady")
        return [Listening(service=told, uds=FOLDER / "s.sock", admin_port=int(SCENARIO[11:]))]
    return [Listening(service=service("s", SCENARIO), uds=FOLDER / "s.sock", admin_port=0)]


def ready(addresses: Mapping[str, str]) -> None:
    note("ready " + " ".join(sorted(addresses[name] for name in addresses if name in NAMES)))
    for name in addresses.keys() - NAMES:
        (FOLDER / name).write_text(addresses[name])


if __name__ == "__main__":
    configure_logging("supervised")
    note("began")
    run(serve(listenings(), on_ready=ready, drain_s=0.5, restarts=QUICK))
