"""The command ``dead-letters``, on both buses."""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from services import dead_letters
from shared.bus.ports import Bus, Message
from shared.contracts.events import event_facts
from shared.runtime.errors import StartError
from shared.runtime.parts import make_bus
from shared.testing.bus_probes import (
    Recorder,
    consuming,
    eventually_dead,
    everything_dies,
    published,
    started,
)
from shared.testing.postgres import FreshDatabase
from shared.testing.rabbit_server import RabbitServer

QUEUE = "assessment.inventory.imported"
(EXAMPLE,) = (event.example for event in event_facts() if event.type == "inventory.imported")


@pytest.fixture(params=["rabbitmq", "postgresql"])
def bus_url(request: pytest.FixtureRequest, platform_database: FreshDatabase) -> str:
    if request.param == "postgresql":
        return platform_database.dsn("bus")
    url: str = request.getfixturevalue("rabbit_url")
    return url


@pytest.fixture
async def bus(
    bus_url: str, platform_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bus]:
    """The bus that the command finds in the environment, as in the pod of assessment."""
    monkeypatch.setenv("MIGPLAN_ASSESSMENT_BUS_URL", bus_url)
    monkeypatch.setenv("MIGPLAN_ASSESSMENT_DATABASE_DSN", platform_database.dsn("assessment"))
    async with started(make_bus(bus_url, declare=True)) as bus:
        yield bus


def a_message(body: bytes) -> Message:
    return Message(uuid4(), "inventory.imported", body)


async def dead(bus: Bus, *messages: Message) -> None:
    await published(bus, *messages)
    await everything_dies(bus, QUEUE, len(messages))


async def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    dead_letters.add_arguments(parser)
    return await dead_letters.run(parser.parse_args(arguments))


async def trail(database: FreshDatabase) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database.dsn("assessment"))
    try:
        return await connection.fetch(
            "SELECT actor, action, subject, after FROM assessment.audit_entries ORDER BY at"
        )
    finally:
        await connection.close()


