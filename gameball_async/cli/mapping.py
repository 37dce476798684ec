"""The command that proposes a mapping for a file."""

from __future__ import annotations

from typing import TextIO

import click

from ..api.kinds import kind_of
from ..mapping.proposal import Proposal, propose
from ..mapping.rules import mapping_of, recognised
from ..rows.check import preparer
from ..rows.files import header_of, open_rows
from ..rows.kind_columns import known_columns, needed_columns
from ..rows.row import BadRow, Row
from .ending import say, unusable
from .options import KIND_NAMES, kind_argument
from .words import clean

SHOWN = 3


@click.command("map", epilog=KIND_NAMES)
@kind_argument
@click.argument("file", type=click.Path())
@click.option(
    "--out", type=click.File("x", encoding="utf-8"), help="Write the mapping here, a new file."
)
def map_(kind: str, file: str, out: TextIO | None) -> None:
    """
    Propose a mapping from the columns of FILE (CSV) to Gameball's, and show its first rows.

    The mapping is TOML, on standard output or in --out. Look through it, change what is wrong, and
    pass it to `import --map`. Nothing is sent.
    """
    with unusable():
        header = header_of(file)
        shop = recognised(header, kind)
        if shop is not None:
            say(f"{clean(file)} is an export of {shop}: import it with --from {shop}")
        wanted = kind_of(kind)
        needed = needed_columns(wanted, known_columns(wanted))
        found = propose(header, kind=kind, known=list(known_columns(wanted)), required=needed)
        text = found.as_toml()
        click.echo(text, nl=False, file=out)
        _preview(file, kind, found, text)


def _preview(file: str, kind: str, found: Proposal, text: str) -> None:
    """The first rows as they would be sent, on standard error."""
    if found.missing:
        say(f"no column was found for {', '.join(found.missing)}: name it under [columns]")
        return
    prepare = preparer(kind_of(kind))
    with open_rows(file, kind_of(kind), mapping=mapping_of(text, name="the proposal")) as rows:
        for row, _ in zip(rows, range(SHOWN), strict=False):
            ready = prepare(row.position, row.value) if isinstance(row, Row) else row
            if isinstance(ready, BadRow):
                said = "; ".join(map(str, ready.faults))
                say(clean(f"line {row.position} would be rejected: {said}", 1000))
            else:
                say(clean(f"line {row.position} would be sent as {ready.payload.decode()}", 1000))
