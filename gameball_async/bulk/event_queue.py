"""
A queue from several tasks to one reader, who may be cancelled at any moment and loses nothing.

anyio's memory streams put an item into the hands of a reader that waits. If ``Task.cancel`` hits
it in the same tick, as ``asyncio.timeout`` around a read does, the item is gone. Here an item stays
in its place until the reader takes it, and nothing is awaited after that.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

import anyio
import anyio.lowlevel

from ..errors import ClosedError

T = TypeVar("T")


class EventQueue(Generic[T]):
    """Items come out in the order they were put in; a task that puts one waits until it is taken."""

    def __init__(self) -> None:
        self._places: deque[tuple[T, asyncio.Event]] = deque()
        self._arrived = asyncio.Event()
        self._closed = False
        self._left = False

    async def put(self, item: T) -> None:
        """
        Put *item* in, and wait until it is taken. It stays in, also where the wait is cancelled.

        Raises:
            BrokenResourceError: the reader has left.
        """
        taken = self.push(item)
        if not self._left:
            await taken.wait()
        if self._left:
            raise anyio.BrokenResourceError

    def push(self, item: T) -> asyncio.Event:
        """Put *item* in without waiting; returns what is set once it is taken."""
        place = item, asyncio.Event()
        if not self._left:
            self._places.append(place)
            self._arrived.set()
        return place[1]

    def close(self) -> None:
        """Nothing more will be put in; what is in can still be taken."""
        self._closed = True
        self._arrived.set()

    async def next(self, ended: Callable[[], BaseException | None], left: str) -> T:
        """
        Take the next item, as an ``async for`` does.

        Args:
            ended: what ended the items early, if anything did; it is raised after the last of them.
            left: the message of the error where the reader has left, and reads on all the same.
        """
        await asyncio.sleep(0)
        while not self._places and not self._closed and not self._left:
            self._arrived = asyncio.Event()
            await self._arrived.wait()
        if self._left:
            raise ClosedError(left)
        if not self._places:
            raise ended() or StopAsyncIteration
        item, taken = self._places.popleft()
        taken.set()
        return item

    def leave(self) -> None:
        """The reader reads no more, and nobody waits for it any longer."""
        self._left = True
        self._arrived.set()
        while self._places:
            self._places.popleft()[1].set()
