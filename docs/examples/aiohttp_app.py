"""
Imports in an aiohttp.web app: ``python aiohttp_app.py [PORT]``.

Keys come from GAMEBALL_API_KEY and GAMEBALL_SECRET_KEY; uploads are kept in the folder IMPORTS.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web
from imports import COOKIE, Imports, Refused
from moving import Import

from gameball_async import GameballClient

PAGE = Path(__file__).with_name("page.html")
FOLDER = Path(os.environ.get("IMPORTS", "imports"))
IMPORTS = web.AppKey("imports", Imports)
RUN: dict[str, Any] = {
    "handler_cancellation": True,  # a browser that leaves ends its stream at once
    "shutdown_timeout": 2.0,  # seconds for readers that do not read, at most
}
routes = web.RouteTableDef()


async def imports(app: web.Application) -> AsyncIterator[None]:
    """One client for all requests: its quota is the account's, and its connections are shared."""
    async with GameballClient() as client, Imports(client, FOLDER) as app[IMPORTS]:
        yield


async def leave(app: web.Application) -> None:
    """aiohttp waits for open streams before it cleans up, so they must end first."""
    app[IMPORTS].leave()


@web.middleware
async def refusals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as error:
        return web.json_response(error.body, status=error.status)


def user_of(request: web.Request) -> str:
    """Whose imports these are. Ask your login instead: the example knows a browser by its cookie."""
    return request.cookies.get(COOKIE, "")


def one_import(request: web.Request) -> Import:
    return request.app[IMPORTS].find(user_of(request), request.match_info["id"])


@routes.get("/")
async def page(request: web.Request) -> web.FileResponse:
    answer = web.FileResponse(PAGE)
    if not user_of(request):
        cookie = secrets.token_urlsafe()
        answer.set_cookie(
            COOKIE, cookie, max_age=1 << 25, httponly=True, samesite="Lax", secure=request.secure
        )
    return answer


@routes.get("/imports")
async def all_imports(request: web.Request) -> web.Response:
    return web.json_response(request.app[IMPORTS].of(user_of(request)))


@routes.post("/imports/{kind}")
async def start(request: web.Request) -> web.Response:
    started = await request.app[IMPORTS].receive(
        user_of(request),
        request.match_info["kind"],
        request.headers.get("Content-Type", ""),
        request.content.iter_chunked(1 << 16),
        name=request.query.get("name", ""),
        unknown=request.query.get("unknown", "refuse"),
    )
    headers = {"Location": f"/imports/{started.id}"}
    return web.json_response({"id": started.id}, status=202, headers=headers)


@routes.get("/imports/{id}")
async def state(request: web.Request) -> web.Response:
    return web.json_response(one_import(request).state())


@routes.get("/imports/{id}/jobs")
async def jobs(request: web.Request) -> web.Response:
    return web.json_response(one_import(request).jobs())


@routes.get("/imports/{id}/events")
async def events(request: web.Request) -> web.StreamResponse:
    found = one_import(request)
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
    stream = web.StreamResponse(headers=headers)
    with suppress(ConnectionResetError):  # The tab was closed while an event was written.
        await stream.prepare(request)
        async for event in found.events(request.headers.get("Last-Event-ID", "")):
            text = f"id: {event.id}\nevent: {event.name}\ndata: {json.dumps(event.data)}\n\n"
            await stream.write(text.encode())
    return stream


@routes.get("/imports/{id}/rejects")
async def rejects(request: web.Request) -> web.FileResponse:
    path = await request.app[IMPORTS].rejects(user_of(request), request.match_info["id"])
    name = f'attachment; filename="{path.name}"'
    return web.FileResponse(
        path, headers={"Content-Disposition": name, "Cache-Control": "no-store"}
    )


@routes.post("/imports/{id}/stop")
async def stop(request: web.Request) -> web.Response:
    found = one_import(request)
    found.stop()
    return web.json_response({"id": found.id}, status=202)


@routes.post("/imports/{id}/resume")
async def resume(request: web.Request) -> web.Response:
    started = request.app[IMPORTS].resume(user_of(request), request.match_info["id"])
    return web.json_response({"id": started.id}, status=202)


@routes.post("/imports/{id}/retry")
async def retry(request: web.Request) -> web.Response:
    started = request.app[IMPORTS].retry(user_of(request), request.match_info["id"])
    return web.json_response({"id": started.id}, status=202)


def make_app() -> web.Application:
    app = web.Application(middlewares=[refusals])
    app.add_routes(routes)
    app.cleanup_ctx.append(imports)
    app.on_shutdown.append(leave)
    return app


if __name__ == "__main__":
    port = int(sys.argv[1]) if sys.argv[1:] else 8000
    web.run_app(make_app(), host="127.0.0.1", port=port, **RUN)