async def test_the_list_says_of_each_what_it_is_why_and_when_it_died(
    bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    fact, noise = a_message(json.dumps(EXAMPLE).encode()), a_message(b"\xff not an event")
    await dead(bus, fact, noise)
    capsys.readouterr()  # what the consumer logged

    assert await run("list") == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{QUEUE}: 2 dead letters"
    assert f"{fact.id}  inventory.imported of {EXAMPLE['subject']}  rejected  20" in lines[1]
    assert f"{noise.id}  inventory.imported, unreadable  rejected  20" in lines[2]

    assert await run("list", "--limit", "1") == 0
    assert "1 more" in capsys.readouterr().out


async def test_one_is_shown_whole(bus: Bus, capsys: pytest.CaptureFixture[str]) -> None:
    fact = a_message(json.dumps(EXAMPLE).encode())
    await dead(bus, fact)
    capsys.readouterr()  # what the consumer logged

    assert await run("show", "--queue", QUEUE, "--id", str(fact.id)) == 0

    shown = json.loads(capsys.readouterr().out)
    assert shown["body"] == EXAMPLE
    assert (shown["id"], shown["type"], shown["reason"]) == (
        str(fact.id),
        "inventory.imported",
        "rejected",
    )


async def test_a_dry_run_moves_nothing_and_leaves_no_trail(
    bus: Bus, platform_database: FreshDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    await dead(bus, a_message(b"1"), a_message(b"2"))

    assert await run("replay", "--queue", QUEUE, "--all", "--dry-run") == 0

    assert "2 would go back" in capsys.readouterr().out
    await eventually_dead(bus, QUEUE, 2)
    assert await trail(platform_database) == []


async def test_a_replay_moves_what_was_chosen_and_is_audited(
    bus: Bus, platform_database: FreshDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen, other = a_message(b"chosen"), a_message(b"other")
    await dead(bus, chosen, other)

    code = await run(
        *("replay", "--queue", QUEUE, "--id", str(chosen.id)),
        *("--reason", "bug fixed", "--by", "Ada"),
    )

    assert code == 0
    assert f"1 of 1 are in {QUEUE} again." in capsys.readouterr().out
    recorder = Recorder()
    async with consuming(bus, QUEUE, recorder):
        await recorder.has_seen([chosen])
    assert [other] == [letter.message for letter in await bus.dead_letters(QUEUE)]
    asked, done = await trail(platform_database)
    assert (asked["action"], done["action"]) == (
        "dead_letters.replay_requested",
        "dead_letters.replayed",
    )
    for entry in (asked, done):
        assert (entry["actor"], entry["subject"]) == ("operator:Ada", f"queues/{QUEUE}")
        assert json.loads(entry["after"]) == {"messages": [str(chosen.id)], "reason": "bug fixed"}


async def test_all_of_a_queue_go_back_together(bus: Bus) -> None:
    messages = [a_message(str(n).encode()) for n in range(5)]
    await dead(bus, *messages)

    assert await run("replay", "--queue", QUEUE, "--all", "--reason", "bug fixed") == 0

    await eventually_dead(bus, QUEUE, 0)
    recorder = Recorder()
    async with consuming(bus, QUEUE, recorder):
        await recorder.has_seen(messages)


async def test_what_is_not_there_is_refused_and_nothing_moves(
    bus: Bus, platform_database: FreshDatabase
) -> None:
    message, unknown = a_message(b"1"), uuid4()
    await dead(bus, message)

    with pytest.raises(StartError, match=f"no dead letter {unknown}"):
        await run(
            *("replay", "--queue", QUEUE, "--reason", "x"),
            *("--id", str(message.id), "--id", str(unknown)),
        )

    await eventually_dead(bus, QUEUE, 1)
    assert await trail(platform_database) == []


async def test_a_replay_that_cannot_be_audited_does_not_happen(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await dead(bus, a_message(b"1"))
    monkeypatch.delenv("MIGPLAN_ASSESSMENT_DATABASE_DSN")

    with pytest.raises(StartError, match="MIGPLAN_ASSESSMENT_DATABASE_DSN is not set"):
        await run("replay", "--queue", QUEUE, "--all", "--reason", "x")

    await eventually_dead(bus, QUEUE, 1)


async def test_what_a_login_may_not_do_is_told_and_not_recorded_as_done(
    rabbitmq: RabbitServer,
    rabbit_url: str,
    platform_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    messages = [a_message(str(n).encode()) for n in range(3)]
    monkeypatch.setenv("MIGPLAN_ASSESSMENT_DATABASE_DSN", platform_database.dsn("assessment"))
    async with started(make_bus(rabbit_url, declare=True)) as bus:
        await dead(bus, *messages)
        with rabbitmq.user(rabbit_url, configure="^$", write="^$", read="dead$") as url:
            monkeypatch.setenv("MIGPLAN_ASSESSMENT_BUS_URL", url)
            code = await run("replay", "--queue", QUEUE, "--all", "--reason", "x", "--by", "Ada")
        await eventually_dead(bus, QUEUE, len(messages))

    said = capsys.readouterr().out
    assert code == 1
    assert f"0 of 3 are in {QUEUE} again." in said
    assert "2 were not tried and still are dead letters" in said
    assert "MIGPLAN_TOPOLOGY_BUS_URL" in said
    _, done = await trail(platform_database)
    assert json.loads(done["after"])["messages"] == []


async def test_without_a_bus_it_says_what_to_set() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services", "dead-letters", "list"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()

    assert process.returncode == 1
    assert b"MIGPLAN_<SERVICE>_BUS_URL" in errors
    assert b"--data-dir" in errors


async def test_a_folder_that_is_no_installation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no data folder"):
        await run("list", "--data-dir", str(tmp_path))
