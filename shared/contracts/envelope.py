"""The envelope of every event: CloudEvents 1.0 in structured JSON.

Extension attributes are lower-case words, as CloudEvents asks: ``aggregateversion``,
``correlationid``, ``causationid``, ``traceparent``.
"""

from datetime import datetime
from typing import Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.kernel.errors import Invalid

CONTENT_TYPE = "application/cloudevents+json"


class EventData(BaseModel):
    """Base of the facts. Subclasses say their type and what they are about.

    Unknown fields are ignored, so that a producer may add optional ones.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str]
    """Dotted, past tense; also the routing key."""
    SCHEMA_VERSION: ClassVar[int] = 1

    @property
    def subject(self) -> str:
        """The aggregate the fact is about, e.g. ``inventories/<id>``."""
        raise NotImplementedError


class Envelope(BaseModel):
    """One event as it travels. ``id`` stays the same however often it is delivered."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = Field(description="The service that states the fact, e.g. /services/ingest")
    type: str
    subject: str
    time: datetime
    dataschema: str
    datacontenttype: Literal["application/json"] = "application/json"
    aggregateversion: int = Field(ge=1)
    correlationid: str | None = None
    causationid: str | None = None
    traceparent: str | None = None
    data: dict[str, Any]

    def encode(self) -> bytes:
        """The wire form: UTF-8 JSON without absent attributes."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """The envelope in ``body``.

        Raises:
            Invalid: it is not an envelope of this version; code ``invalid-event``.
        """
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            raise Invalid(
                f"Not a CloudEvents 1.0 envelope: {error.error_count()} errors.",
                code="invalid-event",
            ) from None
