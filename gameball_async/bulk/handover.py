"""
Hands items from several tasks to one reader, who may be cancelled at any moment and loses nothing.

anyio's memory streams put an item into the hands of a reader that waits. If ``Task.cancel`` hits
it in the same tick, as ``asyncio.timeout`` around a read does, the item is gone. Here an item stays
in its place until the reader takes it, and nothing is awaited after that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

import anyio
import anyio.lowlevel
from attrs import define

from ..errors import ClosedError

__all__ = ["Handover"]

T = TypeVar("T")


@define(eq=False)
class _Place(Generic[T]):
    item: T
    taken: anyio.Event
    told: Callable[[], None]


class Handover(Generic[T]):
    """Each item waits with its sender until it is taken; items come out in the order they were sent."""

    def __init__(self) -> None:
        self._places: deque[_Place[T]] = deque()
        self._arrived = anyio.Event()
        self._closed = False
        self._left = False

    async def send(self, item: T, told: Callable[[], None] = lambda: None) -> None:
        """
        Hand *item* over, and wait until it is taken. One that is not is withdrawn on cancellation.

        Args:
            item: what is handed over.
            told: called as it is taken; that is known even where the sender is cancelled just then.

        Raises:
            BrokenResourceError: the reader has left.
        """
        place = _Place(item, anyio.Event(), told)
        if not self._left:
            self._places.append(place)
            self._arrived.set()
            try:
                await place.taken.wait()
            except BaseException:
                if not place.taken.is_set():
                    self._places.remove(place)
                raise
        if self._left:
            raise anyio.BrokenResourceError

    def close(self) -> None:
        """Nothing more will be sent; what waits can still be taken."""
        self._closed = True
        self._arrived.set()

    async def receive(self) -> T:
        """
        Take the next item.

        Raises:
            EndOfStream: there will be none.
            ClosedResourceError: the reader has left.
        """
        await anyio.lowlevel.checkpoint()
        while not self._places or self._left:
            if self._left:
                raise anyio.ClosedResourceError
            if self._closed:
                raise anyio.EndOfStream
            self._arrived = anyio.Event()
            await self._arrived.wait()
        place = self._places.popleft()
        place.taken.set()
        place.told()
        return place.item

    async def next(self, ended: Callable[[], BaseException | None], left: str) -> T:
        """
        Take the next item, as an ``async for`` does.

        Args:
            ended: what ended the items early, if anything did; it is raised after the last of them.
            left: says that the reader has left, where it reads on all the same.
        """
        try:
            return await self.receive()
        except anyio.EndOfStream:
            error = ended()
        except anyio.ClosedResourceError:
            error = ClosedError(left)
        raise error or StopAsyncIteration

    def leave(self) -> None:
        """The reader reads no more, and nobody waits for it any longer."""
        self._left = True
        self._arrived.set()
        while self._places:
            self._places.popleft().taken.set()
