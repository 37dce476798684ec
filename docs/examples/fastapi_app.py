"""
Imports in a FastAPI app: ``uvicorn --app-dir FOLDER --timeout-graceful-shutdown 2 fastapi_app:app``.

Keys come from GAMEBALL_API_KEY and GAMEBALL_SECRET_KEY; uploads are kept in the folder IMPORTS.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from imports import COOKIE, Imports, Refused
from moving import Import
from starlette.requests import ClientDisconnect

from gameball_async import GameballClient

PAGE = Path(__file__).with_name("page.html")
FOLDER = Path(os.environ.get("IMPORTS", "imports"))
PRIVATE = {"Cache-Control": "no-store"}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """One client for all requests: its quota is the account's, and its connections are shared."""
    async with GameballClient() as client, Imports(client, FOLDER) as imports:
        before_shutdown(imports.leave)
        yield {"imports": imports}


def before_shutdown(tell: Callable[[], None]) -> None:
    """Uvicorn ends the lifespan only after the last stream, so streams must hear the signal too."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        uvicorns = signal.getsignal(number)
        if callable(uvicorns):

            def heard(*args: Any, then: Callable[..., Any] = uvicorns) -> None:
                loop.call_soon_threadsafe(tell)
                then(*args)

            signal.signal(number, heard)


app = FastAPI(lifespan=lifespan)


async def shared_imports(request: Request) -> Imports:
    imports: Imports = request.state.imports
    return imports


async def user_of(request: Request) -> str:
    """Whose imports these are. Ask your login instead: the example knows a browser by its cookie."""
    return request.cookies.get(COOKIE, "")


TheImports = Annotated[Imports, Depends(shared_imports)]
User = Annotated[str, Depends(user_of)]


async def one_import(id: str, imports: TheImports, user: User) -> Import:
    return imports.find(user, id)


TheImport = Annotated[Import, Depends(one_import)]


@app.get("/")
async def page(request: Request, user: User) -> FileResponse:
    answer = FileResponse(PAGE)
    if not user:
        secure = request.url.scheme == "https"
        cookie = secrets.token_urlsafe()
        answer.set_cookie(COOKIE, cookie, 1 << 25, httponly=True, samesite="lax", secure=secure)
    return answer


@app.get("/imports")
async def all_imports(imports: TheImports, user: User) -> list[dict[str, Any]]:
    return imports.of(user)


@app.post("/imports/{kind}", status_code=202)
async def start(
    kind: str,
    imports: TheImports,
    user: User,
    request: Request,
    response: Response,
    name: str = "",
    unknown: str = "refuse",
) -> dict[str, str]:
    content_type = request.headers.get("Content-Type", "")
    started = await imports.receive(
        user, kind, content_type, request.stream(), name=name, unknown=unknown
    )
    response.headers["Location"] = f"/imports/{started.id}"
    return {"id": started.id}


@app.get("/imports/{id}")
async def state(found: TheImport) -> dict[str, Any]:
    return found.state()


@app.get("/imports/{id}/jobs")
async def jobs(found: TheImport) -> list[dict[str, Any]]:
    return found.jobs()


@app.get("/imports/{id}/events", response_class=EventSourceResponse)
async def events(
    found: TheImport, last_event_id: Annotated[str, Header()] = ""
) -> AsyncIterator[ServerSentEvent]:
    async for event in found.events(last_event_id):
        yield ServerSentEvent(data=event.data, event=event.name, id=event.id)


@app.get("/imports/{id}/rejects")
async def rejects(id: str, imports: TheImports, user: User) -> FileResponse:
    path = await imports.rejects(user, id)
    return FileResponse(path, filename=path.name, headers=PRIVATE)


@app.post("/imports/{id}/stop", status_code=202)
async def stop(found: TheImport) -> dict[str, str]:
    found.stop()
    return {"id": found.id}


@app.post("/imports/{id}/resume", status_code=202)
async def resume(id: str, imports: TheImports, user: User) -> dict[str, str]:
    return {"id": imports.resume(user, id).id}


@app.post("/imports/{id}/retry", status_code=202)
async def retry(id: str, imports: TheImports, user: User) -> dict[str, str]:
    return {"id": imports.retry(user, id).id}


@app.exception_handler(Refused)
async def refused(request: Request, error: Refused) -> JSONResponse:
    return JSONResponse(error.body, error.status)


@app.exception_handler(ClientDisconnect)
async def gone(request: Request, error: ClientDisconnect) -> Response:
    """Nobody reads it: the browser left in the middle of its upload."""
    return Response(status_code=400)
