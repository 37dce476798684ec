"""What an import is compared with: the options that say it, and an earlier input that is read for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar

import click

from ..api.kinds import Kind, kind_of
from ..compare.comparison import EarlierRows
from ..errors import InputError
from ..journal.header import Header, Source
from ..rows.content import refuse_incomparable
from .inputs import STDIN, digest
from .reading import Settings

__all__ = ["compares", "earlier_again", "earlier_rows", "refuse_both"]

F = TypeVar("F", bound=Callable[..., Any])


def compares(command: F) -> F:
    """Give a command the options."""
    command = click.option(
        "--changed-against",
        type=click.Path(),
        metavar="JOURNAL",
        help="Send only rows that differ from what the run of this journal has applied; for nightly imports.",
    )(command)
    return click.option(
        "--since-file",
        type=click.Path(),
        metavar="LAST",
        help="Send only rows that differ from those of this earlier file, which count as applied.",
    )(command)


def refuse_both(
    since_file: str | None, changed_against: str | None, settings: Settings, *, dry_run: bool
) -> None:
    """
    Make sure that an import is compared with one thing, which can be had.

    Raises:
        UsageError: with two, or with what cannot be read.
    """
    if since_file is not None and changed_against is not None:
        raise click.UsageError("--since-file and --changed-against exclude each other: keep one")
    if dry_run and (since_file or changed_against):
        raise click.UsageError(
            "--dry-run compares with nothing: leave --since-file and --changed-against out"
        )
    if since_file is not None and settings.sql is not None:
        raise click.UsageError("--since-file goes with FILE: with --sql, pass --changed-against")
    if since_file == STDIN:
        raise click.UsageError("--since-file cannot be standard input: name a file")


async def earlier_rows(path: str, kind: Kind, settings: Settings, files: ExitStack) -> EarlierRows:
    """
    Open an earlier input, read as the one at hand; *files* closes it.

    Raises:
        InputError: it cannot be read.
        ConfigurationError: rows of *kind* must be sent though they equal others.
    """
    refuse_incomparable(kind)
    rows = files.enter_context(settings.open(path, kind))
    return EarlierRows(rows, Source(_whole(path), await digest(path)))


def _whole(path: str) -> str:
    return os.path.abspath(path)


async def earlier_again(header: Header, files: ExitStack) -> EarlierRows | None:
    """
    Open the earlier input that a run is compared with again; None where it is with none.

    Raises:
        InputError: it cannot be read, or its content has changed.
    """
    earlier = header.earlier
    if earlier is None or earlier.is_journal:
        return None
    settings = Settings.of(header.source)
    found = await earlier_rows(earlier.name, kind_of(header.kind), settings, files)
    if found.source.digest != earlier.digest:
        raise InputError(
            "has changed since the run began, which is compared with it: put it back as it was",
            path=earlier.name,
        )
    return found
