"""``prep.task.done``: open pages hear how a prep run goes on."""

from services.gateway.usecases.note_fact import note_fact
from services.gateway.usecases.ports import StreamStore
from shared.contracts.envelope import Envelope
from shared.contracts.prep import PrepTaskDone
from shared.db.uow import Transaction


async def on_prep_task_done(
    event: PrepTaskDone, envelope: Envelope, tx: Transaction[StreamStore]
) -> None:
    """Appends the fact to the project's stream.

    Safe twice: an event has one place. Late, it is told late: clients read again whatever it names
    and never put facts in order themselves.
    """
    await note_fact(tx.store, event.project_id, envelope)
