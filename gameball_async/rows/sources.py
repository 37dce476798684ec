"""Which form a file has, and what reads it."""

from __future__ import annotations

import os
from typing import BinaryIO

from attrs import evolve

from ..errors import InputError
from .dialect import Reading
from .opened import Opened, bare_name
from .source import Source
from .text_files import TextSource

__all__ = ["FORMATS", "TEXT_FORMATS", "format_of", "open_source"]

FORMATS = {
    "csv": "csv", "tsv": "tsv", "tab": "tsv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "json",
    "parquet": "parquet", "arrow": "arrow", "feather": "arrow", "ipc": "arrow", "xlsx": "xlsx",
}  # fmt: skip
"""The forms of files, by the suffix of a name."""


TEXT_FORMATS = ("csv", "tsv", "jsonl", "json")
"""Those that can be read from a stream."""


def format_of(path: str, given: str | None) -> str:
    """
    The form of a file, as it is given or as the name says.

    Raises:
        InputError: neither says one.
    """
    suffix = os.path.splitext(bare_name(path))[1].lstrip(".").lower()
    found = FORMATS.get(given or suffix)
    if found is None:
        Opened(path).close()  # says so where it is no file at all
        raise InputError(
            "has a name that does not show its format: pass --format csv, tsv, jsonl, json, parquet, "
            "arrow or xlsx",
            path=path,
        )
    return found


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
        InputError: it cannot be read.
        ConfigurationError: what reads that form is not installed.
    """
    form = format_of(os.fspath(path), reading.format)
    reading = evolve(reading, format=form)
    if form in ("parquet", "arrow"):
        from .arrow_files import ArrowSource

        return ArrowSource(path, reading)
    if form == "xlsx":
        from .excel import ExcelSource

        return ExcelSource(path, reading)
    return TextSource(path, reading, stream=stream, copy=copy)
