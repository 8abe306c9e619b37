"""The import report (decision 7): the first thing people look at after an import."""

from dataclasses import dataclass

from services.ingest.domain.confidence import Confidence
from services.ingest.domain.rejects import Reject
from services.ingest.domain.report import ContradictionReport, TabReport, Totals


@dataclass(frozen=True, slots=True)
class VCenterSource:
    """A vCenter as it names itself; ``product`` is name, version and build in one text."""

    vcenter: str
    server: str | None
    product: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class AffectedReport:
    """Rows that were rejected, have a rejected cell or take part in a contradiction."""

    rows: int = 0
    """Those that the list of affected rows and the annotated workbook hold."""
    is_complete: bool = True
    """Whether they are all; only so many are kept."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Everything about one import that is not a row."""

    confidence: Confidence
    tabs: tuple[TabReport, ...]
    other_tabs: tuple[str, ...]
    """Tabs of the workbooks that no part of the import reads yet."""
    files: tuple[str, ...]
    """The files of an import of several; none of an import of one."""
    ignored_files: tuple[str, ...]
    """Files of the uploaded zip that hold no tabs."""
    totals: Totals
    vcenters: tuple[str, ...]
    sources: tuple[VCenterSource, ...]
    """What vSource says of them."""
    identity: dict[str, int]
    """VMs by what they are recognised by; ``name`` is weak."""
    ids_adopted: int
    derived: dict[str, int]
    """VMs by figure that another tab than vInfo supplied."""
    rejected_count: int
    rejected: tuple[Reject, ...]
    """The first of them of each tab."""
    contradictions: tuple[ContradictionReport, ...]
    affected: AffectedReport = AffectedReport()
