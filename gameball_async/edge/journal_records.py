"""
What a journal's tables hold, and how: each record packed, with a checksum over all of it.

A record whose checksum does not match is damaged, and is refused rather than believed.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from ..errors import JournalError
from ..model.outcomes import Outcome, Reason, RowOutcome
from ..pipeline.chunks import Chunk
from ..pipeline.ledger import FORMAT, ChunkRecord, Header, Odd, Source, Stage

__all__ = [
    "CHUNK",
    "ODD",
    "SCHEMA",
    "checksum",
    "chunk_record",
    "header_record",
    "odd_record",
    "odd_values",
    "packed_chunk",
]

SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE chunk (
    number INTEGER PRIMARY KEY, stage INTEGER NOT NULL, job_id INTEGER, resent INTEGER NOT NULL,
    positions BLOB NOT NULL, names BLOB, payloads BLOB, succeeded INTEGER NOT NULL,
    sum INTEGER NOT NULL
);
CREATE TABLE odd (
    position INTEGER NOT NULL, chunk INTEGER, outcome TEXT NOT NULL, key TEXT, job_id INTEGER,
    code INTEGER, text TEXT, field TEXT, payload BLOB, sum INTEGER NOT NULL
);
CREATE INDEX odd_of_chunk ON odd (chunk);
"""
CHUNK = "number, stage, job_id, resent, positions, names, payloads, succeeded"
ODD = "position, chunk, outcome, key, job_id, code, text, field, payload"


def checksum(*values: object) -> int:
    """Of a record's values, each with its length."""
    total = 0
    for value in values:
        data = value if isinstance(value, bytes) else repr(_plain(value)).encode()
        total = zlib.crc32(b"%d:" % len(data), total)
        total = zlib.crc32(data, total)
    return total


def _plain(value: object) -> object:
    return int(value) if isinstance(value, bool) else value


def _pack(data: bytes) -> bytes:
    return zlib.compress(data, 1)


def packed_chunk(chunk: Chunk) -> Callable[[], tuple[bytes, bytes, bytes]]:
    """
    Positions, names and payloads of a chunk as it is now; packed when called, in whatever thread.

    The lists are copied here: the chunk's own change once it is sent.
    """
    positions, keys, ids = list(chunk.positions), list(chunk.keys), chunk.item_ids
    payloads = list(chunk.payloads)

    def pack() -> tuple[bytes, bytes, bytes]:
        names = orjson.dumps([keys, ids])
        return _pack(array("q", positions).tobytes()), _pack(names), _pack(b"\n".join(payloads))

    return pack


def header_record(values: dict[str, Any]) -> Header:
    """What run a journal is of; refuses one of a newer format."""
    if values.get("format", 0) > FORMAT:
        raise JournalError(
            f"the journal's format is {values['format']}, which this version does not know: resume "
            "it with the version of gameball_async that wrote it, or a newer one"
        )
    return Header(**{**values, "source": Source(**values["source"])})


def chunk_record(values: Sequence[Any]) -> ChunkRecord:
    """A row of the table `chunk`."""
    number, stage, job_id, resent, positions, names, payloads, succeeded = values
    where = array("q")
    where.frombytes(zlib.decompress(positions))
    keys, ids = orjson.loads(zlib.decompress(names)) if names is not None else ([], None)
    lines = zlib.decompress(payloads).split(b"\n") if payloads is not None else []
    return ChunkRecord(
        number, Stage(stage), job_id, bool(resent), where, keys, ids, lines, succeeded
    )


def odd_values(odd: Odd) -> tuple[Any, ...]:
    """What the table `odd` holds of a row."""
    row, reason = odd.row, odd.row.reason or Reason("")
    return (
        row.position, row.chunk, row.outcome.value, row.key, row.job_id,
        reason.code, reason.text, reason.field, odd.payload,
    )  # fmt: skip


def odd_record(values: Sequence[Any]) -> Odd:
    """A row of the table `odd`."""
    position, chunk, outcome, key, job_id, code, text, where, payload = values
    reason = Reason(text, code, where) if text or code is not None else None
    return Odd(RowOutcome(position, Outcome(outcome), key, reason, job_id, chunk), payload)
