"""Plan snapshots for the services that render or prepare them."""

from fastapi import APIRouter

from services.planner.persistence.queries import PlanSnapshots
from shared.db.uow import Database
from shared.http.pages import snapshots_router

READERS = ("exporter", "provisioner")


def internal_routes(database: Database) -> APIRouter:
    """Manifest and pages of plan snapshots."""
    return snapshots_router(PlanSnapshots(database), readers=READERS)
