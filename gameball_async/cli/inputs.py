"""What an import reads: a file, standard input, or the file that a journal names; checked for change."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import anyio
import anyio.to_thread
import click
import orjson
from attrs import asdict, evolve, field, frozen

from ..api.kinds import Kind, kind_of
from ..errors import ConfigurationError, InputError
from ..journal.file import MAGIC
from ..journal.journal import digest_of, read_journal
from ..journal.state import Header, Resumable, Source
from ..mapping.local_times import zone_of
from ..mapping.presets import SHOPS, preset
from ..mapping.rules import mapping_of
from ..rows.dialect import Reading
from ..rows.files import FileRows, rows_from
from ..rows.sources import TEXT_FORMATS, open_source
from ..rows.unknown import Unknown
from .ending import say
from .words import clean, count

__all__ = [
    "STDIN",
    "Settings",
    "about_null_words",
    "can_do_without",
    "database_option",
    "input_of",
    "open_input",
    "origin_of",
    "reads",
    "refuse_same_files",
    "refuse_unnamed",
    "reopen_input",
    "source_of",
    "standard_input_speaks",
    "warn",
]

STDIN = "-"
DIALECT = (
    "zone", "delimiter", "quote", "encoding", "decimal_comma", "sheet", "nulls", "empty_is_null",
)  # fmt: skip


@frozen
class Settings:
    """
    How a file is read.

    Attributes:
        form: one of `FORMATS`; None to go by the suffix.
        unknown: what becomes of columns and fields that Gameball does not know.
        ids_from_numbers: take whole numbers as ids.
        mapping: the text of the mapping file; None for none.
        shop: the shop whose export it is; None to go by the header.
        zone: the time zone of times that name none.
        delimiter: between the cells of CSV; None to find it.
        quote: around the cells of CSV.
        encoding: of text; None for UTF-8.
        decimal_comma: numbers have a decimal comma; None to find that.
        sheet: of a workbook; None for its first.
        nulls: cells that mean nothing.
        empty_is_null: empty cells are sent as null.
        sql: a query, whose rows are read instead of a file's.
        database: the URL of its database.
    """

    form: str | None
    unknown: Unknown
    ids_from_numbers: bool
    mapping: str | None = None
    shop: str | None = None
    zone: str = ""
    delimiter: str | None = None
    quote: str = '"'
    encoding: str | None = None
    decimal_comma: bool | None = None
    sheet: str | None = None
    nulls: tuple[str, ...] = ()
    empty_is_null: bool = False
    sql: str | None = None
    database: str | None = field(default=None, repr=False)

    def open(
        self, path: str, kind: Kind, stream: BinaryIO | None = None, copy: str | None = None
    ) -> FileRows:
        """
        Open the file, or a stream, whose bytes are copied to a file where rejects need them.

        Raises:
            InputError: it cannot be read.
            ConfigurationError: the mapping, the shop or the zone cannot be used.
        """
        if self.zone:
            zone_of(self.zone)
        mapping = None
        if self.mapping is not None:
            mapping = mapping_of(self.mapping, name="the mapping file")
        elif self.shop is not None:
            mapping = preset(self.shop, kind.name)
        reading = Reading(
            self.form,
            self.delimiter,
            self.quote,
            self.encoding,
            self.decimal_comma,
            self.sheet,
            self.zone,
            tuple(self.nulls),
            self.empty_is_null,
        )
        if self.sql is None:
            source = open_source(path, reading, stream=stream, copy=copy)
        else:
            from ..rows.sql import QuerySource

            source = QuerySource(self.database or "", self.sql, reading, path)
        return rows_from(
            source,
            kind,
            unknown=self.unknown,
            mapping=mapping,
            ids_from_numbers=self.ids_from_numbers,
        )

    def as_json(self) -> str:
        """For a journal, without a password."""
        values = asdict(self)
        if self.database is not None:
            from ..rows.sql import without_password

            values["database"] = without_password(self.database)
        return orjson.dumps(values).decode()

    @classmethod
    def of(cls, source: Source) -> Settings:
        """From a journal."""
        return cls(**orjson.loads(source.settings))


database_option = click.option(
    "--database",
    metavar="URL",
    envvar="DATABASE_URL",
    help="Of --sql, as SQLAlchemy has them: sqlite:///shop.db.  [default: $DATABASE_URL]",
)


def _query_of(path: str, file: str | None, database: str | None) -> str:
    if file is not None:
        raise click.UsageError("FILE and --sql exclude each other: keep one")
    if database is None:
        raise click.UsageError("--sql needs a database: pass --database URL, or set DATABASE_URL")
    return Path(path).read_text(encoding="utf-8")


def _one_character(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    found = {"tab": "\t", "\\t": "\t"}.get(text.lower(), text)
    if len(found) != 1:
        raise click.BadParameter(f"{text!r} is not one character (or the word tab)")
    return found


_READING = (
    click.option(
        "--format",
        "form",
        type=click.Choice(["csv", "tsv", "jsonl", "json", "parquet", "arrow", "xlsx"]),
        help="[default: by the file's suffix]",
    ),
    click.option(
        "--unknown",
        type=click.Choice(["warn", "error", "custom", "send"]),
        help="Columns and fields that Gameball does not know: name them (of CSV they are left out), refuse "
        "them, send them as custom, or send them as they are.  [default: warn]",
    ),
    click.option("--custom", is_flag=True, help="Short for --unknown custom."),
    click.option(
        "--ids-from-numbers", is_flag=True, help="Take whole numbers as ids (JSON, Parquet, Arrow)."
    ),
    click.option(
        "--map",
        "mapping",
        type=click.File(encoding="utf-8"),
        metavar="FILE",
        help="A mapping file (TOML) from the file's columns to Gameball's; `map` proposes one.",
    ),
    click.option(
        "--from",
        "shop",
        type=click.Choice(SHOPS),
        help="Read FILE as an export of this shop.  [default: recognised by its columns]",
    ),
    click.option(
        "--naive-as",
        "zone",
        metavar="ZONE",
        default="",
        help="The time zone of times that name none, such as Europe/Paris.",
    ),
    click.option(
        "--delimiter",
        metavar="CHAR",
        callback=_one_character,
        help="Between the columns of CSV.  [default: a comma, unless the first line shows another]",
    ),
    click.option(
        "--quote",
        metavar="CHAR",
        callback=_one_character,
        default='"',
        show_default=True,
        help="Around cells of CSV.",
    ),
    click.option("--encoding", help="Of a text file, such as windows-1252.  [default: utf-8]"),
    click.option(
        "--decimal-comma/--decimal-point",
        "decimal_comma",
        default=None,
        help="Numbers in CSV are written 1.234,50.  [default: a point, unless they show a comma]",
    ),
    click.option("--sheet", help="Of an Excel workbook.  [default: the first]"),
    click.option(
        "--null",
        "nulls",
        multiple=True,
        metavar="WORD",
        help="A cell that means nothing, such as NULL, and is left out; may be given several times.",
    ),
    click.option(
        "--empty",
        "empty_is_null",
        type=click.Choice(["omit", "null"]),
        default="omit",
        show_default=True,
        callback=lambda ctx, param, value: value == "null",
        help="Empty cells: leave the field out, or send null to clear it.",
    ),
    click.option(
        "--sql",
        type=click.Path(exists=True, dir_okay=False),
        metavar="FILE",
        help="Read the rows of the query in this file, from --database, instead of FILE.",
    ),
)


def reads(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of how a file is read, as its argument *settings*."""

    @wraps(command)
    def with_settings(
        *args: Any,
        form: str | None,
        custom: bool,
        unknown: Unknown | None,
        ids_from_numbers: bool,
        mapping: TextIO | None,
        shop: str | None,
        file: str | None,
        sql: str | None,
        database: str | None,
        **options: Any,
    ) -> Any:
        if mapping is not None and shop is not None:
            raise click.UsageError("--map and --from exclude each other: keep one")
        if custom and unknown not in (None, "custom"):
            raise click.UsageError("--custom means --unknown custom: leave one of the two out")
        if custom:
            unknown = "custom"
        text = None if mapping is None else mapping.read()
        dialect = {name: options.pop(name) for name in DIALECT}
        if sql is not None:
            dialect |= {"sql": _query_of(sql, file, database), "database": database}
        settings = Settings(form, unknown or "warn", ids_from_numbers, text, shop, **dialect)
        if file is None and sql is None:
            raise click.UsageError("pass FILE, - for standard input, or --sql FILE --database URL")
        return command(*args, file=file or sql, settings=settings, **options)

    for option in reversed((click.argument("file", required=False), *_READING, database_option)):
        with_settings = option(with_settings)
    return with_settings


