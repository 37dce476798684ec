"""How rows are read: the options of import and validate, as a journal keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import click
import orjson
from attrs import asdict, field, frozen

from ..api.kinds import Kind
from ..journal.header import Source
from ..mapping.rules import SHOPS, mapping_of, preset
from ..rows.dialect import Reading
from ..rows.file_rows import FileRows
from ..rows.files import open_source, rows_from
from ..rows.unknown import Unknown
from .options import Option, adapting, choice, database, exclusive, flag, taken, together

STDIN = "-"


@frozen
class Settings:
    """
    How rows are read.

    Attributes:
        reading: how a file is written.
        unknown: what to do with columns and fields that Gameball does not know.
        ids_from_numbers: take whole numbers as ids.
        mapping: the text of the mapping file; None for none.
        shop: the shop whose export it is; None to go by the header.
        sql: a query, whose rows are read instead of a file's.
        database: the URL of its database.
    """

    reading: Reading
    unknown: Unknown = "warn"
    ids_from_numbers: bool = False
    mapping: str | None = None
    shop: str | None = None
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
        mapping = None
        if self.mapping is not None:
            mapping = mapping_of(self.mapping, name="the mapping file")
        elif self.shop is not None:
            mapping = preset(self.shop, kind.name)
        if self.sql is None:
            source = open_source(path, self.reading, stream=stream, copy=copy)
        else:
            from ..rows.sql import QuerySource

            source = QuerySource(self.database or "", self.sql, self.reading, path)
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
        values = orjson.loads(source.settings)
        return cls(**{**values, "reading": Reading(**values["reading"])})


def _query_of(path: str, file: str | None, database: str | None) -> str:
    if file is not None:
        raise click.UsageError("FILE cannot be used with --sql: remove one of the two")
    if database is None:
        raise click.UsageError("--sql needs a database: pass --database URL, or set DATABASE_URL")
    return Path(path).read_text(encoding="utf-8")


def _one_character(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    found = {"tab": "\t", "\\t": "\t"}.get(text.lower(), text)
    if len(found) != 1:
        raise click.BadParameter(f"{text!r} is not one character: pass one, or the word tab")
    return found


_READING = (
    choice(
        "--format",
        ["csv", "tsv", "jsonl", "json", "parquet", "arrow", "xlsx"],
        help="The format of FILE.  [default: from the file name]",
    ),
    choice(
        "--unknown",
        ["warn", "error", "custom", "send"],
        help="Columns and fields that Gameball does not know: name them in a warning (columns of CSV are not "
        "sent), refuse them, send them as custom, or send them as they are.  [default: warn]",
    ),
    flag("--custom", help="Short for --unknown custom."),
    flag("--ids-from-numbers", help="Accept whole numbers as ids (JSON, Parquet, Arrow)."),
    click.option(
        "--map",
        "mapping",
        type=click.File(encoding="utf-8"),
        callback=lambda ctx, param, file: file and file.read(),
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
        show_default=False,
        help="The time zone of times that have none, such as Europe/Paris.",
    ),
    click.option(
        "--delimiter",
        metavar="CHAR",
        callback=_one_character,
        help="The character between columns of CSV.  [default: a comma, unless the first line shows another]",
    ),
    click.option(
        "--quote",
        metavar="CHAR",
        callback=_one_character,
        default='"',
        help="The character around cells of CSV.",
    ),
    click.option(
        "--encoding", help="The encoding of a text file, such as windows-1252.  [default: utf-8]"
    ),
    click.option(
        "--decimal-comma/--decimal-point",
        default=None,
        help="Numbers in CSV have a decimal comma: 1.234,50.  [default: a point, unless they show a comma]",
    ),
    click.option("--sheet", help="The sheet of an Excel workbook.  [default: the first]"),
    click.option(
        "--null",
        "nulls",
        multiple=True,
        metavar="WORD",
        help="A word for a missing value, such as NULL: such cells are not sent; may be given several times.",
    ),
    click.option(
        "--empty",
        "empty_is_null",
        type=click.Choice(["omit", "null"]),
        default="omit",
        callback=lambda ctx, param, value: value == "null",
        help="Empty cells: omit the field, or send null to clear it.",
    ),
    click.option(
        "--sql",
        type=click.Path(exists=True, dir_okay=False),
        metavar="FILE",
        help="Read the rows of the query in this file from --database, instead of FILE.",
    ),
)


def _settle_reading(options: dict[str, Any]) -> None:
    custom, file = options.pop("custom"), options["file"]
    unknown, sql = options["unknown"], options["sql"]
    exclusive(**{"map": options["mapping"], "from": options["shop"]})
    if custom and unknown not in (None, "custom"):
        raise click.UsageError("--custom means --unknown custom: remove one of the two")
    if file is None and sql is None:
        raise click.UsageError("pass FILE, - for standard input, or --sql FILE --database URL")
    options["reading"] = reading = taken(Reading, options)
    if file == STDIN and reading.format is None:
        raise click.UsageError(
            "pass --format csv or --format jsonl (or another) with standard input"
        )
    options["unknown"] = "custom" if custom else unknown or "warn"
    if sql is None:
        options["database"] = None
    else:
        options["sql"] = _query_of(sql, file, options["database"])
    options["settings"] = taken(Settings, options)
    options["file"] = file or sql


_file_argument = click.argument("file", type=click.Path(), required=False)

reads: Option = together(_file_argument, *_READING, database, adapting(_settle_reading))
"""Give a command the options of how a file is read, as its argument *settings*."""
