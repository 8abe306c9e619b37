"""What the assessment forgets when a project is cleared or deleted; its numbers go on."""

from uuid import UUID

import pytest
from sqlalchemy import func, select

from services.assessment.domain.network_class import NetworkClass
from services.assessment.domain.networks import Network, NetworkOverride, network_id
from services.assessment.domain.rule_set import default_rule_set
from services.assessment.domain.runs import Cause
from services.assessment.persistence.queries import newest_assessment
from services.assessment.persistence.tables import (
    assessed_networks,
    assessed_vms,
    assessments,
    finding_waivers,
    network_overrides,
    network_tenants,
    network_uses,
    rule_previews,
    rule_versions,
    snapshot_pages,
    tenant_assignments,
    tenant_keys,
    tenant_totals,
    tenants,
)
from services.assessment.usecases.change_rules import reset_rules
from services.assessment.usecases.decision_ports import Author
from services.assessment.usecases.edit_tenants import create_tenant
from services.assessment.usecases.preview_rules import preview_rules
from services.assessment.usecases.reassess import reassess
from shared.auth.principal import Principal
from shared.kernel.errors import Unavailable
from shared.kernel.ids import AssessmentId, PreviewId, ProjectId, TenantId, VmId
from tests.services.assessment.builders import a_vm
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import Workbench, a_store

DECISIONS = (
    tenant_keys,
    tenant_assignments,
    finding_waivers,
    network_overrides,
    rule_previews,
    rule_versions,
)
CONTENTS = (
    assessed_vms,
    tenant_totals,
    assessed_networks,
    network_tenants,
    snapshot_pages,
    tenants,
    *DECISIONS,
)
OURS = ProjectId(PROJECT)
ANNA = Principal("user", str(UUID(int=1)), "Anna")


async def decide(bench: Workbench) -> None:
    """One of everything that people decide of the first VM, and the assessment that follows."""
    vm_id, tenant_id = VmId(a_vm().vm_id), TenantId(bench.database.ids.new())
    author = Author(ANNA.key, ANNA.name)
    async with bench.database.transactions(a_store)() as tx:
        await create_tenant(tx, OURS, name="Borealis", org_vdc=None, tenant_id=tenant_id, by=ANNA)
        names = {vm_id: "vm1"}
        await tx.store.tenants.assign(OURS, names, tenant_id, note=None, by=author)
        await tx.store.waivers.add(OURS, "no_address", names, note="It has one", by=author)
        network = Network(network_id(OURS, "vc1", "VM Network", None), "vc1", "VM Network", None)
        given = NetworkOverride(NetworkClass.ISOLATED, version=2)
        await tx.store.networks.save(OURS, network, given, by=author)
        await preview_rules(
            tx,
            OURS,
            default_rule_set(),
            preview_id=PreviewId(bench.database.ids.new()),
            by=ANNA,
        )
        await tx.store.rules.add(OURS, 1, default_rule_set(), is_reset=True, by=author)
        await reassess(
            tx,
            await tx.store.newest_held(OURS),
            cause=Cause.TENANTS,
            assessment_id=AssessmentId(bench.database.ids.new()),
            by=ANNA.key,
        )
    await bench.work()


async def counts(bench: Workbench) -> dict[str, int]:
    async with bench.database.read() as connection:
        return {
            table.name: await connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (*CONTENTS, assessments)
        }


async def forget(bench: Workbench, through: int | None) -> None:
    async with bench.database.transactions(a_store)() as tx:
        await tx.store.forget(ProjectId(PROJECT), through=through)


async def test_a_cleared_project_has_no_assessment_and_goes_on_counting(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports([a_vm()], number=1))

    await forget(bench, 1)
    await forget(bench, 1)

    assert await counts(bench) == {table.name: 0 for table in CONTENTS} | {"assessments": 1}
    async with bench.database.read() as connection:
        assert await newest_assessment(connection, ProjectId(PROJECT)) is None
    await bench.assess(bench.ingest.imports([a_vm()], number=2))
    async with bench.database.read() as connection:
        view = await newest_assessment(connection, ProjectId(PROJECT))
    assert view is not None
    assert (view.run.number, view.totals is not None) == (2, True)


async def test_a_cleared_project_forgets_what_was_decided_of_its_vms_and_keeps_its_rules(
    bench: Workbench,
) -> None:
    await bench.assess(bench.ingest.imports([a_vm()], number=1))
    await decide(bench)
    assert all((await counts(bench)).values())

    await forget(bench, 1)

    left = {name for name, count in (await counts(bench)).items() if count}
    assert left == {"assessments", "rule_versions"}
    assert sorted(await bench.job_states()) == ["cancelled", "succeeded", "succeeded"]
    async with bench.database.transactions(a_store)() as tx:
        change = await reset_rules(
            tx,
            OURS,
            based_on=1,
            assessment_id=AssessmentId(bench.database.ids.new()),
            by=ANNA,
        )
    assert (change.rules.version, await bench.work_all()) == (1, 0), "nothing is there to assess"


async def test_decisions_stay_where_a_newer_inventory_is(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports([a_vm()], number=1))
    await bench.assess(bench.ingest.imports([a_vm()], number=2))
    await decide(bench)

    await forget(bench, 1)

    assert all((await counts(bench)).values())


async def test_a_deleted_project_leaves_nothing(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports([a_vm()], number=1))
    await decide(bench)

    await forget(bench, None)

    assert set((await counts(bench)).values()) == {0}


async def test_what_came_of_a_newer_inventory_stays(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports([a_vm()], number=2))
    before = await counts(bench)

    await forget(bench, 1)

    assert await counts(bench) == before


async def test_an_assessment_that_waits_is_stopped(bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports([a_vm()], number=1))

    await forget(bench, 1)

    assert await bench.job_states() == ["cancelled"]


async def test_what_pages_counted_of_networks_goes_with_the_assessment_or_its_end(
    bench: Workbench,
) -> None:
    async def counted() -> int:
        async with bench.database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(network_uses)) or 0

    await bench.assess(bench.ingest.imports([a_vm(n) for n in range(1, 9)], number=1))
    assert await counted() == 0
    await bench.deliver(bench.ingest.imports([a_vm(n) for n in range(1, 9)], number=2))
    bench.ingest.fails_at = 1
    with pytest.raises(Unavailable):
        await bench.work()
    assert await counted() == 1

    await forget(bench, 2)

    assert await counted() == 0
