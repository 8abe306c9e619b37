"""The clients: they import, approve and export through the public API, and write down the replies.

A client that gets no answer repeats its request with the same key, as the API's documents tell it
to; each attempt stands in the history for itself.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from shared.testing.waiting import wait_until
from tests.faults.history import Attempt, History, Kind, Outcome
from tests.support.platform_client import Document, PlatformClient

PATIENCE_S = 90
PAUSE_S = 0.2


class Workload:
    """The operations on one platform, all recorded in ``history``."""

    def __init__(self, client: PlatformClient, workbook: Path, history: History) -> None:
        self.client = client
        self._workbook = workbook
        self._history = history

    def projects(self, count: int) -> list[str]:
        """The ids of new projects, made before anything breaks; what broke before may still be
        recovering."""
        return [
            str(self._answer("/v1/projects", {"name": "Set"}, key=str(uuid4()))["id"])
            for _ in range(count)
        ]

    def import_all(self, projects: Sequence[str], *, at_once: int = 2) -> list[Attempt]:
        """The last attempt of each project's import: the workload ``set``."""
        with ThreadPoolExecutor(at_once) as clients:
            return list(clients.map(self.import_into, projects))

    def import_into(self, project: str) -> Attempt:
        """Upload until somebody has answered."""
        return self._persist(lambda key: self.upload(project, key), f"import-{project}")

    def journey(self, project: str) -> None:
        """From the upload to an approved and an exported plan."""
        inventory_id = self.import_into(project).result_id
        assert inventory_id is not None, self._history.attempts()
        outcomes = {one(project, inventory_id).outcome for one in (self.approve, self.export)}
        assert outcomes == {Outcome.ACKNOWLEDGED}, self._history.attempts()

    def upload(self, project: str, key: str) -> Attempt:
        """Upload once."""
        return self._attempt(
            Kind.IMPORT,
            project,
            key,
            lambda: self.client.upload(f"/v1/projects/{project}", self._workbook, key=key),
            _imported,
        )

    def approve(self, project: str, inventory_id: str) -> Attempt:
        """Have the plan of an inventory approved, once it is there."""
        plan = f"/v1/projects/{project}/plan"
        digest = self.until_planned(project, inventory_id)["snapshot"]["digest"]
        requests = f"{plan}/approval-requests"
        asked = self._answer(requests, {"snapshot_digest": digest}, key=f"ask-{project}")
        decision = {"decision": "approve"}
        return self._persist(
            lambda key: self._attempt(
                Kind.APPROVE,
                project,
                key,
                lambda: self._post(f"{requests}/{asked['id']}/decision", decision, key),
                lambda _: str(asked["id"]),
            ),
            f"approve-{project}",
        )

    def export(self, project: str, inventory_id: str) -> Attempt:
        """Ask for the plan of an inventory as JSON, once it is there."""
        found = self.until_planned(project, inventory_id)["snapshot"]
        body = {"format": "json", "snapshot": {name: found[name] for name in ("id", "digest")}}
        return self._persist(
            lambda key: self._attempt(
                Kind.EXPORT,
                project,
                key,
                lambda: self._post(f"/v1/projects/{project}/exports", body, key),
                lambda reply: str(reply["id"]),
            ),
            f"export-{project}",
        )

    def until_planned(self, project: str, inventory_id: str) -> Document:
        """The plan, when it is that of this inventory."""

        def plan() -> Document | None:
            found = self.look(f"/v1/projects/{project}/plan")
            is_there = (
                bool(found.get("snapshot")) and found["based_on"]["inventory_id"] == inventory_id
            )
            time.sleep(PAUSE_S)  # spare the rate of a polling client
            return found if is_there else None

        found = wait_until(plan, within_s=PATIENCE_S, what=f"a plan of {inventory_id}")
        assert found is not None
        return found

    def look(self, path: str) -> Document:
        """The document at ``path``; empty when there is none or nobody answers."""
        try:
            reply = self.client.http.get(path)
        except httpx.TransportError:
            return {}
        return reply.json() if reply.status_code == HTTPStatus.OK else {}

    def _post(self, path: str, body: Document, key: str) -> httpx.Response:
        return self.client.http.post(path, json=body, headers={"Idempotency-Key": key})

    def _answer(self, path: str, body: Document, *, key: str) -> Document:
        """The reply to a request that is repeated until it succeeds."""

        def reply() -> Document | None:
            try:
                answered = self._post(path, body, key)
            except httpx.TransportError:
                return None
            return answered.json() if answered.is_success else None

        found = wait_until(reply, within_s=PATIENCE_S, what=f"an answer from {path}")
        assert found is not None
        return found

    def _attempt(
        self,
        kind: Kind,
        project: str,
        key: str,
        send: Callable[[], httpx.Response],
        result: Callable[[dict[str, Any]], str],
    ) -> Attempt:
        try:
            reply = send()
        except httpx.TransportError:
            return self._history.record(Attempt(kind, project, key, Outcome.UNKNOWN))
        outcome = _outcome(reply)
        return self._history.record(
            Attempt(
                kind,
                project,
                key,
                outcome,
                result(reply.json()) if outcome is Outcome.ACKNOWLEDGED else None,
                reply.status_code,
                reply.headers.get("Retry-After"),
            )
        )

    @staticmethod
    def _persist(send: Callable[[str], Attempt], key: str) -> Attempt:
        """The first attempt whose outcome is known, or the last one when patience ends."""
        deadline = time.monotonic() + PATIENCE_S
        number = 0
        while True:
            attempt = send(f"{key}-{number}")
            if attempt.outcome is not Outcome.UNKNOWN or time.monotonic() > deadline:
                return attempt
            if attempt.status == HTTPStatus.CONFLICT:  # a killed request holds the key for long
                number += 1
            time.sleep(PAUSE_S)


def _outcome(reply: httpx.Response) -> Outcome:
    if reply.is_success:
        return Outcome.ACKNOWLEDGED
    is_in_flight = (
        reply.status_code == HTTPStatus.CONFLICT
        and reply.json().get("code") == "idempotency-key-in-flight"
    )
    return Outcome.UNKNOWN if reply.is_server_error or is_in_flight else Outcome.REFUSED


def _imported(reply: dict[str, Any]) -> str:
    """The inventory that an upload was answered with: an operation's subject, or a former one."""
    return str(reply.get("subject") or reply["id"]).rpartition("/")[2]
