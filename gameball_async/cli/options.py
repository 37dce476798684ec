"""How a run is carried out: the options of import, resume and retry, and the command to go on."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

import click
from attrs import fields, frozen

from ..api.requests import Dialect
from ..bulk.bulk import OnCancel
from .connection import Connection

__all__ = [
    "SECONDS",
    "Manners",
    "by_suffix",
    "command_for",
    "manners",
    "results_option",
    "resume_command",
]

SECONDS = click.FloatRange(min=0, min_open=True)

F = TypeVar("F", bound=Callable[..., Any])


def by_suffix(*suffixes: str) -> Callable[..., str | None]:
    """Make sure that the name of a file that is to be written shows its form."""

    def check(_: click.Context, __: click.Parameter, path: str | None) -> str | None:
        if path is not None and not path.lower().endswith(suffixes):
            known = " nor ".join(suffixes)
            raise click.BadParameter(f"{path} is neither {known}: name the file so that it is")
        return path

    return check


def results_option(command: F) -> F:
    """Give a command the option."""
    return click.option(
        "--results",
        type=click.Path(),
        callback=by_suffix(".csv", ".jsonl"),
        help="Write every row here (.csv or .jsonl), with its outcome and what Gameball answered for it.",
    )(command)


_OPTIONS = (
    click.option(
        "--rejects", type=click.Path(), help="Write the rows that did not succeed here, and why."
    ),
    results_option,
    click.option(
        "--concurrency",
        type=click.IntRange(min=1),
        default=None,
        help="Chunks being submitted at once; by default as many as the distance to the server asks for.",
    ),
    click.option(
        "--on-cancel",
        type=click.Choice(["detach", "stop"]),
        default="detach",
        show_default=True,
        help="What becomes of open jobs on Ctrl-C: they go on at Gameball, or are stopped there.",
    ),
    click.option(
        "--deadline",
        type=SECONDS,
        metavar="SECONDS",
        help="End the run after so many seconds, with exit code 3; resume goes on with it.",
    ),
    click.option(
        "--stalled-for",
        type=SECONDS,
        metavar="SECONDS",
        help="The same where nothing moves for so many seconds: no row, no chunk, no job.",
    ),
)


@frozen
class Manners:
    """
    How a run is carried out.

    Attributes:
        rejects: where the rows go that did not succeed; None for nowhere.
        results: where every row goes, with its outcome; None for nowhere.
        concurrency: chunks being submitted at once; None for as many as the distance asks for.
        on_cancel: what becomes of open jobs when it is interrupted.
        deadline: seconds after which it ends, to be resumed; None for no limit.
        stalled_for: the same for seconds in which nothing moves.
    """

    rejects: str | None
    results: str | None
    concurrency: int | None
    on_cancel: OnCancel
    deadline: float | None
    stalled_for: float | None

    def for_a_run(self) -> dict[str, Any]:
        """The arguments of `GameballClient.bulk` and its like."""
        return {
            "concurrency": self.concurrency,
            "on_cancel": self.on_cancel,
            "deadline": self.deadline,
            "stalled_for": self.stalled_for,
        }


def manners(command: F) -> F:
    """Give a command the options of all that carry out a run, as its argument *how*."""

    @wraps(command)
    def with_manners(*args: Any, **options: Any) -> Any:
        how = Manners(**{each.name: options.pop(each.name) for each in fields(Manners)})
        return command(*args, how=how, **options)

    for option in reversed(_OPTIONS):
        with_manners = option(with_manners)
    return cast(F, with_manners)


def resume_command(journal: str, connection: Connection, how: Manners) -> str:
    """The command that takes a run up again, ready for a shell; the keys stay in the environment."""
    words = ["resume", journal]
    for name, value, default in (
        ("--rejects", how.rejects, None),
        ("--results", how.results, None),
        ("--concurrency", how.concurrency, None),
        ("--on-cancel", how.on_cancel, "detach"),
        ("--stalled-for", how.stalled_for, None),
    ):
        if value is not None and value != default:
            words += [name, f"{value:g}" if isinstance(value, float) else str(value)]
    return command_for(words, connection)


def command_for(words: Sequence[str], connection: Connection) -> str:
    """A command that talks to the same end, ready for a shell; the keys stay in the environment."""
    quota = ",".join(f"{most}/{seconds:g}" for most, seconds in connection.quota.windows)
    words = ["gameball-async", *words]
    for name, value, default in (
        ("--base-url", connection.base_url, None),
        ("--api-version", connection.api_version, "v4.0"),
        ("--dialect", connection.dialect.value, Dialect.AUTO.value),
        ("--quota", quota, "30/1,360/30"),
    ):
        if value is not None and value != default:
            words += [name, str(value)]
    if connection.shared_quota is not None and "@" not in connection.shared_quota:
        words += ["--shared-quota", connection.shared_quota]  # a password stays in the environment
    if connection.high_security:
        words.append("--high-security")
    if connection.trust_env:
        words.append("--trust-env")
    return shlex.join(words)
