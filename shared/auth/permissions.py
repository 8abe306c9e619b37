"""Permissions and roles: the whole access policy in one table (decision 35)."""

from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """What a route may ask for. The value is the wire form, in tokens and in OpenAPI."""

    READ = "migration:read"
    WRITE = "migration:write"
    APPROVE = "migration:approve"
    PROVISION = "migration:provision"
    SECRETS = "migration:secrets"
    ADMIN = "migration:admin"


class Role(StrEnum):
    """What a person is given."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    TECHNICAL = "technical"
    ADMIN = "admin"
    SUPERADMIN = "superadmin"


_READ: Final = frozenset({Permission.READ})
_WRITE: Final = frozenset({Permission.READ, Permission.WRITE})

ROLE_PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.VIEWER: _READ,
    Role.OPERATOR: _READ,
    Role.TECHNICAL: _WRITE,
    Role.ADMIN: frozenset(Permission),
    Role.SUPERADMIN: frozenset(Permission),
}
"""Every role holds at least what the one before it holds."""
