"""The argument that names a batch kind."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import click
from click.shell_completion import CompletionItem

from ..api.kinds import KINDS

__all__ = ["KIND_NAMES", "kind_argument"]

KIND_NAMES = f"KIND is one of: {', '.join(KINDS)}."


def _known(ctx: click.Context, param: click.Parameter, word: str) -> str:
    if word in KINDS:
        return word
    near = get_close_matches(word.lower().replace("_", "-"), KINDS, 1, 0.5)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise click.BadParameter(f"there is no kind {word!r}. {hint}{KIND_NAMES}", ctx, param)


def _begun(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem]:
    return [CompletionItem(kind) for kind in KINDS if kind.startswith(word)]


def kind_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument *kind*."""
    return click.argument("kind", metavar="KIND", callback=_known, shell_complete=_begun)(command)
