"""How much a command says: errors only, everything, or into a file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["QUIET", "says", "set_up"]

F = TypeVar("F", bound=Callable[..., Any])

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
QUIET = "quiet"
"""Where a context keeps that its command is to be quiet."""

_OPTIONS = (
    click.option(
        "--quiet", "-q", is_flag=True, help="Show no progress and no remarks, only errors."
    ),
    click.option("--verbose", "-v", is_flag=True, help="Log each request, retry and job, too."),
    click.option(
        "--log-file",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="Append a log of each request, retry and job to FILE, without keys and row data.",
    ),
)


def says(command: F) -> F:
    """Give a command the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def set_up(*, quiet: bool, verbose: bool, log_file: str | None) -> None:
    """
    Carry the options out.

    Raises:
        UsageError: they exclude each other, or the file cannot be written.
    """
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other: keep one")
    context = click.get_current_context()
    context.find_root().meta[QUIET] = quiet
    handlers: list[logging.Handler] = [logging.StreamHandler()] if verbose else []
    try:
        if log_file is not None:
            handlers.append(logging.FileHandler(log_file, encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(
            f"--log-file {log_file} cannot be written: {error.strerror}"
        ) from None
    logger = logging.getLogger("gameball_async")
    level = logger.level
    for handler in handlers:
        handler.setFormatter(logging.Formatter(FORMAT))
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)

    def tear_down() -> None:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.setLevel(level)

    context.call_on_close(tear_down)
