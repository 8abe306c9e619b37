"""Who may use which route."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.gateway.domain.access import authorise
from services.gateway.domain.routes import Match, find_route
from services.gateway.domain.users import User, leaves_an_admin
from shared.auth.permissions import Permission, Role
from shared.kernel.errors import Forbidden, NotFound
from shared.kernel.ids import UserId

ONE = UUID("0193a1b2-0000-7000-8000-000000000001")
OTHER = UUID("0193a1b2-0000-7000-8000-000000000002")


def a_user(
    role: Role = Role.VIEWER, *, projects: frozenset[UUID] | None = None, is_active: bool = True
) -> User:
    return User(
        id=UserId(ONE),
        username="dana",
        role=role,
        projects=projects,
        is_active=is_active,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        version=1,
    )


def route(method: str, path: str) -> Match:
    found = find_route(method, path)
    assert isinstance(found, Match)
    return found


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        (Role.VIEWER, {Permission.READ}),
        (Role.OPERATOR, {Permission.READ}),
        (Role.TECHNICAL, {Permission.READ, Permission.WRITE}),
        (Role.ADMIN, set(Permission)),
        (Role.SUPERADMIN, set(Permission)),
    ],
)
def test_each_role_has_the_permissions_of_decision_35(
    role: Role, permissions: set[Permission]
) -> None:
    assert permissions == a_user(role).permissions


def test_a_viewer_reads() -> None:
    authorise(a_user(Role.VIEWER), route("GET", f"/v1/projects/{ONE}/plan"))


def test_a_viewer_cannot_upload() -> None:
    with pytest.raises(Forbidden, match="migration:write") as refused:
        authorise(a_user(Role.VIEWER), route("POST", f"/v1/projects/{ONE}/inventories"))
    assert refused.value.code == "permission-missing"


def test_a_technical_user_cannot_approve() -> None:
    with pytest.raises(Forbidden, match="migration:approve"):
        authorise(
            a_user(Role.TECHNICAL),
            route("POST", f"/v1/projects/{ONE}/plan/approval-requests/{ONE}/decision"),
        )


def test_a_foreign_project_is_not_found_rather_than_forbidden() -> None:
    limited = a_user(Role.ADMIN, projects=frozenset({OTHER}))

    with pytest.raises(NotFound):
        authorise(limited, route("GET", f"/v1/projects/{ONE}/plan"))


def test_a_user_of_some_projects_works_in_those() -> None:
    limited = a_user(Role.TECHNICAL, projects=frozenset({ONE}))

    authorise(limited, route("PATCH", f"/v1/projects/{ONE}"))


def test_a_user_of_some_projects_cannot_create_one() -> None:
    limited = a_user(Role.TECHNICAL, projects=frozenset({ONE}))

    with pytest.raises(Forbidden, match="limited to some projects"):
        authorise(limited, route("POST", "/v1/projects"))


def test_a_switched_off_account_may_nothing() -> None:
    assert frozenset() == a_user(Role.SUPERADMIN, is_active=False).permissions


def test_the_last_administrator_cannot_step_down() -> None:
    assert not leaves_an_admin([], a_user(Role.VIEWER))
    assert leaves_an_admin([a_user(Role.ADMIN)], a_user(Role.VIEWER))


def test_an_administrator_of_some_projects_does_not_manage_users() -> None:
    assert not a_user(Role.ADMIN, projects=frozenset({ONE})).manages_users
