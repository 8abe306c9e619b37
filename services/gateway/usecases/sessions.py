"""Recognise a bearer token, and end its session."""

from dataclasses import dataclass

from services.gateway.domain.errors import SESSION_EXPIRED
from services.gateway.domain.sessions import Session, token_digest
from services.gateway.usecases.ports import AccountStore
from shared.db.uow import Transactions
from shared.kernel.clock import Clock
from shared.kernel.errors import Unauthenticated


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions that are open."""

    transactions: Transactions[AccountStore]
    clock: Clock

    async def recognise(self, token: str) -> Session:
        """The live session of ``token``.

        Raises:
            Unauthenticated: unknown, ended or expired, or the account is switched off;
                code ``session-expired``.
        """
        async with self.transactions() as tx:
            session = await tx.store.session(token_digest(token))
        if session is None or session.expires_at <= self.clock.now() or not session.user.is_active:
            raise Unauthenticated(
                "The session has ended. Log in again: POST /v1/sessions.", code=SESSION_EXPIRED
            )
        return session

    async def end(self, session: Session) -> None:
        """Log out. Safe to repeat."""
        async with self.transactions() as tx:
            if await tx.store.end_session(session.id):
                await tx.audit("session.ended", by=session.user.principal, subject=session.subject)
