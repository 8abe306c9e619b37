"""The public API as tests use it: the whole platform, from outside."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from shared.testing.waiting import wait_until

Document = dict[str, Any]
PATIENCE_S = 90


class PlatformClient:
    """A signed-in user of the platform at ``address``."""

    def __init__(self, address: str, *, username: str = "admin", password: str) -> None:
        self.http = httpx.Client(base_url=address, timeout=60, trust_env=False)
        login = self.http.post("/v1/sessions", json={"username": username, "password": password})
        assert login.status_code == 201, login.text
        self.http.headers["Authorization"] = f"Bearer {login.json()['token']}"

    def get(self, path: str) -> Document:
        """The document at ``path``."""
        reply = self.http.get(path)
        assert reply.status_code == 200, f"{path}: {reply.text}"
        document: Document = reply.json()
        return document

    def everything(self, path: str) -> list[Document]:
        """All items of the list at ``path``, page after page."""
        items: list[Document] = []
        page = self.get(path)
        while True:
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            page = self.get(f"{path}?cursor={page['next_cursor']}")

    def post(self, path: str, body: Document | None = None) -> httpx.Response:
        """A creating call with a key of its own."""
        return self.http.post(path, json=body or {}, headers={"Idempotency-Key": str(uuid4())})

    def new_project(self, name: str = "Test") -> str:
        """The path of a new project."""
        reply = self.post("/v1/projects", {"name": name})
        assert reply.status_code == 201, reply.text
        return f"/v1/projects/{reply.json()['id']}"

    def upload(self, project: str, workbook: Path, *, key: str | None = None) -> httpx.Response:
        """Upload ``workbook`` into a project."""
        return self.http.post(
            f"{project}/inventories",
            params={"filename": workbook.name},
            content=workbook.read_bytes(),
            headers={"Idempotency-Key": key or str(uuid4())},
        )

    def imported(self, project: str, workbook: Path) -> Document:
        """The ready inventory of ``workbook``."""
        accepted = self.upload(project, workbook)
        assert accepted.status_code == 202, accepted.text
        operation = self.ended(accepted.headers["Location"])
        assert operation["state"] == "succeeded", operation["error"]
        return self.get(f"/v1/{operation['subject']}")

    def ended(self, operation: str) -> Document:
        """The operation at this path, once it has ended."""
        return self.wait(
            lambda: self.get(operation),
            lambda found: found["state"] in {"succeeded", "failed", "cancelled"},
        )

    def assessed(self, project: str, inventory_id: str) -> Document:
        """The complete assessment of an inventory."""
        return self.wait(
            lambda: self.maybe(f"{project}/assessment"),
            lambda found: (
                found.get("state") == "complete"
                and found["based_on"]["inventory_id"] == inventory_id
            ),
        )

    def planned(self, project: str, inventory_id: str) -> Document:
        """The plan of an inventory, with its snapshot."""
        return self.wait(
            lambda: self.maybe(f"{project}/plan"),
            lambda found: (
                bool(found.get("snapshot")) and found["based_on"]["inventory_id"] == inventory_id
            ),
        )

    def exported(self, project: str, plan: Document, kind: str) -> bytes:
        """The plan's document of this kind."""
        snapshot = {key: plan["snapshot"][key] for key in ("id", "digest")}
        reply = self.post(f"{project}/exports", {"format": kind, "snapshot": snapshot})
        assert reply.status_code == 202, reply.text
        export = f"{project}/exports/{reply.json()['id']}"
        done = self.wait(
            lambda: self.get(export), lambda found: found["state"] in {"complete", "failed"}
        )
        assert done["state"] == "complete", done["error"]
        return self.http.get(done["content"]).content

    def maybe(self, path: str) -> Document:
        """The document at ``path``; empty while there is none."""
        reply = self.http.get(path)
        assert reply.status_code in {200, 404}, reply.text
        return reply.json() if reply.status_code == 200 else {}

    @staticmethod
    def wait(look: Callable[[], Document], is_done: Callable[[Document], bool]) -> Document:
        """What ``look`` finds once it is done."""
        seen: list[Document] = []

        def done() -> bool:
            seen[:] = [look()]
            time.sleep(0.05)  # spare the rate of a polling client
            return is_done(seen[0])

        wait_until(done, within_s=PATIENCE_S, what=f"the wanted state; last seen: {seen}")
        return seen[0]
