"""The rules of a project: read, change, go back, and look what they would do."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.assessment.api.rules_schemas import (
    PreviewReply,
    RulesBody,
    RulesChangedReply,
    RulesReply,
    RulesVersion,
)
from services.assessment.domain.errors import PREVIEW_NOT_FOUND
from services.assessment.domain.rule_set import rule_set_from_json
from services.assessment.persistence.previews import PostgresPreviewStore
from services.assessment.persistence.rules import PostgresRuleStore, list_versions
from services.assessment.usecases.change_rules import change_rules, reset_rules
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.preview_rules import preview_rules
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db import jobs
from shared.db.idempotency import Reply
from shared.db.uow import Database, Transactions
from shared.http.etags import BaseVersion, etag
from shared.http.idempotency import KeyedPost, json_reply, run_once
from shared.http.models import ListReply, PageParameters
from shared.http.operations import operation_path
from shared.http.security import VisibleProject, require
from shared.kernel.errors import NotFound
from shared.kernel.ids import AssessmentId, PreviewId

Reader = Annotated[Principal, require(Permission.READ)]
Writer = Annotated[Principal, require(Permission.WRITE)]


def rules_routes(database: Database, transactions: Transactions[AssessmentStore]) -> APIRouter:
    """The rules and their versions. An ETag counts representations, the defaults being the first:
    it is one above the version."""
    router = APIRouter(prefix="/v1/projects/{project_id}/assessment/rules", tags=["rules"])

    @router.get("")
    async def show_rules(
        project_id: VisibleProject,
        caller: Reader,
        response: Response,
        version: Annotated[
            int | None, Query(ge=0, le=2**31 - 1, description="As they were in this version")
        ] = None,
    ) -> RulesReply:
        """The rules that assessments go by; the defaults, version 0, if nobody has changed them."""
        async with database.read() as connection:
            rules = PostgresRuleStore(connection)
            stored = await (
                rules.current(project_id) if version is None else rules.version(project_id, version)
            )
        response.headers["ETag"] = etag(stored.version + 1)
        return RulesReply.of(stored)

    @router.put("")
    async def put_rules(
        project_id: VisibleProject,
        caller: Writer,
        based_on: BaseVersion,
        body: RulesBody,
        response: Response,
    ) -> RulesChangedReply:
        """Change the rules, and assess again by the new ones; until that is complete the
        assessment is stale. Equal rules change nothing."""
        async with transactions() as tx:
            change = await change_rules(
                tx,
                project_id,
                rule_set_from_json(body.model_dump()),
                based_on=based_on - 1,
                assessment_id=AssessmentId(database.ids.new()),
                by=caller,
            )
        response.headers["ETag"] = etag(change.rules.version + 1)
        return RulesChangedReply.after(change)

    @router.post("/reset")
    async def reset_rules_route(
        project_id: VisibleProject, caller: Writer, based_on: BaseVersion, response: Response
    ) -> RulesChangedReply:
        """Go back to the defaults, as a new version, and assess again."""
        async with transactions() as tx:
            change = await reset_rules(
                tx,
                project_id,
                based_on=based_on - 1,
                assessment_id=AssessmentId(database.ids.new()),
                by=caller,
            )
        response.headers["ETag"] = etag(change.rules.version + 1)
        return RulesChangedReply.after(change)

    @router.get("/versions")
    async def list_rule_versions(
        project_id: VisibleProject, caller: Reader, page: PageParameters
    ) -> ListReply[RulesVersion]:
        """Changes of the rules, the newest first; the defaults, version 0, are not listed."""
        async with database.read() as connection:
            found = await list_versions(
                connection, project_id, cursor=page.cursor, limit=page.limit
            )
        return ListReply(
            items=[RulesVersion.model_validate(row) for row in found.items],
            next_cursor=found.next_cursor,
        )

    return router


def preview_routes(database: Database, transactions: Transactions[AssessmentStore]) -> APIRouter:
    """Previews of rules."""
    router = APIRouter(prefix="/v1/projects/{project_id}/assessment/rules/previews", tags=["rules"])

    @router.post("", status_code=202, response_model=PreviewReply)
    async def preview_rules_route(
        project_id: VisibleProject, caller: Writer, keyed: KeyedPost, body: RulesBody
    ) -> Response:
        """Look what rules would do to the newest inventory; nothing else changes."""

        async def work(transactions: Transactions[AssessmentStore]) -> Reply:
            async with transactions() as tx:
                preview = await preview_rules(
                    tx,
                    project_id,
                    rule_set_from_json(body.model_dump()),
                    preview_id=PreviewId(database.ids.new()),
                    by=caller,
                )
                job = await jobs.get(tx.connection, preview.job_id)
            location = operation_path(database.service, preview.job_id)
            return json_reply(202, PreviewReply.of(preview, job), location=location)

        return await run_once(database, transactions, keyed, work)

    @router.get("/{preview_id}")
    async def show_preview(
        project_id: VisibleProject, preview_id: UUID, caller: Reader
    ) -> PreviewReply:
        """One preview; its result once the operation has succeeded."""
        async with database.read() as connection:
            preview = await PostgresPreviewStore(connection).get(PreviewId(preview_id))
            job = await jobs.get(connection, preview.job_id)
        if preview.project_id != project_id:
            raise NotFound("This project has no such preview.", code=PREVIEW_NOT_FOUND)
        return PreviewReply.of(preview, job)

    return router
