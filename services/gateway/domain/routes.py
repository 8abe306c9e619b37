"""The public paths that other services answer: owner and the permission each needs.

The path at the owner is the same. A test compares this table with the routes and permissions that
the services themselves declare, so neither can drift.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.auth.permissions import Permission
from shared.kernel.errors import NotFound

READ, WRITE = Permission.READ, Permission.WRITE
APPROVE, ADMIN = Permission.APPROVE, Permission.ADMIN


@dataclass(frozen=True, slots=True)
class Route:
    """One public operation. ``path`` has ``{name}`` segments; all ``*_id`` ones are UUIDs."""

    method: str
    path: str
    service: str
    permission: Permission
    needs_all_projects: bool = False
    """Only for users who are not limited to some projects."""
    takes_file: bool = False
    """Its body is a file that streams through, not a small document."""
    revives: bool = False
    """Also for a project that is archived: it brings it back, or removes it."""

    @property
    def changes(self) -> bool:
        """Whether it is refused while the project is archived."""
        return self.permission is not Permission.READ and not self.revives


ROUTES: Final[tuple[Route, ...]] = (
    Route("POST", "/v1/projects", "ingest", WRITE, needs_all_projects=True),
    Route("GET", "/v1/projects", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}", "ingest", READ),
    Route("PATCH", "/v1/projects/{project_id}", "ingest", WRITE, revives=True),
    Route("DELETE", "/v1/projects/{project_id}", "ingest", ADMIN, revives=True),
    Route("GET", "/v1/projects/{project_id}/contents", "ingest", READ),
    Route("POST", "/v1/projects/{project_id}/clearance", "ingest", WRITE),
    Route("POST", "/v1/projects/{project_id}/inventories", "ingest", WRITE, takes_file=True),
    Route("GET", "/v1/projects/{project_id}/inventories", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}/inventories/{inventory_id}", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}/inventories/{inventory_id}/vms", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}/inventories/{inventory_id}/vms.csv", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}/inventories/{inventory_id}/disks", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}/inventories/{inventory_id}/nics", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}/inventories/{inventory_id}/snapshots", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}/inventories/{inventory_id}/partitions", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}/inventories/{inventory_id}/hosts", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}/inventories/{inventory_id}/clusters", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}/inventories/{inventory_id}/datastores", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}/inventories/{inventory_id}/networks", "ingest", READ),
    *(
        Route(
            "GET",
            f"/v1/projects/{{project_id}}/inventories/{{inventory_id}}/{listed}.csv",
            "ingest",
            READ,
        )
        for listed in (
            *("disks", "nics", "snapshots", "partitions"),
            *("hosts", "clusters", "datastores", "networks"),
            "comparison/vms",
        )
    ),
    Route(
        "GET", "/v1/projects/{project_id}/inventories/{inventory_id}/affected-rows", "ingest", READ
    ),
    Route(
        "GET",
        "/v1/projects/{project_id}/inventories/{inventory_id}/affected-rows.xlsx",
        "ingest",
        READ,
    ),
    Route("DELETE", "/v1/projects/{project_id}/inventories/{inventory_id}", "ingest", WRITE),
    Route("GET", "/v1/projects/{project_id}/inventories/{inventory_id}/comparison", "ingest", READ),
    Route(
        "GET",
        "/v1/projects/{project_id}/inventories/{inventory_id}/comparison/vms",
        "ingest",
        READ,
    ),
    Route(
        "POST", "/v1/projects/{project_id}/inventories/{inventory_id}/application", "ingest", WRITE
    ),
    Route("GET", "/v1/projects/{project_id}/trend", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}/trend.csv", "ingest", READ),
    Route("GET", "/v1/projects/{project_id}/assessment", "assessment", READ),
    Route("GET", "/v1/projects/{project_id}/assessment/vms", "assessment", READ),
    Route("GET", "/v1/projects/{project_id}/assessment/vms.csv", "assessment", READ),
    Route("GET", "/v1/projects/{project_id}/assessment/vms/facets", "assessment", READ),
    Route("GET", "/v1/projects/{project_id}/assessment/vms/{vm_id}", "assessment", READ),
    Route("GET", "/v1/projects/{project_id}/assessment/statistics", "assessment", READ),
    Route("GET", "/v1/projects/{project_id}/assessment/tenants", "assessment", READ),
    Route("GET", "/v1/projects/{project_id}/assessment/tenants.csv", "assessment", READ),
    *(
        Route(method, f"/v1/projects/{{project_id}}/assessment{path}", "assessment", permission)
        for method, path, permission in (
            ("GET", "/rules", READ),
            ("PUT", "/rules", WRITE),
            ("POST", "/rules/reset", WRITE),
            ("GET", "/rules/versions", READ),
            ("POST", "/rules/previews", WRITE),
            ("GET", "/rules/previews/{preview_id}", READ),
            ("POST", "/tenants", WRITE),
            ("GET", "/tenants/{tenant_id}", READ),
            ("PATCH", "/tenants/{tenant_id}", WRITE),
            ("GET", "/tenants/{tenant_id}/merge-preview", READ),
            ("POST", "/tenants/{tenant_id}/merges", WRITE),
            ("GET", "/tenant-register", READ),
            ("GET", "/tenant-register.csv", READ),
            ("GET", "/tenant-assignments", READ),
            ("GET", "/tenant-assignments.csv", READ),
            ("POST", "/tenant-assignments", WRITE),
            ("GET", "/networks", READ),
            ("GET", "/networks/{network_id}", READ),
            ("PATCH", "/networks/{network_id}", WRITE),
            ("GET", "/decisions", READ),
            ("POST", "/reset", WRITE),
            ("GET", "/waivers", READ),
            ("GET", "/waivers.csv", READ),
            ("POST", "/waivers", WRITE),
            ("POST", "/waivers/removals", WRITE),
        )
    ),
    Route("GET", "/v1/projects/{project_id}/plan", "planner", READ),
    Route("GET", "/v1/projects/{project_id}/plan/settings", "planner", READ),
    Route("PATCH", "/v1/projects/{project_id}/plan/settings", "planner", WRITE),
    Route("POST", "/v1/projects/{project_id}/plan/snapshots", "planner", WRITE),
    Route("GET", "/v1/projects/{project_id}/plan/vms", "planner", READ),
    Route("GET", "/v1/projects/{project_id}/plan/tenants", "planner", READ),
    Route("GET", "/v1/projects/{project_id}/plan/schedule", "planner", READ),
    Route("POST", "/v1/projects/{project_id}/plan/approval-requests", "planner", WRITE),
    Route("GET", "/v1/projects/{project_id}/plan/approval-requests", "planner", READ),
    Route(
        "GET",
        "/v1/projects/{project_id}/plan/approval-requests/{request_id}",
        "planner",
        READ,
    ),
    Route(
        "POST",
        "/v1/projects/{project_id}/plan/approval-requests/{request_id}/decision",
        "planner",
        APPROVE,
    ),
    Route("GET", "/v1/projects/{project_id}/preparation", "provisioner", READ),
    Route("GET", "/v1/projects/{project_id}/preparation/tasks", "provisioner", READ),
    Route("POST", "/v1/projects/{project_id}/exports", "exporter", READ),
    Route("GET", "/v1/projects/{project_id}/exports", "exporter", READ),
    Route("GET", "/v1/projects/{project_id}/exports/{export_id}", "exporter", READ),
    Route("GET", "/v1/projects/{project_id}/exports/{export_id}/content", "exporter", READ),
    *(
        route
        for service in ("ingest", "assessment", "planner", "exporter", "provisioner")
        for route in (
            Route("GET", f"/v1/operations/{service}/{{job_id}}", service, READ),
            Route("POST", f"/v1/operations/{service}/{{job_id}}/cancel", service, WRITE),
            Route("POST", f"/v1/operations/{service}/{{job_id}}/retry", service, WRITE),
        )
    ),
    *(
        route
        for service in ("ingest", "assessment", "planner", "provisioner", "exporter")
        for route in (
            Route("GET", f"/v1/audit/{service}", service, ADMIN, needs_all_projects=True),
            Route("GET", f"/v1/projects/{{project_id}}/audit/{service}", service, READ),
        )
    ),
)


@dataclass(frozen=True, slots=True)
class Match:
    """A route and the project its path names, if any."""

    route: Route
    project_id: UUID | None


def _index(routes: tuple[Route, ...]) -> Mapping[int, tuple[tuple[tuple[str, ...], Route], ...]]:
    by_length: dict[int, list[tuple[tuple[str, ...], Route]]] = {}
    for route in routes:
        segments = tuple(route.path.strip("/").split("/"))
        by_length.setdefault(len(segments), []).append((segments, route))
    return {length: tuple(rows) for length, rows in by_length.items()}


_BY_LENGTH = _index(ROUTES)


def find_route(method: str, path: str) -> Match | frozenset[str]:
    """The route of a request, or the methods that ``path`` does have.

    HEAD is answered as GET. The result's ``project_id`` is the path's.

    Raises:
        NotFound: no route has this path.
    """
    asked = "GET" if method == "HEAD" else method
    segments = path.strip("/").split("/")
    others: set[str] = set()
    for template, route in _BY_LENGTH.get(len(segments), ()):
        bound = _bind(template, segments)
        if bound is None:
            continue
        if route.method == asked:
            return Match(route, bound.get("project_id"))
        others.add(route.method)
    if not others:
        raise NotFound(f"There is nothing at {path}. The API is described at /docs.")
    return frozenset(others)


def _bind(template: tuple[str, ...], segments: list[str]) -> dict[str, UUID] | None:
    bound: dict[str, UUID] = {}
    for want, have in zip(template, segments, strict=True):
        if not want.startswith("{"):
            if want != have:
                return None
            continue
        try:
            bound[want[1:-1]] = UUID(have)
        except ValueError:
            return None
    return bound
