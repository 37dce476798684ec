"""A folder of imports behind a web app, whatever its framework: uploads, whose they are, restarts."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import AsyncIterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

import anyio
import telling
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync
from moving import Import, write_json

from gameball_async import KINDS, ConfigurationError, GameballClient, InputError, UnknownField
from gameball_async.files import FileRows, RejectsFile, journals_of, open_rows, recorded_rows

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS = {
    "text/csv": "csv",
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
    WORKBOOK: "xlsx",
}
MAX_BYTES = {"csv": 1 << 30, "jsonl": 1 << 30, "xlsx": 1 << 26}  # a workbook is read at once
ZIP, OLD_WORKBOOK = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # what workbooks begin with
MAX_UNDER_WAY = 10  # imports of one user
SHOWN = 50  # imports in a list
STOP_WITHIN = 3.0  # seconds for runs to end by themselves when the server shuts down
COOKIE = "imports_of"


class Refused(Exception):
    """What a request gets instead of an answer: an HTTP status, why, and the columns that are unknown."""

    def __init__(self, status: int, reason: str, unknown: Sequence[UnknownField] = ()) -> None:
        super().__init__(reason)
        self.status = status
        self.body = {"detail": reason, "unknown": telling.unknown(*unknown)}


class Imports:
    """
    All imports of one server process. Open it with ``async with``.

    Each user has a folder, each import a folder in it (see `Import`). What has not ended when this is
    opened goes on. An import is there for the user who made it, and for nobody else.
    """

    def __init__(self, client: GameballClient, folder: Path) -> None:
        self._client = client
        self._folder = folder.absolute()
        self._open: dict[str, Import] = {}  # by id: those that have not ended, or failed
        self._tasks: TaskGroup

    async def __aenter__(self) -> Self:
        self._tasks = await anyio.create_task_group().__aenter__()
        for folder in sorted(self._folder.glob("*/*")):
            if folder.suffix == ".part":  # an upload that a kill cut off
                shutil.rmtree(folder)
            elif not (folder / "state.json").exists():
                self._start(folder)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.leave()
        self._tasks.cancel_scope.deadline = anyio.current_time() + STOP_WITHIN
        await self._tasks.__aexit__(None, None, None)  # the caller's error goes on as itself

    def leave(self) -> None:
        """Stop all runs and streams. Jobs go on at Gameball, and the journals know them."""
        for each in self._open.values():
            each.leave()

    def find(self, user: str, import_id: str) -> Import:
        """An import by its id. Raises `Refused` where the user has none such."""
        folder = self._home(user) / import_id
        if import_id.isalnum() and (folder / "about.json").exists():
            return self._open.get(import_id) or Import.ended(folder)
        raise Refused(404, "there is no such import")

    def of(self, user: str) -> list[dict[str, Any]]:
        """The states of the user's imports, the newest first."""
        known = [path for path in self._home(user).glob("*/about.json") if not path.parent.suffix]
        newest = sorted(known, key=_started, reverse=True)[:SHOWN]
        return [self.find(user, path.parent.name).state() for path in newest]

    async def receive(
        self,
        user: str,
        kind: str,
        content_type: str,
        body: AsyncIterable[bytes],
        *,
        name: str = "",
        unknown: str = "refuse",
    ) -> Import:
        """
        Keep an upload and start to import it.

        Args:
            user: whose it will be.
            kind: the batch kind.
            content_type: of the body; one of `FORMS`.
            body: the file, piece by piece.
            name: of the file, to show.
            unknown: ``refuse`` a file with columns that Gameball does not know, or ``leave-out`` those.

        Raises:
            Refused: it cannot be used.
        """
        form = FORMS.get(content_type.partition(";")[0].strip().lower())
        if form is None:
            raise Refused(415, f"the Content-Type must be one of: {', '.join(FORMS)}")
        if kind not in KINDS:
            raise Refused(404, f"the kind must be one of: {', '.join(KINDS)}")
        self._refuse_too_many(user)
        about = {"kind": kind, "name": name[:200] or "rows", "form": form}
        folder = self._make(user, about)
        try:
            upload = folder / f"upload.{form}"
            await _save(body, upload, form)
            await run_sync(_check, upload, kind, unknown)
            return self._start(folder.rename(folder.with_suffix("")))
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # where it was not renamed

    def retry(self, user: str, import_id: str) -> Import:
        """Send the rows that Gameball refused again, as an import of its own. Raises `Refused`."""
        first = self.find(user, import_id).state()
        if first["status"] != "finished" or not first["retryable"] or "retried" in first:
            raise Refused(409, "this import has no rows that can be sent again")
        self._refuse_too_many(user)
        about = {name: first[name] for name in ("kind", "name", "form")}
        part = self._make(user, {**about, "retry_of": import_id, "rows": first["retryable"]})
        folder = part.rename(part.with_suffix(""))
        self._change(user, import_id, retried=folder.name)
        return self._start(folder)

    def resume(self, user: str, import_id: str) -> Import:
        """Go on with an import that was stopped, or that failed. Raises `Refused`."""
        found = self.find(user, import_id)
        if found.status not in ("stopped", "failed"):
            raise Refused(409, f"this import is {found.status}")
        self._refuse_too_many(user)
        (found.folder / "state.json").unlink(missing_ok=True)
        return self._start(found.folder)

    async def rejects(self, user: str, import_id: str) -> Path:
        """
        A file of the rows that have not succeeded, as they stood in the upload, each with the reason.

        Those of a retry are in the file of the import that it is a retry of. Raises `Refused`.
        """
        found = self.find(user, import_id)
        while "retry_of" in found.about:
            found = self.find(user, found.about["retry_of"])
        if not (found.upload.exists() and found.journal.exists()):
            raise Refused(404, "there are no rows that did not succeed")
        return await run_sync(_write_rejects, found)

    def _home(self, user: str) -> Path:
        if not user:
            raise Refused(401, "open the page first: imports belong to whoever its cookie names")
        return self._folder / hashlib.sha256(user.encode()).hexdigest()[:32]

    def _make(self, user: str, about: dict[str, Any]) -> Path:
        """The folder of a new import, which does not count yet."""
        folder = self._home(user) / f"{uuid.uuid4().hex}.part"
        folder.mkdir(mode=0o700, parents=True)
        about["started"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        write_json(folder / "about.json", about)
        return folder

    def _change(self, user: str, import_id: str, **changes: Any) -> None:
        path = self._home(user) / import_id / "about.json"
        write_json(path, {**json.loads(path.read_text()), **changes})

    def _refuse_too_many(self, user: str) -> None:
        home = self._home(user)
        mine = (each for each in self._open.values() if each.folder.parent == home)
        if sum(not each.over for each in mine) >= MAX_UNDER_WAY:
            raise Refused(429, f"{MAX_UNDER_WAY} imports are under way: wait until one has ended")

    def _start(self, folder: Path) -> Import:
        started = self._open[folder.name] = Import(folder)
        self._tasks.start_soon(self._main, started)
        return started

    async def _main(self, started: Import) -> None:
        await started.move(self._client)
        if started.status in ("finished", "stopped"):  # it was written down
            del self._open[started.id]


def _started(about: Path) -> str:
    return str(json.loads(about.read_text())["started"])


async def _save(body: AsyncIterable[bytes], path: Path, form: str) -> None:
    size, most = 0, MAX_BYTES[form]
    async with await anyio.open_file(path, "xb") as file:
        async for piece in body:
            size += len(piece)
            if size > most:
                raise Refused(413, f"the file is larger than {most:,} bytes: split it")
            await file.write(piece)


def _check(path: Path, kind: str, unknown: str) -> None:
    """Refuse a file whose header or first rows cannot be used, before anything is sent."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == OLD_WORKBOOK or (head == ZIP) != (path.suffix == ".xlsx"):
        raise Refused(422, _misnamed(path, head))
    try:
        with open_rows(path, KINDS[kind]) as rows:
            if rows.left_out and unknown != "leave-out":
                raise Refused(422, _about_unknown(rows), rows.left_out)
    except ConfigurationError as error:
        raise Refused(415, str(error)) from None
    except InputError as error:
        raise Refused(422, str(error).replace(error.path, "the file", 1)) from None


def _misnamed(path: Path, head: bytes) -> str:
    if head == OLD_WORKBOOK:
        return "the file is an Excel workbook of the old kind: save it as .xlsx or as CSV"
    if head == ZIP:
        return "the file is a workbook (Excel) or another archive: name it .xlsx, or save it as CSV"
    return "the file is named .xlsx and is no workbook: name it .csv or .jsonl if it is one"


def _about_unknown(rows: FileRows) -> str:
    names = ", ".join(each.name for each in rows.left_out)
    likely = min(KINDS, key=partial(_unknown_to, rows.path))
    said = f"Gameball does not know these columns of {rows.kind.name}: {names}."
    if _unknown_to(rows.path, likely) < len(rows.left_out):
        said += f" The file looks like {likely}."
    return said


def _unknown_to(path: str, kind: str) -> float:
    """How many columns of a file a kind does not know."""
    try:
        with open_rows(path, KINDS[kind]) as rows:
            return len(rows.left_out)
    except InputError:
        return float("inf")


def _write_rejects(found: Import) -> Path:
    form = "jsonl" if found.about["form"] == "jsonl" else "csv"
    path = found.folder / f"rejects.{form}"
    with open_rows(found.upload, found.about["kind"]) as rows, RejectsFile(path, rows) as rejects:
        rejects.add(recorded_rows(journals_of(str(found.journal))))
        if not rejects.write():
            raise Refused(404, "there are no rows that did not succeed")
    return path
