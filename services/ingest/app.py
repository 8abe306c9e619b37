"""The ingest, composed."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.workbook_reader import ChildWorkbookReader
from services.ingest.api.affected_rows import AnnotatedWorkbooks, affected_routes
from services.ingest.api.comparison import comparison_routes
from services.ingest.api.internal import internal_routes
from services.ingest.api.list_downloads import download_routes
from services.ingest.api.lists import infrastructure_routes, part_routes
from services.ingest.api.public import inventory_routes, project_routes
from services.ingest.api.uploads import UploadRoute
from services.ingest.persistence.invariants import ReadyInventoryHasRows
from services.ingest.persistence.queries import StoredUploads
from services.ingest.persistence.store import PostgresIngestStore
from services.ingest.settings import IngestSettings
from services.ingest.usecases.apply_inventory import ApplyInventory
from services.ingest.usecases.ports import IngestStore
from services.ingest.usecases.projects import CreateProject
from services.ingest.usecases.receive_workbook import IMPORT, ReceiveWorkbook
from services.ingest.usecases.remove_project import REMOVE, RemoveProject
from services.ingest.worker.import_inventory import ImportInventory
from services.ingest.worker.remove_inventories import remove_inventories
from shared.runtime.parts import Parts
from shared.runtime.service import Service


def build(settings: IngestSettings) -> Service:
    """The ingest as ``settings`` say."""
    parts = Parts("ingest", settings)
    store: Callable[[AsyncConnection], IngestStore] = PostgresIngestStore
    transactions = parts.database.transactions(store)
    receive = ReceiveWorkbook(
        transactions, parts.ids, parts.clock, max_bytes=settings.upload_max_bytes
    )
    upload = UploadRoute(parts.database, transactions, receive)
    return parts.service(
        title="Ingest",
        store=store,
        routers=[
            project_routes(
                parts.database,
                transactions,
                CreateProject(parts.ids, parts.clock),
                RemoveProject(parts.clock),
            ),
            inventory_routes(parts.database, upload),
            comparison_routes(parts.database, transactions, ApplyInventory(parts.clock)),
            affected_routes(
                parts.database,
                transactions,
                AnnotatedWorkbooks(parts.database, scratch_dir=settings.scratch_dir),
            ),
            part_routes(parts.database),
            infrastructure_routes(parts.database),
            download_routes(parts.database),
            internal_routes(parts.database),
        ],
        invariants=[ReadyInventoryHasRows()],
        jobs={
            IMPORT: ImportInventory(
                ChildWorkbookReader(settings.workbook_limits, settings.parser_limits),
                StoredUploads(parts.database),
                parts.clock,
                scratch_dir=settings.scratch_dir,
            ),
            REMOVE: remove_inventories,
        },
    )
