"""How a run is carried out: the options of import, resume and retry, and the command to go on."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..api.requests import Dialect
from .connection import Connection

__all__ = ["manners", "results_option", "resume_command"]

CONCURRENCY = 8

F = TypeVar("F", bound=Callable[..., Any])


def _by_suffix(_: click.Context, __: click.Parameter, path: str | None) -> str | None:
    if path is not None and not path.lower().endswith((".csv", ".jsonl")):
        raise click.BadParameter(f"{path} is neither .csv nor .jsonl: name the file so that it is")
    return path


results_option = click.option(
    "--results",
    type=click.Path(),
    callback=_by_suffix,
    help="Write every row here (.csv or .jsonl), with its outcome and what Gameball answered for it.",
)

_OPTIONS = (
    click.option(
        "--rejects", type=click.Path(), help="Write the rows that did not succeed here, and why."
    ),
    results_option,
    click.option(
        "--concurrency",
        type=click.IntRange(min=1),
        default=CONCURRENCY,
        show_default=True,
        help="Chunks being submitted at once.",
    ),
    click.option(
        "--on-cancel",
        type=click.Choice(["detach", "stop"]),
        default="detach",
        show_default=True,
        help="What becomes of open jobs on Ctrl-C: they go on at Gameball, or are stopped there.",
    ),
)


def manners(command: F) -> F:
    """Give a command the options of all that carry out a run."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def resume_command(
    journal: str,
    connection: Connection,
    rejects: str | None,
    results: str | None,
    concurrency: int,
    on_cancel: str,
) -> str:
    """The command that takes a run up again, ready for a shell; the keys stay in the environment."""
    quota = ",".join(f"{most}/{seconds:g}" for most, seconds in connection.quota.windows)
    options = (
        ("--rejects", rejects, None),
        ("--results", results, None),
        ("--concurrency", concurrency, CONCURRENCY),
        ("--on-cancel", on_cancel, "detach"),
        ("--base-url", connection.base_url, None),
        ("--api-version", connection.api_version, "v4.0"),
        ("--dialect", connection.dialect.value, Dialect.AUTO.value),
        ("--quota", quota, "30/1,360/30"),
    )
    words = ["gameball-async", "resume", journal]
    for name, value, default in options:
        if value is not None and value != default:
            words += [name, str(value)]
    if connection.high_security:
        words.append("--high-security")
    if connection.trust_env:
        words.append("--trust-env")
    return shlex.join(words)
