"""
Imports in a FastAPI app: ``uvicorn --app-dir FOLDER --timeout-graceful-shutdown 2 fastapi_app:app``.

Keys come from GAMEBALL_API_KEY and GAMEBALL_SECRET_KEY; uploads are kept in the folder IMPORTS.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from imports import Imports, Refused
from moving import Import
from starlette.requests import ClientDisconnect

from gameball_async import GameballClient

PAGE = Path(__file__).with_name("page.html")
FOLDER = Path(os.environ.get("IMPORTS", "imports"))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """One client for all requests: its quota is the account's, and its connections are shared."""
    async with GameballClient() as client, Imports(client, FOLDER) as imports:
        before_shutdown(imports.stop)
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


TheImports = Annotated[Imports, Depends(shared_imports)]


async def one_import(id: str, imports: TheImports) -> Import:
    return imports.find(id)


TheImport = Annotated[Import, Depends(one_import)]


@app.get("/")
async def page() -> FileResponse:
    return FileResponse(PAGE)


@app.post("/imports/{kind}", status_code=202)
async def start(
    kind: str, imports: TheImports, request: Request, response: Response
) -> dict[str, str]:
    content_type = request.headers.get("Content-Type", "")
    started = await imports.receive(kind, content_type, request.stream())
    response.headers["Location"] = f"/imports/{started.id}"
    return {"id": started.id}


@app.get("/imports/{id}")
async def state(found: TheImport) -> dict[str, Any]:
    return found.state()


@app.get("/imports/{id}/events", response_class=EventSourceResponse)
async def events(
    found: TheImport, last_event_id: Annotated[int | None, Header()] = None
) -> AsyncIterator[ServerSentEvent]:
    async for event in found.events(last_event_id):
        if event is None:
            yield ServerSentEvent(comment="nothing new")
        else:
            yield ServerSentEvent(data=event.data, event=event.name, id=str(event.id))


@app.exception_handler(Refused)
async def refused(request: Request, error: Refused) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, error.status)


@app.exception_handler(ClientDisconnect)
async def gone(request: Request, error: ClientDisconnect) -> Response:
    return Response(
        status_code=400
    )  # nobody reads it: the browser left in the middle of its upload
