"""What the use cases need from outside."""

from typing import Protocol

from services.provisioner.domain.preparation import Preparation
from shared.kernel.ids import ProjectId


class PreparationStore(Protocol):
    """Preparations inside one transaction."""

    async def latest(self, project_id: ProjectId) -> Preparation | None:
        """The project's preparation, locked until the transaction ends."""
        ...

    async def put(self, preparation: Preparation) -> None:
        """Make this the project's preparation."""
        ...
