"""How options are declared: those that several commands have, once, and many of them as one value."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial, wraps
from typing import Any

import click
from attrs import fields
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from ..api.kinds import KINDS
from ..errors import ConfigurationError

Command = Callable[..., Any]
Option = Callable[[Command], Command]

SECONDS = click.FloatRange(min=0, min_open=True)
KIND_NAMES = f"KIND is one of: {', '.join(KINDS)}."

flag: Callable[..., Option] = partial(click.option, is_flag=True)
file_option: Callable[..., Option] = partial(click.option, type=click.Path())
from_zero: Callable[..., Option] = partial(click.option, type=click.FloatRange(min=0))
seconds: Callable[..., Option] = partial(click.option, type=SECONDS, metavar="SECONDS")


def choice(name: str, values: Any, **settings: Any) -> Option:
    """An option with one of some values."""
    return click.option(name, type=click.Choice(values), **settings)


def together(*options: Option) -> Option:
    """Several options as one, in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def taken(shape: type, options: dict[str, Any]) -> Any:
    """An attrs class made of the options that have the names of its fields; they leave *options*."""
    names = [each.name for each in fields(shape) if each.name in options]
    return shape(**{name: options.pop(name) for name in names})


def adapting(adapt: Callable[[dict[str, Any]], None]) -> Option:
    """Change the options of a command before it gets them; comes below those in `together`."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_others(**options: Any) -> Any:
            adapt(options)
            return command(**options)

        return with_others

    return decorate


def given(name: str) -> bool:
    """Whether the command line that runs, or the environment, names this option."""
    return click.get_current_context().get_parameter_source(name) is not ParameterSource.DEFAULT


def exclusive(**options: object) -> None:
    """
    Make sure that at most one of these options is given; *options* are by their names, with ``_``.

    Raises:
        UsageError: two are.
    """
    names = [
        f"--{name.replace('_', '-')}"
        for name, value in options.items()
        if value not in (None, False)
    ]
    if len(names) > 1:
        raise click.UsageError(f"{names[0]} cannot be used with {names[1]}: remove one of the two")


def parsed(parse: Callable[[Any], Any]) -> Callable[..., Any]:
    """What reads the value of an option, for click."""

    def read(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        try:
            return parse(value)
        except ConfigurationError as error:
            raise click.BadParameter(str(error), ctx, param) from None

    return read


def by_suffix(*suffixes: str) -> Callable[..., str | None]:
    """Make sure that the name of an output file shows its format."""

    def check(_: click.Context, __: click.Parameter, path: str | None) -> str | None:
        if path is not None and not path.lower().endswith(suffixes):
            known = " or ".join(suffixes)
            raise click.BadParameter(f"{path} must end in {known}: pass another file name")
        return path

    return check


def _known(ctx: click.Context, param: click.Parameter, word: str) -> str:
    if word in KINDS:
        return word
    near = get_close_matches(word.lower().replace("_", "-"), KINDS, 1, 0.5)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise click.BadParameter(f"there is no kind {word!r}. {hint}{KIND_NAMES}", ctx, param)


def _begun(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem]:
    return [CompletionItem(kind) for kind in KINDS if kind.startswith(word)]


kind_argument: Option = click.argument(
    "kind", metavar="KIND", callback=_known, shell_complete=_begun
)
journal_argument: Option = click.argument("journal", type=click.Path())
as_json: Option = flag(
    "--json", "as_json", help="Print one JSON object at the end, and nothing else."
)
results: Option = file_option(
    "--results",
    callback=by_suffix(".csv", ".jsonl"),
    help="Write every row to this file (.csv or .jsonl), with its outcome and Gameball's answer.",
)
database: Option = click.option(
    "--database",
    metavar="URL",
    envvar="DATABASE_URL",
    help="The database for --sql, as an SQLAlchemy URL such as sqlite:///shop.db.  [default: $DATABASE_URL]",
)
only_copy: Option = flag(
    "--only-copy",
    help="This is the only copy of the journal, and nothing was sent since it was written.",
)
