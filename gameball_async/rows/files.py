"""Files of rows, opened: by their name, their own first bytes, and what the caller says."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from typing import BinaryIO

from attrs import evolve

from ..api.kinds import Kind, KindName, kind_of
from ..errors import ConfigurationError, InputError
from ..mapping.local_times import zone_of
from ..mapping.rules import ColumnMapping
from .cells import text_of
from .dialect import Reading
from .file_rows import FileRows, WaitingRows
from .opened import Opened, bare_name
from .source import Source
from .text_files import TextSource
from .unknown import Unknown

FORMATS = {
    "csv": "csv", "tsv": "tsv", "tab": "tsv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "json",
    "parquet": "parquet", "arrow": "arrow", "feather": "arrow", "ipc": "arrow", "xlsx": "xlsx",
}  # fmt: skip
"""The forms of files, by the suffix of a name."""
TEXT_FORMATS = ("csv", "tsv", "jsonl", "json")
"""Those that can be read from a stream."""


def open_rows(
    path: str | os.PathLike[str],
    kind: Kind | KindName,
    *,
    unknown: Unknown = "warn",
    format: str | None = None,
    mapping: ColumnMapping | None = None,
    naive_as: str = "",
    delimiter: str | None = None,
    quote: str = '"',
    encoding: str | None = None,
    decimal_comma: bool | None = None,
    sheet: str | None = None,
    nulls: Sequence[str] = (),
    empty_is_null: bool = False,
    ids_from_numbers: bool = False,
    stream: BinaryIO | None = None,
) -> FileRows:
    """
    Open a file of rows and read its header and first record.

    Arguments:
        path: a regular file; text may be compressed with gzip or Zstandard.
        kind: the batch kind, or its name.
        unknown: what to do with columns that the API does not know: ``warn`` skips them and names
            them, ``error`` refuses the file, ``custom`` sends them as custom fields, ``send`` sends
            them under their names.
        format: ``csv``, ``tsv``, ``jsonl``, ``json`` (an array), ``parquet``, ``arrow`` or ``xlsx``; by
            default from the file name.
        mapping: how the file's columns become Gameball's; by default they are Gameball's already,
            or those of a shop's export, which is recognised from its header.
        naive_as: the time zone of times without one, such as ``Europe/Paris``.
        delimiter: between the cells of CSV; by default a comma, unless the first line shows another.
        quote: around cells of CSV; one character.
        encoding: of text; by default UTF-8, or what a byte order mark says.
        decimal_comma: numbers in text have a decimal comma; by default only if the numbers of a file
            whose columns are not separated by commas show it.
        sheet: the sheet of a workbook; by default the first.
        nulls: cells that mean no value, such as ``NULL``; they are not sent.
        empty_is_null: send an empty cell as null, which clears the field, instead of not sending it.
        ids_from_numbers: accept whole numbers in a Parquet or Arrow file as ids; pass it to `bulk` too.
        stream: bytes to read instead, such as standard input; *path* is then a name for messages.

    Raises:
        InputError: the file cannot be read, its header cannot be used, or it has no rows.
        ConfigurationError: the zone or the encoding does not exist, or the package that reads such
            files is not installed.
    """
    reading = Reading(
        format, delimiter, quote, encoding, decimal_comma, sheet, naive_as, nulls, empty_is_null
    )
    source = open_source(path, reading, stream=stream)
    return rows_from(
        source, kind, unknown=unknown, mapping=mapping, ids_from_numbers=ids_from_numbers
    )


def rows_from(
    source: Source,
    kind: Kind | KindName,
    *,
    unknown: Unknown = "warn",
    mapping: ColumnMapping | None = None,
    ids_from_numbers: bool = False,
) -> FileRows:
    """The rows of an open source; it is closed where they cannot be had."""
    made = WaitingRows if source.waits else FileRows
    try:
        if source.reading.zone:
            zone_of(source.reading.zone)
        return made(source, kind_of(kind), unknown, mapping, ids_from_numbers=ids_from_numbers)
    except BaseException:
        source.close()
        raise


def open_source(
    path: str | os.PathLike[str],
    reading: Reading,
    *,
    stream: BinaryIO | None = None,
    copy: str | None = None,
) -> Source:
    """
    Open a file in the form that *reading* or its name says.

    Raises:
        InputError: it cannot be read, or nothing says its form.
        ConfigurationError: what reads that form is not installed.
    """
    name = os.fspath(path)
    suffix = os.path.splitext(bare_name(name))[1].lstrip(".").lower()
    form = FORMATS.get(reading.format or suffix)
    if form is None:
        Opened(name).close()  # says so where it is no file at all
        raise InputError(
            "cannot tell the format from the file name: pass --format csv, tsv, jsonl, json, "
            "parquet, arrow or xlsx",
            path=name,
        )
    reading = evolve(reading, format=form)
    if form in ("parquet", "arrow"):
        try:
            from .arrow import ArrowSource
        except ImportError:
            raise ConfigurationError(
                "reading Parquet and Arrow files needs pyarrow: pip install 'gameball_async[arrow]'"
            ) from None
        return ArrowSource(path, reading)
    if form == "xlsx":
        from .excel import ExcelSource

        return ExcelSource(path, reading)
    return TextSource(path, reading, stream=stream, copy=copy)


def header_of(path: str | os.PathLike[str]) -> list[str]:
    """
    The names of a file's columns.

    Raises:
        InputError: the file cannot be read, is empty, or has no columns.
    """
    with closing(open_source(path, Reading())) as source:
        first = next(source.records(), None) if source.tabular else None
        if first is None or first.cells is None:
            raise source.error("is empty: the first line must name the columns", 1)
        return list(map(text_of, first.cells))
