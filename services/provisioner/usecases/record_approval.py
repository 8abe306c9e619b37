"""Record that an approved plan snapshot may be prepared, and queue the compiling of its tasks."""

from typing import Final

from services.provisioner.domain.preparation import Preparation, is_newer
from services.provisioner.usecases.ports import PreparationStore
from shared.db.uow import Transaction
from shared.kernel.ids import ApprovalId

COMPILE: Final = "compile_preparation"
"""The kind of the job; its payload is ``{"project_id", "approval_id"}``."""


def compile_key(approval_id: ApprovalId) -> str:
    """The key of the job that compiles what this approval allows."""
    return f"{COMPILE}:{approval_id}"


async def record_approval(tx: Transaction[PreparationStore], approved: Preparation) -> bool:
    """Make ``approved`` the project's preparation unless a newer approval is known.

    Safe to repeat and in any order: the highest approval number wins. Returns whether it won.
    """
    if not is_newer(approved, await tx.store.latest(approved.project_id)):
        return False
    await tx.store.put(approved)
    await tx.enqueue(
        COMPILE,
        subject=f"projects/{approved.project_id}/preparation",
        payload={
            "project_id": str(approved.project_id),
            "approval_id": str(approved.approval_id),
        },
        key=compile_key(approved.approval_id),
    )
    return True
