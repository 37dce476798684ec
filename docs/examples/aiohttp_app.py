"""
Imports in an aiohttp.web app: ``python aiohttp_app.py [PORT]``.

Keys come from GAMEBALL_API_KEY and GAMEBALL_SECRET_KEY; uploads are kept in the folder IMPORTS.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from imports import Imports, Refused

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


async def stop(app: web.Application) -> None:
    """aiohttp waits for open streams before it cleans up, so they must end first."""
    app[IMPORTS].stop()


@web.middleware
async def refusals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as error:
        return web.json_response({"detail": str(error)}, status=error.status)


@routes.get("/")
async def page(request: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE)


@routes.post("/imports/{kind}")
async def start(request: web.Request) -> web.Response:
    content_type = request.headers.get("Content-Type", "")
    body = request.content.iter_chunked(1 << 16)
    started = await request.app[IMPORTS].receive(request.match_info["kind"], content_type, body)
    headers = {"Location": f"/imports/{started.id}"}
    return web.json_response({"id": started.id}, status=202, headers=headers)


@routes.get("/imports/{id}")
async def state(request: web.Request) -> web.Response:
    return web.json_response(request.app[IMPORTS].find(request.match_info["id"]).state())


@routes.get("/imports/{id}/events")
async def events(request: web.Request) -> web.StreamResponse:
    found = request.app[IMPORTS].find(request.match_info["id"])
    seen = request.headers.get("Last-Event-ID", "")
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
    stream = web.StreamResponse(headers=headers)
    await stream.prepare(request)
    async for event in found.events(int(seen) if seen.isdecimal() else None):
        text = ": nothing new\n\n"
        if event is not None:
            text = f"id: {event.id}\nevent: {event.name}\ndata: {json.dumps(event.data)}\n\n"
        await stream.write(text.encode())
    return stream


def make_app() -> web.Application:
    app = web.Application(middlewares=[refusals])
    app.add_routes(routes)
    app.cleanup_ctx.append(imports)
    app.on_shutdown.append(stop)
    return app


if __name__ == "__main__":
    port = int(sys.argv[1]) if sys.argv[1:] else 8000
    web.run_app(make_app(), host="127.0.0.1", port=port, **RUN)
