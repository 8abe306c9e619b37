"""``assessment.completed``: open pages hear of a new assessment."""

from services.gateway.usecases.note_fact import note_fact
from services.gateway.usecases.ports import StreamStore
from shared.contracts.assessment import AssessmentCompleted
from shared.contracts.envelope import Envelope
from shared.db.uow import Transaction


async def on_assessment_completed(
    event: AssessmentCompleted, envelope: Envelope, tx: Transaction[StreamStore]
) -> None:
    """Appends the fact to the project's stream.

    Safe twice: an event has one place. Late, it is told late: clients read again whatever it names
    and never put facts in order themselves.
    """
    await note_fact(tx.store, event.project_id, envelope)
