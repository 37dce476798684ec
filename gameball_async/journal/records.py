"""
What a journal's frames hold, and how: each write of the run as one frame, and the state that they add up to.

A frame is a short JSON object with the name of the write, followed by packed columns where the write
has many rows. What a chunk held is looked up again only where something of it is still needed.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import orjson
from attrs import define

from ..errors import JournalError
from ..rows.chunk import Chunk
from ..rows.outcome import Outcome, Reason, RowOutcome
from .state import (
    DOUBT,
    FORMAT,
    OPEN,
    ChunkRecord,
    Entries,
    Header,
    Odd,
    Resumable,
    Source,
    Stage,
    Used,
    odd_rows,
)

__all__ = [
    "Folding",
    "accepted",
    "dropped",
    "header",
    "header_of",
    "input_ended",
    "intended",
    "learned",
    "rejected",
    "settled",
    "used",
]

Write = Callable[[], bytes]
"""Makes a frame; called in whatever thread writes it."""


def _frame(name: str, values: Mapping[str, Any], *columns: bytes) -> bytes:
    head = orjson.dumps({"w": name, **values, "c": [len(column) for column in columns]})
    return b"".join((len(head).to_bytes(4, "little"), head, *columns))


def _read(frame: bytes) -> tuple[dict[str, Any], list[bytes]]:
    start = 4 + int.from_bytes(frame[:4], "little")
    values = orjson.loads(frame[4:start])
    columns = []
    for size in values["c"]:
        columns.append(frame[start : start + size])
        start += size
    return values, columns


def header(values: Header) -> bytes:
    """The first frame: which run it is."""
    source = values.source
    return _frame(
        "header",
        {
            **{name: getattr(values, name) for name in _HEADER},
            "source": {"name": source.name, "digest": source.digest, "settings": source.settings},
        },
    )


_HEADER = ("kind", "account", "origin", "version", "chunking", "format", "run")


def header_of(frame: bytes) -> Header:
    """
    Which run a journal is of.

    Raises:
        JournalError: its format is newer than this version knows.
    """
    values, _ = _read(frame)
    if values["format"] != FORMAT:
        raise JournalError(
            f"the journal's format is {values['format']}, which this version does not know: resume "
            "it with the version of gameball_async that wrote it, or a newer one"
        )
    return Header(**{name: values[name] for name in _HEADER}, source=Source(**values["source"]))


def intended(chunk: Chunk, resent: bool) -> Write:
    """
    From now on bytes of the chunk may leave.

    The lists are copied here: the chunk's own change once it is sent.
    """
    positions, keys, ids = list(chunk.positions), list(chunk.keys), chunk.item_ids
    payloads, number = list(chunk.payloads), chunk.number

    def frame() -> bytes:
        return _frame(
            "intended",
            {"n": number, "resent": resent},
            _pack(array("q", positions).tobytes()),
            _pack(orjson.dumps([keys, ids])),
            _pack(b"\n".join(payloads)),
        )

    return frame


def accepted(number: int, job_id: int, resent: bool) -> bytes:
    """The chunk has become a job."""
    return _frame("accepted", {"n": number, "job": job_id, "resent": resent})


def settled(
    number: int,
    outcomes: Sequence[Outcome],
    reasons: Mapping[int, Reason],
    entries: Entries | None = None,
) -> Write:
    """Each row of the chunk has its outcome; entries that say more of some rows travel with it."""

    def frame() -> bytes:
        odd = [
            [index, outcome.value, *_reason(reasons.get(index))]
            for index, outcome in enumerate(outcomes)
            if outcome is not Outcome.SUCCEEDED
        ]
        succeeded = outcomes.count(Outcome.SUCCEEDED)
        columns = [_pack(orjson.dumps(odd))]
        if entries is not None and (telling := entries()):
            columns.append(_pack(b"\n".join(_lines(telling))))
        return _frame("settled", {"n": number, "succeeded": succeeded}, *columns)

    return frame


def learned(dialect: str) -> bytes:
    """Which status path answers."""
    return _frame("learned", {"dialect": dialect})


def dropped(number: int) -> bytes:
    """The chunk provably was not applied, and may be sent as if it were new."""
    return _frame("dropped", {"n": number})


def rejected(rows: Iterable[RowOutcome]) -> Write:
    """These rows never become items."""
    found = [[row.position, row.outcome.value, row.key, *_reason(row.reason)] for row in rows]
    return lambda: _frame("rejected", {}, _pack(orjson.dumps(found)))


def input_ended() -> bytes:
    """The input was read to its end."""
    return _frame("input ended", {})


def used(values: Used) -> bytes:
    """What the runs have used so far."""
    return _frame(
        "used",
        {
            "seconds": values.seconds,
            "requests": values.requests,
            "polls": values.polls,
            "rate_limited": values.rate_limited,
        },
    )


def _lines(entries: Mapping[int, Mapping[str, Any]]) -> Iterator[bytes]:
    for index, entry in entries.items():
        with suppress(TypeError):  # nested deeper than can be written: the run itself has told it
            yield orjson.dumps([index, entry])


def _reason(reason: Reason | None) -> list[Any]:
    return [] if reason is None else [reason.text, reason.code, reason.field]


def _pack(data: bytes) -> bytes:
    return zlib.compress(data, 1)


@define
class _Kept:
    """What is kept of a chunk while the frames are read: where the rest of it is."""

    start: int
    record: ChunkRecord
    odd: bytes | None = None
    told: int = 0  # where the outcomes are


class Folding:
    """
    Adds up frames to what a journal says.

    Args:
        frame: gives the frame that begins at a place of the file again.
    """

    def __init__(self, frame: Callable[[int], bytes]) -> None:
        self._frame = frame
        self._header: Header | None = None
        self._chunks: dict[int, _Kept] = {}
        self._rejected: list[bytes] = []
        self._ended = False
        self._used = Used()
        self._dialect: str | None = None

    def add(self, start: int, frame: bytes) -> None:
        """Take in the frame that begins at *start*."""
        values, columns = _read(frame)
        match values["w"]:
            case "header":
                self._header = header_of(frame)
            case "intended":
                positions = _positions(columns[0])
                record = ChunkRecord(
                    values["n"], Stage.INTENDED, None, bool(values["resent"]), positions
                )
                self._chunks[values["n"]] = _Kept(start, record)
            case "accepted":
                record = self._chunks[values["n"]].record
                record.stage, record.job_id = Stage.ACCEPTED, values["job"]
                record.resent = bool(values["resent"])
            case "settled":
                kept = self._chunks[values["n"]]
                kept.record.stage, kept.record.succeeded = Stage.SETTLED, values["succeeded"]
                kept.odd, kept.told = columns[0], start
            case "dropped":
                self._chunks.pop(values["n"], None)
                self._ended = False  # its rows are to be read again
            case "rejected":
                self._rejected.append(columns[0])
            case "input ended":
                self._ended = True
            case "learned":
                self._dialect = values["dialect"]
            case "used":
                self._used = Used(
                    values["seconds"], values["requests"], values["polls"], values["rate_limited"]
                )
            case name:
                raise ValueError(name)

    def state(self, recent: list[float]) -> Resumable:
        """What the journal says."""
        assert self._header is not None  # noqa: S101 - the first frame of each file
        records = [kept.record for _, kept in sorted(self._chunks.items())]
        odd = [row for _, kept in sorted(self._chunks.items()) for row in self._rest_of(kept)]
        odd.extend(Odd(row) for column in self._rejected for row in _rejected_rows(column))
        return Resumable(self._header, records, odd, self._ended, self._used, recent, self._dialect)

    def _rest_of(self, kept: _Kept) -> Iterator[Odd]:
        """Look up what is still needed of a chunk; the rows that did not plainly succeed."""
        record = kept.record
        outcomes, reasons = _fates(kept)
        if record.stage is Stage.SETTLED and outcomes.count(Outcome.SUCCEEDED) == len(outcomes):
            return
        _, columns = _read(self._frame(kept.start))
        keys, ids = orjson.loads(zlib.decompress(columns[1]))
        payloads = zlib.decompress(columns[2]).split(b"\n")
        if record.stage is not Stage.SETTLED:
            record.keys, record.item_ids, record.payloads = keys, ids, payloads
            return
        chunk = Chunk(record.number, list(record.positions), keys, ids, payloads)
        yield from odd_rows(chunk, outcomes, reasons, record.job_id)

    def rows(self, *, open_too: bool) -> Iterator[RowOutcome]:
        """
        Every row with its outcome and result, looked up chunk by chunk.

        Args:
            open_too: also the rows of chunks that have no outcomes yet.
        """
        for column in self._rejected:
            yield from _rejected_rows(column)
        for number, kept in sorted(self._chunks.items()):
            record = kept.record
            if record.stage is not Stage.SETTLED and not open_too:
                continue
            outcomes, reasons = _fates(kept)
            _, columns = _read(self._frame(kept.start))
            keys, _ = orjson.loads(zlib.decompress(columns[1]))
            entries = self._entries(kept)
            for index, position in enumerate(record.positions):
                yield RowOutcome(
                    position, outcomes[index], keys[index], reasons.get(index),
                    record.job_id, number, partial(entries.get, index),
                )  # fmt: skip

    def _entries(self, kept: _Kept) -> dict[int, Mapping[str, Any]]:
        if kept.record.stage is not Stage.SETTLED:
            return {}
        _, columns = _read(self._frame(kept.told))
        lines = zlib.decompress(columns[1]).split(b"\n") if len(columns) > 1 else []
        return dict(orjson.loads(line) for line in lines if line)


def _fates(kept: _Kept) -> tuple[list[Outcome], dict[int, Reason]]:
    """The outcome of each row of a chunk, and the reasons of some."""
    rows = len(kept.record.positions)
    if kept.odd is None:
        pending = kept.record.stage is Stage.ACCEPTED
        outcome, why = (Outcome.PENDING, OPEN) if pending else (Outcome.INDETERMINATE, DOUBT)
        return [outcome] * rows, dict.fromkeys(range(rows), why)
    outcomes = [Outcome.SUCCEEDED] * rows
    reasons = {}
    for index, outcome, *reason in orjson.loads(zlib.decompress(kept.odd)):
        outcomes[index] = Outcome(outcome)
        if reason:
            reasons[index] = Reason(*reason)
    return outcomes, reasons


def _positions(column: bytes) -> Sequence[int]:
    where = array("q")
    where.frombytes(zlib.decompress(column))
    return where


def _rejected_rows(column: bytes) -> Iterator[RowOutcome]:
    for position, outcome, key, *reason in orjson.loads(zlib.decompress(column)):
        yield RowOutcome(position, Outcome(outcome), key, Reason(*reason) if reason else None)
