"""The options that the commands on balances share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..balances.points import BALANCE_FIELD
from ..balances.setting import REST

__all__ = ["field_option", "rest_option"]

F = TypeVar("F", bound=Callable[..., Any])


def field_option(command: F) -> F:
    """Give a command the option."""
    return click.option(
        "--balance-field",
        default=BALANCE_FIELD,
        show_default=True,
        metavar="NAME",
        help="The field of Gameball's answer that is the balance.",
    )(command)


def rest_option(command: F) -> F:
    """Give a command the option."""
    return click.option(
        "--rest",
        type=click.FloatRange(min=0),
        default=REST,
        show_default=True,
        metavar="SECONDS",
        help="Between two looks at an account that must agree before anything is sent to it again.",
    )(command)
