"""Roles and what they may do (decision 35)."""

from itertools import pairwise
from uuid import UUID

import pytest

from shared.auth.permissions import ROLE_PERMISSIONS, Permission, Role
from shared.auth.principal import Principal
from shared.kernel.errors import Forbidden

HERE = UUID(int=1)
THERE = UUID(int=2)


def test_roles_hold_what_was_decided() -> None:
    read, write, everything = {Permission.READ}, {Permission.READ, Permission.WRITE}, {*Permission}
    decided = {
        Role.VIEWER: read,
        Role.OPERATOR: read,
        Role.TECHNICAL: write,
        Role.ADMIN: everything,
        Role.SUPERADMIN: everything,
    }
    assert decided == ROLE_PERMISSIONS


def test_each_role_holds_at_least_what_the_one_before_it_does() -> None:
    held = [ROLE_PERMISSIONS[role] for role in Role]
    assert all(lower <= higher for lower, higher in pairwise(held))


def test_a_missing_permission_is_named() -> None:
    viewer = Principal(kind="user", id="1", name="V", permissions=frozenset({Permission.READ}))
    viewer.require(Permission.READ)
    with pytest.raises(Forbidden, match="migration:approve"):
        viewer.require(Permission.APPROVE)


def test_a_service_holds_no_permission_and_sees_every_project() -> None:
    service = Principal.service("planner")
    assert service.can_see(HERE)
    with pytest.raises(Forbidden):
        service.require(Permission.READ)


def test_projects_outside_the_scope_are_not_seen() -> None:
    person = Principal(kind="user", id="1", name="P", projects=frozenset({HERE}))
    assert person.can_see(HERE)
    assert not person.can_see(THERE)


def test_a_person_and_a_service_of_one_name_have_different_keys() -> None:
    person = Principal(kind="user", id="planner", name="planner")
    assert person.key != Principal.service("planner").key
