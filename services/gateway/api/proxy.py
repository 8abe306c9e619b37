"""The way through: every public path that another service answers."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from services.gateway.adapters.upstream import Upstreams
from services.gateway.api.authentication import CurrentSession
from services.gateway.domain.access import authorise, check_life
from services.gateway.domain.routes import Match, find_route
from services.gateway.domain.sessions import Session
from shared.auth.internal_token import TokenSigner
from shared.auth.principal import Principal
from shared.db import project_marks
from shared.db.uow import Database
from shared.http.limits import BODY_LIMIT, BodyLimit
from shared.http.middleware import ROUTE_TEMPLATE
from shared.http.security import require_signed_in
from shared.observability import correlation

_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def routed(request: Request) -> Match:
    """The table's row for a request; its template names the request in logs and metrics.

    Raises:
        NotFound: no service answers this path.
        HTTPException: 405 with Allow, when the path has other methods only.
    """
    found = find_route(request.method, request.url.path)
    if not isinstance(found, Match):
        raise HTTPException(
            HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(sorted(found))}
        )
    request.scope[ROUTE_TEMPLATE] = found.route.path
    return found


def proxy_routes(
    upstreams: Upstreams,
    signer: TokenSigner,
    database: Database,
    *,
    upload: BodyLimit,
    other: BodyLimit,
) -> APIRouter:
    """One route that stands for all of :data:`services.gateway.domain.routes.ROUTES`.

    ``upload`` limits the bodies of routes that take files, ``other`` all the rest.
    """
    router = APIRouter(include_in_schema=False)

    @router.api_route("/{path:path}", methods=_METHODS, response_class=Response)
    async def forward(
        request: Request,
        match: Annotated[Match, Depends(routed)],
        caller: Annotated[Principal, require_signed_in()],
        session: Annotated[Session, CurrentSession],
    ) -> Response:
        authorise(session.user, match)
        if match.project_id is not None and match.route.changes:
            async with database.read() as connection:
                check_life(await project_marks.life_of(connection, match.project_id), match)
        request.scope[BODY_LIMIT] = upload if match.route.takes_file else other
        service = match.route.service
        correlation_id = correlation.current() or correlation.new()
        return await upstreams.forward(
            request,
            service=service,
            token=signer.sign(caller, service, correlation_id=correlation_id),
            correlation_id=correlation_id,
        )

    return router
