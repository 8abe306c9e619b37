"""Open pages hear of a project's facts: each once, none missing, and only who may."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.gateway.persistence.streams import PostgresStreamStore
from shared.bus.ports import Message
from shared.bus.postgres import PostgresBus
from shared.contracts.envelope import Envelope
from shared.contracts.events import event_facts
from shared.db.bootstrap import BUS
from shared.db.uow import Database
from shared.testing.postgres import FreshDatabase
from shared.testing.waiting import eventually
from tests.services.gateway.running import RunningGateway, append, running_gateway
from tests.support.event_streams import OpenStream, Received, open_stream

ENVELOPES = [Envelope.model_validate(event.example) for event in event_facts()]
PROJECT = UUID("0198c0de-0000-7000-8000-000000000001")
OTHER = UUID("0198c0de-0000-7000-8000-000000000002")
PATH = f"/v1/projects/{PROJECT}/stream"
Keys = tuple[str, str]


@pytest.fixture
async def gateway(
    gateway_database: FreshDatabase, keys: Keys, tmp_path: Path
) -> AsyncIterator[RunningGateway]:
    """A gateway at work whose streams look for news only when they are told of them."""
    async with running_gateway(
        gateway_database, keys, tmp_path / "gateway.sock", stream_heartbeat_s=60
    ) as running:
        yield running


def told(version: int, *, at: int | None = None) -> Received:
    """What a page gets of the fact that :func:`append` stored."""
    data = {"type": "plan.approved", "subject": f"projects/{PROJECT}", "version": version}
    return Received(at or version, "message", data)


async def take(stream: OpenStream, count: int) -> list[Received]:
    async with asyncio.timeout(20):
        return [await stream.next() for _ in range(count)]


@pytest.mark.parametrize("envelope", ENVELOPES, ids=lambda envelope: envelope.type)
async def test_each_event_on_the_bus_reaches_an_open_page_as_type_subject_and_version(
    gateway: RunningGateway, gateway_database: FreshDatabase, envelope: Envelope
) -> None:
    bus = PostgresBus(gateway_database.dsn(BUS))
    await bus.start()
    async with open_stream(gateway.client, PATH, await gateway.log_in()) as stream:
        await stream.begun()

        message = Message(envelope.id, envelope.type, envelope.encode())
        assert await bus.publish([message, message]) == [None, None]

        (event,) = await take(stream, 1)
    await bus.close()
    assert event.data == {
        "type": envelope.type,
        "subject": envelope.subject,
        "version": envelope.aggregateversion,
    }


async def test_an_event_handled_twice_is_told_once(gateway: RunningGateway, db: Database) -> None:
    async with open_stream(gateway.client, PATH, await gateway.log_in()) as stream:
        await stream.begun()
        event_id = await append(db, PROJECT, 1)
        await append(db, PROJECT, 1, event_id=event_id)
        await append(db, PROJECT, 2)

        assert await take(stream, 2) == [told(1), told(2)]


async def test_a_page_hears_of_its_own_project_only(gateway: RunningGateway, db: Database) -> None:
    async with open_stream(gateway.client, PATH, await gateway.log_in()) as stream:
        await stream.begun()
        await append(db, OTHER, 7)
        await append(db, PROJECT, 1)

        assert await take(stream, 1) == [told(1)]


async def test_a_new_page_hears_of_what_comes_and_not_of_what_was(
    gateway: RunningGateway, db: Database
) -> None:
    await append(db, PROJECT, 1)
    async with open_stream(gateway.client, PATH, await gateway.log_in()) as stream:
        assert await stream.begun() == "1"
        await append(db, PROJECT, 2)

        assert await take(stream, 1) == [told(2)]


async def test_a_page_that_comes_back_is_told_what_it_missed_first(
    gateway: RunningGateway, db: Database
) -> None:
    headers = await gateway.log_in()
    async with open_stream(gateway.client, PATH, headers) as stream:
        await stream.begun()
        await append(db, PROJECT, 1)
        (seen,) = await take(stream, 1)
    for version in range(2, 230):  # more than one batch
        await append(db, PROJECT, version)

    async with open_stream(gateway.client, PATH, headers, after=str(seen.id)) as stream:
        assert await take(stream, 228) == [told(version) for version in range(2, 230)]


async def test_a_fact_that_commits_late_is_not_passed_over(
    gateway: RunningGateway, db: Database
) -> None:
    async with open_stream(gateway.client, PATH, await gateway.log_in()) as stream:
        await stream.begun()
        may_commit, has_written = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            async with db.transactions(PostgresStreamStore)() as tx:
                await tx.store.append(
                    PROJECT,
                    uuid4(),
                    kind="plan.approved",
                    subject=f"projects/{PROJECT}",
                    version=1,
                )
                has_written.set()
                await may_commit.wait()

        first = asyncio.create_task(slow())
        await has_written.wait()
        second = asyncio.create_task(append(db, PROJECT, 2))
        await asyncio.wait({second}, timeout=0.3)
        assert not second.done()
        may_commit.set()
        await asyncio.gather(first, second)

        assert await take(stream, 2) == [told(1), told(2)]


async def test_under_concurrent_commits_a_page_that_keeps_breaking_off_misses_and_repeats_nothing(
    gateway: RunningGateway,
    gateway_database: FreshDatabase,
    keys: Keys,
    tmp_path: Path,
    db: Database,
) -> None:
    headers = await gateway.log_in()
    chance = random.Random(7)
    writers, each = 6, 40

    async def write(writer: int) -> None:
        for number in range(each):
            await append(db, PROJECT, 1 + writer * each + number)
            if number % 7 == writer:  # one that is rolled back leaves no gap
                with suppress(ZeroDivisionError):
                    async with db.transactions(PostgresStreamStore)() as tx:
                        await tx.store.append(PROJECT, uuid4(), kind="x", subject="x/1", version=1)
                        _ = 1 / 0

    received: list[Received] = []
    after: str | None = None
    async with running_gateway(
        gateway_database, keys, tmp_path / "second.sock", stream_heartbeat_s=60
    ) as second:
        begun, writing = asyncio.Event(), None
        while len(received) < writers * each:
            replica = chance.choice([gateway, second])
            async with open_stream(replica.client, PATH, headers, after=after) as stream:
                if after is None:
                    after = await stream.begun()
                    begun.set()
                if writing is None:
                    writing = asyncio.gather(*(write(writer) for writer in range(writers)))
                left = writers * each - len(received)
                received += await take(stream, min(left, chance.randint(1, 30)))
                after = stream.parser.last_id
        assert writing is not None
        await writing

    assert [event.id for event in received] == list(range(1, writers * each + 1))
    versions = sorted(event.data["version"] for event in received)
    assert versions == list(range(1, writers * each + 1))


async def test_a_fact_that_another_process_stored_is_told_here(
    gateway: RunningGateway,
    gateway_database: FreshDatabase,
    keys: Keys,
    tmp_path: Path,
    db: Database,
) -> None:
    headers = await gateway.log_in()
    async with (
        running_gateway(
            gateway_database, keys, tmp_path / "second.sock", stream_heartbeat_s=60
        ) as second,
        open_stream(gateway.client, PATH, headers) as here,
        open_stream(second.client, PATH, headers) as there,
    ):
        await here.begun()
        await there.begun()
        await append(db, PROJECT, 1)

        assert await take(here, 1) == await take(there, 1) == [told(1)]


async def test_a_lost_listening_connection_costs_nothing_but_a_moment(
    gateway: RunningGateway, gateway_database: FreshDatabase, db: Database
) -> None:
    async with open_stream(gateway.client, PATH, await gateway.log_in()) as stream:
        await stream.begun()
        await append(db, PROJECT, 1)
        assert await take(stream, 1) == [told(1)]
        admin = await asyncpg.connect(gateway_database.admin_dsn)
        cut = await admin.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'migplan-gateway' AND datname = current_database()"
            " AND query ~ 'LISTEN|SELECT 1$'"
        )
        await admin.close()
        assert cut >= 1
        await append(db, PROJECT, 2)

        assert await take(stream, 1) == [told(2)]


@pytest.mark.parametrize("after", ["1", "9", "nonsense", "-1", "9" * 40])
async def test_an_id_that_cannot_be_continued_makes_the_page_read_again_and_goes_on(
    gateway: RunningGateway, db: Database, after: str
) -> None:
    for version in range(1, 5):
        await append(db, PROJECT, version)
    async with db.write() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute("DELETE FROM stream_facts WHERE position <= 2")

    headers = await gateway.log_in()
    async with open_stream(gateway.client, PATH, headers, after=after) as stream:
        assert await take(stream, 1) == [Received(4, "reset", {})]
        await append(db, PROJECT, 5)
        assert await take(stream, 1) == [told(5)]


async def test_facts_are_forgotten_after_the_time_that_is_set(db: Database) -> None:
    await append(db, PROJECT, 1)
    streams = db.transactions(PostgresStreamStore)

    async with streams() as tx:
        kept = await tx.store.forget_older_than(timedelta(hours=1))
    async with streams() as tx:
        forgotten = await tx.store.forget_older_than(timedelta(0))

    assert (kept, forgotten) == (0, 1)


async def test_a_silent_stream_says_that_it_lives(
    gateway_database: FreshDatabase, keys: Keys, tmp_path: Path
) -> None:
    async with (
        running_gateway(
            gateway_database, keys, tmp_path / "g.sock", stream_heartbeat_s=0.05
        ) as gateway,
        open_stream(gateway.client, PATH, await gateway.log_in()) as stream,
    ):
        async with asyncio.timeout(10):
            await stream.heartbeat()
            await stream.heartbeat()


async def test_nothing_on_the_way_may_hold_back_or_compress_a_stream(
    gateway: RunningGateway,
) -> None:
    async with open_stream(gateway.client, PATH, await gateway.log_in()) as stream:
        headers = stream.response.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-store, no-transform"
        assert headers["x-accel-buffering"] == "no"
        assert "content-length" not in headers


async def test_a_foreign_project_has_no_stream(gateway: RunningGateway) -> None:
    await gateway.add_user("guest", projects=[str(OTHER)])
    headers = await gateway.log_in("guest")
    foreign = await gateway.client.get(PATH, headers=headers)

    assert (foreign.status_code, foreign.json()["code"]) == (404, "project-not-found")
    async with open_stream(gateway.client, f"/v1/projects/{OTHER}/stream", headers) as own:
        assert own.response.status_code == 200


async def test_without_a_session_there_is_no_stream(gateway: RunningGateway) -> None:
    assert (await gateway.client.get(PATH)).status_code == 401


async def test_a_stream_ends_with_its_session_or_its_user_s_project(
    gateway_database: FreshDatabase, keys: Keys, tmp_path: Path
) -> None:
    async with running_gateway(
        gateway_database, keys, tmp_path / "g.sock", stream_heartbeat_s=0.1
    ) as gateway:
        user = await gateway.add_user("guest", projects=[str(PROJECT)])
        first, second = await gateway.log_in("guest"), await gateway.log_in("guest")
        async with (
            open_stream(gateway.client, PATH, first) as logged_out,
            open_stream(gateway.client, PATH, second) as shut_out,
        ):
            await logged_out.begun()
            await shut_out.begun()
            await gateway.client.delete("/v1/sessions/current", headers=first)
            async with asyncio.timeout(10):
                await logged_out.ended()
            changed = await gateway.client.patch(
                f"/v1/users/{user['id']}",
                json={"projects": [str(OTHER)]},
                headers=await gateway.log_in() | {"If-Match": '"1"'},
            )
            assert changed.status_code == 200, changed.text
            async with asyncio.timeout(10):
                await shut_out.ended()


async def test_a_session_holds_so_many_streams_and_no_more(
    gateway_database: FreshDatabase, keys: Keys, tmp_path: Path
) -> None:
    async with running_gateway(
        gateway_database, keys, tmp_path / "g.sock", streams_per_session=2
    ) as gateway:
        headers = await gateway.log_in()
        async with open_stream(gateway.client, PATH, headers) as one:
            await one.begun()
            async with open_stream(gateway.client, PATH, headers) as two:
                await two.begun()
                refused = await gateway.client.get(PATH, headers=headers)
                another = await gateway.log_in()
                async with open_stream(gateway.client, PATH, another) as three:
                    assert three.response.status_code == 200
                assert b"open_event_streams" in await gateway.service.metrics.render()

            async def is_admitted() -> bool:
                async with open_stream(gateway.client, PATH, headers) as again:
                    return again.response.status_code == 200

            await eventually(is_admitted, what="the place that was given back")
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-streams")
    assert "Close one" in refused.json()["detail"]
    assert refused.headers["Retry-After"] == "5"


async def test_a_process_holds_so_many_streams_and_no_more(
    gateway_database: FreshDatabase, keys: Keys, tmp_path: Path
) -> None:
    async with (
        running_gateway(gateway_database, keys, tmp_path / "g.sock", streams_at_most=1) as gateway,
        open_stream(gateway.client, PATH, await gateway.log_in()) as one,
    ):
        await one.begun()
        refused = await gateway.client.get(PATH, headers=await gateway.log_in())
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-streams")


async def test_the_gauge_falls_back_to_zero_when_clients_leave(gateway: RunningGateway) -> None:
    async def open_streams() -> str:
        scrape = (await gateway.service.metrics.render()).decode()
        return next(line for line in scrape.splitlines() if line.startswith("open_event_streams{"))

    async with open_stream(gateway.client, PATH, await gateway.log_in()) as stream:
        await stream.begun()
        assert (await open_streams()).endswith(" 1.0")

    async def are_closed() -> bool:
        return (await open_streams()).endswith(" 0.0")

    await eventually(are_closed, what="an empty gauge")


async def test_a_stopping_process_ends_its_streams_and_opens_no_more(
    gateway: RunningGateway,
) -> None:
    headers = await gateway.log_in()
    async with open_stream(gateway.client, PATH, headers) as stream:
        await stream.begun()
        gateway.stop.set()
        async with asyncio.timeout(5):
            await stream.ended()

    assert (await gateway.client.get(PATH, headers=headers)).status_code == 503
