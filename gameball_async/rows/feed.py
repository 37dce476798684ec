"""
Rows from the caller, sync or async, read lazily and made ready for the wire in small batches.

Each row of a generator is made ready before the next one is asked for: it may change a mapping and yield
it again. Rows of a list, and those that our own readers make, are made ready together.
"""

from __future__ import annotations

import asyncio
from asyncio import CancelledError, current_task
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Container,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from itertools import islice
from typing import TypeAlias, cast

import anyio
import anyio.lowlevel
import anyio.to_thread

from ..api.items import Item
from ..errors import ConfigurationError, Fault, RowsError
from .check_many import Prepare
from .closing import Closing
from .given import Maker, Rows, mapping_maker, refuse_single
from .plain import UNREADABLE
from .row import BadRow, Batch, Blocks, Prepared, Row

CLOSE_WITHIN = 5.0
"""Seconds that a caller's generator may take to clean up, at most."""

SLICE = 100
"""Rows that are made ready in one go: less than a millisecond of the event loop's time."""

PARSED_SLICE = 50
"""The same for rows of a file, each of which is parsed as it is read."""

MANY = 500
"""Rows that are compared in one go."""

Read: TypeAlias = Sequence[Prepared | BadRow]
SortOut: TypeAlias = Callable[[Read], Awaitable[Batch]]
"""Gives rows again, those that need not be sent as such."""


class Feed:
    """
    Reads *rows* in batches; no row is read before it is asked for.

    Args:
        rows: any sync or async iterable of items, or of `Row` and `BadRow` with a position of
            their own; others are counted from 0. `Blocks` are read in a worker thread.
        prepare: makes an item ready, or tells what is wrong with it.

    Raises:
        ConfigurationError: *rows* cannot be iterated, or is one item instead of many.
    """

    def __init__(self, rows: Rows, prepare: Prepare) -> None:
        refuse_single(rows)
        self._blocks: Blocks | None = None
        self._sync: Iterator[object] | None = None
        self._async: AsyncIterator[object] | None = None
        if isinstance(rows, Blocks):
            self._blocks, self._sync = rows, iter(())
        elif isinstance(rows, AsyncIterable):
            self._async = aiter(rows)
        elif isinstance(rows, Iterable):
            self._sync = iter(rows)
        self._makers: dict[type, Maker | None] = {dict: None}
        self._given = GivenPositions()
        self._failure: Exception | None = None
        self._done: Container[int] | None = None
        self._sort_out: SortOut | None = None
        self._reads = 0
        self._ours = isinstance(rows, (Blocks, Closing))  # rows of our own readers
        # Rows that nobody changes between two of them are made ready together.
        self._together = self._ours or type(rows) in (list, tuple)
        self._at_once = prepare.at_once if self._together else SLICE
        if self._ours and self._blocks is None:
            self._at_once = PARSED_SLICE
        self._number = 0
        self._prepare = prepare.one
        self._prepare_many = prepare.many

    async def batch(self) -> Read:
        """
        The next rows, made ready; an empty list at the end of the input.

        An error of the input comes out at the next call, after the rows that were read before it.
        """
        if self._failure is not None:
            raise self._failure
        if self._sync is not None:
            await asyncio.sleep(0)
            ready = self._slice(self._sync)
            if not ready and self._blocks is not None:
                block = await anyio.to_thread.run_sync(self._blocks.block, abandon_on_cancel=True)
                self._sync = iter(block)
                ready = self._slice(self._sync)
            return ready
        assert self._async is not None  # noqa: S101 - one of the two is set
        self._reads += 1
        if self._reads % SLICE == 0:
            await asyncio.sleep(0)  # a generator that never waits must not hold the loop
        try:
            value = await anext(self._async)
        except StopAsyncIteration:
            return []
        except BaseException as error:
            if isinstance(error, CancelledError) and _is_being_cancelled():
                raise
            raise _as_of_the_input(error) from error
        return [self._ready(value)]

    async def fresh(self) -> Batch:
        """The next batch, without the rows to skip; an empty list at the end of the input."""
        while batch := await (self.batch() if self._sort_out is None else self._many()):
            if self._done is not None:
                batch = [row for row in batch if row.position not in self._done]
            if batch and self._sort_out is not None:
                with anyio.CancelScope(
                    shield=True
                ):  # these rows are read, and must be accounted for
                    return await self._sort_out(batch)
            if batch:
                return batch
        return []

    def compare(self, sort_out: SortOut) -> None:
        """Have *sort_out* find the rows that need not be sent."""
        self._sort_out = sort_out

    async def _many(self) -> Read:
        """The next batches in one, as far as they are at hand: to look up few rows costs as much."""
        found = [*await self.batch()]
        while self._sync is not None and 0 < len(found) < MANY and self._failure is None:
            await anyio.lowlevel.cancel_shielded_checkpoint()
            try:
                more = self._slice(self._sync)
            except Exception:  # noqa: BLE001 - it is kept, and comes out at the next call
                break
            if not more:
                break
            found += more
        return found

    def skip(self, done: Container[int]) -> None:
        """Leave out the rows at these positions: an earlier run has them."""
        self._done = done

    def _slice(self, rows: Iterator[object]) -> Read:
        return self._slice_together(rows) if self._together else self._one_by_one(rows)

    def _slice_together(self, rows: Iterator[object]) -> Read:
        values: list[object] = []
        try:
            values.extend(islice(rows, self._at_once))  # keeps what came before an error
        except BaseException as error:
            self._failure = _as_of_the_input(error)
            if not values:
                raise self._failure from error
        if self._ours and set(map(type, values)) <= {Row, BadRow}:
            return self._placed(cast(list[Row | BadRow], values))
        if not _alike(values):
            return self._one_by_one(iter(values))
        first, self._number = self._number, self._number + len(values)
        return self._prepare_many(range(first, self._number), values)

    def _placed(self, rows: list[Row | BadRow]) -> Read:
        """Rows of our own readers, which count each once and have judged some rows already."""
        good = [row for row in rows if isinstance(row, Row)]
        made = self._prepare_many([row.position for row in good], [row.value for row in good])
        if len(good) == len(rows):
            return made
        each = iter(made)
        return [next(each) if isinstance(row, Row) else row for row in rows]

    def _one_by_one(self, rows: Iterator[object]) -> list[Prepared | BadRow]:
        ready: list[Prepared | BadRow] = []
        try:
            for value in islice(rows, self._at_once):
                ready.append(self._ready(value))  # noqa: PERF401 - keeps what came before an error
        except BaseException as error:
            self._failure = _as_of_the_input(error)
            if not ready:
                raise self._failure from error
        return ready

    def _ready(self, value: object) -> Prepared | BadRow:
        number = self._number
        self._number += 1
        kind = type(value)
        try:
            make = self._makers[kind]
        except KeyError:
            make = self._makers[kind] = self._maker(kind, number)
        if make is not None:
            try:
                value = make(value)
            except UNREADABLE as error:  # of the row's own class: it costs that row and no other
                reason = f"could not be read ({type(error).__name__})"
                return BadRow(number, (Fault("", reason),))
        if kind is dict or make is not None:
            return self._prepare(number, value)
        if isinstance(value, Prepared):
            return value
        if isinstance(value, (Row, BadRow)):
            # A source of our own, which counts by itself and has judged some rows already.
            self._at_once = PARSED_SLICE
            self._given.add(value.position)
            if isinstance(value, BadRow):
                return value
            return self._prepare(value.position, value.value)
        return self._prepare(number, value)

    @staticmethod
    def _maker(kind: type, number: int) -> Maker | None:
        """What makes a mapping of rows of this class. Where even the first is no row, all are refused."""
        try:
            return mapping_maker(kind)
        except ConfigurationError:
            if not number:
                raise
            return None

    async def aclose(self) -> Exception | None:
        """
        Close a caller's generator that was not read to its end, in `CLOSE_WITHIN` seconds at most.

        Returns:
            What the generator raised, which is the caller's code and no fault of this library.
        """
        with anyio.move_on_after(CLOSE_WITHIN, shield=True):
            try:
                if self._blocks is not None:
                    self._blocks.close()
                if isinstance(self._sync, Generator):
                    self._sync.close()
                if isinstance(self._async, AsyncGenerator):
                    await self._async.aclose()
            except Exception as error:  # noqa: BLE001 - told to the reader, whatever it is
                return error
        return None


