"""
Adds up the frames of a journal to what it says.

What a chunk held is looked up again only where something of it is still needed.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any

import orjson
from attrs import define, evolve, field, frozen

from ..rows.chunk import Chunk, compact
from ..rows.content import SIZE, digest_of
from ..rows.outcome import Outcome, Reason, RowOutcome
from .header import Header
from .history import History, Used
from .records import header_of, read, used_of
from .state import DOUBT, OPEN, ChunkRecord, Odd, Positions, Resumable, Retried, Stage, odd_rows


def settled_reason(by: str, verdict: str) -> Reason:
    """Why a row that was in doubt is not any more: *by* ``hand`` or ``balances``."""
    return Reason(f"settled by {by}: {verdict}")


@frozen
class Contents:
    """
    What some rows held.

    Attributes:
        ids: each row's order or transaction id, or its customer's where it has none.
        digests: of what each holds.
        applied: whether Gameball has it.
        sent: whether they were sent by this run, not found unchanged.
    """

    ids: Sequence[str] = field(repr=False)
    digests: Sequence[bytes] = field(repr=False)
    applied: Sequence[bool] = field(repr=False)
    sent: bool


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
        self._history = History()
        self._dialect: str | None = None
        self._settled: list[tuple[Positions, Outcome, Reason]] = []
        self._retried: list[Retried] = []
        self._unchanged: list[tuple[int, Sequence[int]]] = []

    def add(self, start: int, frame: bytes) -> None:
        """Take in the frame that begins at *start*."""
        values, columns = read(frame)
        self._history.add(values)
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
            case "unchanged":
                self._unchanged.append((start, _positions(columns[0])))
            case "input ended":
                self._ended = True
            case "learned":
                self._dialect = values["dialect"]
            case "resolved":
                by = values.get("by", "hand")
                self._resolve(columns[0], Outcome.SUCCEEDED, settled_reason(by, "applied"))
                self._resolve(columns[1], Outcome.FAILED, settled_reason(by, "not applied"))
            case "retried":
                rows = Positions(_positions(columns[0]))
                self._retried.append(Retried(values["run"], values["journal"], rows))
            case "used":
                self._used = used_of(values)
            case name:
                raise ValueError(name)

    def _resolve(self, column: bytes, outcome: Outcome, why: Reason) -> None:
        """These rows in doubt have this outcome; what was settled first stays."""
        self._settled.append((Positions(_positions(column)), outcome, why))

    def state(self, recent: list[float]) -> Resumable:
        """What the journal says."""
        assert self._header is not None  # noqa: S101 - the first frame of each file
        records = [kept.record for _, kept in sorted(self._chunks.items())]
        odd = [row for _, kept in sorted(self._chunks.items()) for row in self._rest_of(kept)]
        odd.extend(Odd(row) for column in self._rejected for row in _rejected_rows(column))
        # What a process that was killed, or goes on, has not added yet, was used too.
        (requests, seconds), used = self._history.since, self._used
        used = evolve(used, requests=used.requests + requests, seconds=used.seconds + seconds)
        unchanged = [positions for _, positions in self._unchanged]
        return Resumable(
            self._header, records, odd, self._ended, used, recent, self._dialect, self._retried,
            unchanged, self._history,
        )  # fmt: skip

    def _rest_of(self, kept: _Kept) -> Iterator[Odd]:
        """Look up what is still needed of a chunk; the rows that did not plainly succeed."""
        record = kept.record
        outcomes, reasons = self._fates(kept)
        if record.stage is Stage.SETTLED:
            record.succeeded = outcomes.count(Outcome.SUCCEEDED)
            if record.succeeded == len(outcomes):
                return
        keys, ids, packed = self._held(kept.start)
        payloads = _lines(packed)
        if record.stage is not Stage.SETTLED:
            record.keys, record.item_ids, record.payloads = keys, ids, payloads
            return
        chunk = Chunk(record.number, record.positions, keys, ids, payloads)
        yield from odd_rows(chunk, outcomes, reasons, record.job_id)

    def _held(self, start: int) -> tuple[list[str], Any, bytes]:
        """The keys and ids of the rows of a frame, and its last column, as it is packed."""
        _, (_, named, packed) = read(self._frame(start))
        keys, ids = orjson.loads(zlib.decompress(named))
        return keys, ids, packed

    def rows(self, *, open_too: bool) -> Iterator[RowOutcome]:
        """
        Every row with its outcome and result, looked up chunk by chunk.

        Args:
            open_too: also the rows of chunks that have no outcomes yet.
        """
        for column in self._rejected:
            yield from _rejected_rows(column)
        for start, positions in self._unchanged:
            keys, _, _ = self._held(start)
            for position, key in zip(positions, keys, strict=True):
                yield RowOutcome(position, Outcome.UNCHANGED, key)
        for number, kept in sorted(self._chunks.items()):
            record = kept.record
            if record.stage is not Stage.SETTLED and not open_too:
                continue
            outcomes, reasons = self._fates(kept)
            keys, _, _ = self._held(kept.start)
            entries = self._entries(kept)
            for index, position in enumerate(record.positions):
                yield RowOutcome(
                    position, outcomes[index], keys[index], reasons.get(index),
                    record.job_id, number, entries.get, index,
                )  # fmt: skip

    def contents(self) -> Iterator[Contents]:
        """
        What each row that became an item held, looked up bit by bit.

        Rows of one id come in the order in which they went out: whatever is unchanged was read before
        the first row of its id that was sent.
        """
        for start, _ in self._unchanged:
            keys, ids, digests = self._held(start)
            found = [digests[n : n + SIZE] for n in range(0, len(digests), SIZE)]
            yield Contents(ids or keys, found, [True] * len(keys), sent=False)
        for _, kept in sorted(self._chunks.items()):
            outcomes, _ = self._fates(kept)
            keys, ids, packed = self._held(kept.start)
            payloads = _lines(packed)
            applied = [outcome is Outcome.SUCCEEDED for outcome in outcomes]
            yield Contents(ids or keys, [*map(digest_of, payloads)], applied, sent=True)

    def items(self, keys: Container[str]) -> Iterator[tuple[RowOutcome, bytes]]:
        """The rows of these customers that were sent, each with its bytes, in the order of sending."""
        for number, kept in sorted(self._chunks.items()):
            record = kept.record
            found, _, packed = self._held(kept.start)
            if not any(key in keys for key in found):
                continue
            outcomes, reasons = self._fates(kept)
            payloads = _lines(packed)
            for index, key in enumerate(found):
                if key in keys:
                    row = RowOutcome(record.positions[index], outcomes[index], key,
                                     reasons.get(index), record.job_id, number)  # fmt: skip
                    yield row, payloads[index]

    def _entries(self, kept: _Kept) -> dict[int, Mapping[str, Any]]:
        if kept.record.stage is not Stage.SETTLED:
            return {}
        _, columns = read(self._frame(kept.told))
        lines = _lines(columns[1]) if len(columns) > 1 else []
        return dict(orjson.loads(line) for line in lines if line)

    def _fates(self, kept: _Kept) -> tuple[list[Outcome], dict[int, Reason]]:
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
            if outcomes[index] is Outcome.INDETERMINATE:
                position = kept.record.positions[index]
                for settled, end, why in self._settled:
                    if position in settled:
                        outcomes[index], reasons[index] = end, why
                        break
        return outcomes, reasons


def _lines(column: bytes) -> list[bytes]:
    return zlib.decompress(column).split(b"\n")


def _positions(column: bytes) -> Sequence[int]:
    where = array("q")
    where.frombytes(zlib.decompress(column))
    return compact(where)


def _rejected_rows(column: bytes) -> Iterator[RowOutcome]:
    for position, outcome, key, *reason in orjson.loads(zlib.decompress(column)):
        yield RowOutcome(position, Outcome(outcome), key, Reason(*reason) if reason else None)
