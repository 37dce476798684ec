"""
Runs the command line in processes that are killed for good: at a time, or at the n-th journal write.

It is a process that imports everything once and then forks: one order a line on standard input, one
answer a line on standard output. The product has no hook for this; what is patched is patched here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Cursor
from types import TracebackType
from typing import Any, Literal, Self

from attrs import asdict, frozen

__all__ = ["Ended", "Killer", "Plan", "When"]

When = Literal["before", "inside", "after"]


@frozen
class Plan:
    """
    How a process dies; with nothing said, it lives.

    Attributes:
        write: number of the write of a journal, or of a plan of balances, that is its last, from 1.
        when: before that write, inside its transaction, or right after it.
        seconds: how long it lives, at most.
    """

    write: int | None = None
    when: When = "before"
    seconds: float | None = None


@frozen
class Ended:
    """
    How a process has ended.

    Attributes:
        code: its exit code; negative for the signal that killed it.
        out: what it printed.
        err: what it printed on standard error.
        writes: how many journal writes it began.
        seconds: how long it lived.
    """

    code: int
    out: str
    err: str
    writes: int
    seconds: float

    @property
    def killed(self) -> bool:
        """Whether it died as planned."""
        return self.code == -signal.SIGKILL


class Killer:
    """
    Starts processes of the command line and kills them. A context manager.

    Args:
        rows: rows in a chunk, at most: small chunks make many writes of few rows.
    """

    def __init__(self, rows: int) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "benchmarks.killable", str(rows)],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, args: Sequence[str | Path], environment: dict[str, str], plan: Plan) -> Ended:
        """Run ``gameball-async`` with *args* until it ends or is killed."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        order = {"args": list(map(str, args)), "environment": environment, "plan": asdict(plan)}
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        return Ended(**json.loads(self._server.stdout.readline()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait(10)


# -- in the process that forks


def serve(rows: int) -> None:
    """Carry out the orders on standard input."""
    from gameball_async.cli import balances, main  # noqa: F401 - imported once, before the forks
    from gameball_async.session import RunOptions

    defaults = RunOptions.__init__.__kwdefaults__
    assert defaults is not None
    defaults["max_items"] = rows
    for line in sys.stdin:
        print(json.dumps(_carry_out(json.loads(line))), flush=True)


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("out", "err", "writes")]
        began = time.monotonic()
        child = os.fork()
        if not child:
            _live(order, paths)
        seconds = order["plan"]["seconds"]
        status = _wait(child, None if seconds is None else began + seconds)
        # A child that is killed early enough has written nothing yet.
        out, err, writes = (path.read_bytes() if path.exists() else b"" for path in paths)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "out": out.decode(),
            "err": err.decode(),
            "writes": len(writes),
            "seconds": time.monotonic() - began,
        }


def _wait(child: int, until: float | None) -> int:
    if until is not None:
        while time.monotonic() < until:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _live(order: dict[str, Any], paths: Sequence[Path]) -> None:
    """The child: it never returns."""
    from gameball_async.cli.main import cli

    code = 99
    try:
        out, err, writes = (os.open(path, os.O_CREAT | os.O_WRONLY) for path in paths)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.environ.update(order["environment"])
        _die_at(Plan(**order["plan"]), lambda: os.write(writes, b"."))
        cli(order["args"], prog_name="gameball-async")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _die_at(plan: Plan, note: Callable[[], object]) -> None:
    """Count the writes of journals and plans, and be killed at the one that is planned."""
    from gameball_async.balances.store import Store
    from gameball_async.journal import file as journal_disk

    count = 0
    change = Store.change

    @contextmanager
    def counted_change(self: Store) -> Iterator[Cursor]:
        nonlocal count
        with change(self) as cursor:
            yield cursor
            count += 1
            note()
            if count == plan.write and plan.when != "after":
                _die()
        if count == plan.write:
            _die()

    write_bytes = journal_disk._write
    do = journal_disk.Worker.__call__

    def halfway(file: int, data: bytes, start: int) -> None:
        if count == plan.write and plan.when == "inside":
            write_bytes(file, data[: len(data) // 2], start)
            _die()
        write_bytes(file, data, start)

    async def work(self: journal_disk.Worker, write: Callable[[], None]) -> None:
        def counted() -> None:
            nonlocal count
            count += 1
            note()
            if count == plan.write and plan.when == "before":
                _die()
            write()
            if count == plan.write and plan.when == "after":
                _die()

        pending: Awaitable[None] = do(self, counted)
        await pending

    Store.change = counted_change  # type: ignore[method-assign]
    journal_disk._write = halfway
    journal_disk.Worker.__call__ = work  # type: ignore[method-assign,assignment]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
