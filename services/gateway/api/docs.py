"""The API's description: the OpenAPI document of all services, and a page to read it."""

import re
from importlib import resources
from typing import Final

import fastapi_offline
from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from services.gateway.api.browser import page_policy
from shared.http.security import allow_anybody

TITLE: Final = "Migration Planner API"
_ASSETS: Final = "/docs/assets"


def docs_routes() -> APIRouter:
    """``/openapi.json``, ``/docs``, and ``/`` which leads there. No credentials wanted."""
    router = APIRouter(include_in_schema=False, dependencies=[allow_anybody()])
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=TITLE,
        swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{_ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{_ASSETS}/favicon.png",
    )
    page.headers["Content-Security-Policy"] = page_policy(_inline_scripts(bytes(page.body)))
    document = resources.files("services.gateway").joinpath("openapi.json")

    @router.get("/openapi.json")
    async def show_document() -> Response:
        return Response(document.read_bytes(), media_type="application/json")

    @router.get("/docs")
    async def show_page() -> HTMLResponse:
        return page

    @router.get("/")
    async def lead_to_page() -> RedirectResponse:
        return RedirectResponse("/docs")

    return router


def _inline_scripts(page: bytes) -> list[bytes]:
    return re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)


def mount_assets(app: FastAPI) -> None:
    """Scripts and styles of the page, shipped with the platform: it works without internet."""
    static = resources.files(fastapi_offline).joinpath("static")
    app.mount(_ASSETS, StaticFiles(directory=str(static)), name="docs-assets")
