"""Who may call a route, and for which project.

A route declares it where it is defined::

    @router.get("/v1/projects/{project_id}/plan")
    async def show_plan(
        project_id: VisibleProject, caller: Annotated[Principal, require(Permission.READ)]
    ) -> PlanReply: ...

The declaration is enforced, is checked for by ``create_app`` (a route without one does not start),
and is written into OpenAPI as ``x-permission``, ``x-service`` or ``x-public``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Protocol, cast
from uuid import UUID

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from starlette.requests import Request

from shared.auth.internal_token import TokenVerifier
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.kernel.errors import Forbidden, NotFound, Unauthenticated
from shared.kernel.ids import ProjectId

X_PERMISSION: Final = "x-permission"
X_SERVICE: Final = "x-service"
X_PUBLIC: Final = "x-public"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route, as OpenAPI shows it: ``key`` is one of the three ``x-`` names."""

    key: str
    value: str | list[str] | bool


class Authenticator(Protocol):
    """Finds out who sends a request."""

    async def authenticate(self, request: Request) -> Principal:
        """The sender.

        Raises:
            Unauthenticated: it is not known who sends it.
        """
        ...


class InternalTokens:
    """Knows senders by the internal token that the gateway or a service attaches."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    async def authenticate(self, request: Request) -> Principal:
        """The principal in the request's internal token."""
        return self._verifier.verify(bearer_token(request))


def bearer_token(request: Request) -> str:
    """The token of ``Authorization: Bearer <token>``.

    Raises:
        Unauthenticated: there is none.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Send credentials as Authorization: Bearer <token>.")
    return token.strip()


async def current_principal(request: Request) -> Principal:
    """Who sends the request; found out once, however many dependencies ask."""
    authenticator = cast("Authenticator | None", request.app.state.authenticator)
    if authenticator is None:
        raise Unauthenticated("This service takes no credentials.")
    principal = await authenticator.authenticate(request)
    request.state.principal = principal
    return principal


Sender = Annotated[Principal, Depends(current_principal)]


class _PersonWith:
    """A person who holds a permission; services have routes of their own."""

    def __init__(self, permission: Permission) -> None:
        self.access = Access(X_PERMISSION, permission.value)
        self._permission = permission

    async def __call__(self, principal: Sender) -> Principal:
        principal.require(self._permission)
        return principal


class _Signed:
    """Any person who is known, whatever they may do."""

    def __init__(self) -> None:
        self.access = Access(X_PERMISSION, "signed-in")

    async def __call__(self, principal: Sender) -> Principal:
        if principal.kind != "user":
            raise Forbidden("This is for people, not for services.")
        return principal


class _OneOfServices:
    """One of the named services, speaking for itself."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self.access = Access(X_SERVICE, sorted(self._names))

    async def __call__(self, principal: Sender) -> Principal:
        if principal.kind != "service" or principal.id not in self._names:
            raise Forbidden("This is for certain services only.")
        return principal


class _Anybody:
    """No credentials wanted."""

    def __init__(self) -> None:
        self.access = Access(X_PUBLIC, True)

    async def __call__(self) -> None:
        return None


def require(permission: Permission) -> Any:
    """Declares that only people with ``permission`` may call; gives the Principal."""
    return Depends(_PersonWith(permission))


def require_signed_in() -> Any:
    """Declares that every known person may call (their own account); gives the Principal."""
    return Depends(_Signed())


def require_service(*names: str) -> Any:
    """Declares that only these services may call, for themselves; gives the Principal."""
    return Depends(_OneOfServices(names))


def allow_anybody() -> Any:
    """Declares that no credentials are needed: for signing in."""
    return Depends(_Anybody())


async def project_scope(project_id: UUID, principal: Sender) -> ProjectId:
    """The project of the path.

    Raises:
        NotFound: it does not exist as far as the caller is concerned; code ``project-not-found``.
            Whether it exists at all is the use case's question, with the same answer.
    """
    if not principal.can_see(project_id):
        raise NotFound("There is no such project.", code="project-not-found")
    return ProjectId(project_id)


VisibleProject = Annotated[ProjectId, Depends(project_scope)]
"""Declares ``{project_id}`` of a path; a project outside the caller's scope is 404."""


def access_of(dependant: Dependant) -> list[Access]:
    """What a route declares about its callers, router-level declarations included."""
    found = [access_of(inner) for inner in dependant.dependencies]
    own = getattr(dependant.call, "access", None)
    return [access for inner in found for access in inner] + (
        [own] if isinstance(own, Access) else []
    )
