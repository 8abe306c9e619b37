"""Users and sessions in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, exists, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.gateway.domain.errors import USER_EXISTS
from services.gateway.domain.sessions import Session
from services.gateway.domain.users import User
from services.gateway.persistence.tables import sessions, users
from shared.auth.permissions import Role
from shared.kernel.errors import Conflict, ErrorDetail, PreconditionFailed
from shared.kernel.ids import UserId

USER_COLUMNS = (
    users.c.id,
    users.c.username,
    users.c.role,
    users.c.projects,
    users.c.is_active,
    users.c.created_at,
    users.c.version,
)


def user_from(row: Row[*tuple[Any, ...]]) -> User:
    """The account in a row of :data:`USER_COLUMNS` columns."""
    return User(
        id=UserId(row.id),
        username=row.username,
        role=Role(row.role),
        projects=None if row.projects is None else frozenset(row.projects),
        is_active=row.is_active,
        created_at=row.created_at,
        version=row.version,
    )


class PostgresAccountStore:
    """The gateway's tables inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def user(self, user_id: UserId) -> User | None:
        """The account with this id."""
        statement = select(*USER_COLUMNS).where(users.c.id == user_id)
        row = (await self._connection.execute(statement)).one_or_none()
        return user_from(row) if row else None

    async def credentials(self, username: str) -> tuple[User, str] | None:
        """The account of this name with its password hash."""
        row = (
            await self._connection.execute(
                select(*USER_COLUMNS, users.c.password_hash).where(users.c.username == username)
            )
        ).one_or_none()
        return (user_from(row), row.password_hash) if row else None

    async def password_hash(self, user_id: UserId) -> str | None:
        """The password hash of an account."""
        return await self._connection.scalar(
            select(users.c.password_hash).where(users.c.id == user_id)
        )

    async def administrators(self) -> Sequence[User]:
        """Everybody who manages users, locked in id order until the transaction ends."""
        rows = await self._connection.execute(
            select(*USER_COLUMNS)
            .where(users.c.role.in_([Role.ADMIN, Role.SUPERADMIN]))
            .order_by(users.c.id)
            .with_for_update(key_share=True)
        )
        return [user for row in rows if (user := user_from(row)).manages_users]

    async def add_user(self, user: User, password_hash: str) -> None:
        """Add an account. Raises Conflict ``user-exists`` when the name is taken."""
        added = await self._connection.scalar(
            upsert(users)
            .values(
                id=user.id,
                username=user.username,
                password_hash=password_hash,
                role=user.role,
                projects=_array(user),
                is_active=user.is_active,
                created_at=user.created_at,
                version=user.version,
            )
            .on_conflict_do_nothing(index_elements=[users.c.username])
            .returning(users.c.id)
        )
        if added is None:
            raise Conflict(
                f"There is already a user named {user.username!r}.",
                code=USER_EXISTS,
                errors=[ErrorDetail("This name is taken.", pointer="/username")],
            )

    async def replace_user(self, user: User, *, expected_version: int) -> None:
        """Store ``user``. Raises PreconditionFailed when it changed since."""
        result = await self._connection.execute(
            update(users)
            .where(users.c.id == user.id, users.c.version == expected_version)
            .values(
                role=user.role,
                projects=_array(user),
                is_active=user.is_active,
                version=user.version,
            )
        )
        if result.rowcount == 0:
            raise PreconditionFailed(
                "Somebody changed this user first. Read it again and repeat the change."
            )

    async def set_password(self, user_id: UserId, password_hash: str) -> None:
        """Replace the password hash."""
        await self._connection.execute(
            update(users).where(users.c.id == user_id).values(password_hash=password_hash)
        )

    async def has_users(self) -> bool:
        """Whether any account exists."""
        return bool(await self._connection.scalar(select(exists(select(users.c.id)))))

    async def add_session(
        self, session_id: UUID, user_id: UserId, *, digest: bytes, expires_at: datetime
    ) -> None:
        """Remember a session by its token's digest."""
        await self._connection.execute(
            insert(sessions).values(
                id=session_id, user_id=user_id, token_sha256=digest, expires_at=expires_at
            )
        )

    async def session(self, digest: bytes) -> Session | None:
        """The session of this token, whatever its age."""
        row = (
            await self._connection.execute(
                select(sessions.c.id.label("session_id"), sessions.c.expires_at, *USER_COLUMNS)
                .join(users, users.c.id == sessions.c.user_id)
                .where(sessions.c.token_sha256 == digest)
            )
        ).one_or_none()
        return Session(row.session_id, user_from(row), row.expires_at) if row else None

    async def end_session(self, session_id: UUID) -> bool:
        """Forget one session; False when somebody else did before."""
        ended = await self._connection.execute(delete(sessions).where(sessions.c.id == session_id))
        return ended.rowcount == 1

    async def end_sessions_of(self, user_id: UserId, *, keep: UUID | None = None) -> None:
        """Forget all sessions of an account, but ``keep``."""
        ended = delete(sessions).where(sessions.c.user_id == user_id)
        if keep is not None:
            ended = ended.where(sessions.c.id != keep)
        await self._connection.execute(ended)

    async def forget_expired(self, now: datetime) -> None:
        """Forget sessions that ended before ``now``."""
        await self._connection.execute(delete(sessions).where(sessions.c.expires_at < now))


def _array(user: User) -> list[UUID] | None:
    return None if user.projects is None else sorted(user.projects)
