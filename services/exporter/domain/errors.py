"""The exporter's problem codes. Each names a page in ``docs/problems/``.

export-not-found    no such export in this project
export-not-ready    its content has not been rendered (yet)
snapshot-not-found  the planner has no such plan snapshot for this project
snapshot-mismatch   the planner's snapshot has another digest than the one asked for
unknown-records     the snapshot holds records that this version cannot read
"""

from typing import Final

EXPORT_NOT_FOUND: Final = "export-not-found"
EXPORT_NOT_READY: Final = "export-not-ready"
SNAPSHOT_NOT_FOUND: Final = "snapshot-not-found"
SNAPSHOT_MISMATCH: Final = "snapshot-mismatch"
UNKNOWN_RECORDS: Final = "unknown-records"
