"""The gateway, composed."""

import secrets
from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from services.gateway.adapters.passwords import Argon2Hasher
from services.gateway.adapters.throttle import LoginTries
from services.gateway.adapters.upstream import Upstreams
from services.gateway.api.authentication import SessionTokens
from services.gateway.api.docs import docs_routes, mount_assets
from services.gateway.api.proxy import proxy_routes
from services.gateway.api.public import session_routes, user_routes
from services.gateway.domain.routes import ROUTES
from services.gateway.persistence.store import PostgresAccountStore
from services.gateway.settings import GatewaySettings
from services.gateway.usecases.accounts import Accounts
from services.gateway.usecases.log_in import LogIn
from services.gateway.usecases.ports import AccountStore
from services.gateway.usecases.sessions import Sessions
from shared.runtime.parts import Parts
from shared.runtime.service import Service


def build(settings: GatewaySettings) -> Service:
    """The gateway as ``settings`` say."""
    parts = Parts("gateway", settings)
    store: Callable[[AsyncConnection], AccountStore] = PostgresAccountStore
    transactions = parts.database.transactions(store)
    hasher = Argon2Hasher()
    sessions = Sessions(transactions, parts.clock)
    accounts = Accounts(transactions, hasher, parts.ids, parts.clock)
    log_in = LogIn(
        transactions=transactions,
        hasher=hasher,
        throttle=LoginTries(parts.clock),
        entropy=secrets.token_bytes,
        ids=parts.ids,
        clock=parts.clock,
    )
    upstreams = Upstreams(
        {name: parts.upstream(name) for name in sorted({route.service for route in ROUTES})}
    )

    async def ensure_first_login() -> None:
        if settings.first_password is not None:
            await accounts.create_first_administrator(
                username=settings.first_username,
                password=settings.first_password.get_secret_value(),
            )

    service = parts.service(
        title="Gateway",
        store=store,
        routers=[
            session_routes(log_in, sessions, accounts),
            user_routes(accounts, parts.database),
            docs_routes(),
        ],
        authenticator=SessionTokens(sessions),
        on_start=[ensure_first_login],
    )
    mount_assets(service.app)
    # Last of all: it matches every path that nothing else does.
    proxy = proxy_routes(upstreams, parts.signer, body_max_bytes=settings.body_max_bytes)
    service.app.include_router(proxy)
    return service
