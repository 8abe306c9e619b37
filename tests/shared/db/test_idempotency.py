"""Keys, claims and stored replies, case by case."""

import asyncio

import pytest
from sqlalchemy import text

from shared.db import idempotency
from shared.db.idempotency import Claim, Reply, Scope, StoredReply
from shared.db.uow import Database, Transactions
from shared.kernel.errors import Conflict, Invalid
from tests.shared.db.workshop import Widgets, widget_names

SCOPE = Scope(principal="user-1", route="POST /v1/widgets", key="k1")
CREATED = Reply(status=201, headers={"location": "/v1/widgets/cog"}, body=b'{"name":"cog"}')


async def begin(
    db: Database, scope: Scope = SCOPE, *, body_digest: str | None = "d1"
) -> Claim | StoredReply:
    async with db.write() as connection:
        return await idempotency.begin(connection, scope, body_digest=body_digest)


async def claim(db: Database, scope: Scope = SCOPE, *, body_digest: str | None = "d1") -> Claim:
    claimed = await begin(db, scope, body_digest=body_digest)
    assert isinstance(claimed, Claim)
    return claimed


async def finish(db: Database, claimed: Claim, reply: Reply = CREATED) -> None:
    async with db.write() as connection:
        await idempotency.finish(connection, claimed, reply, body_digest="d1")


async def let_the_lease_run_out(db: Database) -> None:
    async with db.write() as connection:
        await connection.execute(
            text("UPDATE idempotency SET lease_until = now() - interval '1 s'")
        )


async def test_a_repeated_request_gets_the_stored_reply(db: Database) -> None:
    await finish(db, await claim(db))

    assert await begin(db) == StoredReply(CREATED, body_digest="d1")


@pytest.mark.parametrize(
    "scope",
    [
        Scope("user-2", SCOPE.route, SCOPE.key),
        Scope(SCOPE.principal, "POST /v1/screws", SCOPE.key),
        Scope(SCOPE.principal, SCOPE.route, "k2"),
    ],
)
async def test_a_key_belongs_to_one_principal_and_one_route(db: Database, scope: Scope) -> None:
    await finish(db, await claim(db))

    assert isinstance(await begin(db, scope, body_digest="d2"), Claim)


async def test_a_second_request_in_flight_is_a_conflict(db: Database) -> None:
    await claim(db)

    with pytest.raises(Conflict) as refusal:
        await begin(db)
    assert refusal.value.code == "idempotency-key-in-flight"


async def test_of_two_requests_at_once_one_claims_the_key(db: Database) -> None:
    ends = await asyncio.gather(begin(db), begin(db), return_exceptions=True)

    assert {Claim, Conflict} == {type(end) for end in ends}


@pytest.mark.parametrize("is_answered", [True, False])
async def test_a_key_with_another_body_is_refused(db: Database, is_answered: bool) -> None:
    claimed = await claim(db)
    if is_answered:
        await finish(db, claimed)
    else:
        await let_the_lease_run_out(db)

    with pytest.raises(Invalid) as refusal:
        await begin(db, body_digest="d2")
    assert refusal.value.code == "idempotency-key-reused"


async def test_a_dead_request_is_taken_over_when_its_lease_has_run_out(db: Database) -> None:
    dead = await claim(db)
    await let_the_lease_run_out(db)

    assert await claim(db) == Claim(SCOPE, fence=dead.fence + 1)


async def test_a_request_that_was_taken_over_rolls_its_work_back(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    slow = await claim(db)
    await let_the_lease_run_out(db)
    quick = await claim(db)

    async def work(claimed: Claim) -> None:
        async with transactions() as tx:
            await tx.store.add(f"by fence {claimed.fence}")
            await idempotency.finish(tx.connection, claimed, CREATED, body_digest="d1")

    await work(quick)
    with pytest.raises(Conflict):
        await work(slow)

    assert await widget_names(db) == ["by fence 2"]


async def test_work_that_fails_leaves_neither_effect_nor_reply(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    claimed = await claim(db)

    async def attempt() -> None:
        async with transactions() as tx:
            await tx.store.add("cog")
            await idempotency.finish(tx.connection, claimed, CREATED, body_digest="d1")
            raise LookupError

    with pytest.raises(LookupError):
        await attempt()

    assert await widget_names(db) == []
    async with db.write() as connection:
        await idempotency.abandon(connection, claimed)
    assert isinstance(await begin(db), Claim)


async def test_an_upload_binds_the_digest_that_it_learns_on_the_way(db: Database) -> None:
    claimed = await claim(db, body_digest=None)
    await finish(db, claimed)

    stored = await begin(db, body_digest=None)
    assert isinstance(stored, StoredReply)
    idempotency.check_same_body(stored, "d1")
    with pytest.raises(Invalid):
        idempotency.check_same_body(stored, "d2")


async def test_a_renewed_claim_is_still_in_flight(db: Database) -> None:
    claimed = await claim(db, body_digest=None)
    await let_the_lease_run_out(db)
    async with db.write() as connection:
        await idempotency.renew(connection, claimed)

    with pytest.raises(Conflict):
        await begin(db, body_digest=None)


async def test_a_claim_that_was_taken_over_cannot_be_renewed(db: Database) -> None:
    slow = await claim(db)
    await let_the_lease_run_out(db)
    await claim(db)

    async def attempt() -> None:
        async with db.write() as connection:
            await idempotency.renew(connection, slow)

    with pytest.raises(Conflict):
        await attempt()


async def test_a_day_later_the_key_is_free_even_for_another_body(db: Database) -> None:
    await finish(db, await claim(db))
    async with db.write() as connection:
        await connection.execute(text("UPDATE idempotency SET expires_at = now() - interval '1 s'"))

    again = await claim(db, body_digest="d2")
    assert again.fence == 2


async def test_only_expired_keys_are_pruned(db: Database) -> None:
    await finish(db, await claim(db))
    await finish(db, await claim(db, Scope("user-1", SCOPE.route, "k2")))
    async with db.write() as connection:
        await connection.execute(
            text("UPDATE idempotency SET expires_at = now() - interval '1 s' WHERE key = 'k2'")
        )
        assert await idempotency.prune(connection) == 1

    assert isinstance(await begin(db), StoredReply)
