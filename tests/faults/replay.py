"""An operator's replay: facts that were published are published again, the newest first."""

import asyncio

import asyncpg

from services import SERVICES

_AGAIN = """
WITH again AS (DELETE FROM {0}.outbox WHERE published_at IS NOT NULL RETURNING *)
INSERT INTO {0}.outbox (id, aggregate_type, aggregate_id, aggregate_version, type, envelope)
SELECT id, aggregate_type, aggregate_id, aggregate_version, type, envelope
FROM again ORDER BY seq DESC
"""


def replay_in_reverse(dsn: str, *, forgotten: bool) -> int:
    """Publish every fact of every service again; how many there are.

    ``forgotten`` empties the inboxes too, as if their records had been kept for too short a time:
    then nothing but the handlers themselves can prevent a second effect. Blocks.
    """
    return asyncio.run(_replay(dsn, forgotten=forgotten))


async def _replay(dsn: str, *, forgotten: bool) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            if forgotten:
                for service in SERVICES:
                    await connection.execute(f"DELETE FROM {service}.inbox")
            counts = [
                (await connection.execute(_AGAIN.format(service))).rpartition(" ")[2]
                for service in SERVICES
            ]
        return sum(int(count) for count in counts)
    finally:
        await connection.close()
