"""Take back whatever people decided of a project's VMs, tenants and networks."""

from services.assessment.usecases.ports import AssessmentStore
from shared.kernel.ids import ProjectId


async def take_back(store: AssessmentStore, project_id: ProjectId) -> None:
    """Assignments, renames and merges, waivers and networks' classes go; rules stay."""
    await store.tenants.forget_decisions(project_id)
    await store.waivers.forget(project_id)
    await store.networks.reset(project_id)
