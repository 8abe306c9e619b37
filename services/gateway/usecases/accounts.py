"""Create and change accounts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.gateway.domain.errors import LAST_ADMIN, WRONG_CREDENTIALS
from services.gateway.domain.sessions import Session
from services.gateway.domain.users import (
    User,
    check_password,
    leaves_an_admin,
    normalised_username,
)
from services.gateway.usecases.ports import AccountStore, PasswordHasher
from shared.auth.internal_token import GATEWAY
from shared.auth.permissions import Role
from shared.auth.principal import Principal
from shared.db import audit
from shared.db.uow import Transactions
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, NotFound, PreconditionFailed, Unauthenticated
from shared.kernel.ids import Ids, UserId


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of the platform."""

    transactions: Transactions[AccountStore]
    hasher: PasswordHasher
    ids: Ids
    clock: Clock

    async def create(
        self,
        *,
        username: str,
        password: str,
        role: Role,
        projects: frozenset[UUID] | None,
        by: Principal,
    ) -> User:
        """A new account; ``projects`` None gives it every project.

        Raises:
            Invalid: the name or the password breaks its rule.
            Conflict: the name is taken; code ``user-exists``.
        """
        name = normalised_username(username)
        check_password(password, username=name)
        hashed = await self.hasher.hash(password)
        user = User(
            id=UserId(self.ids.new()),
            username=name,
            role=role,
            projects=projects,
            is_active=True,
            created_at=self.clock.now(),
            version=1,
        )
        async with self.transactions() as tx:
            await tx.store.add_user(user, hashed)
            after = {"username": name, **_audited(user)}
            await tx.audit("user.created", by=by, subject=user.subject, after=after)
        return user

    async def create_first_administrator(self, *, username: str, password: str) -> bool:
        """Make a superadmin when there are no accounts at all; False when there are.

        Safe to repeat, also from several processes: the name is unique.
        """
        async with self.transactions() as tx:
            if await tx.store.has_users():
                return False
        try:
            await self.create(
                username=username,
                password=password,
                role=Role.SUPERADMIN,
                projects=None,
                by=Principal.service(GATEWAY),
            )
        except Conflict:
            return False
        return True

    async def change(
        self,
        user_id: UserId,
        changes: Mapping[str, Any],
        *,
        expected_version: int,
        by: Principal,
    ) -> User:
        """The account after ``changes`` (role, projects, is_active).

        Switching an account off ends its sessions.

        Raises:
            NotFound: no such account.
            PreconditionFailed: it changed since ``expected_version``.
            Conflict: nobody could manage users afterwards; code ``last-admin``.
        """
        async with self.transactions() as tx:
            others = [u for u in await tx.store.administrators() if u.id != user_id]
            user = await tx.store.user(user_id)
            if user is None:
                raise NotFound("There is no such user.")
            if user.version != expected_version:
                raise PreconditionFailed(
                    "Somebody changed this user first. Read it again and repeat the change."
                )
            changed = replace(user, **changes, version=user.version + 1)
            if not leaves_an_admin(others, changed):
                raise Conflict(
                    "This is the last account that can manage users. Give another one that role "
                    "first.",
                    code=LAST_ADMIN,
                )
            await tx.store.replace_user(changed, expected_version=expected_version)
            if not changed.is_active:
                await tx.store.end_sessions_of(user_id)
            was, became = audit.changed(_audited(user), _audited(changed))
            await tx.audit("user.changed", by=by, subject=user.subject, before=was, after=became)
        return changed

    async def change_password(self, session: Session, *, current: str, new: str) -> None:
        """Replace the signed-in user's password and end their other sessions.

        Raises:
            Unauthenticated: ``current`` is not right; code ``wrong-credentials``.
            Invalid: ``new`` breaks the password rule; code ``weak-password``.
        """
        user = session.user
        async with self.transactions() as tx:
            stored = await tx.store.password_hash(user.id)
        if not await self.hasher.matches(current, stored):
            raise Unauthenticated("The current password is not right.", code=WRONG_CREDENTIALS)
        check_password(new, username=user.username)
        hashed = await self.hasher.hash(new)
        async with self.transactions() as tx:
            await tx.store.set_password(user.id, hashed)
            await tx.store.end_sessions_of(user.id, keep=session.id)
            await tx.audit("user.password_changed", by=user.principal, subject=user.subject)


def _audited(user: User) -> dict[str, Any]:
    projects = None if user.projects is None else sorted(str(one) for one in user.projects)
    return {"role": user.role.value, "projects": projects, "is_active": user.is_active}
