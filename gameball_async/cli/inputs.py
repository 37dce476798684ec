"""What an import reads: a file, standard input, or the file that a journal names; checked for change."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack

import anyio
import anyio.to_thread
import orjson
from attrs import evolve

from ..api.kinds import Kind, kind_of
from ..compare import EarlierRows
from ..errors import ConfigurationError, InputError
from ..journal.file import MAGIC
from ..journal.header import Header, Source
from ..journal.journal import digest_of, read_journal
from ..journal.state import Resumable
from ..rows.content import refuse_incomparable
from ..rows.file_rows import FileRows
from ..rows.files import TEXT_FORMATS
from .ending import remark
from .reading import STDIN, Settings
from .words import clean, count


async def source_of(rows: FileRows, settings: Settings) -> Source:
    """What a journal records about an open file: where it is, a digest of it, and how it is read."""
    if settings.sql is None:
        content = await digest(rows.path)
    else:
        from ..rows.sql import has_order, query_digest

        if not has_order(settings.sql):
            raise ConfigurationError(
                f"{rows.path}: the query has no ORDER BY, which a run needs to be resumable: order by columns that "
                "do not change, or pass --no-journal"
            )
        content = query_digest(settings.database or "", settings.sql)
    path = os.path.abspath(rows.path)  # noqa: ASYNC240 - asks no disk
    return Source(path, content, settings.as_json())


async def reopen_input(
    header: Header, journal: str, files: ExitStack, database: str | None = None
) -> FileRows:
    """
    Open the file that a journal names, and make sure that it is still the same; or run its query again.

    Raises:
        InputError: it no longer exists, cannot be read, or its content has changed.
        ConfigurationError: the journal names no file.
    """
    source = header.source
    if not source.digest:
        raise ConfigurationError(
            f"{journal} belongs to a run whose rows came from a program, not from a file: resume it there, with "
            "client.resume(journal, rows)"
        )
    settings = Settings.of(source)
    if settings.sql is not None:
        settings = _at(settings, database, journal, source.digest)
    elif not await anyio.Path(source.name).exists():
        raise InputError(
            f"no longer exists, and {journal} needs it to resume: put it back as it was",
            path=source.name,
        )
    elif await digest(source.name) != source.digest:
        raise InputError(
            f"has changed since {journal} was written: put it back as it was, or import the new rows from a "
            "separate file",
            path=source.name,
        )
    return files.enter_context(settings.open(source.name, kind_of(header.kind)))


def _at(settings: Settings, database: str | None, journal: str, digest: str) -> Settings:
    """The settings of a query with the database that is given, which must be the same."""
    from ..rows.sql import query_digest

    found = database or settings.database or ""
    if query_digest(found, settings.sql or "") != digest:
        raise ConfigurationError(
            f"{journal} belongs to a run that read {settings.database}: pass that as --database URL (or set "
            "DATABASE_URL), with its password, which is never in a journal"
        )
    return evolve(settings, database=found)


def input_of(header: Header) -> str | None:
    """The file that a run reads; None where its rows come from a program."""
    return header.source.name if header.source.digest else None


def can_do_without(recorded: Resumable) -> bool:
    """Whether a run no longer needs its input, and cannot have it either."""
    source = recorded.header.source
    return recorded.input_ended and (not source.digest or not os.path.exists(source.name))


async def earlier_rows(path: str, kind: Kind, settings: Settings, files: ExitStack) -> EarlierRows:
    """
    Open an earlier input, read in the same way as the current one; *files* closes it.

    Raises:
        InputError: it cannot be read.
        ConfigurationError: rows of *kind* must be sent though they equal others.
    """
    refuse_incomparable(kind)
    rows = files.enter_context(settings.open(path, kind))
    whole = os.path.abspath(path)  # noqa: ASYNC240 - asks no disk
    return EarlierRows(rows, Source(whole, await digest(path)))


async def earlier_again(header: Header, files: ExitStack) -> EarlierRows | None:
    """
    Open the earlier input that a run is compared with again; None where it is with none.

    Raises:
        InputError: it cannot be read, or its content has changed.
    """
    earlier = header.earlier
    if earlier is None or earlier.is_journal:
        return None
    settings = Settings.of(header.source)
    found = await earlier_rows(earlier.name, kind_of(header.kind), settings, files)
    if found.source.digest != earlier.digest:
        raise InputError(
            "has changed since the run began, and the run is compared with it: put it back as it was",
            path=earlier.name,
        )
    return found


async def origin_of(header: Header) -> Header:
    """The header of the run that read the file: this one's, or the one before the retries."""
    while "retry" in orjson.loads(header.source.settings):
        before = await anyio.to_thread.run_sync(read_journal, header.source.name)
        header = before.header
    return header


