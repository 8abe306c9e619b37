"""The one who asks: a person behind the gateway, or another service."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from shared.auth.permissions import Permission
from shared.kernel.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody known, with what they may do and which projects exist for them.

    ``id`` is a user's UUID or a service's name; ``projects`` None means all of them.
    """

    kind: Literal["user", "service"]
    id: str
    name: str
    permissions: frozenset[Permission] = frozenset()
    projects: frozenset[UUID] | None = None

    @classmethod
    def service(cls, name: str) -> "Principal":
        """A service that speaks for itself: it sees all projects and holds no permission, since
        internal routes ask for its name, not for permissions."""
        return cls(kind="service", id=name, name=name)

    @property
    def key(self) -> str:
        """One string that no other principal has, for idempotency keys and audit: ``user:<id>``."""
        return f"{self.kind}:{self.id}"

    def require(self, permission: Permission) -> None:
        """Does nothing when the principal holds ``permission``.

        Raises:
            Forbidden: it does not.
        """
        if permission not in self.permissions:
            raise Forbidden(
                f"This needs the permission {permission.value}, which you do not have.",
                context={"permission": permission.value},
            )

    def can_see(self, project_id: UUID) -> bool:
        """Whether the project exists as far as this principal is concerned."""
        return self.projects is None or project_id in self.projects
