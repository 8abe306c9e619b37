"""The application of a service: routes of its own, and around them what all services share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import Scope

from shared.auth.internal_token import TokenVerifier
from shared.http import problems
from shared.http.admin import probes
from shared.http.limits import JSON_BODY, BodyLimit, Limits
from shared.http.middleware import AccessLog, CorrelationId, LastCatch
from shared.http.security import Access, Authenticator, InternalTokens, access_of, allow_anybody
from shared.kernel.errors import AppError
from shared.observability import tracing
from shared.observability.health import Health
from shared.observability.metrics import Metrics

_UNMATCHED: Final = "unmatched"
_PROBLEM_REPLY: Final = {
    "description": "A problem document",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


@dataclass(frozen=True, slots=True)
class PublicEdge:
    """What the one service adds that people and browsers reach.

    ``middleware`` sees every request, inside the access log.
    """

    authenticator: Authenticator
    middleware: Sequence[Middleware] = ()


def create_app(
    *,
    service: str,
    title: str,
    routers: Sequence[APIRouter],
    verifier: TokenVerifier | None,
    health: Health,
    metrics: Metrics,
    body_limit: BodyLimit = JSON_BODY,
    edge: PublicEdge | None = None,
) -> FastAPI:
    """The application of ``service``.

    ``verifier`` reads internal tokens; the gateway, which people sign in at, gives an ``edge``
    instead. ``body_limit`` holds for routes that declare none of their own. ``app.state.metrics``
    and ``app.state.health`` hold what was given.

    Raises:
        ValueError: a route does not declare who may call it, or declares it twice.
    """
    authenticator: Authenticator | None = None if verifier is None else InternalTokens(verifier)
    if edge is not None:
        authenticator = edge.authenticator
    app = _Application(
        title=title,
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        # Ours know the gateway's routes and begin inside the correlation (shared.observability).
        telemetry={"tracing": False, "metrics": False, "logs": False},
        exception_handlers={
            AppError: problems.on_app_error,
            RequestValidationError: problems.on_validation_error,
            HTTPException: problems.on_http_exception,
        },
        responses={"default": _PROBLEM_REPLY},
    )
    app.user_middleware = [
        Middleware(CorrelationId, service=service),
        *([Middleware(tracing.traced_app, service=service)] if tracing.is_on() else []),
        Middleware(AccessLog, metrics=metrics, template_of=_template_finder(app)),
        *(edge.middleware if edge else ()),
        Middleware(LastCatch),
        Middleware(Limits, default=body_limit),
    ]
    app.state.authenticator = authenticator
    app.state.health = health
    app.state.metrics = metrics
    # First, because a service may take every other path (the gateway's proxy does).
    app.include_router(probes(health, tells_why=False), dependencies=[allow_anybody()])
    for router in routers:
        app.include_router(router)
    for context in iter_route_contexts(app.routes):
        _access(context)
    return app


class _Application(FastAPI):
    """FastAPI whose OpenAPI document shows who may call what, and problems as they are."""

    def openapi(self) -> dict[str, Any]:
        """The document; paths and methods in the order of their definition."""
        if self.openapi_schema:
            return self.openapi_schema
        document = super().openapi()
        for context in iter_route_contexts(self.routes):
            if not getattr(context, "include_in_schema", False):  # a mount of files has no schema
                continue
            access = _access(context)
            for method in context.methods or ():
                operation = document["paths"][context.path_format][method.lower()]
                operation[access.key] = access.value
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs", {}) | {"Problem": problem}
        document["components"]["schemas"] = dict(sorted(schemas.items()))
        return document


def _access(context: RouteContext) -> Access:
    declared = access_of(context.dependant)
    if len(declared) != 1:
        raise ValueError(
            f"{sorted(context.methods or ())} {context.path_format}: a route declares exactly once "
            f"who may call it (shared.http.security), this one {len(declared)} times."
        )
    return declared[0]


def _template_finder(app: FastAPI) -> Callable[[Scope], str]:
    """Tells the path template of the route that a request was given to.

    A route knows its own path, not the prefix it was included under, hence the table. Routes
    cannot be hashed; they live as long as the app, so their ids do.
    """
    templates: dict[int, str] = {}

    def template_of(scope: Scope) -> str:
        if not templates:
            for context in iter_route_contexts(app.routes):
                templates[id(context.original_route)] = context.path_format or _UNMATCHED
        return templates.get(id(scope.get("route")), _UNMATCHED)

    return template_of
