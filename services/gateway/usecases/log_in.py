"""Log in with a user name and a password."""

from dataclasses import dataclass
from datetime import datetime

from services.gateway.domain.errors import WRONG_CREDENTIALS
from services.gateway.domain.sessions import (
    SESSION_LIFE,
    TOKEN_BYTES,
    Session,
    token_digest,
    token_text,
)
from services.gateway.domain.users import User
from services.gateway.usecases.ports import AccountStore, Entropy, LoginThrottle, PasswordHasher
from shared.db.uow import Transactions
from shared.kernel.clock import Clock
from shared.kernel.errors import Unauthenticated
from shared.kernel.ids import Ids


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session. ``token`` is told once and never stored."""

    token: str
    user: User
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LogIn:
    """Checks credentials and opens a session."""

    transactions: Transactions[AccountStore]
    hasher: PasswordHasher
    throttle: LoginThrottle
    entropy: Entropy
    ids: Ids
    clock: Clock

    async def __call__(self, *, username: str, password: str, client: str) -> LoggedIn:
        """A session for the account.

        Unknown name, wrong password and switched-off account look the same and take as long.

        Raises:
            Unauthenticated: they do not belong together; code ``wrong-credentials``.
            TooManyRequests: too many tries from ``client``; code ``too-many-logins``.
        """
        name = username.strip().lower()
        await self.throttle.admit(name=name, client=client)
        async with self.transactions() as tx:
            found = await tx.store.credentials(name)
        right = await self.hasher.matches(password, found[1] if found else None)
        if found is None or not right or not found[0].is_active:
            raise Unauthenticated(
                "The user name or the password is not right.", code=WRONG_CREDENTIALS
            )
        await self.throttle.succeeded(name=name, client=client)
        token = token_text(self.entropy(TOKEN_BYTES))
        now = self.clock.now()
        session = Session(self.ids.new(), found[0], now + SESSION_LIFE)
        async with self.transactions() as tx:
            await tx.store.forget_expired(now)
            await tx.store.add_session(
                session.id,
                session.user.id,
                digest=token_digest(token),
                expires_at=session.expires_at,
            )
            await tx.audit(
                "session.opened",
                by=session.user.principal,
                subject=session.subject,
                after={"client": client},
            )
        return LoggedIn(token, session.user, session.expires_at)