async def digest(path: str) -> str:
    """A digest of a file's content."""
    return await anyio.to_thread.run_sync(digest_of, path, abandon_on_cancel=True)


def open_input(
    path: str, kind: Kind, settings: Settings, files: ExitStack, *, keep: bool
) -> FileRows:
    """
    Open the file, or standard input; *files* closes it.

    Text is read from standard input as it comes. With *keep* it is copied meanwhile to a private file
    that *files* removes: the rows that did not succeed are found there afterwards.
    """
    if path != STDIN:
        return files.enter_context(settings.open(path, kind))
    stream = sys.stdin.buffer
    text = settings.reading.format in TEXT_FORMATS
    if text and not keep:
        return files.enter_context(settings.open("standard input", kind, stream))
    folder = files.enter_context(tempfile.TemporaryDirectory(prefix="gameball-async-"))
    copy = os.path.join(folder, "standard-input")
    if text:
        return files.enter_context(settings.open("standard input", kind, stream, copy))
    with open(copy, "xb") as file:
        shutil.copyfileobj(stream, file)
    return files.enter_context(settings.open(copy, kind))


async def standard_input_speaks() -> None:
    """Wait until something can be read from standard input, where that can be waited for."""
    with contextlib.suppress(OSError, ValueError, NotImplementedError):  # a file, or none
        await anyio.wait_readable(sys.stdin.buffer.fileno())


def about_null_words(rows: FileRows) -> str | None:
    """Which columns have words for a missing value that were sent as text; None for none."""
    if not rows.null_words:
        return None
    found = ", ".join(f"{count(n, 'cell')} of {name}" for name, n in rows.null_words.items())
    return (
        f"Words such as NULL, N/A or - stand for a value in {clean(found, 1000)}, and are sent as text: pass "
        "--null WORD to omit them."
    )


def warn(rows: FileRows) -> None:
    """Print the warnings of an input once, before anything is sent."""
    for warning in rows.warnings:
        unknown = rows.mapped is None and rows.left_out and warning.startswith("not sent")
        cure = " (--unknown custom)" if unknown else ""
        remark(clean(f"{rows.path}: {warning}{cure}", 1000))


def refuse_same_files(**files: str | None) -> None:
    """
    Make sure that no two of these files are the same, and that no journal is overwritten.

    Links and other spellings of a path are resolved. Call it before any of them is opened.

    Args:
        files: by what they are: ``input``, ``journal``, ``rejects``, ``results``; None where there is none.

    Raises:
        ConfigurationError: two are one file, or one would overwrite a journal or a database.
    """
    seen: dict[tuple[object, object], str] = {}
    for what, path in files.items():
        if path is None or path == STDIN:
            continue
        other = seen.setdefault(_identity(path), what)
        if other != what:
            raise ConfigurationError(
                f"the {other} and the {what} are the same file, {path}: name another file with "
                f"--{what}"
            )
    for what in ("rejects", "results", "outcomes", "html"):
        path = files.get(what)
        if path is not None and _begins_with(path, (MAGIC, b"SQLite format 3")):
            raise ConfigurationError(
                f"{path} is a journal or a database, and would be overwritten: name another file with --{what}"
            )


def _identity(path: str) -> tuple[object, object]:
    try:
        found = os.stat(path)
    except OSError:
        folder, name = os.path.split(os.path.abspath(path))
        return os.path.realpath(folder), name
    return found.st_dev, found.st_ino


def _begins_with(path: str, heads: tuple[bytes, ...]) -> bool:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(max(map(len, heads))).startswith(heads)
    return False
