"""The exporter, composed."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from services.exporter.adapters.documents import WRITERS
from services.exporter.adapters.plan_snapshots import PLANNER, PlannerSnapshots
from services.exporter.api.public import public_routes
from services.exporter.persistence.invariants import CompleteExportHasContent
from services.exporter.persistence.store import PostgresExportStore
from services.exporter.settings import ExporterSettings
from services.exporter.usecases.ports import ExportStore
from services.exporter.usecases.request_export import RENDER, RequestExport
from services.exporter.worker.render_export import RenderExport
from shared.contracts.project import ProjectChanged
from shared.runtime.parts import Parts
from shared.runtime.project_life import FORGET, forget_project, on_project_changed
from shared.runtime.service import Service


def build(settings: ExporterSettings) -> Service:
    """The exporter as ``settings`` say."""
    parts = Parts("exporter", settings)
    store: Callable[[AsyncConnection], ExportStore] = PostgresExportStore
    snapshots = PlannerSnapshots(parts.upstream(PLANNER), parts.signer, parts.metrics)
    return parts.service(
        title="Exporter",
        store=store,
        routers=[
            public_routes(
                parts.database,
                parts.database.transactions(store),
                RequestExport(parts.ids, parts.clock),
            )
        ],
        invariants=[CompleteExportHasContent()],
        subscriptions={ProjectChanged.TYPE: on_project_changed},
        jobs={RENDER: RenderExport(snapshots, WRITERS, parts.clock), FORGET: forget_project},
    )
