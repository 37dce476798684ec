"""The command that serves the sandbox."""

from __future__ import annotations

from typing import Any, NoReturn

import click
import orjson
from attrs import asdict
from click.core import ParameterSource

from ..errors import ConfigurationError
from ..sandbox import Constant, Sandbox, Scenario, ScenarioError, Seen, serve
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
    type=click.Choice(["tutorial", "openapi", "both"]),
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
@click.option(
    "--scenario",
    "scenario_file",
    type=click.Path(dir_okay=False),
    help="A file of settings and faults, TOML or JSON; other options go before it.",
)
@click.option("--quiet", is_flag=True, help="Keep no log of the requests.")
@click.option("--json-log", is_flag=True, help="One JSON object for each request.")
@click.pass_context
def sandbox(
    context: click.Context,
    /,
    host: str,
    port: int,
    scenario_file: str | None,
    quiet: bool,
    json_log: bool,
    **options: Any,
) -> NoReturn:
    """
    Serve a Gameball to test against, until Ctrl-C.

    Prints its address and its keys as lines for a shell on standard output, then one line for each
    request on standard error: seconds since the start, method, path, status, rows, job,
    milliseconds, and the scripted fault that hit it.
    """
    low, high = options["latency"]
    if low > high:
        raise click.UsageError(
            "--latency takes two numbers of seconds, the smaller first: --latency 0.05 0.2"
        )
    try:
        scenario = Scenario.given(scenario_file)
    except ScenarioError as error:
        raise click.UsageError(str(error)) from None
    settings = _settings(context, scenario, options)

    async def main() -> int:
        try:
            await serve(
                host,
                port,
                ready=announce,
                scenario=scenario,
                on_answer=None if quiet else log_as_json if json_log else log,
                **settings,
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


def _settings(
    context: click.Context, scenario: Scenario, options: dict[str, Any]
) -> dict[str, Any]:
    """What goes before the scenario: options that were given, and those that it says nothing of."""
    given = {
        name
        for name in options
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    told = {**scenario.options, "latency": scenario.latency}
    pace = {"job_seconds", "queue_seconds"}
    settings = {
        name: value
        for name, value in options.items()
        if name not in pace and (name in given or name not in told)
    }
    if settings.pop("no_limits", False):
        settings["limits"] = None
    elif "limits" in settings:
        settings["limits"] = settings["limits"].windows
    if pace & given or "service_time" not in told:
        settings["service_time"] = Constant(options["job_seconds"], queue=options["queue_seconds"])
    return settings


def announce(sandbox: Sandbox) -> None:
    """Print where it listens, ready for a shell."""
    click.echo(f"export {BASE_URL}={sandbox.url}")
    click.echo(f"export {API_KEY}={sandbox.api_key}")
    click.echo(f"export {SECRET_KEY}={sandbox.secret_key}")
    click.echo("the sandbox is ready; end it with Ctrl-C", err=True)


def log(seen: Seen) -> None:
    """Print one request."""
    click.echo(clean(str(seen)), err=True)


def log_as_json(seen: Seen) -> None:
    """Print one request for a program to read."""
    click.echo(orjson.dumps(asdict(seen)), err=True)
