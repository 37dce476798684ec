"""The group of all commands."""

from __future__ import annotations

import click

from .. import __version__
from .customers import upsert
from .imports import import_
from .jobs import status, stop, watch
from .mapping import map_
from .reporting import report
from .resuming import resume, retry
from .serving import sandbox
from .settling import settle
from .validation import validate

__all__ = ["cli"]


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=(
        "Keys come from the environment: GAMEBALL_API_KEY and GAMEBALL_SECRET_KEY; never from "
        "arguments. Exit codes: 0 every row succeeded; 1 finished, some rows did not succeed; "
        "2 usage, configuration or unreadable input; 3 stopped early by an error; 130 interrupted. "
        "After 3 and 130, resume goes on."
    ),
)
@click.version_option(__version__, prog_name="gameball-async")
def cli() -> None:
    """Bulk imports into Gameball: every row accounted for, both rate limits used to the full."""


for _command in (
    import_,
    map_,
    resume,
    retry,
    settle,
    report,
    status,
    watch,
    stop,
    upsert,
    validate,
    sandbox,
):
    cli.add_command(_command)
