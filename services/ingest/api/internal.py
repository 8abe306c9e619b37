"""Inventory snapshots for the assessment."""

from fastapi import APIRouter

from services.ingest.persistence.queries import InventorySnapshots
from shared.db.uow import Database
from shared.http.pages import snapshots_router


def internal_routes(database: Database) -> APIRouter:
    """The manifest and the pages of ready inventories; nobody else needs them."""
    return snapshots_router(InventorySnapshots(database), readers=("assessment",))
