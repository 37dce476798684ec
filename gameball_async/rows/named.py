"""A file that names rows by their lines: a rejects file, any CSV or JSONL with such a column, or plain numbers."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator

from attrs import field, frozen

from ..errors import InputError
from ..faults import Refusal
from .cells import read_json

_COLUMNS = ("line", "row")
_NUMBER = re.compile(r"[0-9]{1,18}")


@frozen
class NamedRows:
    """
    Rows that a file names.

    Attributes:
        path: of the file.
        lines: where in the file each row is named: its line there, by the row's own.
    """

    path: str = ""
    lines: dict[int, int] = field(factory=dict, repr=False)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> NamedRows:
        """
        Read a file that names rows.

        Its first character tells its form: a digit, one number a line; a brace, JSON objects with a
        member ``line`` (or ``row``); anything else, CSV with such a column, the last of that name.

        Raises:
            InputError: it cannot be read so, names a row twice, or names none.
        """
        named = cls(os.fspath(path))
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                text = file.read()
        except UnicodeDecodeError:
            raise InputError("is not UTF-8: save it as UTF-8", path=named.path) from None
        for line, value in _values(text, named.path):
            if _NUMBER.fullmatch(value) is None:
                raise InputError(
                    "has no line number here: name each row by its line, a whole number",
                    path=named.path,
                    line=line,
                )
            if named.lines.setdefault(int(value), line) != line:
                raise InputError(
                    f"names row {int(value)} a second time: remove one of the two",
                    path=named.path,
                    line=line,
                )
        if not named.lines:
            raise InputError(
                "names no rows: write one line number per line, or pass a rejects file",
                path=named.path,
            )
        return named


def _values(text: str, path: str) -> Iterator[tuple[int, str]]:
    """Each line of the file that names a row, and how."""
    first = text.lstrip()[:1]
    if first != "{" and not first.isdigit():
        yield from _cells(text, path)
        return
    read = _member if first == "{" else str.strip
    for line, each in enumerate(text.split("\n"), 1):
        if each.strip():
            yield line, read(each)


def _member(text: str) -> str:
    try:
        value = read_json(text)
    except Refusal:
        return ""
    if not isinstance(value, dict):
        return ""
    return next((str(value[name]) for name in _COLUMNS if name in value), "")


def _cells(text: str, path: str) -> Iterator[tuple[int, str]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        name = next((name for name in _COLUMNS if name in header), None)
        if name is None:
            raise InputError(
                "has no column `line`: pass a rejects file, or a file with one line number per "
                "line",
                path=path,
                line=1,
            )
        # A record of a rejects file may have more or fewer cells than the header: count from the end.
        column = len(header) - header[::-1].index(name) - 1 - len(header)
        for cells in reader:
            if cells:
                found = cells[column] if len(cells) >= -column else ""
                yield reader.line_num, found.strip()
    except csv.Error as error:
        raise InputError(f"is not CSV: {error}", path=path, line=reader.line_num) from None
