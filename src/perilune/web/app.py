"""The application: one node behind all its interfaces, for one kind of asker.

Everything that is true of every answer is said here: headers, HEAD, compression, errors. Nothing
in an answer leads a browser to another host, unless its reader follows a link.
"""

from pathlib import Path
from urllib.parse import parse_qs

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perilune.access.policy import VISITOR, Asker
from perilune.access.quicklook import QuickLooks
from perilune.mission.dossier.desk import Desk
from perilune.node import Node
from perilune.web import errors, extracts, federation, log, objects, pages, pds, quicklooks
from perilune.web.context import HEAD_ONLY

_INTERFACES = "1"
"""Version of the interfaces together; each path says its own standard's."""

STATIC = Path(__file__).parent / "static"

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_AS_THEY_ARE = ("/objects/", "/extract/", "/log/tile/", "/mirror/", "/federation/products")
"""Paths whose bytes are never compressed: their length and their ranges are promised."""
_OPEN = (
    "/api/",
    "/objects/",
    "/extract/",
    "/log/",
    "/federation/",
    "/mirror/",
    "/manifests/",
    "/openapi.json",
    "/quicklooks/",
)
"""Paths that programs in pages of other hosts may read, where all may."""


def create_app(node: Node, asker: Asker = VISITOR) -> FastAPI:
    """The application that shows of ``node`` what ``asker`` may see."""
    app = FastAPI(
        title=f"Perilune: {node.config.name}",
        version=_INTERFACES,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.node, app.state.asker = node, asker
    app.state.quick_looks, app.state.desk = QuickLooks(), Desk()
    errors.install(app)
    for part in (pds, objects, quicklooks, extracts, log, federation, pages):
        app.include_router(part.router)
    app.mount("/static", _Static(directory=STATIC), name="static")
    app.add_middleware(_Compressed)
    app.add_middleware(_Always, is_open=asker.scope == "public")
    return app


class _Static(StaticFiles):
    """Our own files; one asked for by its fingerprint may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        is_named = b"v" in parse_qs(scope["query_string"])
        keep = "public, max-age=31536000, immutable" if is_named else "no-cache"
        response.headers["Cache-Control"] = keep
        return response


class _Compressed:
    """Compresses answers, but for the bytes of the archive."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressed = GZipMiddleware(app, minimum_size=1024, compresslevel=1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_AS_THEY_ARE):
            await self._plain(scope, receive, send)
        else:
            await self._compressed(scope, receive, send)


class _Always:
    """Adds the headers of every answer; answers HEAD as GET without the body."""

    def __init__(self, app: ASGIApp, *, is_open: bool) -> None:
        self._app = app
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message), scope["path"])
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        if is_head:
            scope = {**scope, "method": "GET", HEAD_ONLY: True}
        await self._app(scope, receive, sent)

    def _add_headers(self, headers: MutableHeaders, path: str) -> None:
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        if self._is_open and path.startswith(_OPEN):
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Access-Control-Expose-Headers"] = "*"
