"""An operator's replay: facts that were published are published again, the newest first."""

import asyncio
from collections.abc import Sequence

import asyncpg

from services import SERVICES

_AGAIN = """
WITH again AS (
  DELETE FROM {0}.outbox
  WHERE published_at IS NOT NULL AND envelope->'data'->>'project_id' = ANY($1::text[])
  RETURNING *
)
INSERT INTO {0}.outbox (id, aggregate_type, aggregate_id, aggregate_version, type, envelope)
SELECT id, aggregate_type, aggregate_id, aggregate_version, type, envelope
FROM again ORDER BY seq DESC
RETURNING id
"""


def replay_in_reverse(dsn: str, projects: Sequence[str], *, forgotten: bool) -> int:
    """Publish every fact of ``projects`` again, whichever service stated it; how many there are.

    ``forgotten`` empties the inboxes of them too, as if their records had been kept for too short
    a time: then nothing but the handlers themselves can prevent a second effect. Blocks.
    """
    return asyncio.run(_replay(dsn, projects, forgotten=forgotten))


async def _replay(dsn: str, projects: Sequence[str], *, forgotten: bool) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            facts = [
                row["id"]
                for service in SERVICES
                for row in await connection.fetch(_AGAIN.format(service), projects)
            ]
            if forgotten:
                for service in SERVICES:
                    await connection.execute(
                        f"DELETE FROM {service}.inbox WHERE message_id = ANY($1)", facts
                    )
        return len(facts)
    finally:
        await connection.close()
