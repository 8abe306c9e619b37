"""Uploads over HTTP: what is stored, what is refused, and what the same again gives."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from services.ingest.api import uploads
from services.ingest.domain.limits import MIB
from shared.auth.permissions import Role
from shared.db.jobs import JobState
from shared.kernel.ids import JobId
from tests.services.ingest.api.callers import Caller, problem
from tests.services.ingest.api.conftest import running
from tests.services.ingest.workbooks import ole, workbook, workbook_of
from tests.services.ingest.worker.workbench import Workbench, cut, pieces

A_WORKBOOK = workbook()  # two of them are not the same: each tells the time of its making
ZIP_HEAD = b"PK\x03\x04"
A_WEB_PAGE = b"<!DOCTYPE html><html>" + b" " * 8000


def a_large_file(mib: float = 5.3) -> bytes:
    """Begins like a workbook; no two of its pieces are alike."""
    size_bytes = int(mib * MIB)
    return (ZIP_HEAD + bytes(b for n in range(251) for b in (n, 251 - n)) * (size_bytes // 502))[
        :size_bytes
    ]


@pytest.fixture
async def project(bench: Workbench) -> UUID:
    return await bench.project()


async def nothing_is_left(bench: Workbench) -> bool:
    tables = ("uploads", "upload_chunks", "inventories")
    return not any([await bench.rows(table) for table in tables])


class HeldBody:
    """A body that waits in its middle."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.is_held = asyncio.Event()
        self.let_go = asyncio.Event()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body."""
        middle = len(self._content) * 9 // 10
        yield self._content[:middle]
        self.is_held.set()
        await self.let_go.wait()
        yield self._content[middle:]


class NeverRead(AsyncIterator[bytes]):
    """A body whose length is enough to refuse it."""

    async def __anext__(self) -> bytes:
        raise AssertionError("it is read")


class TestAccepting:
    """An upload that is fine."""

    async def test_it_is_answered_with_an_operation_to_follow(
        self, dana: Caller, project: UUID
    ) -> None:
        reply = await dana.upload(project, A_WORKBOOK, filename="C:\\exports\\acme.xlsx")

        operation = reply.json()
        assert (reply.status_code, operation["state"]) == (202, "queued")
        assert reply.headers["Location"] == f"/v1/operations/ingest/{operation['id']}"
        assert (await dana.get(reply.headers["Location"])).json() == operation
        inventory = (await dana.get(f"/v1/{operation['subject']}")).json()
        assert (
            inventory.items()
            >= {
                "project_id": str(project),
                "number": 1,
                "state": "queued",
                "file_name": "acme.xlsx",
                "size_bytes": len(A_WORKBOOK),
                "sha256": hashlib.sha256(A_WORKBOOK).hexdigest(),
                "uploaded_by": dana.key,
                "operation": reply.headers["Location"],
                "error": None,
                "imported_at": None,
                "counts": None,
                "report": None,
            }.items()
        )

    @pytest.mark.parametrize(
        "sizes",
        [
            [],
            [1, 2, 4092, 1],
            [4095, 4097, MIB - 8192, 1],
            [MIB, MIB, MIB],
            [MIB - 1, 2, MIB - 1],
            [3 * MIB + 5],
            [65536, 1000] * 40,
        ],
    )
    async def test_the_bytes_are_stored_however_they_arrive(
        self, dana: Caller, bench: Workbench, project: UUID, sizes: list[int]
    ) -> None:
        content = a_large_file()
        reply = await dana.upload(project, pieces(*cut(content, sizes)))

        assert reply.status_code == 202
        assert list((await bench.uploaded()).values()) == [content]
        stored = [len(chunk["content"]) for chunk in await bench.rows("upload_chunks")]
        assert stored == [MIB] * 5 + [len(content) - 5 * MIB]

    async def test_a_short_file_of_many_pieces_is_stored(
        self, dana: Caller, bench: Workbench, project: UUID
    ) -> None:
        content = ZIP_HEAD + b"short"
        reply = await dana.upload(project, pieces(*cut(content, [1] * len(content))))

        assert reply.status_code == 202
        assert list((await bench.uploaded()).values()) == [content]

    async def test_uploads_at_the_same_time_get_numbers_of_their_own(
        self, dana: Caller, bench: Workbench, project: UUID
    ) -> None:
        files = [a_large_file(1 + number / 10) for number in range(4)]
        replies = await asyncio.gather(*(dana.upload(project, file) for file in files))

        assert [reply.status_code for reply in replies] == [202] * 4
        inventories = await bench.rows("inventories")
        assert sorted(one["number"] for one in inventories) == [1, 2, 3, 4]
        kept = await bench.uploaded()
        assert {one["sha256"]: one["id"] for one in inventories} == {
            hashlib.sha256(content).hexdigest(): upload for upload, content in kept.items()
        }


class TestRefusing:
    """An upload that leaves nothing."""

    @pytest.mark.parametrize(
        ("content", "refusal"),
        [
            (b"", (422, "empty-upload")),
            (b"PK\x05\x06" + bytes(18), (422, "damaged-workbook")),
            (A_WEB_PAGE, (415, "not-a-workbook")),
            (b"%PDF-1.7\n", (415, "not-a-workbook")),
            (ole("Workbook"), (415, "old-excel-format")),
            (ole("EncryptedPackage"), (415, "encrypted-workbook")),
        ],
        ids=["empty", "empty zip", "web page", "pdf", "xls", "password"],
    )
    async def test_what_is_no_workbook_is_refused_and_its_key_is_free(
        self,
        dana: Caller,
        bench: Workbench,
        project: UUID,
        content: bytes,
        refusal: tuple[int, str],
    ) -> None:
        reply = await dana.upload(project, content, key="k")

        assert problem(reply) == refusal
        assert await nothing_is_left(bench)
        assert (await dana.upload(project, A_WORKBOOK, key="k")).status_code == 202

    async def test_it_is_refused_at_its_first_bytes(self, dana: Caller, project: UUID) -> None:
        is_asked_for_more = False

        async def endless() -> AsyncIterator[bytes]:
            nonlocal is_asked_for_more
            yield A_WEB_PAGE[:2000]
            yield A_WEB_PAGE[2000:]
            is_asked_for_more = True
            yield b""

        reply = await dana.upload(project, endless())

        assert problem(reply) == (415, "not-a-workbook")
        assert not is_asked_for_more

    async def test_a_file_over_the_limit_is_refused(
        self, dsn: str, bench: Workbench, project: UUID
    ) -> None:
        largest = a_large_file(3)

        async with (
            running(dsn, upload_max_bytes=len(largest)) as service,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(service.app), base_url="http://ingest"
            ) as client,
        ):
            dana = Caller(client, "dana", Role.TECHNICAL)
            dana.headers["Content-Length"] = str(len(largest) + 1)
            told = await dana.upload(project, NeverRead())
            del dana.headers["Content-Length"]
            untold = await dana.upload(project, pieces(largest, b"x"), key="k")
            assert await nothing_is_left(bench)
            fits = await dana.upload(project, pieces(largest), key="k")
            replay_of_more = await dana.upload(project, pieces(largest, b"x"), key="k")

        assert problem(told) == problem(untold) == (413, "upload-too-large")
        assert "3 MiB" in told.json()["detail"]
        assert fits.status_code == 202
        assert problem(replay_of_more) == (413, "upload-too-large")

    async def test_a_project_that_does_not_exist_gets_no_uploads(
        self, dana: Caller, bench: Workbench
    ) -> None:
        reply = await dana.upload(UUID(int=7), A_WORKBOOK)

        assert problem(reply) == (404, "project-not-found")
        assert await nothing_is_left(bench)


class TestRepeating:
    """One Idempotency-Key twice."""

    async def test_the_same_upload_gives_the_same_reply_and_one_import(
        self, dana: Caller, bench: Workbench, project: UUID
    ) -> None:
        first = await dana.upload(project, A_WORKBOOK, key="k")
        again = await dana.upload(project, pieces(A_WORKBOOK[:10], A_WORKBOOK[10:]), key="k")
        await bench.run_jobs()
        later = await dana.upload(project, A_WORKBOOK, key="k")

        assert "Idempotency-Replayed" not in first.headers
        for replay in (again, later):
            assert (replay.status_code, replay.json()) == (202, first.json())
            assert replay.headers["Location"] == first.headers["Location"]
            assert replay.headers["Idempotency-Replayed"] == "true"
        assert len(await dana.items(f"/v1/projects/{project}/inventories")) == 1
        assert len(await bench.announced()) == 1

    async def test_a_key_belongs_to_one_upload(
        self, dana: Caller, bench: Workbench, project: UUID
    ) -> None:
        await dana.upload(project, A_WORKBOOK, key="k")

        others = [
            await dana.upload(project, A_WORKBOOK + b"x", key="k"),
            await dana.upload(project, A_WEB_PAGE, key="k"),
            await dana.upload(project, A_WORKBOOK, key="k", force="true"),
            await dana.upload(await bench.project(), A_WORKBOOK, key="k"),
        ]

        assert {problem(reply) for reply in others} == {(422, "idempotency-key-reused")}
        assert len(await bench.rows("inventories")) == len(await bench.uploaded()) == 1

    async def test_the_same_upload_in_flight_is_a_conflict(
        self, dana: Caller, bench: Workbench, project: UUID
    ) -> None:
        body = HeldBody(A_WORKBOOK)
        first = asyncio.create_task(dana.upload(project, body.pieces(), key="k"))
        await body.is_held.wait()

        meanwhile = await dana.upload(project, A_WORKBOOK, key="k")
        body.let_go.set()

        assert problem(meanwhile) == (409, "idempotency-key-in-flight")
        assert (await first).status_code == 202
        assert (await dana.upload(project, A_WORKBOOK, key="k")).json() == (await first).json()
        assert len(await bench.rows("inventories")) == len(await bench.uploaded()) == 1

    async def test_an_upload_that_takes_long_keeps_its_key(
        self,
        dana: Caller,
        bench: Workbench,
        project: UUID,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(uploads, "RENEW_EVERY_S", 0.0)
        has_renewed, let_go = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield A_WORKBOOK[:100]
            await bench.execute("UPDATE idempotency SET lease_until = now() - interval '1 s'")
            yield A_WORKBOOK[100:200]
            has_renewed.set()
            await let_go.wait()
            yield A_WORKBOOK[200:]

        first = asyncio.create_task(dana.upload(project, slow(), key="k"))
        await has_renewed.wait()
        meanwhile = await dana.upload(project, A_WORKBOOK, key="k")
        let_go.set()

        assert problem(meanwhile) == (409, "idempotency-key-in-flight")
        assert (await first).status_code == 202

    async def test_a_request_that_seems_dead_is_taken_over_and_then_leaves_nothing(
        self, dana: Caller, bench: Workbench, project: UUID
    ) -> None:
        content = a_large_file()
        body = HeldBody(content)
        dead = asyncio.create_task(dana.upload(project, body.pieces(), key="k"))
        await body.is_held.wait()
        await bench.execute("UPDATE idempotency SET lease_until = now() - interval '1 s'")

        successor = await dana.upload(project, content, key="k")
        body.let_go.set()

        assert successor.status_code == 202
        assert problem(await dead) == (409, "idempotency-key-in-flight")
        assert len(await bench.rows("inventories")) == 1
        assert list((await bench.uploaded()).values()) == [content]
        replay = await dana.upload(project, content, key="k")
        assert replay.json() == successor.json()


class TestTheSameFile:
    """One workbook twice, under different keys."""

    async def test_an_imported_one_is_answered_with_its_inventory(
        self, dana: Caller, bench: Workbench, project: UUID
    ) -> None:
        first = await dana.upload(project, A_WORKBOOK)
        await bench.run_jobs()
        again = await dana.upload(project, A_WORKBOOK, key="k")

        inventory = (await dana.get(f"/v1/{first.json()['subject']}")).json()
        assert (again.status_code, again.json()) == (200, inventory)
        assert again.headers["Location"] == f"/v1/{first.json()['subject']}"
        assert inventory["state"] == "ready"
        assert len(await bench.rows("inventories")) == len(await bench.announced()) == 1
        assert await bench.uploaded() == {}
        replay = await dana.upload(project, A_WORKBOOK, key="k")
        assert (replay.status_code, replay.json()) == (200, inventory)

    async def test_one_on_its_way_is_answered_with_its_inventory(
        self, dana: Caller, kim: Caller, bench: Workbench, project: UUID
    ) -> None:
        replies = await asyncio.gather(
            dana.upload(project, A_WORKBOOK), kim.upload(project, A_WORKBOOK)
        )

        accepted, known = sorted(replies, key=lambda reply: reply.status_code, reverse=True)
        assert (accepted.status_code, known.status_code) == (202, 200)
        assert known.json()["state"] == "queued"
        assert known.json()["operation"] == accepted.headers["Location"]
        assert len(await bench.rows("inventories")) == len(await bench.uploaded()) == 1

    async def test_one_whose_import_came_to_nothing_is_imported_anew(
        self, dana: Caller, bench: Workbench, project: UUID
    ) -> None:
        first = await dana.upload(project, A_WORKBOOK)
        await dana.post(f"{first.headers['Location']}/cancel")
        second = await dana.upload(project, A_WORKBOOK)
        await bench.run_jobs()

        assert [first.status_code, second.status_code] == [202, 202]
        items = await dana.items(f"/v1/projects/{project}/inventories")
        assert [(one["number"], one["state"]) for one in items] == [
            (2, "ready"),
            (1, "cancelled"),
        ]

    async def test_force_imports_it_again(
        self, dana: Caller, bench: Workbench, project: UUID
    ) -> None:
        replies = [await dana.upload(project, A_WORKBOOK)]
        await bench.run_jobs()
        replies.append(await dana.upload(project, A_WORKBOOK, force="true"))
        await bench.run_jobs()

        assert [reply.status_code for reply in replies] == [202, 202]
        items = await dana.items(f"/v1/projects/{project}/inventories")
        assert [(one["number"], one["state"]) for one in items] == [(2, "ready"), (1, "ready")]
        vms = [await dana.items(f"/v1/{reply.json()['subject']}/vms") for reply in replies]
        assert vms[0] == vms[1]
        assert len(vms[0]) == 2
        facts = [envelope["data"] for envelope in await bench.announced()]
        assert [fact["inventory_number"] for fact in facts] == [1, 2]

    async def test_another_project_has_its_own(
        self, dana: Caller, bench: Workbench, project: UUID
    ) -> None:
        other = await bench.project()
        replies = [await dana.upload(one, A_WORKBOOK) for one in (project, other)]

        assert [reply.status_code for reply in replies] == [202, 202]
        assert [one["number"] for one in await bench.rows("inventories")] == [1, 1]


class TestSweeping:
    """Bytes that nobody will ever ask for."""

    async def test_an_upload_that_stopped_an_hour_ago_is_swept_by_the_next_one(
        self, dana: Caller, bench: Workbench, project: UUID
    ) -> None:
        body, later = HeldBody(a_large_file()), HeldBody(a_large_file(6))
        stopped = asyncio.create_task(dana.upload(project, body.pieces()))
        await body.is_held.wait()
        await bench.execute("UPDATE uploads SET touched_at = now() - interval '61 min'")
        slow = asyncio.create_task(dana.upload(project, later.pieces()))
        await later.is_held.wait()

        next_one = await dana.upload(project, A_WORKBOOK)

        assert next_one.status_code == 202
        assert sorted(len(kept) for kept in (await bench.uploaded()).values()) == [
            len(A_WORKBOOK),
            4 * MIB,
        ]
        body.let_go.set()
        later.let_go.set()
        assert problem(await stopped) == (422, "upload-expired")
        assert (await slow).status_code == 202

    async def test_bytes_of_a_failed_import_are_kept_for_a_week_and_of_a_waiting_one_for_ever(
        self, dana: Caller, bench: Workbench, project: UUID
    ) -> None:
        failed, waiting = workbook_of(1)[:-100], workbook_of(2)
        operation = (await dana.upload(project, failed)).json()
        await bench.run_jobs()
        await dana.upload(project, waiting)

        await bench.execute("UPDATE uploads SET touched_at = now() - interval '167 h'")
        await dana.upload(project, workbook_of(3))
        assert failed in (await bench.uploaded()).values()

        await bench.execute("UPDATE uploads SET touched_at = now() - interval '169 h'")
        await dana.upload(project, workbook_of(4))
        kept = (await bench.uploaded()).values()
        assert failed not in kept
        assert waiting in kept
        assert (await bench.job(JobId(UUID(operation["id"])))).state == JobState.FAILED
