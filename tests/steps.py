"""
Cancels at any step: loops on which a task can be cancelled right before any one callback.

Cancelling after 0, 1, 2, … callbacks until the task ends by itself reaches every moment at which
anything else could have run, the tick in which an answer arrives included. The plain command tries a
sample of these moments, see `tests.sampling`.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import warnings
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from benchmarks.virtual import VirtualLoop
from tests import sampling

__all__ = [
    "Cut",
    "SteppedLoop",
    "SteppedVirtualLoop",
    "at_each_step",
    "nothing_left",
    "run_stepped",
]

T = TypeVar("T")

_FEWER = 5
"""The plain command takes one step in so many."""


class Cut:
    """
    When a task is cancelled.

    Args:
        step: how many callbacks the loop still runs before.
    """

    def __init__(self, step: int) -> None:
        self.step = step
        self.landed = False
        """Whether the task was still running then."""
        self._left = -1
        self._task: asyncio.Task[Any] | None = None

    def tick(self) -> None:
        """A callback is about to run."""
        if self._left == 0 and self._task is not None:
            self.landed = self._task.cancel()
        self._left -= 1

    async def run(self, call: Coroutine[Any, Any, T]) -> T | None:
        """
        Run *call* in a task of its own and cancel it when its time has come.

        Returns:
            What it returned; None where it was cancelled. Its own exceptions come out.
        """
        task = asyncio.get_running_loop().create_task(call)
        self._left, self._task = self.step, task
        await asyncio.wait([task])
        self._task = None
        if self.landed:
            assert task.cancelled(), f"the cancellation at step {self.step} was lost: {task!r}"
            return None
        return task.result()


class _Ready(deque[asyncio.Handle]):
    """The loop's own queue of callbacks, which tells of each one that it gives out."""

    cut: Cut | None = None

    def popleft(self) -> asyncio.Handle:
        handle = super().popleft()
        if self.cut is not None:
            self.cut.tick()
        return handle


class SteppedLoop(asyncio.SelectorEventLoop):
    """The ordinary loop, with steps that are counted."""

    def __init__(self) -> None:
        super().__init__()
        self._ready = _Ready()


class SteppedVirtualLoop(VirtualLoop):
    """The loop with a clock of its own, with steps that are counted."""

    def __init__(self) -> None:
        super().__init__()
        self._ready = _Ready()


def run_stepped(
    main: Callable[[Cut], Coroutine[Any, Any, None]],
    step: int = 1_000_000_000,
    *,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = SteppedVirtualLoop,
) -> Cut:
    """
    Run *main* on a loop of its own, with a cut *step* callbacks after the start of `Cut.run`.

    No task may be left when *main* has ended, and nothing may have been told to the loop's handler
    of exceptions that nobody waits for.
    """
    cut = Cut(step)
    complaints: list[dict[str, Any]] = []

    async def whole() -> None:
        loop: Any = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        loop._ready.cut = cut
        await main(cut)
        await asyncio.sleep(0.001)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"step {step} left tasks: {left}"

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(whole())
    assert not complaints, f"step {step}: {complaints}"
    return cut


def at_each_step(
    main: Callable[[Cut], Coroutine[Any, Any, None]],
    *,
    stride: int = 1,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = SteppedVirtualLoop,
) -> int:
    """
    Run *main* with a cut at each step, and of those after the 60th at every *stride*-th, until what
    is to be cancelled ends by itself; in the plain command at every fifth of those.

    Returns:
        How many steps there were.
    """
    step = 0
    with nothing_left():
        while run_stepped(main, step, loop_factory=loop_factory).landed:
            step += sampling.of(1, _FEWER) if step < 60 else sampling.of(stride, stride * _FEWER)
    return step


@contextmanager
def nothing_left() -> Iterator[None]:
    """Fails where anything within warns, or is thrown away before it was closed."""
    found: list[str] = []

    def hook(args: Any) -> None:
        found.append(
            f"{args.err_msg or 'Exception ignored in'} {args.object!r}: {args.exc_value!r}"
        )

    gc.collect()  # what others have left is not ours
    before, sys.unraisablehook = sys.unraisablehook, hook
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for of_the_virtual_loop in ("delta is less than", "Ignoring socket option"):
                warnings.filterwarnings("ignore", of_the_virtual_loop)
            yield
            gc.collect()
    finally:
        sys.unraisablehook = before
    assert not found, found
