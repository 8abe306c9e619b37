"""From a workbook to a plan: the main job, as a client of the API."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.api import Api, Reply, chunks_of
from cli.console import Stage, stage
from cli.errors import CommandError, refused

STALLED_AFTER_S: Final = 300.0
"""Nothing moved for this long: something is wrong."""

_POLL_S: Final = 0.2
_MIB: Final = 1024 * 1024
FORMATS: Final = ("json", "xlsx")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the journey ended with."""

    project_id: str
    inventory: Reply
    assessment: Reply
    plan: Reply
    files: list[Path]


def make_plan(api: Api, *, workbook: Path, project_name: str, out_dir: Path) -> Outcome:
    """Import ``workbook`` into a new project, wait for its plan, and store it in ``out_dir``."""
    project = api.create("/v1/projects", {"name": project_name})
    base = f"/v1/projects/{project['id']}"
    inventory = _import(api, base, workbook)
    assessment = _assessment(api, base, inventory["id"])
    plan = _plan(api, base, inventory["id"])
    files = [_export(api, base, plan["snapshot"], kind, out_dir) for kind in FORMATS]
    return Outcome(project["id"], inventory, assessment, plan, files)


def _import(api: Api, base: str, workbook: Path) -> Reply:
    size_mib = workbook.stat().st_size / _MIB
    with stage("Upload") as step:
        accepted = api.upload(
            f"{base}/inventories", workbook, lambda: _counted(step, workbook, size_mib)
        )
    with stage("Import") as step:
        operation = _follow(api, f"/v1/operations/ingest/{accepted['id']}", step)
    return api.get(f"/v1/{operation['subject']}")


def _counted(step: Stage, workbook: Path, size_mib: float) -> Iterator[bytes]:
    sent = 0
    for chunk in chunks_of(workbook):
        yield chunk
        sent += len(chunk)
        done_mib = sent / _MIB
        step.update(done=done_mib, total=size_mib, note=f"{done_mib:.1f} of {size_mib:.1f} MiB")


def _follow(api: Api, path: str, step: Stage) -> Reply:
    """The operation at ``path``, once it has succeeded."""

    def look() -> Reply:
        operation = api.get(path)
        if operation["state"] in {"failed", "cancelled"}:
            error = operation.get("error") or {"detail": f"It was {operation['state']}."}
            raise refused(error)
        return operation

    return _wait(look, lambda operation: operation["state"] == "succeeded", step)


def _assessment(api: Api, base: str, inventory_id: str) -> Reply:
    def look() -> Reply:
        found = api.find(f"{base}/assessment") or {}
        if found.get("state") in {"failed", "cancelled"} and _is_based_on(found, inventory_id):
            raise refused(found.get("error") or {})
        return found

    with stage("Assess") as step:
        return _wait(
            look,
            lambda found: _is_based_on(found, inventory_id) and found["state"] == "complete",
            step,
        )


def _plan(api: Api, base: str, inventory_id: str) -> Reply:
    def look() -> Reply:
        found = api.find(f"{base}/plan") or {}
        if found.get("state") == "failed":
            raise refused(found.get("error") or {})
        return found

    def is_made(found: Reply) -> bool:
        return _is_based_on(found, inventory_id) and bool(found.get("snapshot"))

    with stage("Plan") as step:
        return _wait(look, is_made, step)


def _export(api: Api, base: str, snapshot: Reply, kind: str, out_dir: Path) -> Path:
    chosen = {"id": snapshot["id"], "digest": snapshot["digest"]}
    path = f"{base}/exports/"
    path += str(api.create(f"{base}/exports", {"format": kind, "snapshot": chosen})["id"])

    def look() -> Reply:
        found = api.get(path)
        if found["state"] in {"failed", "cancelled"}:
            raise refused(found.get("error") or {})
        return found

    with stage(f"Write plan.{kind}") as step:
        done = _wait(look, lambda found: found["state"] == "complete", step)
    target = out_dir / f"plan.{kind}"
    api.download(done["content"], target)
    return target


def _is_based_on(document: Reply, inventory_id: str) -> bool:
    based_on = document.get("based_on") or {}
    return bool(based_on.get("inventory_id") == inventory_id)


def _wait(look: Callable[[], Reply], is_done: Callable[[Reply], bool], step: Stage) -> Reply:
    """What ``look`` finds once it is done; gives up when nothing has moved for five minutes."""
    seen: Reply | None = None
    moved_at = time.monotonic()
    while True:
        found = look()
        if is_done(found):
            return found
        if found != seen:
            seen, moved_at = found, time.monotonic()
            done, total, note = progress_of(found.get("progress") or {})
            step.update(done=done, total=total, note=note or str(found.get("state", "waiting")))
        elif time.monotonic() - moved_at > STALLED_AFTER_S:
            raise CommandError(
                f"Nothing has moved for {STALLED_AFTER_S:.0f} s; the last state was "
                f"{found.get('state', 'unknown')}. The platform's log may say why."
            )
        time.sleep(_POLL_S)


def progress_of(progress: Reply) -> tuple[float | None, float | None, str]:
    """Done, total and a few words of an operation's progress.

    Figures come in pairs ``<things>_done`` and ``<things>_total``; other fields are words.

    >>> progress_of({"stage": "parsing", "tab": "vDisk", "rows_done": 500, "rows_total": 1000})
    (500.0, 1000.0, 'parsing vDisk, 500 of 1,000 rows')
    """
    words = [str(v) for k, v in progress.items() if k in {"stage", "tab", "state"} and v]
    pairs = [k.removesuffix("_done") for k in progress if k.endswith("_done")]
    if not pairs:
        return None, None, " ".join(words)
    thing = pairs[0]
    done, total = progress[f"{thing}_done"], progress.get(f"{thing}_total")
    of = f" of {total:,}" if total else ""
    words_and_figures = ", ".join([*([" ".join(words)] if words else []), f"{done:,}{of} {thing}"])
    return float(done), float(total) if total else None, words_and_figures
