"""
What a journal's frames hold, and how: each write of the run as one frame. `folding` adds them up.

A frame is a short JSON object with the name of the write, followed by packed columns where the write
has many rows.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson
from attrs import asdict, fields

from ..errors import JournalError
from ..rows.chunk import Chunk
from ..rows.outcome import Outcome, Reason, RowOutcome
from ..rows.row import Unchanged
from .header import FORMATS, Earlier, Header, Source
from .history import Stamp, Used
from .state import Entries

Write = Callable[[], bytes]
"""Makes a frame; called in whatever thread writes it."""


def _frame(name: str, values: Mapping[str, Any], *columns: bytes) -> bytes:
    head = orjson.dumps({"w": name, **values, "c": [len(column) for column in columns]})
    return b"".join((len(head).to_bytes(4, "little"), head, *columns))


def read(frame: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """A frame's values and its columns."""
    start = 4 + int.from_bytes(frame[:4], "little")
    values = orjson.loads(frame[4:start])
    columns = []
    for size in values["c"]:
        columns.append(frame[start : start + size])
        start += size
    return values, columns


def stamped(frame: bytes, stamp: Stamp) -> bytes:
    """The same frame, which says when it was written, and how many requests left before."""
    start = 4 + int.from_bytes(frame[:4], "little")
    head = orjson.dumps({**orjson.loads(frame[4:start]), **stamp.as_values()})
    return b"".join((len(head).to_bytes(4, "little"), head, frame[start:]))


def header(values: Header) -> bytes:
    """The first frame: which run it is."""
    source = values.source
    return _frame(
        "header",
        {
            **{name: getattr(values, name) for name in _HEADER},
            "source": {"name": source.name, "digest": source.digest, "settings": source.settings},
            **({} if values.earlier is None else {"earlier": asdict(values.earlier)}),
            **({} if values.merge_by is None else {"merge_by": values.merge_by}),
        },
    )


_HEADER = ("kind", "account", "origin", "version", "chunking", "format", "run")


def header_of(frame: bytes) -> Header:
    """
    Which run a journal is of.

    Raises:
        JournalError: its format is newer than this version knows.
    """
    values, _ = read(frame)
    if values["format"] not in FORMATS:
        raise JournalError(
            f"the journal's format is {values['format']}, which this version does not know: resume "
            "it with the version of gameball_async that wrote it, or a newer one"
        )
    earlier = values.get("earlier")
    return Header(
        **{name: values[name] for name in _HEADER},
        source=Source(**values["source"]),
        earlier=None if earlier is None else Earlier(**earlier),
        merge_by=values.get("merge_by"),
    )


def intended(chunk: Chunk, resent: bool) -> Write:
    """
    From now on bytes of the chunk may leave.

    The lists are copied here: the chunk's own change once it is sent.
    """
    positions, keys, ids = chunk.positions, list(chunk.keys), chunk.item_ids
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
    return lambda: _frame("rejected", {"rows": len(found)}, _pack(orjson.dumps(found)))


def unchanged(rows: Sequence[Unchanged]) -> Write:
    """These rows are not sent: an earlier run has applied the same; their digests travel with them."""
    positions = array("q", [row.position for row in rows]).tobytes()
    keys = [row.key for row in rows]
    ids = None if rows[0].item_id is None else [row.item_id for row in rows]
    digests = b"".join([row.digest for row in rows])
    return lambda: _frame(
        "unchanged", {}, _pack(positions), _pack(orjson.dumps([keys, ids])), digests
    )


def input_ended() -> bytes:
    """The input was read to its end."""
    return _frame("input ended", {})


def used(values: Used) -> bytes:
    """What the runs have used so far."""
    return _frame("used", asdict(values))


def used_of(values: Mapping[str, Any]) -> Used:
    """The same, from a frame; an earlier version noted less."""
    return Used(**{each.name: values[each.name] for each in fields(Used) if each.name in values})


def resolved(applied: Iterable[int], not_applied: Iterable[int], by: str = "hand") -> bytes:
    """Somebody looked, or the balances did: these rows in doubt were applied, and those were not."""
    return _frame("resolved", {"by": by}, _packed(applied), _packed(not_applied))


def retried(run: str, journal: str, rows: Iterable[int]) -> bytes:
    """These rows are sent again by another run, whose journal is named."""
    return _frame("retried", {"run": run, "journal": journal}, _packed(rows))


def _packed(positions: Iterable[int]) -> bytes:
    return _pack(array("q", sorted(positions)).tobytes())


def _lines(entries: Mapping[int, Mapping[str, Any]]) -> Iterator[bytes]:
    for index, entry in entries.items():
        with suppress(TypeError):  # nested deeper than can be written: the run itself has told it
            yield orjson.dumps([index, entry])


def _reason(reason: Reason | None) -> list[Any]:
    return [] if reason is None else [reason.text, reason.code, reason.field]


def _pack(data: bytes) -> bytes:
    return zlib.compress(data, 1)
