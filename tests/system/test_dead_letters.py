"""Dead letters of an embedded installation, while it runs and while it does not."""

import asyncio
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from shared.bus.ports import Message
from shared.bus.postgres import PostgresBus
from shared.db.bootstrap import BUS, ROLE_PREFIX
from shared.runtime.data_dir import DataDir
from shared.runtime.local_postgres import LocalPostgres
from shared.testing.bus_probes import published, started
from shared.testing.waiting import eventually
from tests.support.platform_processes import EmbeddedPlatform

QUEUE = "assessment.inventory.imported"


def dead_letters(data_dir: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "services", "dead-letters", *arguments, "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_dead_letters_are_reached_while_the_platform_runs_and_while_it_does_not(
    data_dir: Path,
) -> None:
    platform = EmbeddedPlatform(data_dir)
    await asyncio.to_thread(platform.start)
    postgres = LocalPostgres(data_dir / "postgres")
    await postgres.start()
    dsn = postgres.dsn(ROLE_PREFIX + BUS, DataDir(data_dir).role_password(BUS))
    message = Message(uuid4(), "inventory.imported", b"unreadable")

    async with started(PostgresBus(dsn)) as bus:
        await published(bus, message)
        (letter,) = await eventually(lambda: bus.dead_letters(QUEUE))
        said = dead_letters(data_dir, "replay", "--queue", QUEUE, "--all", "--reason", "a drill")

        async def is_dead_again() -> bool:
            again = await bus.dead_letters(QUEUE)
            return bool(again) and again[0].died_at > letter.died_at

        await eventually(is_dead_again)
    assert f"1 of 1 are in {QUEUE} again." in said
    assert await asyncio.to_thread(platform.stop) == 0
    assert postgres.pid is None

    assert str(message.id) in dead_letters(data_dir, "list")
    assert postgres.pid is None  # started for the look, and stopped again
