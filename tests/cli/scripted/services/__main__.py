"""A platform that answers by script, as a process: what the command line client talks to in tests.

    python -m services embedded --data-dir DIR --port N

``MIGPLAN_TEST_SCENARIO`` names what is different from a run in which everything works. Requests
are noted in ``DIR/requests.jsonl``, a stop in good order in ``DIR/stopped``.
"""

import argparse
import hashlib
import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PROJECT, INVENTORY = "11111111-0000-7000-8000-000000000001", "22222222-0000-7000-8000-000000000002"
BASE = f"/v1/projects/{PROJECT}"
PASSWORD = "first-password"
SNAPSHOT = {"id": "33333333-0000-7000-8000-000000000003", "digest": "d" * 64, "vm_count": 324}
SUMMARY = {
    "vms": 324,
    "tenants": 120,
    "powered_off": 35,
    "vcpus": 1371,
    "memory_gib": 4616.4,
    "disk_gib": 121120.0,
    "used_gib": 60764.99,
    "start_date": "2026-11-24",
    "finish_date": "2026-12-11",
    "working_days": 14,
    "bottleneck": "source_nic",
    "bottleneck_mbit_s": 4000.0,
}
TOTALS = {
    "excluded": {"template": 5, "srm_placeholder": 4, "vcls": 4},
    "by_risk_band": {"green": 250, "yellow": 60, "red": 14},
    "by_mode_class": {"warm_eligible": 260, "warm_risky": 20, "cold_required": 44},
}
REPORT = {
    "tabs": [],
    "confidence": {
        "vms_without_id": 3,
        "tabs_missing": [{"tab": tab, "state": "missing", "costs": "…"} for tab in ("vNIC", "vCD")],
    },
}
DOCUMENTS = {
    "json": json.dumps({"summary": SUMMARY}).encode(),
    "xlsx": b"PK\x03\x04" + b"workbook" * 1000,
}
BAD_CELL = {
    "type": "/problems/tab-missing",
    "code": "tab-missing",
    "detail": "There is no usable vInfo.",
    "errors": [
        {"tab": "vInfo", "row": 17, "column": "Memory", "detail": "'\x1b[31mred' is no number."}
    ],
}


def operation(state: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "44444444-0000-7000-8000-000000000004",
        "service": "ingest",
        "subject": f"projects/{PROJECT}/inventories/{INVENTORY}",
        "state": state,
        **more,
    }


class Script:
    """What the platform answers, call after call."""

    def __init__(self, scenario: str, data_dir: Path) -> None:
        self.scenario = scenario
        self._log = data_dir / "requests.jsonl"
        self._calls: dict[str, int] = {}

    def answer(  # noqa: PLR0911 - a script is a list
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, Any]:
        call = f"{method} {path}"
        self._calls[call] = turn = self._calls.get(call, 0) + 1
        self._note(call, headers, body)
        if self.scenario == "busy" and turn == 1:
            return 503, {"code": "unavailable", "detail": "Come back."}
        match call.partition("?")[0].split():
            case ["POST", "/v1/sessions"]:
                return self._log_in(json.loads(body))
            case ["POST", "/v1/projects"]:
                return 201, {"id": PROJECT, **json.loads(body)}
            case ["POST", p] if p == f"{BASE}/inventories":
                return self._take_upload()
            case ["GET", p] if p.startswith("/v1/operations/ingest/"):
                return 200, self._import(turn)
            case ["GET", p] if p == f"{BASE}/inventories/{INVENTORY}":
                return 200, {"id": INVENTORY, "report": REPORT}
            case ["GET", p] if p == f"{BASE}/assessment":
                return (
                    (404, {"code": "not-assessed"}) if turn == 1 else (200, self._assessment(turn))
                )
            case ["GET", p] if p == f"{BASE}/plan":
                return 200, self._plan(turn)
            case ["POST", p] if p == f"{BASE}/exports":
                return 202, {"id": json.loads(body)["format"], "state": "queued"}
            case ["GET", p] if p.endswith("/content"):
                return 200, DOCUMENTS[p.split("/")[-2]]
            case ["GET", p] if p.startswith(f"{BASE}/exports/"):
                return 200, {"state": "complete", "content": f"{p}/content"}
        return 404, {"code": "not-found", "detail": f"The script knows no {call}."}

    def _log_in(self, body: dict[str, str]) -> tuple[int, Any]:
        if body != {"username": "admin", "password": PASSWORD}:
            return 401, {"code": "unauthenticated", "detail": "Wrong."}
        return 201, {"token": "t-1"}

    def _take_upload(self) -> tuple[int, Any]:
        if self.scenario == "dies":
            os._exit(9)
        if self.scenario == "no-workbook":
            return 415, {
                "title": "Unsupported Media Type",
                "code": "not-a-workbook",
                "detail": "The file is a web page (HTML), whatever its name says.",
            }
        return 202, operation("queued")

    def _import(self, turn: int) -> dict[str, Any]:
        if self.scenario == "stuck":
            return operation("running", progress={"tab": "vInfo", "rows_done": 1})
        if self.scenario == "bad-import" and turn > 1:
            return operation("failed", error=BAD_CELL)
        if turn < 3:
            return operation("running", progress={"stage": "parsing", "tab": "vInfo"})
        return operation("succeeded")

    def _assessment(self, turn: int) -> dict[str, Any]:
        state = "complete" if turn > 2 else "running"
        based_on = {"inventory_id": INVENTORY}
        return {"state": state, "based_on": based_on, "progress": {}, "totals": TOTALS}

    def _plan(self, turn: int) -> dict[str, Any]:
        based_on = {"inventory_id": INVENTORY}
        if turn == 1:
            return {"state": "queued", "based_on": based_on, "snapshot": None}
        return {
            "state": "complete",
            "based_on": based_on,
            "snapshot": SNAPSHOT,
            "summary": SUMMARY,
        }

    def _note(self, call: str, headers: dict[str, str], body: bytes) -> None:
        line = {
            "call": call,
            "key": headers.get("idempotency-key"),
            "token": headers.get("authorization"),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        with self._log.open("a") as file:
            file.write(json.dumps(line) + "\n")


class Handler(BaseHTTPRequestHandler):
    """HTTP around the script."""

    protocol_version = "HTTP/1.1"
    script: Script

    def do_GET(self) -> None:
        if self.path == "/readyz":
            self._reply(200, {"status": "ready"})
        else:
            self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def _answer(self, method: str) -> None:
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, body = self.script.answer(method, self.path, headers, self.rfile.read(length))
        self._reply(status, body)

    def _reply(self, status: int, body: Any) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if status == 503:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are noted by the script."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["embedded"])
    parser.add_argument("serve", nargs="?")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--demo", action="store_true")
    chosen = parser.parse_args()
    data_dir: Path = chosen.data_dir
    scenario = os.environ.get("MIGPLAN_TEST_SCENARIO", "")
    if scenario == "cannot-start":
        sys.exit("PostgreSQL cannot start: no space left on device.")
    Handler.script = Script(scenario, data_dir)
    server = ThreadingHTTPServer(("127.0.0.1", chosen.port), Handler)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    (data_dir / "admin-password").write_text(
        ("changed-since" if scenario == "changed-password" else PASSWORD) + "\n"
    )
    stopping = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stopping.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (data_dir / "run.json").write_text(json.dumps({"pid": os.getpid(), "address": address}))
    os.write(1, f"Migration Planner is up at {address}\n".encode())
    stopping.wait()
    (data_dir / "run.json").unlink()
    (data_dir / "stopped").touch()


if __name__ == "__main__":
    main()
