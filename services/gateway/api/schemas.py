"""Bodies of accounts and sessions. Passwords go in and never come out."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, SecretStr

from services.gateway.domain.users import User
from services.gateway.usecases.log_in import LoggedIn
from shared.auth.permissions import Permission, Role
from shared.http.models import MergePatch, ReplyModel, RequestModel, UtcTime

Password = Annotated[SecretStr, Field(max_length=1024)]


class LogInRequest(RequestModel):
    """Credentials."""

    username: str = Field(max_length=256, examples=["admin"])
    password: Password


class UserReply(ReplyModel):
    """A local account."""

    id: UUID
    username: str
    role: Role
    permissions: list[Permission]
    projects: list[UUID] | None = Field(description="null: every project")
    is_active: bool
    created_at: UtcTime

    @classmethod
    def of(cls, user: User) -> Self:
        """``user`` as a reply."""
        return cls(
            id=user.id,
            username=user.username,
            role=user.role,
            permissions=sorted(user.permissions),
            projects=None if user.projects is None else sorted(user.projects),
            is_active=user.is_active,
            created_at=user.created_at,
        )


class SessionReply(ReplyModel):
    """A new session. Send the token as ``Authorization: Bearer <token>``; it is shown once."""

    token: str
    expires_at: UtcTime
    user: UserReply

    @classmethod
    def of(cls, logged_in: LoggedIn) -> Self:
        """``logged_in`` as a reply."""
        return cls(
            token=logged_in.token,
            expires_at=logged_in.expires_at,
            user=UserReply.of(logged_in.user),
        )


class NewUserRequest(RequestModel):
    """An account to create."""

    username: str = Field(max_length=256, examples=["dana.novak"])
    password: Password
    role: Role
    projects: list[UUID] | None = Field(
        None, description="Projects the account is limited to; null or absent: every project"
    )


class UserPatch(MergePatch):
    """What can be changed of an account."""

    role: Role = Role.VIEWER
    projects: list[UUID] | None = None
    is_active: bool = True


class PasswordRequest(RequestModel):
    """A change of one's own password."""

    current: Password
    new: Password
