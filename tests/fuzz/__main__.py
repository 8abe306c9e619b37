"""``python -m tests.fuzz``: start a platform, fill it, and let schemathesis loose on it.

Exits non-zero when an answer broke the document, when the platform logged an error of its own, or
when it did not survive. The seed is printed; ``--seed`` repeats a run.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from asyncio import run
from pathlib import Path
from typing import Any, Final

from shared.runtime.local_postgres import LocalPostgres
from tests.support.platform_client import PlatformClient
from tests.support.platform_processes import EmbeddedPlatform
from tests.support.seeded import ABSENT_ID, Seeded, seed

ROOT: Final = Path(__file__).resolve().parents[2]
DOCUMENT: Final = ROOT / "docs" / "api" / "openapi.json"
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
)
UNLIMITED: Final = "1000000000"
ENVIRONMENT: Final = {
    f"MIGPLAN_GATEWAY_{name}": UNLIMITED
    for name in (
        "REQUESTS_PER_MINUTE_OF_PRINCIPAL",
        "REQUESTS_PER_MINUTE_OF_ADDRESS",
        "LOGINS_OF_NAME",
        "LOGINS_OF_ADDRESS",
    )
}
"""Rates have tests of their own; here they would hide what lies behind."""


def main() -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--max-time", type=int, default=120, help="seconds of fuzzing")
    parser.add_argument("--only", help="regular expression of the paths to fuzz")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="migplan-fuzz-") as name:
        folder = Path(name)
        platform = EmbeddedPlatform(folder / "data", env=ENVIRONMENT)
        try:
            client = platform.start()
            assert client is not None
            target = _write_target(folder, client, platform)
            sys.stdout.write(f"Fuzzing {platform.address} with seed {chosen.seed}\n")
            sys.stdout.flush()
            code = _schemathesis(folder, target, platform.address, chosen)
            return _verdict(code, platform, chosen.seed)
        finally:
            platform.discard()
            run(LocalPostgres(folder / "data" / "postgres").stop())


def aimed(document: dict[str, Any], seeded: Seeded) -> dict[str, Any]:
    """``document`` with ids that exist (and one that does not), so that requests get somewhere.

    Streams are left out: a fuzzer waits for the end of an answer, and theirs has none.
    """
    document["paths"] = {
        path: operations
        for path, operations in document["paths"].items()
        if not any(map(_is_endless, operations.values()))
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    known = seeded.id_in(path, parameter["name"])
                    parameter["schema"]["enum"] = sorted({known, ABSENT_ID})
                    parameter["example"] = known
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is not None:
                body["example"] = seeded.body(operation["operationId"], body["example"])
    return document


def _is_endless(operation: dict[str, Any]) -> bool:
    return "text/event-stream" in operation["responses"].get("200", {}).get("content", {})


def _write_target(folder: Path, client: PlatformClient, platform: EmbeddedPlatform) -> Path:
    """The document to fuzz by; what the hooks need lies beside it."""
    seeded = seed(client)
    document = aimed(json.loads(DOCUMENT.read_text(encoding="utf-8")), seeded)
    aim = folder / "openapi.json"
    aim.write_text(json.dumps(document), encoding="utf-8")
    told = {
        "address": platform.address,
        "password": (platform.data_dir / "admin-password").read_text().strip(),
        "own_id": client.get("/v1/me")["id"],
    }
    (folder / "target.json").write_text(json.dumps(told), encoding="utf-8")
    return aim


def _schemathesis(folder: Path, document: Path, address: str, chosen: argparse.Namespace) -> int:
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", address]
    command += ["--seed", str(chosen.seed), "--max-time", str(chosen.max_time)]
    command += ["--checks", ",".join(CHECKS), "--continue-on-failure", "--request-timeout", "30"]
    command += ["--suppress-health-check", "all", "--warnings", "off"]
    if chosen.only:
        command += ["--include-path-regex", chosen.only]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
        "FUZZ_TARGET": str(folder / "target.json"),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


def _verdict(code: int, platform: EmbeddedPlatform, used_seed: int) -> int:
    assert platform.process is not None
    faults = [f"schemathesis ended with {code}"] if code else []
    if not platform.process.is_running():
        faults.append("the platform did not survive")
    errors = _logged_errors(platform.process.log)
    faults += [f"the platform logged: {line}" for line in errors]
    for fault in faults:
        sys.stdout.write(f"FAULT: {fault}\n")
    if faults:
        sys.stdout.write(f"Repeat with: make fuzz SEED={used_seed}\n")
    return 1 if faults else 0


def _logged_errors(log: Path) -> list[str]:
    """What the platform said on the level of errors, the first ten of it."""
    found = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") in {"error", "critical"}:
            found.append(line[:2000])
    return found[:10]


if __name__ == "__main__":
    sys.exit(main())
