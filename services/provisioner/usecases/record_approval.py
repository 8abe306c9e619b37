"""Record that an approved plan snapshot may be prepared."""

from services.provisioner.domain.preparation import Preparation, is_newer
from services.provisioner.usecases.ports import PreparationStore


async def record_approval(store: PreparationStore, approved: Preparation) -> bool:
    """Make ``approved`` the project's preparation unless a newer approval is known.

    Safe to repeat and in any order: the highest approval number wins. Returns whether it won.
    """
    if not is_newer(approved, await store.latest(approved.project_id)):
        return False
    await store.put(approved)
    return True
