"""Give a fact its place in its project's stream."""

from uuid import UUID

from services.gateway.usecases.ports import StreamStore
from shared.contracts.envelope import Envelope


async def note_fact(store: StreamStore, project_id: UUID, envelope: Envelope) -> bool:
    """Append what clients of ``project_id`` are told of the event in ``envelope``.

    Safe to repeat: an event has one place. Returns whether it got it now.
    """
    return await store.append(
        project_id,
        envelope.id,
        kind=envelope.type,
        subject=envelope.subject,
        version=envelope.aggregateversion,
    )
