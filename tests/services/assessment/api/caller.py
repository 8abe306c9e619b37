"""People with a role, and what the assessment answers them."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from shared.auth.internal_token import TokenSigner
from shared.auth.permissions import ROLE_PERMISSIONS, Role
from shared.auth.principal import Principal
from tests.services.planner.builders import an_id


class Caller:
    """A person, for whom the gateway vouches with the key ``private``."""

    def __init__(
        self, client: httpx.AsyncClient, private: str, name: str, role: Role, *projects: UUID
    ) -> None:
        self._client = client
        person = Principal(
            "user", str(an_id(name)), name, ROLE_PERMISSIONS[role], frozenset(projects) or None
        )
        self.key = person.key
        token = TokenSigner("gateway", private).sign(person, "assessment")
        self._headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self._client.get(path, headers=self._headers, params=query)

    async def found(self, path: str, **query: Any) -> Any:
        """The body of what has to be there."""
        reply = await self.get(path, **query)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> httpx.Response:
        headers = self._headers | {"Idempotency-Key": key or str(uuid4())}
        headers |= {"If-Match": if_match} if if_match else {}
        return await self._client.post(path, headers=headers, json=body)

    async def done(self, path: str, body: Any = None, **headers: str) -> Any:
        """The body of the reply to a POST that has to succeed."""
        reply = await self.post(path, body, **headers)
        assert reply.is_success, reply.text
        return reply.json()

    async def change(
        self, method: str, path: str, body: Any, *, if_match: str | None = None
    ) -> httpx.Response:
        """PUT or PATCH."""
        headers = self._headers | ({"If-Match": if_match} if if_match else {})
        return await self._client.request(method, path, headers=headers, json=body)
