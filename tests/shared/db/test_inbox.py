"""Messages already handled."""

import asyncio

import pytest
from sqlalchemy import text

from shared.db import inbox
from shared.db.uow import Database
from tests.shared.db.workshop import row_count


async def test_a_message_is_new_once_for_each_consumer(db: Database) -> None:
    message_id = db.ids.new()
    answers = []
    for consumer in ("polisher", "polisher", "packer"):
        async with db.write() as connection:
            answers.append(
                await inbox.first_time(connection, consumer=consumer, message_id=message_id)
            )

    assert answers == [True, False, True]


async def test_a_handler_that_rolls_back_has_not_handled_the_message(db: Database) -> None:
    message_id = db.ids.new()

    async def attempt() -> None:
        async with db.write() as connection:
            await inbox.first_time(connection, consumer="polisher", message_id=message_id)
            raise LookupError

    with pytest.raises(LookupError):
        await attempt()

    async with db.write() as connection:
        assert await inbox.first_time(connection, consumer="polisher", message_id=message_id)


async def test_of_two_deliveries_at_once_one_is_the_first(db: Database) -> None:
    message_id = db.ids.new()

    async def deliver() -> bool:
        async with db.write() as connection:
            return await inbox.first_time(connection, consumer="polisher", message_id=message_id)

    assert sorted(await asyncio.gather(deliver(), deliver())) == [False, True]


async def test_messages_are_forgotten_after_thirty_days(db: Database) -> None:
    async with db.write() as connection:
        for _ in range(2):
            await inbox.first_time(connection, consumer="polisher", message_id=db.ids.new())
        await connection.execute(
            text(
                "UPDATE inbox SET received_at = now() - interval '31 days'"
                " WHERE message_id = (SELECT min(message_id::text)::uuid FROM inbox)"
            )
        )
        assert await inbox.prune(connection) == 1

    assert await row_count(db, "inbox") == 1
