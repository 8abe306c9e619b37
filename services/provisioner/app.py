"""The provisioner, composed."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from services.provisioner.api.public import public_routes
from services.provisioner.handlers.on_plan_approved import on_plan_approved
from services.provisioner.persistence.store import PostgresPreparationStore
from services.provisioner.settings import ProvisionerSettings
from services.provisioner.usecases.ports import PreparationStore
from services.provisioner.usecases.record_approval import COMPILE
from services.provisioner.worker.compile_preparation import CompilePreparation
from shared.contracts.plan import PlanApproved
from shared.contracts.project import ProjectChanged
from shared.http.pages import SnapshotClient
from shared.runtime.parts import Parts
from shared.runtime.project_life import FORGET, forget_project, on_project_changed
from shared.runtime.service import Service

PLANNER = "planner"


def build(settings: ProvisionerSettings) -> Service:
    """The provisioner as ``settings`` say."""
    parts = Parts("provisioner", settings)
    store: Callable[[AsyncConnection], PreparationStore] = PostgresPreparationStore
    snapshots = SnapshotClient(
        parts.upstream(PLANNER), parts.signer, PLANNER, metrics=parts.metrics
    )
    return parts.service(
        title="Provisioner",
        store=store,
        routers=[public_routes(parts.database)],
        subscriptions={
            PlanApproved.TYPE: on_plan_approved,
            ProjectChanged.TYPE: on_project_changed,
        },
        jobs={
            COMPILE: CompilePreparation(snapshots, parts.ids, parts.clock),
            FORGET: forget_project,
        },
    )
