"""Users: a role, and the projects it holds for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.gateway.domain.errors import WEAK_PASSWORD
from shared.auth.permissions import ROLE_PERMISSIONS, Permission, Role
from shared.auth.principal import Principal
from shared.kernel.errors import ErrorDetail, Invalid
from shared.kernel.ids import UserId

MIN_PASSWORD_LENGTH: Final = 12
MAX_PASSWORD_LENGTH: Final = 256
_USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


@dataclass(frozen=True, slots=True)
class User:
    """A local account. ``projects`` None means every project."""

    id: UserId
    username: str
    role: Role
    projects: frozenset[UUID] | None
    is_active: bool
    created_at: datetime
    version: int

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the role allows; nothing when the account is switched off."""
        return ROLE_PERMISSIONS[self.role] if self.is_active else frozenset()

    @property
    def principal(self) -> Principal:
        """The account as one who asks."""
        return Principal(
            kind="user",
            id=str(self.id),
            name=self.username,
            permissions=self.permissions,
            projects=self.projects,
        )

    @property
    def subject(self) -> str:
        """What it is called in the audit trail."""
        return f"users/{self.id}"

    @property
    def manages_users(self) -> bool:
        """May create and change accounts."""
        return Permission.ADMIN in self.permissions and self.projects is None


def normalised_username(text: str) -> str:
    """The user name as stored: lower case, without blanks around it.

    >>> normalised_username(" Dana.Novak ")
    'dana.novak'

    Raises:
        Invalid: it is not 1-64 letters, digits, ``. _ @ -``, starting with a letter or digit.
    """
    name = text.strip().lower()
    if not _USERNAME.fullmatch(name):
        raise Invalid(
            "A user name has 1 to 64 letters, digits, dots, hyphens, underscores or @, "
            "and starts with a letter or digit.",
            errors=[ErrorDetail("Not a user name.", pointer="/username")],
        )
    return name


def check_password(password: str, *, username: str) -> None:
    """Length is the rule (NIST SP 800-63B): 12 to 256 characters, and not the user name.

    Raises:
        Invalid: with code ``weak-password``; the password is never repeated.
    """
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        problem = f"A password has {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters."
    elif password.lower() == username:
        problem = "The password must differ from the user name."
    else:
        return
    raise Invalid(problem, code=WEAK_PASSWORD, errors=[ErrorDetail(problem, pointer="/password")])


def leaves_an_admin(others: Sequence[User], changed: User) -> bool:
    """Whether somebody can still manage users after ``changed`` replaces its former self."""
    return changed.manages_users or any(user.manages_users for user in others)
