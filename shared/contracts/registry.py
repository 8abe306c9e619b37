"""The facts of the platform, by type, and the way back from an envelope to one of them."""

from typing import Final

from pydantic import ValidationError

from shared.contracts.assessment import AssessmentCompleted
from shared.contracts.envelope import Envelope, EventData
from shared.contracts.inventory import InventoryImported
from shared.contracts.plan import PlanApproved
from shared.contracts.prep import PrepTaskDone
from shared.contracts.project import ProjectChanged
from shared.kernel.errors import Invalid

EVENTS: Final[dict[str, type[EventData]]] = {
    event.TYPE: event
    for event in (
        InventoryImported,
        AssessmentCompleted,
        PlanApproved,
        PrepTaskDone,
        ProjectChanged,
    )
}


def schema_id(event: type[EventData]) -> str:
    """The ``dataschema`` attribute: names a file in ``shared/contracts/schemas``."""
    return f"urn:migration-planner:{event.TYPE}:v{event.SCHEMA_VERSION}"


def parse_data(envelope: Envelope) -> EventData:
    """The fact inside ``envelope``.

    Raises:
        Invalid: the type is not ours or the data does not fit it; code ``invalid-event``.
    """
    event = EVENTS.get(envelope.type)
    if event is None:
        raise Invalid(f"Unknown event type {envelope.type!r}.", code="invalid-event")
    try:
        return event.model_validate(envelope.data)
    except ValidationError as error:
        raise Invalid(
            f"{envelope.type}: {error.error_count()} errors in its data.", code="invalid-event"
        ) from None
