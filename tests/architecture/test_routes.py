"""The gateway's table and what the services declare say the same."""

import pytest
from fastapi import FastAPI

from services import SERVICES
from services.__main__ import applications
from services.gateway.domain.routes import ROUTES


@pytest.fixture(scope="module")
def apps() -> dict[str, FastAPI]:
    """Every service's application, composed but not started."""
    return applications()


def declared(app: FastAPI) -> set[tuple[str, str, str]]:
    """Method, path and permission of each public route."""
    return {
        (method.upper(), path, operation["x-permission"])
        for path, operations in app.openapi()["paths"].items()
        if path.startswith("/v1/")
        for method, operation in operations.items()
    }


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "gateway"])
def test_the_gateway_routes_exactly_what_a_service_declares(
    apps: dict[str, FastAPI], service: str
) -> None:
    table = {
        (route.method, route.path, route.permission.value)
        for route in ROUTES
        if route.service == service
    }
    assert declared(apps[service]) == table


@pytest.mark.parametrize("service", SERVICES)
def test_everything_else_a_service_answers_is_internal(
    apps: dict[str, FastAPI], service: str
) -> None:
    others = [path for path in apps[service].openapi()["paths"] if not path.startswith("/v1/")]
    assert [path for path in others if not path.startswith("/internal/v1/")] == []
