"""Reads of the gateway that change nothing."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.gateway.domain.users import User
from services.gateway.persistence.store import USER_COLUMNS, user_from
from services.gateway.persistence.tables import users
from shared.kernel.ids import UserId
from shared.kernel.paging import Page, decode_cursor, encode_cursor


async def find_user(connection: AsyncConnection, user_id: UserId) -> User | None:
    """The account with this id."""
    statement = select(*USER_COLUMNS).where(users.c.id == user_id)
    row = (await connection.execute(statement)).one_or_none()
    return user_from(row) if row else None


async def list_users(connection: AsyncConnection, *, cursor: str | None, limit: int) -> Page[User]:
    """Accounts by user name.

    Raises:
        Invalid: the cursor is not one of this list.
    """
    statement = select(*USER_COLUMNS).order_by(users.c.username).limit(limit + 1)
    if cursor is not None:
        (after,) = decode_cursor(cursor, str)
        statement = statement.where(users.c.username > after)
    found = [user_from(row) for row in await connection.execute(statement)]
    more = len(found) > limit
    return Page(found[:limit], encode_cursor(found[limit - 1].username) if more else None)