async def source_of(rows: FileRows, settings: Settings) -> Source:
    """What a journal says of an open file: where it is, what is in it, and how it is read."""
    if settings.sql is None:
        return _source(rows.path, await _digest(rows.path), settings)
    from ..rows.sql import has_order, query_digest

    if not has_order(settings.sql):
        raise ConfigurationError(
            f"{rows.path}: the query has no ORDER BY, and a run that is to be resumed needs one: add "
            "it, by columns that do not change, or pass --no-journal"
        )
    return _source(rows.path, query_digest(settings.database or "", settings.sql), settings)


def _source(path: str, digest: str, settings: Settings) -> Source:
    return Source(os.path.abspath(path), digest, settings.as_json())


async def reopen_input(
    header: Header, journal: str, files: ExitStack, database: str | None = None
) -> FileRows:
    """
    Open the file that a journal names, and make sure that it is still the same; or run its query again.

    Raises:
        InputError: it is gone, cannot be read, or its content has changed.
        ConfigurationError: the journal names no file.
    """
    source = header.source
    _refuse_unless_there(source, journal)
    settings = Settings.of(source)
    if settings.sql is not None:
        settings = _at(settings, database, journal, source.digest)
        return files.enter_context(settings.open(source.name, kind_of(header.kind)))
    if await _digest(source.name) != source.digest:
        raise InputError(
            f"has changed since {journal} was written: put it back as it was, or import the rows "
            "that are new from a file of their own",
            path=source.name,
        )
    return files.enter_context(settings.open(source.name, kind_of(header.kind)))


