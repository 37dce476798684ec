"""The command that serves the sandbox."""

from __future__ import annotations

from typing import Any, NoReturn

import click

from ..errors import ConfigurationError
from ..protocol.requests import Dialect
from ..sandbox import Constant, Sandbox, Seen, serve
from ..schedule.budget import Quota
from .connection import API_KEY, BASE_URL, SECRET_KEY, read_quota
from .ending import Exit, finish, perform
from .words import clean

__all__ = ["sandbox"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="0, the default, for any free one."
)
@click.option("--seed", type=int, default=0, show_default=True, help="All chance comes from it.")
@click.option(
    "--fail-rate",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Part of the items that fail, the same ones each time.",
)
@click.option(
    "--job-seconds",
    type=click.FloatRange(min=0),
    default=0.2,
    show_default=True,
    help="How long each job runs.",
)
@click.option(
    "--queue-seconds",
    type=click.FloatRange(min=0),
    default=0.05,
    show_default=True,
    help="How long each job is queued before.",
)
@click.option(
    "--latency",
    type=click.FloatRange(min=0),
    nargs=2,
    default=(0.0, 0.0),
    metavar="LEAST MOST",
    help="Seconds that the network takes, each way.",
)
@click.option(
    "--limits",
    callback=read_quota,
    metavar="REQUESTS/SECONDS,...",
    default="30/1,360/30",
    show_default=True,
    help="Requests per seconds that are let through; the rest is answered 429.",
)
@click.option("--no-limits", is_flag=True, help="Never answer 429.")
@click.option("--retry-after", is_flag=True, help="Put Retry-After on a 429.")
@click.option(
    "--others",
    "others_per_second",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Requests a second that others on the account send.",
)
@click.option(
    "--dialect",
    type=click.Choice([*(dialect.value for dialect in Dialect), "both"]),
    default="both",
    show_default=True,
    help="Which status and stop calls exist.",
)
@click.option("--high-security", is_flag=True, help="Every call needs both keys.")
@click.option(
    "--strict-customers",
    is_flag=True,
    help="An item fails with 2001 while its customer is in another open job.",
)
@click.option("--quiet", is_flag=True, help="Keep no log of the requests.")
def sandbox(
    host: str,
    port: int,
    limits: Quota,
    no_limits: bool,
    job_seconds: float,
    queue_seconds: float,
    quiet: bool,
    **options: Any,
) -> NoReturn:
    """
    Serve a Gameball to test against, until Ctrl-C.

    Prints its address and its keys as lines for a shell on standard output, then one line for each
    request on standard error.
    """
    low, high = options["latency"]
    if low > high:
        raise click.UsageError("--latency wants two numbers of seconds, the smaller first")

    async def main() -> int:
        try:
            await serve(
                host,
                port,
                ready=announce,
                on_request=None if quiet else log,
                limits=None if no_limits else limits.windows,
                service_time=Constant(job_seconds, queue=queue_seconds),
                **options,
            )
        except OSError as error:
            raise ConfigurationError(
                f"the sandbox cannot listen on {host}, port {port} ({error.strerror or error}): "
                "choose another --port, or end what uses it"
            ) from None
        return Exit.OK

    ended = perform(main)
    # Being stopped is this command's proper end.
    raise SystemExit(Exit.OK if ended.interrupted else finish(ended))


def announce(sandbox: Sandbox) -> None:
    """Print where it listens, ready for a shell."""
    click.echo(f"export {BASE_URL}={sandbox.url}")
    click.echo(f"export {API_KEY}={sandbox.api_key}")
    click.echo(f"export {SECRET_KEY}={sandbox.secret_key}")
    click.echo("the sandbox is ready; end it with Ctrl-C", err=True)


def log(seen: Seen) -> None:
    """Print one request."""
    click.echo(clean(str(seen)), err=True)
