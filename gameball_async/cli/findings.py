"""Goes by what `check` has found: the options of import, resume and retry, and what is said about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from functools import wraps
from itertools import islice
from typing import Any, TypeVar

import click
import orjson
from attrs import evolve
from click.core import ParameterSource

from ..api.kinds import kind_of
from ..api.requests import Dialect
from ..errors import ConfigurationError, GameballError
from ..preflight.amounts import looks_like_the_other_unit
from ..preflight.file import DEFAULT_NAME, read_findings
from ..preflight.findings import Findings
from ..preflight.obeying import about_the_run, in_short, of_another, warnings_of
from ..rows.row import Row
from .connection import API_KEY, Connection, account_of
from .ending import Exit, remark, say
from .inputs import STDIN
from .reading import Settings
from .words import clean

__all__ = ["findings_options", "obeys", "tell_about_the_run"]

F = TypeVar("F", bound=Callable[..., Any])

LOOKED_AT = 1_000
"""Rows of a file whose amounts are looked at."""


def findings_options(command: F) -> F:
    """Give a command the options that name the file of findings."""
    for option in (
        click.option(
            "--no-findings", is_flag=True, help="Neither read nor write what check has found."
        ),
        click.option(
            "--findings",
            type=click.Path(dir_okay=False),
            metavar="FILE",
            help=f"What check has found of this account.  [default: {DEFAULT_NAME}, where it is]",
        ),
    ):
        command = option(command)
    return command


def obeys(command: Callable[..., Any]) -> Callable[..., Any]:
    """
    Let a command that talks go by what `check` has found of its account.

    What the command line names goes before them. Put it below `talks`.
    """

    @wraps(command)
    def with_findings(
        *, connection: Connection, findings: str | None, no_findings: bool, **options: Any
    ) -> Any:
        if no_findings and findings is not None:
            raise click.UsageError("--findings and --no-findings exclude each other: keep one")
        if connection.sandbox and findings is not None:
            raise click.UsageError("--sandbox is an account of its own: leave --findings out")
        found = None
        if not (no_findings or connection.sandbox):
            try:
                found = _read(connection, findings)
            except ConfigurationError as error:
                say(clean(str(error), 2000))
                if options.get("as_json"):  # as where the import itself refuses
                    click.echo(orjson.dumps({"error": clean(str(error), 2000), "rows": 0}))
                raise SystemExit(Exit.UNUSABLE) from None
        if found is not None:
            connection = _going_by(connection, found)
        return command(connection=connection, **options)

    return findings_options(with_findings)


def _read(connection: Connection, path: str | None) -> Findings | None:
    """The findings to go by, said aloud; None where there are none for this account."""
    name = path or DEFAULT_NAME
    if not os.environ.get(API_KEY) or (path is None and not os.path.exists(name)):
        return None  # without a key there is no account: its absence is an error of its own
    findings = read_findings(name)
    other = of_another(findings, account_of(connection))
    if other is not None and path is not None:
        raise ConfigurationError(
            f"the findings {path} are of {other}: leave --findings out, or run `gameball-async check` "
            "for this account"
        )
    if other is not None:
        remark(
            f"{name} is left aside, as it is of {clean(other)}: run `gameball-async check` for this one"
        )
        return None
    goes_by = in_short(findings) + _but(_given())
    remark(f"going by {clean(name)}: {goes_by}")
    for warning in warnings_of(findings, datetime.now(UTC)):
        remark(f"{clean(name)}: {warning}")
    return findings


def _given() -> set[str]:
    """Which of what findings tell the command line names itself."""
    context = click.get_current_context()
    return {
        name
        for name in ("api_version", "dialect")
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }


def _but(given: set[str]) -> str:
    """What is not gone by, as the command line names it."""
    options = " and ".join(f"--{name.replace('_', '-')}" for name in sorted(given))
    return f" (but for what {options} says)" if given else ""


def _going_by(connection: Connection, findings: Findings) -> Connection:
    connection = evolve(connection, findings=findings)
    given = _given()
    if "api_version" not in given and findings.version is not None:
        connection = evolve(connection, api_version=findings.version)
    if "dialect" not in given and findings.dialect is not None:
        connection = evolve(connection, dialect=Dialect(findings.dialect))
    return connection


def tell_about_the_run(findings: Findings, kind: str, path: str, settings: Settings) -> None:
    """Say what the findings mean for the rows of a file."""
    for text in about_the_run(findings, kind):
        remark(text)
    if kind != "balance-adjustments" or findings.amount is None:
        return
    why = looks_like_the_other_unit(findings.amount, _first_amounts(kind, path, settings))
    if why is not None:
        counts = findings.amount.counts
        remark(
            f"the check found that amount counts {counts}, and {clean(path)} looks as if it held the other: "
            f"{why}. Interrupt with Ctrl-C if that is so, and mend the file"
        )


def _first_amounts(kind: str, path: str, settings: Settings) -> list[int | float | Decimal]:
    """Amounts of the first rows of a file; none of what cannot be read twice."""
    if path == STDIN or settings.sql is not None:
        return []
    try:
        with ExitStack() as files:
            rows = files.enter_context(settings.open(path, kind_of(kind)))
            values = [row.value for row in islice(rows, LOOKED_AT) if isinstance(row, Row)]
    except (GameballError, OSError):
        return []  # the import says it
    found = (value.get("amount") for value in values if isinstance(value, Mapping))
    return [
        amount
        for amount in found
        if isinstance(amount, int | float | Decimal) and not isinstance(amount, bool)
    ]
