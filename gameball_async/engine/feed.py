"""Rows from the caller, sync or async, read lazily and made ready for the wire in small batches."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Container,
    Generator,
    Iterable,
    Iterator,
)
from itertools import count, islice

import anyio
import anyio.lowlevel

from ..errors import ConfigurationError
from ..pipeline.batches import PrepareAll
from ..pipeline.rows import BadRow, Prepared, Row

__all__ = ["Feed", "Rows"]

Rows = Iterable[object] | AsyncIterable[object]
CLOSE_WITHIN = 5.0
"""Seconds that a caller's generator may take to clean up, at most."""

SLICE = 100
"""Rows that are made ready in one go: less than a millisecond of the event loop's time."""

PARSED_SLICE = 25
"""The same for rows of a file, each of which is parsed as it is read."""


class Feed:
    """
    Reads *rows* in batches; no row is read before it is asked for.

    Args:
        rows: any sync or async iterable of items, or of `Row` and `BadRow` with a position of
            their own; others are counted from 0.
        prepare: makes items ready, or tells what is wrong with them.

    Raises:
        ConfigurationError: *rows* cannot be iterated, or is one item instead of many.
    """

    def __init__(self, rows: Rows, prepare: PrepareAll) -> None:
        if isinstance(rows, (str, bytes, dict)):
            raise ConfigurationError(
                f"rows is a single {type(rows).__name__}: give an iterable of items, such as a list"
            )
        self._sync: Iterator[object] | None = None
        self._async: AsyncIterator[object] | None = None
        if isinstance(rows, AsyncIterable):
            self._async = aiter(rows)
        elif isinstance(rows, Iterable):
            self._sync = iter(rows)
        else:
            raise ConfigurationError("rows cannot be iterated: give a sync or async iterable")
        self._failure: Exception | None = None
        self._done: Container[int] | None = None
        self._reads = 0
        self._at_once = SLICE
        self._numbers = count()
        self._prepare = prepare

    async def batch(self) -> list[Prepared | BadRow]:
        """
        The next rows, made ready; an empty list at the end of the input.

        An error of the input comes out at the next call, after the rows that were read before it.
        """
        if self._failure is not None:
            raise self._failure
        if self._sync is not None:
            await anyio.lowlevel.checkpoint()
            return self._slice(self._sync)
        assert self._async is not None  # noqa: S101 - one of the two is set
        self._reads += 1
        if self._reads % SLICE == 0:
            await anyio.lowlevel.checkpoint()  # a generator that never waits must not hold the loop
        async for value in self._async:
            return self._ready([value])
        return []

    async def fresh(self) -> list[Prepared | BadRow]:
        """The next batch, without the rows to skip; an empty list at the end of the input."""
        while batch := await self.batch():
            if self._done is None:
                return batch
            fresh = [row for row in batch if row.position not in self._done]
            if fresh:
                return fresh
        return []

    def skip(self, done: Container[int]) -> None:
        """Leave out the rows at these positions: an earlier run has them."""
        self._done = done

    def _slice(self, rows: Iterator[object]) -> list[Prepared | BadRow]:
        values: list[object] = []
        try:
            values.extend(islice(rows, self._at_once))
        except Exception as error:
            if not values:
                raise
            self._failure = error
        return self._ready(values)

    async def aclose(self) -> Exception | None:
        """
        Close a caller's generator that was not read to its end, in `CLOSE_WITHIN` seconds at most.

        Returns:
            What the generator raised, which is the caller's code and no fault of this library.
        """
        with anyio.move_on_after(CLOSE_WITHIN, shield=True):
            try:
                if isinstance(self._sync, Generator):
                    self._sync.close()
                if isinstance(self._async, AsyncGenerator):
                    await self._async.aclose()
            except Exception as error:  # noqa: BLE001 - told to the reader, whatever it is
                return error
        return None

    def _ready(self, values: list[object]) -> list[Prepared | BadRow]:
        positions = list(islice(self._numbers, len(values)))
        kinds = set(map(type, values))
        if kinds.isdisjoint((Row, BadRow, Prepared)):
            return self._prepare(positions, values)
        # A source of our own, which counts by itself and has judged some rows already.
        self._at_once = PARSED_SLICE
        rows = [
            row if isinstance(row, Row) else Row(number, row)
            for number, row in zip(positions, values, strict=True)
            if not isinstance(row, (BadRow, Prepared))
        ]
        ready = iter(self._prepare([row.position for row in rows], [row.value for row in rows]))
        done = (BadRow, Prepared)
        return [value if isinstance(value, done) else next(ready) for value in values]
