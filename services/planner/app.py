"""The planner, composed."""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.planner.api.approvals import approval_routes
from services.planner.api.internal import internal_routes
from services.planner.api.public import plan_routes, settings_routes
from services.planner.handlers.on_assessment_completed import on_assessment_completed
from services.planner.persistence.invariants import ApprovedPlanHasSnapshot
from services.planner.persistence.store import PostgresPlannerStore
from services.planner.settings import PlannerSettings
from services.planner.usecases.note_assessment import BUILD_PLAN
from services.planner.usecases.ports import PlannerStore
from services.planner.worker.build_plan import BuildPlan
from shared.contracts.assessment import AssessmentCompleted
from shared.contracts.project import ProjectChanged
from shared.http.pages import SnapshotClient
from shared.runtime.parts import Parts
from shared.runtime.project_life import FORGET, forget_project, on_project_changed
from shared.runtime.service import Service

UPSTREAM = "assessment"


def build(settings: PlannerSettings) -> Service:
    """The planner as ``settings`` say."""
    parts = Parts("planner", settings)

    def store(connection: AsyncConnection) -> PlannerStore:
        rule = settings.allow_single_approver
        return PostgresPlannerStore(connection, allow_single_approver=rule)

    database = parts.database
    transactions = database.transactions(store)
    upstream = SnapshotClient(
        parts.upstream(UPSTREAM), parts.signer, UPSTREAM, metrics=parts.metrics
    )
    return parts.service(
        title="Planner",
        store=store,
        routers=[
            plan_routes(database, transactions, store),
            settings_routes(database, transactions, store),
            approval_routes(database, transactions, store),
            internal_routes(database),
        ],
        subscriptions={
            AssessmentCompleted.TYPE: on_assessment_completed,
            ProjectChanged.TYPE: on_project_changed,
        },
        invariants=[ApprovedPlanHasSnapshot()],
        jobs={BUILD_PLAN: BuildPlan(upstream, parts.ids).run, FORGET: forget_project},
    )
