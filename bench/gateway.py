"""What the gateway adds to a request: the same request through it and straight to its service."""

import time

import httpx

from bench.results import Report, paired
from bench.site import Site

REQUESTS_PER_TOKEN = 100
"""Internal tokens live for a minute."""


def bench_gateway(site: Site, report: Report, *, requests: int) -> None:
    """Report ``requests`` pairs of reading one project."""
    client = site.platform.client()
    path = client.new_project("Gateway")
    pairs = []
    with site.platform.direct("ingest") as direct:
        for number in range(-1, requests):
            if number % REQUESTS_PER_TOKEN in {0, REQUESTS_PER_TOKEN - 1}:
                direct.headers["Authorization"] = site.platform.vouched("ingest")
            pair = _timed_ms(client.http, path), _timed_ms(direct, path)
            if number >= 0:  # the first one waits for connections
                pairs.append(pair)
    report(paired("gateway_overhead", "ms", pairs))


def _timed_ms(client: httpx.Client, path: str) -> float:
    begun_s = time.perf_counter()
    reply = client.get(path)
    taken_ms = (time.perf_counter() - begun_s) * 1000
    assert reply.status_code == httpx.codes.OK, reply.text
    return taken_ms
