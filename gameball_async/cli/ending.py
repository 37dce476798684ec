"""How a command runs, speaks and ends: the event loop, Ctrl-C and SIGTERM, messages, exit codes."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import partial
from typing import NoReturn

import anyio
import click
import orjson
from anyio.abc import TaskStatus
from attrs import define

from ..errors import ConfigurationError, GameballError, InputError
from ..system import ENDING, until_told_to_end
from .options import Option, exclusive, flag, together
from .words import clean

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

speaks: Option = together(
    flag("--quiet", "-q", help="Show no progress and no remarks, only errors."),
    flag("--verbose", "-v", help="Also log each request, retry and job."),
    click.option(
        "--log-file",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="Append a log of each request, retry and job to FILE, without keys or row data.",
    ),
)


class Exit(IntEnum):
    """The exit codes, as the README lists them."""

    OK = 0
    """Every row succeeded."""
    SOME_FAILED = 1
    """Finished, and some rows did not succeed."""
    UNUSABLE = 2
    """Usage, configuration, or unreadable input."""
    STOPPED = 3
    """Stopped early by an error."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C or SIGTERM."""


@define
class Ended:
    """
    How the asynchronous part of a command ended.

    Attributes:
        code: what it returned; None if it did not get that far.
        error: what it raised, if that is an error for the user.
        interrupted: whether Ctrl-C or SIGTERM ended it.
    """

    code: int | None = None
    error: GameballError | OSError | None = None
    interrupted: bool = False


def perform(main: Callable[[], Awaitable[int]], last_words: Callable[[], str] = str) -> Ended:
    """
    Run *main* on a new event loop, until it ends or a signal comes.

    The first signal cancels *main*, which then has time to finish; the next one ends the process at once.

    Args:
        main: gives the exit code.
        last_words: what to print if the process ends at once; empty for nothing.
    """
    ended = Ended()
    try:
        anyio.run(_supervised, main, ended, last_words)
    except KeyboardInterrupt:  # where the loop knows no signal handlers, and for the second Ctrl-C
        ended.interrupted = True
    if isinstance(ended.error, BrokenPipeError):
        raise ended.error  # whoever read our output has left; click knows how to end then
    return ended


async def _supervised(
    main: Callable[[], Awaitable[int]], ended: Ended, last_words: Callable[[], str]
) -> None:
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as scope:
            await tasks.start(_listen, scope, ended, last_words)
            try:
                ended.code = await main()
            except (GameballError, OSError) as error:
                ended.error = error
        tasks.cancel_scope.cancel()


async def _listen(
    scope: anyio.CancelScope,
    ended: Ended,
    last_words: Callable[[], str],
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    await until_told_to_end(task_status.started)
    ended.interrupted = True
    scope.cancel()
    _end_at_the_next(last_words)


def _end_at_the_next(last_words: Callable[[], str]) -> None:
    """From now on a signal ends the process, whatever it is busy with."""

    def end(number: int, frame: object) -> None:
        try:
            words = last_words()
            if words:
                os.write(2, f"gameball-async: {words}\n".encode())
        finally:
            os._exit(Exit.INTERRUPTED)

    for each in ENDING:
        signal.signal(each, end)


def code_of(error: GameballError | OSError) -> Exit:
    """The exit code for an error."""
    if isinstance(error, ConfigurationError | InputError) or not isinstance(error, GameballError):
        return Exit.UNUSABLE
    return Exit.STOPPED


def finish(ended: Ended, *, when_interrupted: str = "", when_stopped: str = "") -> int:
    """Say why a command did not end by itself, and how to continue; gives its exit code."""
    if ended.interrupted:
        say("interrupted" + (f": {when_interrupted}" if when_interrupted else ""))
        return Exit.INTERRUPTED
    if ended.error is None:
        return Exit.STOPPED if ended.code is None else ended.code
    say("\n".join(clean(line, 2000) for line in str(ended.error).split("\n")))
    code = code_of(ended.error)
    if code is Exit.STOPPED and when_stopped:
        say(when_stopped)
    return code


def print_error(error: Exception, **more: object) -> None:
    """Print an error as the one JSON object of a command that ended early, with *more*."""
    click.echo(orjson.dumps({"error": clean(str(error), 2000), **more}))


def refuse(error: Exception) -> NoReturn:
    """Print the error and end the process with the exit code for unusable input."""
    say(clean(str(error), 2000))
    raise SystemExit(Exit.UNUSABLE) from None


@contextmanager
def unusable() -> Iterator[None]:
    """`refuse` every error of a command that sends nothing: its input cannot be used."""
    try:
        yield
    except (GameballError, OSError) as error:
        refuse(error)


def set_up(*, quiet: bool, verbose: bool, log_file: str | None) -> None:
    """
    Set up logging and remarks as the options say.

    Raises:
        UsageError: they cannot be used together, or the file cannot be written.
    """
    exclusive(quiet=quiet, verbose=verbose)
    context = click.get_current_context()
    context.find_root().meta["quiet"] = quiet
    handlers: list[logging.Handler] = [logging.StreamHandler()] if verbose else []
    try:
        if log_file is not None:
            handlers.append(logging.FileHandler(log_file, encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(
            f"--log-file {log_file} cannot be written ({error.strerror}): name another file"
        ) from None
    logger = logging.getLogger("gameball_async")
    level = logger.level
    for handler in handlers:
        handler.setFormatter(logging.Formatter(FORMAT))
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        context.call_on_close(handler.close)  # the last is called first
        context.call_on_close(partial(logger.removeHandler, handler))
    context.call_on_close(partial(logger.setLevel, level))


def is_quiet() -> bool:
    """Whether the command that runs was told to be quiet."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.find_root().meta.get("quiet"))


def remark(text: str) -> None:
    """One message that a quiet command does not print."""
    if not is_quiet():
        say(text)


def say(text: str) -> None:
    """One message for people, on standard error."""
    click.echo(f"gameball-async: {text}", err=True, file=sys.stderr)
