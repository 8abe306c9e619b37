"""The rows of an import that people should look at."""

from sqlalchemy import Column, ForeignKey, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.ingest.persistence.tables.schema import metadata

affected_tabs = Table(
    "affected_tabs",
    metadata,
    Column("inventory_id", Uuid, ForeignKey("inventories.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sheet", Text, nullable=False),
    Column("file", Text),
    Column("tab", Text, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("row_count", Integer, nullable=False),
)

affected_rows = Table(
    "affected_rows",
    metadata,
    Column("inventory_id", Uuid, ForeignKey("inventories.id"), primary_key=True),
    Column("tab_position", Integer, primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("cells", JSONB, nullable=False),
    Column("problems", JSONB, nullable=False),
)
