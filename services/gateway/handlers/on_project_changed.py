"""``project.changed``: open pages hear of it, and an archived project takes no changes."""

from services.gateway.usecases.note_fact import note_fact
from services.gateway.usecases.ports import StreamStore
from shared.contracts.envelope import Envelope
from shared.contracts.project import ProjectChanged
from shared.db import project_marks
from shared.db.uow import Transaction


async def on_project_changed(
    event: ProjectChanged, envelope: Envelope, tx: Transaction[StreamStore]
) -> None:
    """Marks the project, and appends the fact to its stream.

    Safe twice and late: an event has one place, and the mark keeps the newest version.
    """
    await project_marks.note(tx.connection, event)
    await note_fact(tx.store, event.project_id, envelope)