def _alike(values: list[object]) -> bool:
    """Whether all are mappings, or all are models of one class."""
    kinds = set(map(type, values))
    return len(kinds) == 1 and all(kind is dict or issubclass(kind, Item) for kind in kinds)


def _is_being_cancelled() -> bool:
    task = current_task()
    return task is not None and task.cancelling() > 0


def _as_of_the_input(error: BaseException) -> Exception:
    """
    What the caller's rows raised, as it comes out of the run.

    An exception comes out as itself. A cancellation or a generator's end that is none of ours would be
    taken for that of the caller's own task, so it is told by its name instead.
    """
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        raise error
    if isinstance(error, Exception):
        return error
    return RowsError(
        f"reading the rows raised {type(error).__name__}: the rows read before it are sent"
    )


_PAGE = 1 << 15


class GivenPositions:
    """The positions that a source has given, one bit each, in pages that are made when needed."""

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def add(self, position: object) -> None:
        """
        Note a position.

        Raises:
            RowsError: it is no whole number from 0 to 2**63 - 1, or was given before.
        """
        if type(position) is not int or not 0 <= position < 1 << 63:
            raise RowsError(
                "a row's position is not a whole number from 0 to 2**63 - 1: give each row such "
                "a position"
            )
        number, bit = divmod(position, _PAGE)
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = bytearray(_PAGE // 8)
        index, mask = bit >> 3, 1 << (bit & 7)
        if page[index] & mask:
            raise RowsError(f"two rows have the position {position}: give each row a different one")
        page[index] |= mask
