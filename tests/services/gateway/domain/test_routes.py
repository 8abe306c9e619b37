"""The public paths and who answers them."""

from uuid import UUID

import pytest

from services.gateway.domain.routes import ROUTES, Match, find_route
from shared.auth.permissions import Permission
from shared.kernel.errors import NotFound

PROJECT = UUID("0193a1b2-0000-7000-8000-000000000001")


def test_a_path_leads_to_its_owner_and_names_its_project() -> None:
    found = find_route("GET", f"/v1/projects/{PROJECT}/plan")

    assert isinstance(found, Match)
    assert found.route.service == "planner"
    assert found.route.permission is Permission.READ
    assert found.project_id == PROJECT


def test_head_is_answered_as_get() -> None:
    found = find_route("HEAD", "/v1/projects")

    assert isinstance(found, Match)
    assert found.route.method == "GET"


def test_an_unknown_path_is_not_found() -> None:
    with pytest.raises(NotFound):
        find_route("GET", "/v1/nothing")


def test_a_path_whose_id_is_no_uuid_is_not_found() -> None:
    with pytest.raises(NotFound):
        find_route("GET", "/v1/projects/7")


def test_a_wrong_method_tells_the_right_ones() -> None:
    assert find_route("DELETE", "/v1/projects") == frozenset({"GET", "POST"})


def test_internal_paths_of_services_are_not_public() -> None:
    with pytest.raises(NotFound):
        find_route("GET", f"/internal/v1/snapshots/{PROJECT}")


def test_no_two_routes_share_method_and_path() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


def test_deciding_an_approval_needs_the_permission_to_approve() -> None:
    found = find_route("POST", f"/v1/projects/{PROJECT}/plan/approval-requests/{PROJECT}/decision")

    assert isinstance(found, Match)
    assert found.route.permission is Permission.APPROVE
