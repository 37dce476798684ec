"""A folder of imports behind a web app, whatever its framework: uploads, their runs, and restarts."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterable
from pathlib import Path
from typing import Self

import anyio
from moving import Import

from gameball_async import KINDS, GameballClient, InputError
from gameball_async.files import open_rows

FORMATS = {"text/csv": "csv", "application/jsonl": "jsonl", "application/x-ndjson": "jsonl"}
MAX_BYTES = 1 << 30  # of one upload
STOP_WITHIN = 3.0  # seconds for runs to end by themselves when the server shuts down


class Refused(Exception):
    """What a request gets instead of an answer: an HTTP status, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Imports:
    """
    All imports of one server process. Open it with ``async with``.

    ``ID.KIND.csv`` (or jsonl) is an upload that is not done yet, ``ID.KIND.gbjournal`` its journal,
    ``ID.KIND.json`` how it ended. What is not done when the folder is opened goes on.
    """

    def __init__(self, client: GameballClient, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._open: dict[str, Import] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for form in sorted({*FORMATS.values()}):
            for path in sorted(self._folder.glob(f"*.*.{form}")):
                self._start(path)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_WITHIN)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def stop(self) -> None:
        """Stop all runs and streams. Jobs go on at Gameball, and the journals know them."""
        for each in self._open.values():
            each.stop()

    async def receive(self, kind: str, content_type: str, body: AsyncIterable[bytes]) -> Import:
        """Keep an upload and start to import it. Raises `Refused` where it cannot be used."""
        form = FORMATS.get(content_type.partition(";")[0].strip().lower())
        if form is None:
            raise Refused(415, f"the Content-Type must be one of: {', '.join(FORMATS)}")
        if kind not in KINDS:
            raise Refused(404, f"the kind must be one of: {', '.join(KINDS)}")
        path = self._folder / f"{uuid.uuid4().hex}.{kind}.{form}"
        part = path.with_suffix(".part")
        try:
            await _save(body, part)
            open_rows(part, KINDS[kind], format=form).close()
            part.rename(path)
        except InputError as error:
            raise Refused(422, str(error).replace(error.path, "the file", 1)) from None
        finally:
            part.unlink(missing_ok=True)
        return self._start(path)

    def find(self, import_id: str) -> Import:
        """An import by its id. Raises `Refused` where there is none."""
        if import_id in self._open:
            return self._open[import_id]
        names = self._folder.glob(f"{import_id}.*.json") if import_id.isalnum() else ()
        for path in names:
            found = Import(path)
            found.ended, found.over = json.loads(path.read_text()), True
            return found
        raise Refused(404, "there is no such import")

    def _start(self, path: Path) -> Import:
        started = Import(path)
        self._open[started.id] = started
        task = asyncio.create_task(self._main(started))
        self._tasks.add(task)  # the loop alone would not keep it
        task.add_done_callback(self._tasks.discard)
        return started

    async def _main(self, started: Import) -> None:
        await started.move(self._client)
        if started.status == "finished":  # whatever else it was, the next start goes on with it
            started.path.with_suffix(".json").write_text(json.dumps(started.state()))
            started.path.unlink()
            del self._open[started.id]


async def _save(body: AsyncIterable[bytes], path: Path) -> None:
    size = 0
    async with await anyio.open_file(path, "xb") as file:
        async for piece in body:
            size += len(piece)
            if size > MAX_BYTES:
                raise Refused(413, f"the file is larger than {MAX_BYTES:,} bytes: split it")
            await file.write(piece)
