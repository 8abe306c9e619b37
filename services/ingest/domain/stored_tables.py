"""All tables that an import fills, with their columns in the order in which rows are written."""

from typing import Final

from services.ingest.domain.affected_tables import AFFECTED_TABLES
from services.ingest.domain.infrastructure_tables import INFRASTRUCTURE_TABLES
from services.ingest.domain.table_columns import VM_TABLES

STORED_TABLES: Final[dict[str, tuple[str, ...]]] = {
    **VM_TABLES,
    **INFRASTRUCTURE_TABLES,
    **AFFECTED_TABLES,
}
