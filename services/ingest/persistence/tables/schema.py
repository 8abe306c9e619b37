"""What the tables of the schema have in common."""

from sqlalchemy import Column, ForeignKey, MetaData, Uuid

metadata = MetaData()


def inventory_id_column() -> Column[object]:
    """The first part of the key of everything that an import stores."""
    return Column("inventory_id", Uuid, ForeignKey("inventories.id"), primary_key=True)
