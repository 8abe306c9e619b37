"""People and services that talk to the ingest, with internal tokens."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx

from shared.auth.internal_token import TokenSigner
from shared.auth.keys import generate_keypair
from shared.auth.permissions import ROLE_PERMISSIONS, Role
from shared.auth.principal import Principal

PRIVATE, PUBLIC = generate_keypair()
PUBLIC_KEYS = dict.fromkeys(("gateway", "assessment", "planner", "exporter"), PUBLIC)
NAMES = UUID("01890000-0000-7000-8000-000000000009")

Body = bytes | AsyncIterator[bytes]


def settings_for(dsn: str) -> dict[str, Any]:
    """What an ingest on that database is told."""
    return {
        "database_dsn": dsn,
        "bus_url": dsn,
        "signing_key": PRIVATE,
        "public_keys": PUBLIC_KEYS,
        "upload_max_bytes": 16 * 1024 * 1024,
    }


class Caller:
    """A person with a role, of all projects or some, and what the ingest answers them."""

    def __init__(self, client: httpx.AsyncClient, name: str, role: Role, *projects: UUID) -> None:
        self._client = client
        person = Principal(
            "user",
            str(uuid5(NAMES, name)),
            name,
            ROLE_PERMISSIONS[role],
            frozenset(projects) or None,
        )
        self.key = person.key
        self.headers = {
            "Authorization": f"Bearer {TokenSigner('gateway', PRIVATE).sign(person, 'ingest')}"
        }

    async def get(self, path: str, **query: str | int) -> httpx.Response:
        return await self._client.get(path, headers=self.headers, params=query)

    async def post(
        self, path: str, body: dict[str, object] | None = None, *, key: str | None = None
    ) -> httpx.Response:
        headers = self.headers | {"Idempotency-Key": key or str(uuid4())}
        return await self._client.post(path, headers=headers, json=body)

    async def patch(
        self, path: str, body: dict[str, object], *, if_match: str | None = None
    ) -> httpx.Response:
        headers = self.headers | ({"If-Match": if_match} if if_match else {})
        return await self._client.patch(path, headers=headers, json=body)

    async def delete(self, path: str) -> httpx.Response:
        return await self._client.delete(path, headers=self.headers)

    async def upload(
        self, project: UUID, body: Body, *, key: str | None = None, **query: str
    ) -> httpx.Response:
        """Send a workbook."""
        return await self._client.post(
            f"/v1/projects/{project}/inventories",
            headers=self.headers | {"Idempotency-Key": key or str(uuid4())},
            params=query,
            content=body,
            timeout=30,
        )

    async def items(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            reply = (await self.get(path, **query, **more)).json()
            found += reply["items"]
            cursor = reply["next_cursor"]
            if cursor is None:
                return found


def as_service(name: str) -> dict[str, str]:
    """The header by which a service speaks for itself."""
    return {"Authorization": f"Bearer {TokenSigner(name, PRIVATE).sign_as_service('ingest')}"}


def problem(reply: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, which is a problem document."""
    assert reply.headers["Content-Type"] == "application/problem+json", reply.text
    return reply.status_code, reply.json()["code"]


def forged_cursor(*key: object) -> str:
    """A cursor as nobody was given one; ASCII only, so that it may say half a surrogate pair."""
    return urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
