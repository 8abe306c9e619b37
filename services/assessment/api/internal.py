"""Assessed snapshots for the planner."""

from fastapi import APIRouter

from services.assessment.persistence.queries import AssessedSnapshots
from shared.db.uow import Database
from shared.http.pages import snapshots_router


def internal_routes(database: Database) -> APIRouter:
    """The manifest and the pages of complete assessments; nobody else needs them."""
    return snapshots_router(AssessedSnapshots(database), readers=("planner",))
