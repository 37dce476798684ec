"""Goes by what `check` has found: the options of import, resume and retry, and what is said about it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import wraps
from itertools import islice
from typing import Any

import click
from attrs import evolve

from ..api.kinds import kind_of
from ..api.requests import Dialect
from ..errors import ConfigurationError, GameballError
from ..preflight.findings import (
    DEFAULT_NAME,
    Findings,
    about_the_run,
    in_short,
    of_another,
    read_findings,
    warnings_of,
)
from ..preflight.learned import looks_like_the_other_unit
from ..rows.row import Row
from .connection import API_KEY, Connection, account_of
from .ending import print_error, refuse, remark
from .options import Command, Option, exclusive, flag, given, together
from .reading import STDIN, Settings
from .words import clean

LOOKED_AT = 1_000
"""Rows of a file whose amounts are looked at."""


findings_options: Option = together(
    click.option(
        "--findings",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help=f"What check has found of this account.  [default: {DEFAULT_NAME}, where it is]",
    ),
    flag("--no-findings", help="Neither read nor write what check has found."),
)
"""The options that name the file of findings."""


def obeys(command: Command) -> Command:
    """
    Let a command that talks go by what `check` has found of its account.

    What the command line names goes before them. Put it below `talks`.
    """

    @wraps(command)
    def with_findings(
        connection: Connection, findings: str | None, no_findings: bool, **options: Any
    ) -> Any:
        exclusive(findings=findings, no_findings=no_findings)
        if connection.sandbox and findings is not None:
            raise click.UsageError("--sandbox is an account of its own: leave --findings out")
        if not (no_findings or connection.sandbox):
            try:
                connection = _going_by(connection, _read(connection, findings))
            except ConfigurationError as error:
                if options.get("as_json"):  # as where the import itself refuses
                    print_error(error, rows=0)
                refuse(error)
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
    named = " and ".join(
        f"--{each}" for each in ("api-version", "dialect") if given(each.replace("-", "_"))
    )
    goes_by = in_short(findings) + (f" (but for what {named} says)" if named else "")
    remark(f"going by {clean(name)}: {goes_by}")
    for warning in warnings_of(findings, datetime.now(UTC)):
        remark(f"{clean(name)}: {warning}")
    return findings


def _going_by(connection: Connection, findings: Findings | None) -> Connection:
    if findings is None:
        return connection
    found: dict[str, Any] = {"goes_by": findings}
    if findings.version is not None and not given("api_version"):
        found["api_version"] = findings.version
    if findings.dialect is not None and not given("dialect"):
        found["dialect"] = Dialect(findings.dialect)
    return evolve(connection, **found)


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
        with settings.open(path, kind_of(kind)) as rows:
            values = (row.value for row in islice(rows, LOOKED_AT) if isinstance(row, Row))
            found = [value.get("amount") for value in values if isinstance(value, Mapping)]
    except (GameballError, OSError):
        return []  # the import says it
    numbers = (each for each in found if isinstance(each, int | float | Decimal))
    return [each for each in numbers if not isinstance(each, bool)]
