"""How long one page of a list takes, wherever in the list it is."""

import time
from typing import Final

from bench.results import Report, Result, quantile
from bench.site import Site
from tests.support.platform_client import PlatformClient

PAGE: Final = 100
GOAL_MS: Final = 50
STEP: Final = 500
"""Page size on the way to a depth; a cursor fits pages of every size."""


def bench_pages(site: Site, report: Report, *, inventory: str, vms: int, rounds: int) -> None:
    """Report pages of 100 of the ``vms`` VMs of an inventory: first, middle, last, in turns."""
    client = site.platform.client()
    list_path = f"{inventory}/vms"
    cursors = {
        "first": None,
        "middle": _cursor_at(client, list_path, vms // 2),
        "last": _cursor_at(client, list_path, vms - PAGE),
    }
    taken_ms: dict[str, list[float]] = {depth: [] for depth in cursors}
    for _ in range(rounds):
        for depth, cursor in cursors.items():
            begun_s = time.perf_counter()
            _page(client, list_path, cursor, PAGE)
            taken_ms[depth].append((time.perf_counter() - begun_s) * 1000)
    for depth, values in taken_ms.items():
        report(Result(f"page_of_100.{depth}.p50", quantile(values, 0.5), "ms"))
        report(Result(f"page_of_100.{depth}.p95", quantile(values, 0.95), "ms", goal=GOAL_MS))


def _cursor_at(client: PlatformClient, path: str, position: int) -> str | None:
    """The cursor of the page that begins after ``position`` items."""
    cursor: str | None = None
    while position > 0:
        step = min(STEP, position)
        cursor = _page(client, path, cursor, step)
        position -= step
    return cursor


def _page(client: PlatformClient, path: str, cursor: str | None, limit: int) -> str | None:
    """The cursor of the next page."""
    reply = client.http.get(path, params={"limit": limit} | ({"cursor": cursor} if cursor else {}))
    assert reply.status_code == 200, reply.text
    found: str | None = reply.json()["next_cursor"]
    return found
