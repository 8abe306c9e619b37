"""The gateway, composed."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.middleware import Middleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from services.gateway.adapters.passwords import Argon2Hasher
from services.gateway.adapters.stream_hub import StreamHub
from services.gateway.adapters.throttle import LoginTries, RequestRates
from services.gateway.adapters.upstream import Upstreams
from services.gateway.api.authentication import SessionTokens
from services.gateway.api.browser import browser_middleware
from services.gateway.api.docs import docs_routes, mount_assets
from services.gateway.api.proxy import proxy_routes
from services.gateway.api.public import session_routes, user_routes
from services.gateway.api.rates import RatedAuthenticator, RateLimits
from services.gateway.api.streams import StreamRules, stream_routes
from services.gateway.domain.routes import ROUTES
from services.gateway.handlers.on_assessment_completed import on_assessment_completed
from services.gateway.handlers.on_inventory_imported import on_inventory_imported
from services.gateway.handlers.on_plan_approved import on_plan_approved
from services.gateway.handlers.on_prep_task_done import on_prep_task_done
from services.gateway.handlers.on_project_changed import on_project_changed
from services.gateway.persistence.store import PostgresAccountStore
from services.gateway.persistence.streams import STREAM_CHANNEL, PostgresStreamStore
from services.gateway.settings import GatewaySettings
from services.gateway.usecases.accounts import Accounts
from services.gateway.usecases.log_in import LogIn
from services.gateway.usecases.ports import AccountStore, StreamStore
from services.gateway.usecases.sessions import Sessions
from shared.contracts.assessment import AssessmentCompleted
from shared.contracts.inventory import InventoryImported
from shared.contracts.plan import PlanApproved
from shared.contracts.prep import PrepTaskDone
from shared.contracts.project import ProjectChanged
from shared.http.app import PublicEdge
from shared.http.limits import BodyLimit
from shared.runtime.parts import Parts
from shared.runtime.service import Service

_STREAMS: Final[Callable[[AsyncConnection], StreamStore]] = PostgresStreamStore


def build(settings: GatewaySettings) -> Service:
    """The gateway as ``settings`` say."""
    parts = Parts("gateway", settings)
    store: Callable[[AsyncConnection], AccountStore] = PostgresAccountStore
    transactions = parts.database.transactions(store)
    hasher = Argon2Hasher(memory_mib=settings.password_memory_mib)
    sessions = Sessions(transactions, parts.clock)
    accounts = Accounts(transactions, hasher, parts.ids, parts.clock)
    log_in = LogIn(
        transactions=transactions,
        hasher=hasher,
        throttle=LoginTries(
            parts.clock,
            per_name=settings.logins_of_name,
            per_address=settings.logins_of_address,
        ),
        entropy=secrets.token_bytes,
        ids=parts.ids,
        clock=parts.clock,
    )
    rates = RequestRates(
        parts.clock,
        per_principal=settings.requests_per_minute_of_principal,
        per_address=settings.requests_per_minute_of_address,
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

    hub = _stream_hub(parts, settings)
    rules = StreamRules(
        heartbeat_s=settings.stream_heartbeat_s, send_timeout_s=settings.stream_send_timeout_s
    )
    service = parts.service(
        title="Gateway",
        store=_STREAMS,
        routers=[
            session_routes(log_in, sessions, accounts),
            user_routes(accounts, parts.database, digest_secret=_digest_secret(settings)),
            stream_routes(hub, parts.database, sessions, rules),
            docs_routes(),
        ],
        subscriptions={
            InventoryImported.TYPE: on_inventory_imported,
            AssessmentCompleted.TYPE: on_assessment_completed,
            PlanApproved.TYPE: on_plan_approved,
            PrepTaskDone.TYPE: on_prep_task_done,
            ProjectChanged.TYPE: on_project_changed,
        },
        background={"streams": hub.run},
        edge=PublicEdge(
            RatedAuthenticator(SessionTokens(sessions), rates),
            [
                Middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies),
                *browser_middleware(
                    is_behind_tls=settings.is_behind_tls, cors_origins=settings.cors_origins
                ),
                Middleware(RateLimits, rates=rates),
            ],
        ),
        on_start=[ensure_first_login],
    )
    mount_assets(service.app)
    # Last of all: it matches every path that nothing else does.
    proxy = proxy_routes(
        upstreams,
        parts.signer,
        parts.database,
        upload=BodyLimit(settings.body_max_bytes, idle_s=settings.upload_idle_s),
        other=BodyLimit(settings.max_body_bytes, total_s=settings.body_timeout_s),
    )
    service.app.include_router(proxy)
    return service


def _digest_secret(settings: GatewaySettings) -> bytes:
    """A secret of this service for digests, of its signing key, so that there is one to keep."""
    key = settings.signing_key.get_secret_value().encode()
    return hashlib.sha256(b"idempotency digests\n" + key).digest()


def _stream_hub(parts: Parts, settings: GatewaySettings) -> StreamHub:
    """The hub of this process; its open streams are a gauge."""
    streams = parts.database.transactions(_STREAMS)

    async def forget_old() -> int:
        async with streams() as tx:
            return await tx.store.forget_older_than(timedelta(hours=settings.stream_kept_h))

    hub = StreamHub(
        parts.database,
        STREAM_CHANNEL,
        forget_old=forget_old,
        at_most=settings.streams_at_most,
        per_session=settings.streams_per_session,
    )
    parts.metrics.watch(
        "open_event_streams", "Streams of facts that clients hold open.", hub.open_streams
    )
    return hub
