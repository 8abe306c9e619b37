"""Judges what is left after a fault by what the clients were told. Pure: history in, verdict out.

It knows nothing of logs and nothing of which fault there was: the same must hold after each.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from tests.faults.findings import Findings
from tests.faults.history import Attempt, History, Kind, Outcome


def violations(history: History, found: Findings, *, contents: str | None = None) -> list[str]:
    """Everything that ought not to be, as sentences; empty when all is well.

    ``contents`` is what an undisturbed import of the same workbook has left; without it all
    imports must at least agree with each other.
    """
    return sorted(
        [
            *_wrong_answers(history.attempts()),
            *_unsettled(found),
            *_imports(history.attempts(Kind.IMPORT), found),
            *_once("fact of inventory", _ready(found), found.imported_facts),
            *_once("assessment of inventory", _ready(found), found.assessments),
            *_once("fact of the assessment of inventory", _ready(found), found.assessed_facts),
            *_once("plan of inventory", _ready(found), found.plans),
            *_contents(found, contents),
            *_approvals(history.attempts(Kind.APPROVE), found),
            *_exports(history.attempts(Kind.EXPORT), found),
        ]
    )


def _wrong_answers(attempts: list[Attempt]) -> Iterator[str]:
    """A service that cannot answer says 503 and when to come again; nothing else above 499."""
    for one in attempts:
        if one.status is not None and one.status >= 500 and one.status != 503:
            yield f"{one.kind} in {one.project_id} was answered with {one.status}"
        if one.status == 503 and one.retry_after is None:
            yield f"{one.kind} in {one.project_id}: 503 without Retry-After"


def _unsettled(found: Findings) -> Iterator[str]:
    for what, count in found.unsettled.items():
        if count:
            yield f"left over: {count} {what}"
    if found.failed_jobs:
        yield f"failed: {found.failed_jobs} jobs"
    if found.dead_letters:
        yield f"dead letters: {found.dead_letters}"


def _ready(found: Findings) -> set[str]:
    return {one.id for one in found.inventories if one.is_ready}


def _imports(attempts: list[Attempt], found: Findings) -> Iterator[str]:
    yield from _acknowledged_exist("inventory", attempts, _ready(found))
    yield from _one_result_per_key(attempts)
    yield from (f"inventory {one.id} is half done" for one in found.inventories if not one.is_ready)
    made = Counter(one.project_id for one in found.inventories)
    yield from _none_invented("inventories", made, attempts)


def _approvals(attempts: list[Attempt], found: Findings) -> Iterator[str]:
    approved = set(found.approved_facts)
    yield from _acknowledged_exist("approval", attempts, approved)
    yield from _once("fact of approval", approved, found.approved_facts)
    yield from _once("preparation after approval", approved, found.preparations)
    yield from _none_invented("approvals", found.approvals_by_project, attempts)


def _exports(attempts: list[Attempt], found: Findings) -> Iterator[str]:
    complete = {export_id for export_id, is_complete in found.exports.items() if is_complete}
    yield from _acknowledged_exist("export", attempts, complete)
    yield from _one_result_per_key(attempts)
    yield from (f"export {one} is half done" for one in set(found.exports) - complete)
    yield from _none_invented("exports", found.exports_by_project, attempts)


def _acknowledged_exist(what: str, attempts: list[Attempt], there: set[str]) -> Iterator[str]:
    acknowledged = {one.result_id for one in attempts if one.outcome is Outcome.ACKNOWLEDGED}
    yield from (f"{what} {one} was acknowledged and is lost" for one in acknowledged - there)


def _one_result_per_key(attempts: list[Attempt]) -> Iterator[str]:
    results: dict[tuple[str, str], set[str | None]] = {}
    for one in attempts:
        if one.outcome is Outcome.ACKNOWLEDGED:
            results.setdefault((one.project_id, one.key), set()).add(one.result_id)
    for (project_id, key), ids in results.items():
        if len(ids) > 1:
            yield f"key {key} in {project_id} was answered with {len(ids)} results"


def _none_invented(what: str, made: Counter[str], attempts: list[Attempt]) -> Iterator[str]:
    """No project has more than its clients may have asked for: one for each key."""
    possible = {(one.project_id, one.key) for one in attempts if one.outcome is not Outcome.REFUSED}
    wanted = Counter(project_id for project_id, _ in possible)
    for project_id, count in made.items():
        if count > wanted[project_id]:
            yield f"invented: {count} {what} in {project_id}, asked for {wanted[project_id]}"


def _once(what: str, causes: Iterable[str], effects: Counter[str]) -> Iterator[str]:
    """Each cause has one effect, and nothing else has any."""
    wanted = set(causes)
    for cause in wanted | set(effects):
        expected = int(cause in wanted)
        if effects[cause] != expected:
            yield f"{what} {cause}: {effects[cause]} times instead of {expected}"


def _contents(found: Findings, expected: str | None) -> Iterator[str]:
    ready = [one for one in found.inventories if one.is_ready]
    wanted = expected if expected is not None else (ready[0].contents if ready else "")
    for one in ready:
        if one.contents != wanted:
            yield f"inventory {one.id} holds {one.contents} instead of {wanted}"
