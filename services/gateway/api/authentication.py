"""Who sends a request to the public address: the user of its bearer token."""

from fastapi import Depends
from starlette.requests import Request

from services.gateway.domain.sessions import Session
from services.gateway.usecases.sessions import Sessions
from shared.auth.principal import Principal
from shared.http.security import Sender, bearer_token


class SessionTokens:
    """Knows people by the token that logging in gave them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def authenticate(self, request: Request) -> Principal:
        """The user of the request's session, which is kept on ``request.state`` too.

        Raises:
            Unauthenticated: no token, or its session has ended.
        """
        session = await self._sessions.recognise(bearer_token(request))
        request.state.session = session
        return session.user.principal


async def current_session(request: Request, principal: Sender) -> Session:
    """The session by which the sender is known."""
    del principal
    session: Session = request.state.session
    return session


CurrentSession = Depends(current_session)