def _at(settings: Settings, database: str | None, journal: str, digest: str) -> Settings:
    """The settings of a query with the database that is given, which must be the same."""
    from ..rows.sql import query_digest

    found = database or settings.database or ""
    if query_digest(found, settings.sql or "") != digest:
        raise ConfigurationError(
            f"{journal} is of a run that read {settings.database}: pass that as --database URL (or "
            "DATABASE_URL), with its password, which is in no journal"
        )
    return evolve(settings, database=found)


def _refuse_unless_there(source: Source, journal: str) -> None:
    if not source.digest:
        raise ConfigurationError(
            f"{journal} is of a run whose rows came from a program, not from a file: resume it "
            "there, with client.resume(journal, rows)"
        )
    if Settings.of(source).sql is None and not os.path.exists(source.name):
        raise InputError(
            f"is gone: {journal} needs it to go on. Put it back as it was", path=source.name
        )


def input_of(header: Header) -> str | None:
    """The file that a run reads; None where its rows come from a program."""
    return header.source.name if header.source.digest else None


def can_do_without(recorded: Resumable) -> bool:
    """Whether a run needs its input no more, and cannot have it either."""
    source = recorded.header.source
    return recorded.input_ended and not (source.digest and os.path.exists(source.name))


async def origin_of(header: Header) -> Header:
    """The header of the run that read the file: this one's, or the one before the retries."""
    while "retry" in orjson.loads(header.source.settings):
        before = await anyio.to_thread.run_sync(read_journal, header.source.name)
        header = before.header
    return header


async def _digest(path: str) -> str:
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
    text = settings.form in TEXT_FORMATS
    copy = None
    if keep or not text:
        folder = files.enter_context(tempfile.TemporaryDirectory(prefix="gameball-async-"))
        copy = os.path.join(folder, "standard-input")
    if text or copy is None:
        return files.enter_context(settings.open("standard input", kind, stream, copy))
    with open(copy, "xb") as file:
        shutil.copyfileobj(stream, file)
    return files.enter_context(settings.open(copy, kind))


async def standard_input_speaks() -> None:
    """Wait until something can be read from standard input, where that can be waited for."""
    with contextlib.suppress(OSError, ValueError, NotImplementedError):  # a file, or none
        await anyio.wait_readable(sys.stdin.buffer.fileno())


def refuse_unnamed(file: str, settings: Settings) -> None:
    """
    Standard input has no name to tell its format by.

    Raises:
        UsageError: no ``--format`` was given for it.
    """
    if file == STDIN and settings.form is None:
        raise click.UsageError(
            "pass --format csv or --format jsonl (or another) with standard input"
        )


def about_null_words(rows: FileRows) -> str | None:
    """Which columns hold words that mean nothing and were sent as they stand; None for none."""
    if not rows.null_words:
        return None
    found = ", ".join(f"{count(n, 'cell')} of {name}" for name, n in rows.null_words.items())
    return (
        f"Words such as NULL, N/A or - stand for a value in {clean(found, 1000)}, and are sent as text: "
        "pass --null WORD to leave them out."
    )


def warn(rows: FileRows) -> None:
    """Say once what the user should know before anything is sent."""
    for warning in rows.warnings:
        cure = " (--unknown custom)" if rows.left_out and warning.startswith("not sent") else ""
        cure = "" if rows.mapped is not None else cure
        say(clean(f"{rows.path}: {warning}{cure}", 1000))


def refuse_same_files(**files: str | None) -> None:
    """
    Make sure that no two of these files are one, and that nothing written over is a journal.

    Links and other spellings of a path are looked through. Call it before any of them is opened.

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
    for what in ("rejects", "results", "outcomes"):
        path = files.get(what)
        if path is not None and _begins_with(path, (MAGIC, b"SQLite format 3")):
            raise ConfigurationError(
                f"{path} is a journal or a database, and would be written over: name another file "
                f"with --{what}"
            )


def _identity(path: str) -> tuple[object, object]:
    try:
        found = os.stat(path)
    except OSError:
        folder, name = os.path.split(os.path.abspath(path))
        return os.path.realpath(folder), name
    return found.st_dev, found.st_ino


def _begins_with(path: str, heads: tuple[bytes, ...]) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(max(map(len, heads))).startswith(heads)
    except OSError:
        return False
