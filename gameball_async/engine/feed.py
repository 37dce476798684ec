"""Rows from the caller, sync or async, read lazily and made ready for the wire in small batches."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Container,
    Generator,
    Iterable,
    Iterator,
)
from itertools import count, islice

import anyio
import anyio.lowlevel

from ..errors import ConfigurationError
from ..pipeline.rows import BadRow, Prepared, Row

__all__ = ["Feed", "Prepare", "Rows"]

Rows = Iterable[object] | AsyncIterable[object]
Prepare = Callable[[int, object], Prepared | BadRow]

CLOSE_WITHIN = 5.0
"""Seconds that a caller's generator may take to clean up, at most."""

SLICE = 50
"""Rows that are made ready in one go: about a millisecond of the event loop's time."""


class Feed:
    """
    Reads *rows* in batches; no row is read before it is asked for.

    Args:
        rows: any sync or async iterable of items, or of `Row` and `BadRow` with a position of
            their own; others are counted from 0.
        prepare: makes an item ready, or tells what is wrong with it.

    Raises:
        ConfigurationError: *rows* cannot be iterated, or is one item instead of many.
    """

    def __init__(self, rows: Rows, prepare: Prepare) -> None:
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
        self._done: Container[int] = ()
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
        async for value in self._async:
            return [self._ready(value)]
        return []

    async def fresh(self) -> list[Prepared | BadRow]:
        """The next batch, without the rows to skip; an empty list at the end of the input."""
        while batch := await self.batch():
            fresh = [row for row in batch if row.position not in self._done]
            if fresh:
                return fresh
        return []

    def skip(self, done: Container[int]) -> None:
        """Leave out the rows at these positions: an earlier run has them."""
        self._done = done

    def _slice(self, rows: Iterator[object]) -> list[Prepared | BadRow]:
        ready: list[Prepared | BadRow] = []
        try:
            ready.extend(map(self._ready, islice(rows, SLICE)))
        except Exception as error:
            if not ready:
                raise
            self._failure = error
        return ready

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

    def _ready(self, value: object) -> Prepared | BadRow:
        number = next(self._numbers)
        if type(value) is Row:
            return self._prepare(value.position, value.value)
        if type(value) is BadRow:
            return value
        return self._prepare(number, value)
