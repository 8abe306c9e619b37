"""Sessions, one's own account, and the accounts of others."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response, status

from services.gateway.api.authentication import CurrentSession
from services.gateway.api.schemas import (
    LogInRequest,
    NewUserRequest,
    PasswordRequest,
    SessionReply,
    UserPatch,
    UserReply,
)
from services.gateway.domain.access import authorise_account_management
from services.gateway.domain.sessions import Session
from services.gateway.persistence.queries import find_user, list_users
from services.gateway.usecases.accounts import Accounts
from services.gateway.usecases.log_in import LogIn
from services.gateway.usecases.ports import AccountStore
from services.gateway.usecases.sessions import Sessions
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.idempotency import Reply
from shared.db.uow import Database, Transactions
from shared.http.etags import BaseVersion, etag
from shared.http.idempotency import KeyedPost, json_reply, run_once, sealed
from shared.http.models import ListReply, PageParameters
from shared.http.security import allow_anybody, require, require_signed_in
from shared.kernel.errors import NotFound
from shared.kernel.ids import UserId
from shared.kernel.paging import Page


async def account_manager(caller: Annotated[Principal, require(Permission.ADMIN)]) -> Principal:
    """An administrator who may manage accounts."""
    authorise_account_management(caller.projects)
    return caller


AccountManager = Annotated[Principal, Depends(account_manager)]
SignedIn = Annotated[Principal, require_signed_in()]
OwnSession = Annotated[Session, CurrentSession]


def session_routes(log_in: LogIn, sessions: Sessions, accounts: Accounts) -> APIRouter:
    """Logging in and out, and one's own account."""
    router = APIRouter(tags=["sessions"])

    @router.post(
        "/v1/sessions",
        status_code=status.HTTP_201_CREATED,
        dependencies=[allow_anybody()],
        responses={401: {"description": "The user name or the password is not right"}},
    )
    async def open_session(
        body: LogInRequest, request: Request, response: Response
    ) -> SessionReply:
        """Log in. The token in the reply is valid for 12 hours. It is shown once and stored
        nowhere, so repeating the request opens another session instead of replaying this one."""
        client = request.client.host if request.client else "unknown"
        password = body.password.get_secret_value()
        response.headers["Location"] = "/v1/sessions/current"
        return SessionReply.of(
            await log_in(username=body.username, password=password, client=client)
        )

    @router.delete("/v1/sessions/current", status_code=status.HTTP_204_NO_CONTENT)
    async def end_session(caller: SignedIn, session: OwnSession) -> None:
        """Log out: the token is worthless from now on."""
        await sessions.end(session)

    @router.get("/v1/me")
    async def show_own_account(caller: SignedIn, session: OwnSession) -> UserReply:
        """The signed-in user with their permissions."""
        return UserReply.of(session.user)

    @router.post("/v1/me/password", status_code=status.HTTP_204_NO_CONTENT)
    async def change_own_password(
        body: PasswordRequest, caller: SignedIn, session: OwnSession
    ) -> None:
        """Change one's own password; ends one's other sessions."""
        await accounts.change_password(
            session, current=body.current.get_secret_value(), new=body.new.get_secret_value()
        )

    return router


def user_routes(accounts: Accounts, database: Database, *, digest_secret: bytes) -> APIRouter:
    """Accounts, for administrators.

    ``digest_secret`` seals the stored digests of bodies that hold a password.
    """
    router = APIRouter(tags=["users"])

    @router.post("/v1/users", status_code=status.HTTP_201_CREATED, response_model=UserReply)
    async def create_user(
        body: NewUserRequest, caller: AccountManager, keyed: KeyedPost
    ) -> Response:
        """Create an account. Its name must be new."""

        async def work(transactions: Transactions[AccountStore]) -> Reply:
            user = await replace(accounts, transactions=transactions).create(
                username=body.username,
                password=body.password.get_secret_value(),
                role=body.role,
                projects=None if body.projects is None else frozenset(body.projects),
                by=caller,
            )
            location = f"/v1/users/{user.id}"
            return json_reply(201, UserReply.of(user), location=location, version=user.version)

        return await run_once(
            database, accounts.transactions, sealed(keyed, secret=digest_secret), work
        )

    @router.get("/v1/users")
    async def list_accounts(caller: AccountManager, page: PageParameters) -> ListReply[UserReply]:
        """Accounts by user name."""
        async with database.read() as connection:
            found = await list_users(connection, cursor=page.cursor, limit=page.limit)
        return ListReply[UserReply].of(
            Page([UserReply.of(user) for user in found.items], found.next_cursor)
        )

    @router.get("/v1/users/{user_id}")
    async def show_user(user_id: UUID, caller: AccountManager, response: Response) -> UserReply:
        """One account."""
        async with database.read() as connection:
            user = await find_user(connection, UserId(user_id))
        if user is None:
            raise NotFound("There is no such user.")
        response.headers["ETag"] = etag(user.version)
        return UserReply.of(user)

    @router.patch("/v1/users/{user_id}")
    async def change_user(
        user_id: UUID,
        body: UserPatch,
        base_version: BaseVersion,
        caller: AccountManager,
        response: Response,
    ) -> UserReply:
        """Change role, projects or activity. Switching an account off ends its sessions."""
        changes = body.changes()
        if changes.get("projects") is not None:
            changes["projects"] = frozenset(changes["projects"])
        user = await accounts.change(
            UserId(user_id), changes, expected_version=base_version, by=caller
        )
        response.headers["ETag"] = etag(user.version)
        return UserReply.of(user)

    return router
