"""Say what a network is made of, where the detection is wrong; or leave it to the detection."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.assessment.domain.networks import Network, NetworkOverride
from services.assessment.domain.runs import AssessmentRun, Cause
from services.assessment.usecases.decision_ports import Author
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.reassess import reassess
from shared.auth.principal import Principal
from shared.db import audit
from shared.db.uow import Transaction
from shared.kernel.errors import Invalid, PreconditionFailed
from shared.kernel.ids import AssessmentId, NetworkId, ProjectId


@dataclass(frozen=True, slots=True)
class NetworkChange:
    """What people say of a network now, and the assessment that will show it, if there is any."""

    network: Network
    override: NetworkOverride
    assessment: AssessmentRun | None


async def override_network(
    tx: Transaction[AssessmentStore],
    project_id: ProjectId,
    network_id: NetworkId,
    changes: Mapping[str, Any],
    *,
    based_on: int,
    assessment_id: AssessmentId,
    by: Principal,
) -> NetworkChange:
    """Change ``network_class`` and ``note`` of a network's override; no class, no override. It
    holds against every import but one that replaces.

    Raises:
        Invalid: a note without a class.
        NotFound: no VM uses such a network; code ``network-not-found``.
        PreconditionFailed: somebody else changed it first.
    """
    newest = await tx.store.newest_held(project_id)
    network = await tx.store.networks.get(project_id, network_id)
    before = await tx.store.networks.override(project_id, network_id)
    if before.version != based_on:
        raise PreconditionFailed(
            f"Somebody else changed the class of {network.name}; it is at version "
            f"{before.version} now. Read it again and repeat your change."
        )
    after = _changed(before, changes)
    was, became = audit.changed(_words(before), _words(after))
    if not became:
        return NetworkChange(network, before, newest)
    after = replace(after, version=before.version + 1)
    await tx.store.networks.save(project_id, network, after, by=Author(by.key, by.name))
    names = {"vcenter": network.vcenter, "network": network.name, "switch": network.switch}
    await tx.audit(
        "network.class_changed",
        by=by,
        subject=f"projects/{project_id}/assessment/networks/{network_id}",
        before=was,
        after=became | names,
    )
    if after.network_class == before.network_class:
        return NetworkChange(network, after, newest)
    run = await reassess(tx, newest, cause=Cause.NETWORKS, assessment_id=assessment_id, by=by.key)
    return NetworkChange(network, after, run)


def _changed(before: NetworkOverride, changes: Mapping[str, Any]) -> NetworkOverride:
    after = replace(before, **changes)
    if after.network_class is not None:
        return after
    if changes.get("note") is not None:
        raise Invalid("A note is of an override; give its class too, or leave out the note.")
    return replace(after, note=None)


def _words(override: NetworkOverride) -> dict[str, Any]:
    return {"network_class": override.network_class, "note": override.note}
