"""What the use cases need from outside."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from services.gateway.domain.sessions import Session
from services.gateway.domain.users import User
from shared.kernel.ids import UserId


class AccountStore(Protocol):
    """Users and sessions inside one transaction."""

    async def user(self, user_id: UserId) -> User | None:
        """The account with this id."""
        ...

    async def credentials(self, username: str) -> tuple[User, str] | None:
        """The account of this name with its password hash."""
        ...

    async def password_hash(self, user_id: UserId) -> str | None:
        """The password hash of an account."""
        ...

    async def administrators(self) -> Sequence[User]:
        """Everybody who manages users, locked until the transaction ends."""
        ...

    async def add_user(self, user: User, password_hash: str) -> None:
        """Add an account. Raises Conflict ``user-exists`` when the name is taken."""
        ...

    async def replace_user(self, user: User, *, expected_version: int) -> None:
        """Store ``user``. Raises PreconditionFailed when it changed since."""
        ...

    async def set_password(self, user_id: UserId, password_hash: str) -> None:
        """Replace the password hash."""
        ...

    async def has_users(self) -> bool:
        """Whether any account exists."""
        ...

    async def add_session(
        self, session_id: UUID, user_id: UserId, *, digest: bytes, expires_at: datetime
    ) -> None:
        """Remember a session by its token's digest."""
        ...

    async def session(self, digest: bytes) -> Session | None:
        """The session of this token, whatever its age."""
        ...

    async def end_session(self, session_id: UUID) -> bool:
        """Forget one session; False when somebody else did before."""
        ...

    async def end_sessions_of(self, user_id: UserId, *, keep: UUID | None = None) -> None:
        """Forget all sessions of an account, but ``keep``."""
        ...

    async def forget_expired(self, now: datetime) -> None:
        """Forget sessions that ended before ``now``."""
        ...


class StreamStore(Protocol):
    """The projects' streams of facts inside one transaction."""

    async def append(
        self, project_id: UUID, event_id: UUID, *, kind: str, subject: str, version: int
    ) -> bool:
        """Give the event the next position in its project's stream; False if it has one already.

        Until the transaction ends nobody else appends to this stream: whoever sees a position sees
        all before it.
        """
        ...

    async def forget_older_than(self, age: timedelta) -> int:
        """Forget the facts of all streams that were stored longer ago; how many there were."""
        ...


class PasswordHasher(Protocol):
    """Slow, salted password hashes."""

    async def hash(self, password: str) -> str:
        """A new hash of ``password``."""
        ...

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether they belong together. None takes as long and is False."""
        ...


class LoginThrottle(Protocol):
    """Counts logins until they succeed."""

    async def admit(self, *, name: str, client: str) -> None:
        """Count one try. Raises TooManyRequests ``too-many-logins`` when there were too many."""
        ...

    async def succeeded(self, *, name: str, client: str) -> None:
        """Forget the tries for this name from this client."""
        ...


class Entropy(Protocol):
    """Random bytes for tokens."""

    def __call__(self, length: int, /) -> bytes:
        """``length`` unpredictable bytes."""
        ...
