"""What operators and their machines ask a service, on a port of its own that is never public."""

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from shared.http.models import JsonResponse
from shared.observability.health import Health
from shared.observability.metrics import Metrics

_TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


def admin_app(health: Health, metrics: Metrics) -> FastAPI:
    """``/livez``, ``/readyz`` with the names of the checks that fail, and ``/metrics``.

    It asks for no credentials and changes nothing: who reaches the port may read it.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.include_router(probes(health, tells_why=True))

    @app.get("/metrics")
    async def show_metrics() -> Response:
        return Response(await metrics.render(), media_type=_TEXT_FORMAT)

    return app


def probes(health: Health, *, tells_why: bool) -> APIRouter:
    """``/livez`` and ``/readyz``; whether the latter ``tells_why`` it refuses.

    Every port has them: whether the one that takes requests answers is learnt by asking it.
    """
    router = APIRouter(include_in_schema=False)

    @router.api_route("/livez", methods=["GET", "HEAD"])
    async def is_alive() -> Response:
        return JsonResponse({"status": "alive"})

    @router.api_route("/readyz", methods=["GET", "HEAD"])
    async def is_ready() -> Response:
        failing = await health.failing()
        if failing:
            return JsonResponse(
                {"status": "not ready", "failing": failing} if tells_why else _NOT_READY,
                status_code=503,
                headers={"Retry-After": "1"},
            )
        return JsonResponse({"status": "ready"})

    return router


_NOT_READY = {"status": "not ready"}
