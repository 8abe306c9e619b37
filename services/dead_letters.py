"""``python -m services dead-letters``: look at facts that a service gave up on, and replay them.

    dead-letters list   [--queue QUEUE] [--limit N]
    dead-letters show   --queue QUEUE --id ID
    dead-letters replay --queue QUEUE (--id ID … | --all) (--dry-run | --reason TEXT --by NAME)

With ``--data-dir`` the queues are an embedded installation's, whether it runs or not. Without it
the command reads the MIGPLAN_<SERVICE>_BUS_URL and …_DATABASE_DSN of the environment, so it runs
where the service runs. Where each service has a login of its own on the broker, a replay needs the
one that made the queues: MIGPLAN_TOPOLOGY_BUS_URL, which goes before the service's.
``docs/runbooks/dead-letters.md`` says when to use what.
"""

import argparse
import getpass
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from services import SERVICES
from shared.bus.ports import Bus, DeadLetter, PublishError, Unconfirmed
from shared.bus.topology import TOPOLOGY, Subscription
from shared.contracts.envelope import Envelope
from shared.db import audit
from shared.db.bootstrap import BUS, ROLE_PREFIX
from shared.db.engine import make_engine
from shared.db.uow import Database
from shared.kernel.errors import AppError, Invalid
from shared.runtime.clock import SystemClock
from shared.runtime.data_dir import DataDir
from shared.runtime.errors import StartError
from shared.runtime.ids import Uuid7Ids
from shared.runtime.local_postgres import LocalPostgres
from shared.runtime.parts import make_bus
from shared.runtime.settings import PREFIX

QUEUES: Final[Mapping[str, Subscription]] = {s.queue: s for s in TOPOLOGY.subscriptions}
_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a service finds its bus and its database."""

    bus_url: str
    database_dsn: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line takes."""
    parser.set_defaults(data_dir=None)
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--data-dir", type=Path, help="the data folder of an embedded installation, e.g. .data"
    )
    queue = argparse.ArgumentParser(add_help=False)
    queue.add_argument("--queue", required=True, choices=sorted(QUEUES), metavar="QUEUE")

    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|show|replay")
    listing = verbs.add_parser("list", parents=[where], help="what was given up on, oldest first")
    listing.add_argument("--queue", choices=sorted(QUEUES), metavar="QUEUE", help="default: all")
    listing.add_argument("--limit", type=int, default=_SHOWN, help=f"at most so many ({_SHOWN})")
    showing = verbs.add_parser("show", parents=[where, queue], help="one of them, whole, as JSON")
    showing.add_argument("--id", type=UUID, required=True, help="the message's id")
    replaying = verbs.add_parser(
        "replay", parents=[where, queue], help="put some back into their queue; audited"
    )
    which = replaying.add_mutually_exclusive_group(required=True)
    which.add_argument("--id", type=UUID, action="append", help="the message's id; repeatable")
    which.add_argument("--all", action="store_true", help="all dead letters of the queue")
    act = replaying.add_mutually_exclusive_group(required=True)
    act.add_argument("--reason", help="why; kept in the audit trail")
    act.add_argument("--dry-run", action="store_true", help="only say what would be done")
    replaying.add_argument(
        "--by",
        metavar="NAME",
        help="who you are, for the audit trail; default: this user",
    )


async def run(chosen: argparse.Namespace) -> int:
    """Do what the command line says; the exit code.

    Raises:
        StartError: it cannot be done; the message says why and what to do.
    """
    try:
        async with _places(chosen.data_dir) as places:
            match chosen.verb:
                case "list":
                    return await _list(places, chosen.queue, chosen.limit)
                case "show":
                    return await _show(places, chosen.queue, chosen.id)
                case _:
                    return await _replay(places, chosen)
    except AppError as error:
        raise StartError(f"{error.detail}") from error


async def _list(places: Mapping[str, _Place], only: str | None, limit: int) -> int:
    queues = [only] if only else [name for name, s in QUEUES.items() if s.service in places]
    for queue in queues:
        async with _bus(places, queue) as bus:
            count = await bus.dead_letter_count(queue)
            letters = await bus.dead_letters(queue, limit=limit)
        _say(f"{queue}: {count} dead letter{'' if count == 1 else 's'}")
        for letter in letters:
            _say(f"  {_line(letter)}")
        if count > len(letters):
            _say(f"  {count - len(letters)} more, or messages without an id: not of this platform")
    return 0


async def _show(places: Mapping[str, _Place], queue: str, message_id: UUID) -> int:
    async with _bus(places, queue) as bus:
        letter = _found(await bus.dead_letters(queue), queue, {message_id})[0]
    message = letter.message
    shown = {
        "id": str(message.id),
        "type": message.type,
        "died_at": letter.died_at.isoformat(),
        "reason": letter.reason,
        "headers": dict(message.headers),
        "body": _body(message.body),
    }
    _say(json.dumps(shown, indent=2, ensure_ascii=False))
    return 0


async def _replay(places: Mapping[str, _Place], chosen: argparse.Namespace) -> int:
    queue: str = chosen.queue
    async with _bus(places, queue) as bus:
        letters = await bus.dead_letters(queue)
        if not chosen.all:
            letters = _found(letters, queue, set(chosen.id))
        if chosen.dry_run:
            _say(f"{len(letters)} would go back into {queue}:")
            for letter in letters:
                _say(f"  {_line(letter)}")
            return 0
        if not letters:
            _say(f"{queue} has no dead letters.")
            return 0
        ids = {letter.message.id for letter in letters}
        async with _trail(places, queue, by=_operator(chosen.by), reason=chosen.reason) as note:
            # Before the act: a replay that nobody answers for cannot happen.
            await note("replay_requested", ids)
            results = await bus.replay(queue, ids)
            await note("replayed", {one for one, error in results.items() if error is None})
    return _report(queue, ids, results)


