"""The assessment, composed."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.api.decisions import decisions_routes
from services.assessment.api.internal import internal_routes
from services.assessment.api.networks import networks_routes
from services.assessment.api.public import public_routes
from services.assessment.api.rules import preview_routes, rules_routes
from services.assessment.api.tenants import assignments_routes, tenants_routes
from services.assessment.api.vms import vm_routes
from services.assessment.api.waivers import waivers_routes
from services.assessment.handlers.on_inventory_imported import OnInventoryImported
from services.assessment.persistence.invariants import CompleteAssessmentHasPages
from services.assessment.persistence.store import PostgresAssessmentStore
from services.assessment.settings import AssessmentSettings
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.preview_rules import PREVIEW_KIND
from services.assessment.usecases.queue_assessment import JOB_KIND
from services.assessment.worker.assess_inventory import AssessInventory
from services.assessment.worker.preview_rules import PreviewRules
from shared.contracts.inventory import InventoryImported
from shared.contracts.project import ProjectChanged
from shared.http.pages import SnapshotClient
from shared.runtime.parts import Parts
from shared.runtime.project_life import FORGET, forget_project, on_project_changed
from shared.runtime.service import Service


def build(settings: AssessmentSettings) -> Service:
    """The assessment as ``settings`` say."""
    parts = Parts("assessment", settings)
    store: Callable[[AsyncConnection], AssessmentStore] = PostgresAssessmentStore
    transactions = parts.database.transactions(store)
    snapshots = SnapshotClient(
        parts.upstream("ingest"), parts.signer, "ingest", metrics=parts.metrics
    )
    return parts.service(
        title="Assessment",
        store=store,
        routers=[
            public_routes(parts.database),
            vm_routes(parts.database),
            rules_routes(parts.database, transactions),
            preview_routes(parts.database, transactions),
            tenants_routes(parts.database, transactions),
            assignments_routes(parts.database, transactions),
            networks_routes(parts.database, transactions),
            waivers_routes(parts.database, transactions),
            decisions_routes(parts.database, transactions),
            internal_routes(parts.database),
        ],
        subscriptions={
            InventoryImported.TYPE: OnInventoryImported(parts.ids),
            ProjectChanged.TYPE: on_project_changed,
        },
        invariants=[CompleteAssessmentHasPages()],
        jobs={
            JOB_KIND: AssessInventory(snapshots, parts.clock),
            PREVIEW_KIND: PreviewRules(snapshots),
            FORGET: forget_project,
        },
    )
