"""A platform with one of everything: what the document's paths and bodies can name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.platform_client import Document, PlatformClient

SAMPLE: Final = Path(__file__).resolve().parents[2] / "examples" / "acme-cloud-324-vms.xlsx"
SMALL: Final = (
    Path(__file__).resolve().parents[1] / "data" / "rvtools" / "real-4.7-huge-dimensions-9vms.xlsx"
)
ABSENT_ID: Final = "0193a1b2-0000-7000-8000-00000000dead"
PASSWORD: Final = "a password of some length"


@dataclass(frozen=True, slots=True)
class Seeded:
    """Ids by path parameter, jobs by service, and a snapshot to name in bodies."""

    ids: Mapping[str, str]
    jobs: Mapping[str, str]
    snapshot: Document

    def id_in(self, path: str, parameter: str) -> str:
        """What stands for ``parameter`` in ``path``; an id that nothing has when it is unknown."""
        if parameter == "job_id":
            return self.jobs.get(path.split("/")[3], ABSENT_ID)
        return self.ids.get(parameter, ABSENT_ID)

    def address(self, path: str) -> str:
        """``path`` with an id for each of its parameters."""
        return "/".join(
            self.id_in(path, part[1:-1]) if part.startswith("{") else part
            for part in path.split("/")
        )

    def body(self, operation_id: str, example: Any) -> Any:
        """The body to send to an operation: its example, with a snapshot that exists."""
        if operation_id == "exporter_request_export":
            return example | {"snapshot": self.snapshot}
        if operation_id == "planner_request_plan_approval":
            return example | {"snapshot_digest": self.snapshot["digest"]}
        if operation_id == "assessment_patch_tenant":  # the example may be called so already
            return example | {"name": "Renamed"}
        return example


def seed(client: PlatformClient) -> Seeded:
    """Import the sample, plan it, render it, ask for its approval; add a user; approve another."""
    project = client.new_project("Fuzzed")
    inventory = client.imported(project, SAMPLE)
    assessment = client.assessed(project, inventory["id"])
    plan = client.planned(project, inventory["id"])
    snapshot = {key: plan["snapshot"][key] for key in ("id", "digest")}
    client.exported(project, plan, "json")
    (export,) = client.get(f"{project}/exports")["items"]
    tenants = client.get(f"{project}/assessment/tenants?limit=2")["items"]
    asked = client.post(
        f"{project}/plan/approval-requests", {"snapshot_digest": snapshot["digest"]}
    )
    user = {"username": "somebody", "password": PASSWORD, "role": "viewer"}
    documents = {
        "ingest": inventory,
        "assessment": assessment,
        "planner": plan,
        "exporter": export,
        "provisioner": _approved(client),
    }
    return Seeded(
        ids={
            "project_id": project.rpartition("/")[2],
            "inventory_id": inventory["id"],
            "export_id": export["id"],
            "request_id": asked.json()["id"],
            "vm_id": client.get(f"{project}/assessment/vms?limit=1")["items"][0]["vm_id"],
            "tenant_id": tenants[0]["id"],
            "source_id": tenants[1]["id"],
            "network_id": client.get(f"{project}/assessment/networks?limit=1")["items"][0]["id"],
            "user_id": client.post("/v1/users", user).json()["id"],
        },
        jobs={
            service: document["operation"].rpartition("/")[2]
            for service, document in documents.items()
        },
        snapshot=snapshot,
    )


def _approved(client: PlatformClient) -> Document:
    """What is to be prepared in a small project whose plan is approved."""
    project = client.new_project("Approved")
    inventory = client.imported(project, SMALL)
    plan = client.planned(project, inventory["id"])
    asked = client.post(
        f"{project}/plan/approval-requests", {"snapshot_digest": plan["snapshot"]["digest"]}
    ).json()
    decided = f"{project}/plan/approval-requests/{asked['id']}/decision"
    client.post(decided, {"decision": "approve"})
    return client.wait(
        lambda: client.maybe(f"{project}/preparation"),
        lambda preparation: bool(preparation.get("run")),
    )