def _report(queue: str, ids: set[UUID], results: Mapping[UUID, PublishError | None]) -> int:
    refused = {one: error for one, error in results.items() if error is not None}
    missing = sorted(map(str, ids - set(results)))
    _say(f"{len(results) - len(refused)} of {len(ids)} are in {queue} again.")
    for message_id, error in refused.items():
        _say(f"  {message_id}: {error}")
    if any(isinstance(error, Unconfirmed) for error in refused.values()):
        _say(
            f"{len(missing)} were not tried and still are dead letters. The broker is away, or this"
            f" login may not write to {queue}: then name one that may in {PREFIX}TOPOLOGY_BUS_URL."
        )
        return 1
    for gone in missing:
        _say(f"  {gone}: is no dead letter any more; somebody else may have replayed it")
    return 1 if refused else 0


def _operator(named: str | None) -> str:
    try:
        return named or getpass.getuser()
    except (KeyError, OSError) as error:  # a user id without a name, as containers have them
        raise StartError("Say who you are with --by NAME: this user has no name.") from error


@asynccontextmanager
async def _trail(
    places: Mapping[str, _Place], queue: str, *, by: str, reason: str
) -> AsyncIterator[Callable[[str, set[UUID]], Awaitable[None]]]:
    """Writes into the audit trail of the queue's service what was done to which messages."""
    service = QUEUES[queue].service
    dsn = places[service].database_dsn
    if dsn is None:
        raise StartError(
            f"{PREFIX}{service.upper()}_DATABASE_DSN is not set: a replay is written to the "
            "service's audit trail first."
        )
    database = Database(
        make_engine(dsn, schema=service, pool_size=1),
        service=service,
        ids=Uuid7Ids(),
        clock=SystemClock(),
    )

    async def note(what: str, messages: set[UUID]) -> None:
        async with database.write() as connection:
            await audit.add(
                connection,
                audit.NewEntry(
                    id=database.ids.new(),
                    actor=f"operator:{by}",
                    actor_name=by,
                    action=f"dead_letters.{what}",
                    subject=f"queues/{queue}",
                    project_id=None,
                    before=None,
                    after={"messages": sorted(map(str, messages)), "reason": reason},
                    correlation_id=None,
                ),
            )

    try:
        yield note
    finally:
        await database.close()


def _found(letters: Sequence[DeadLetter], queue: str, ids: set[UUID]) -> list[DeadLetter]:
    found = [letter for letter in letters if letter.message.id in ids]
    missing = ids - {letter.message.id for letter in found}
    if missing:
        raise Invalid(
            f"{queue} has no dead letter {', '.join(sorted(map(str, missing)))}. "
            "See which there are with: python -m services dead-letters list"
        )
    return found


def _line(letter: DeadLetter) -> str:
    """E.g. ``<id>  plan.approved of projects/<id>  rejected  2026-11-25T07:00:00+00:00``."""
    message = letter.message
    try:
        what = f"{message.type} of {Envelope.decode(message.body).subject}"
    except Invalid:
        what = f"{message.type}, unreadable"
    return f"{message.id}  {what}  {letter.reason}  {letter.died_at.isoformat(timespec='seconds')}"


def _body(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", errors="backslashreplace")


@asynccontextmanager
async def _bus(places: Mapping[str, _Place], queue: str) -> AsyncIterator[Bus]:
    service = QUEUES[queue].service
    if service not in places:
        raise StartError(
            f"{PREFIX}{service.upper()}_BUS_URL is not set. Run this where {service} runs, or name "
            "an embedded installation's folder with --data-dir."
        )
    bus = make_bus(places[service].bus_url, declare=False)
    await bus.start()
    try:
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def _places(data_dir: Path | None) -> AsyncIterator[Mapping[str, _Place]]:
    if data_dir is None:
        yield _told_by_the_environment()
        return
    if not (data_dir / "postgres").is_dir():
        raise StartError(f"{data_dir} is no data folder of an embedded installation.")
    folder = DataDir(data_dir)
    postgres = LocalPostgres(folder.postgres)
    with ExitStack() as held:
        try:
            held.enter_context(folder)
        except StartError:
            is_running = True  # then its PostgreSQL is adopted, and left alone afterwards
        else:
            is_running = False
        await postgres.start()
        try:
            yield _of_an_installation(
                lambda role: postgres.dsn(ROLE_PREFIX + role, folder.role_password(role))
            )
        finally:
            if not is_running:
                await postgres.stop()


def _of_an_installation(dsn: Callable[[str], str]) -> Mapping[str, _Place]:
    return {service: _Place(dsn(BUS), dsn(service)) for service in SERVICES}


def _told_by_the_environment() -> Mapping[str, _Place]:
    places = {}
    for service in SERVICES:
        prefix = f"{PREFIX}{service.upper()}_"
        if bus_url := os.environ.get(f"{prefix}BUS_URL"):
            places[service] = _Place(
                os.environ.get(f"{PREFIX}TOPOLOGY_BUS_URL", bus_url),
                os.environ.get(f"{prefix}DATABASE_DSN"),
            )
    if not places:
        raise StartError(
            "No service's bus is known. Set MIGPLAN_<SERVICE>_BUS_URL and "
            "MIGPLAN_<SERVICE>_DATABASE_DSN, or name an embedded installation's folder with "
            "--data-dir."
        )
    return places


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
