"""Tables of the schema ``ingest``, as migrations made them."""

from services.ingest.persistence.tables.affected import affected_rows, affected_tabs
from services.ingest.persistence.tables.infrastructure import (
    clusters,
    datastores,
    health_messages,
    host_nics,
    hosts,
    networks,
    resource_pools,
)
from services.ingest.persistence.tables.inventories import (
    inventories,
    projects,
    snapshot_pages,
    upload_chunks,
    uploads,
)
from services.ingest.persistence.tables.schema import metadata
from services.ingest.persistence.tables.vms import disks, media, nics, partitions, snapshots, vms

__all__ = [
    "affected_rows",
    "affected_tabs",
    "clusters",
    "datastores",
    "disks",
    "health_messages",
    "host_nics",
    "hosts",
    "inventories",
    "media",
    "metadata",
    "networks",
    "nics",
    "partitions",
    "projects",
    "resource_pools",
    "snapshot_pages",
    "snapshots",
    "upload_chunks",
    "uploads",
    "vms",
]
