"""Rates at the edge: 429 with Retry-After, and on every answer what is left.

``RateLimit`` and ``RateLimit-Policy`` are those of draft-ietf-httpapi-ratelimit-headers, one item
for each policy that the request was counted under.
"""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.adapters.throttle import Allowance, RequestRates
from shared.auth.principal import Principal
from shared.http.problems import problem_of, problem_response
from shared.http.security import Authenticator
from shared.kernel.errors import TooManyRequests

_NOT_COUNTED: Final = frozenset({"/livez", "/readyz"})
_ALLOWANCES: Final = "migplan.allowances"


class RateLimits:
    """Counts each request under its network address, before anything is looked up for it."""

    def __init__(self, app: ASGIApp, *, rates: RequestRates) -> None:
        self._app = app
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs one request."""
        if scope["type"] != "http" or scope["path"] in _NOT_COUNTED:
            await self._app(scope, receive, send)
            return
        allowances: list[Allowance] = []
        scope[_ALLOWANCES] = allowances

        async def send_with_rates(message: Message) -> None:
            if message["type"] == "http.response.start" and allowances:
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = ", ".join(map(_policy, allowances))
                headers["RateLimit"] = ", ".join(map(_left, allowances))
            await send(message)

        try:
            allowances.append(await self._rates.admit_address(client_of(Request(scope))))
        except TooManyRequests as error:
            response = problem_response(problem_of(error, instance=Request(scope).url.path))
            await response(scope, receive, send_with_rates)
            return
        await self._app(scope, receive, send_with_rates)


class RatedAuthenticator:
    """Counts each request under its principal too, as soon as it is known who asks."""

    def __init__(self, inner: Authenticator, rates: RequestRates) -> None:
        self._inner = inner
        self._rates = rates

    async def authenticate(self, request: Request) -> Principal:
        """The sender, as the inner authenticator knows them.

        Raises:
            Unauthenticated: it is not known who sends it.
            TooManyRequests: they ask too often.
        """
        principal = await self._inner.authenticate(request)
        allowance = await self._rates.admit_principal(principal.key)
        request.scope.setdefault(_ALLOWANCES, []).append(allowance)
        return principal


def client_of(request: Request) -> str:
    """The network address that a request comes from: the client's, as a trusted proxy tells it."""
    return request.client.host if request.client else "unknown"


def _policy(allowance: Allowance) -> str:
    return f'"{allowance.policy}";q={allowance.quota};w={allowance.window_s}'


def _left(allowance: Allowance) -> str:
    return f'"{allowance.policy}";r={allowance.remaining};t={allowance.reset_s}'
