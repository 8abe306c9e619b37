"""The named points, by the process that passes them on the way from an upload to its documents."""

from typing import Final

from services.assessment.worker.assess_inventory import PAGE_COMMITTED
from services.exporter.worker.render_export import RENDERED
from services.gateway.adapters.upstream import ANSWERED_NOT_RETURNED, NOT_FORWARDED
from services.ingest.usecases.receive_workbook import CHUNK_STORED
from services.ingest.worker.import_inventory import PARSED, STORED
from services.planner.worker.merge_assessment import PAGE_MERGED
from services.provisioner.worker.compile_preparation import PAGE_COUNTED
from shared.observability.failpoints import (
    CONSUMER_BEFORE_COMMIT,
    CONSUMER_COMMITTED_NOT_ACKNOWLEDGED,
    JOB_AFTER_FINISH_COMMIT,
    JOB_BEFORE_FINISH_COMMIT,
    JOB_CLAIMED,
    RELAY_BEFORE_PUBLISH,
    RELAY_PUBLISHED_NOT_MARKED,
)

_CONSUMER: Final = (CONSUMER_BEFORE_COMMIT, CONSUMER_COMMITTED_NOT_ACKNOWLEDGED)
_JOB: Final = (JOB_CLAIMED, JOB_BEFORE_FINISH_COMMIT, JOB_AFTER_FINISH_COMMIT)
_RELAY: Final = (RELAY_BEFORE_PUBLISH, RELAY_PUBLISHED_NOT_MARKED)

POINTS: Final = {
    "gateway": (NOT_FORWARDED, ANSWERED_NOT_RETURNED),
    "ingest": (CHUNK_STORED, PARSED, STORED, *_JOB, *_RELAY),
    "assessment": (*_CONSUMER, PAGE_COMMITTED, *_JOB, *_RELAY),
    "planner": (*_CONSUMER, PAGE_MERGED, *_JOB, *_RELAY),
    "provisioner": (*_CONSUMER, PAGE_COUNTED, *_JOB),
    "exporter": (RENDERED, *_JOB),
}
