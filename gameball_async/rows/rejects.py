"""
The rejects file: the rows that did not succeed, as they stood in the input, with the reason.

Outcomes come in any order and are kept in a temporary database until the end, so that memory does
not grow with them. Then the input is read again and its records are written in its order, with
four columns more: ``outcome``, ``code``, ``reason`` and ``line``. The file can be mended and given
to the same command again.

Tables of any form, Excel and Parquet too, give CSV, JSON gives JSON lines.

CSV: a record keeps the cells it had, more or fewer than the header's, and the four follow them.
Cells that a spreadsheet would run as formulas get a quote in front, which reading takes off again.
JSON lines: the four are the last names of the object; a line that is no object is kept under ``row``,
or under ``text`` if it is not JSON.
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, TextIO

from attrs import asdict, evolve, frozen

from ..errors import ConfigurationError
from ..faults import Refusal
from .added import (
    ADDED,
    TEXT,
    WHOLE,
    is_rejects_header,
    must_not_repeat,
    original_cells,
    outcome_of,
)
from .cells import neutralised, read_json, text_of
from .closing import Closing
from .dialect import csv_options
from .file_rows import FileRows
from .files import FORMATS
from .outcome import Outcome, Reason, RowOutcome
from .records import Record
from .replacing import Replacement, refuse_unfit
from .source import Source
from .text_files import TextSource


@frozen
class _Reject:
    """What became of a record, as the four columns say it."""

    outcome: str
    code: int | None
    reason: str
    line: int

    def as_cells(self) -> list[str]:
        code = "" if self.code is None else str(self.code)
        return [self.outcome, code, neutralised(self.reason), str(self.line)]


class RejectsFile(Closing):
    """
    Collects the rows that did not succeed, and writes the rejects file at the end.

    A context manager: leaving it drops what was collected; only :meth:`write` writes the file.

    Arguments:
        path: the file to write. An existing file is replaced once the new one is complete.
        rows: the open input. It is read again from its path, and must not change until then.

    Raises:
        ConfigurationError: *path* is the input itself, or something that is not a regular file.
    """

    def __init__(self, path: str | os.PathLike[str], rows: FileRows) -> None:
        self.path: str = os.fspath(path)
        self._source = rows.source
        self._kind = rows.kind
        self._mapped = rows.mapped
        self._refuse_unfit_target()
        # The empty name makes a private file of mode 0600 that is gone when it is closed.
        self._spool = sqlite3.connect("", isolation_level=None)
        self._spool.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096;"
            "CREATE TABLE rejects (outcome TEXT, code INTEGER, reason TEXT, line INTEGER PRIMARY KEY)"
        )

    def _refuse_unfit_target(self) -> None:
        refuse_unfit(self.path)
        given = self._source.path
        if (
            os.path.exists(self.path)
            and os.path.exists(given)
            and os.path.samefile(self.path, given)
        ):
            raise ConfigurationError(
                f"{self.path} is the input: name another file for the rejects (--rejects)"
            )
        named = FORMATS.get(os.path.splitext(self.path)[1].lstrip(".").lower())
        fit = ("csv", "tsv") if self._source.tabular else ("jsonl",)
        if named is not None and named not in fit:
            raise ConfigurationError(
                f"{self.path}: the rejects of this input are written as {fit[0]}: give the file "
                f"the suffix .{fit[0]}"
            )

    def close(self) -> None:
        """Drop what was collected. Safe to call twice."""
        self._spool.close()

    def add(self, outcomes: Iterable[RowOutcome]) -> None:
        """
        Note the rows that did not succeed; a later outcome of a row replaces an earlier one.

        Pending rows are skipped: their job is still open, and a second import would apply them twice.
        """
        self._spool.executemany(
            "INSERT OR REPLACE INTO rejects VALUES (?, ?, ?, ?)",
            (
                (
                    row.outcome.value,
                    row.reason and row.reason.code,
                    reason_text(row.reason),
                    row.position,
                )
                for row in outcomes
                if row.outcome not in (Outcome.SUCCEEDED, Outcome.UNCHANGED, Outcome.PENDING)
            ),
        )

    def write(self) -> int:
        """
        Write the file, with mode 0600, replace an earlier one, and return how many rows it has.

        Raises:
            InputError: the input has changed since it was opened.
        """
        with closing(self._source.again()) as source:
            if self._source.stamp and source.stamp != self._source.stamp:
                raise source.error(
                    "has changed since it was read, so no rejects were written: put it back as "
                    "it was, then `gameball-async resume JOURNAL --rejects FILE` writes them"
                )
            write = self._write_cells if source.tabular else self._write_json
            with Replacement(self.path, source.reading.encoding or "utf-8") as out:
                return write(source, out)

    def _rejected(self, groups: Iterator[list[Record]]) -> Iterator[tuple[Record, _Reject]]:
        """The records of the rows that did not succeed, in the order of the input."""
        rejects = self._spool.execute("SELECT * FROM rejects ORDER BY line")
        for row in rejects:
            reject = _Reject(*row)
            for group in groups:
                if group[0].line == reject.line:
                    yield from ((record, reject) for record in group)
                    break
            else:
                raise self._source.error(
                    "no longer has this row, so no rejects were written: put it back as it was, "
                    "then `gameball-async resume JOURNAL --rejects FILE` writes them",
                    reject.line,
                )

    def _write_cells(self, source: Source, out: TextIO) -> int:
        records = map(_as_text, source.records())
        header = next(records).cells or []
        again = is_rejects_header(header)
        names = original_cells(header) if again else header
        if isinstance(source, TextSource) and source.lines.has_mark:
            out.write("\ufeff")
        writer = csv.writer(out, lineterminator="\r\n", **csv_options(source.reading))
        writer.writerow([*map(neutralised, names), *ADDED])
        count = 0
        groups: Iterator[list[Record]] = ([record] for record in records)
        if self._mapped is not None:
            groups = self._mapped.groups(records, len(ADDED) if again else 0)
        for record, reject in self._rejected(groups):
            cells = [record.text] if record.cells is None else record.cells
            kept, added = cells, reject.as_cells()
            if again and record.cells is not None:
                kept, before = original_cells(cells), cells[-len(ADDED) :]
                # Still in doubt: the next import must refuse it as well.
                added = before if must_not_repeat(self._kind, before[0]) else added
            writer.writerow([*map(neutralised, kept), *added])
            count += record.line == reject.line
        return count

    def _write_json(self, source: Source, out: TextIO) -> int:
        count = 0
        for record, reject in self._rejected([each] for each in source.records()):
            # A member of an array may span lines; within a text there is none.
            out.write(self._json_line(record.text.replace("\n", " "), reject) + "\n")
            count += 1
        return count

    def _json_line(self, text: str, reject: _Reject) -> str:
        """A line of JSON with the four members; its own text is kept letter by letter."""
        members = json.dumps(asdict(reject), ensure_ascii=False)[1:]
        try:
            value = read_json(text)
        except Refusal:
            return f"{{{json.dumps(TEXT)}: {json.dumps(text, ensure_ascii=False)}, {members}"
        if must_not_repeat(self._kind, outcome_of(value)):
            return text  # still in doubt: the next import must refuse it as well
        if isinstance(value, dict):
            bare = _without_members(text, value)
            names = tuple(value) if bare is None else tuple(value)[: -len(ADDED)]
            taken = set(names) & {*ADDED} or (bare is None and names in ((WHOLE,), (TEXT,)))
            if names and not taken:
                return f"{(bare or text)[:-1].rstrip()}, {members}"
        return f"{{{json.dumps(WHOLE)}: {text}, {members}"


def _as_text(record: Record) -> Record:
    """A record whose cells are text; what has none is left empty."""
    return record if record.cells is None else evolve(record, cells=list(map(_text, record.cells)))


def _text(cell: object) -> str:
    try:
        return text_of(cell)
    except Refusal:
        return ""


def reason_text(reason: Reason | None) -> str:
    """Why, with the field at fault in front; empty for a plain success."""
    if reason is None:
        return ""
    return f"{reason.field}: {reason.text}" if reason.field else reason.text


def _without_members(text: str, value: dict[str, Any]) -> str | None:
    """A line of an earlier rejects file without its four members; None for any other line."""
    if tuple(value)[-len(ADDED) :] != ADDED:
        return None
    try:
        old = ", " + json.dumps({name: value[name] for name in ADDED}, ensure_ascii=False)[1:]
    except (TypeError, ValueError):
        return None
    return text.removesuffix(old) + "}" if text.endswith(old) else None
