"""What the use cases need from outside."""

from collections.abc import Sequence
from typing import Protocol

from services.provisioner.domain.preparation import Preparation
from services.provisioner.domain.runs import ListedTask, Run
from shared.contracts.snapshots import SnapshotManifest, SnapshotRef
from shared.kernel.ids import ProjectId


class PreparationStore(Protocol):
    """Preparations and their runs inside one transaction."""

    async def latest(self, project_id: ProjectId) -> Preparation | None:
        """The project's preparation, locked until the transaction ends."""
        ...

    async def put(self, preparation: Preparation) -> None:
        """Make this the project's preparation."""
        ...

    async def drop_drafts(self, project_id: ProjectId) -> None:
        """Forget the project's runs that nobody has started, with their tasks."""
        ...

    async def add_run(self, run: Run, tasks: Sequence[ListedTask]) -> None:
        """Add a run with all its tasks."""
        ...

    async def forget(self, project_id: ProjectId, *, through: int | None) -> None:
        """Remove what followed from the project's inventories with numbers up to ``through``; for
        None everything of the project."""
        ...


class PlanSnapshots(Protocol):
    """The planner's frozen plans."""

    async def manifest(self, ref: SnapshotRef) -> SnapshotManifest:
        """The manifest that ``ref`` promises. Raises NotFound, Invalid, Unavailable."""
        ...

    async def page(self, ref: SnapshotRef, manifest: SnapshotManifest, number: int) -> bytes:
        """Page ``number``, from 0. Raises NotFound, Unavailable."""
        ...
