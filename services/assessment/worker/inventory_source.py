"""Where the inventory of an assessment is, and whether this version reads it."""

from services.assessment.domain.errors import UNKNOWN_RECORDS
from services.assessment.domain.runs import AssessmentRun
from shared.contracts.records import VmRecord
from shared.contracts.snapshots import SnapshotManifest, SnapshotRef
from shared.kernel.errors import Unsupported


def check_schema(manifest: SnapshotManifest) -> None:
    """Raises ``Unsupported`` where the inventory's records are none that this version reads."""
    if manifest.record_schema != VmRecord.SCHEMA:
        raise Unsupported(
            f"The inventory holds {manifest.record_schema!r} records; this version reads "
            f"{VmRecord.SCHEMA!r}.",
            code=UNKNOWN_RECORDS,
        )


def inventory_reference(run: AssessmentRun) -> SnapshotRef:
    """Where the inventory of ``run`` is."""
    source = run.inventory.snapshot
    return SnapshotRef(
        id=source.id,
        record_count=source.record_count,
        page_count=source.page_count,
        digest=source.digest,
        path=source.path,
    )
