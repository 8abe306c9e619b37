"""Which vCenter a row of a tab about vCenter is of."""

from dataclasses import dataclass

from services.ingest.domain.identity import VCenters
from services.ingest.domain.row_cells import RowCells


@dataclass(frozen=True, slots=True)
class Source:
    """Which vCenter a row is of, as the row says it."""

    uuid: str | None
    server: str | None
    file: str | None = None
    """The file that the row is in, of an import of several."""

    def in_words(self, vcenters: VCenters) -> str:
        """The vCenter as VMs name theirs."""
        return vcenters.named(uuid=self.uuid, server=self.server, file=self.file)


def source_of(row: RowCells) -> Source:
    """The vCenter that a row names."""
    server, uuid = row.shared("VI SDK Server"), row.shared("VI SDK UUID")
    return Source(uuid.lower() if uuid else None, server.lower() if server else None, file=row.file)
