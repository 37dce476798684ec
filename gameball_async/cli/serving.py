"""The commands to try things out with: the sandbox, and the examples that come with the package."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NoReturn

import click
import orjson
from attrs import asdict

from ..errors import ConfigurationError
from ..limits.windows import Quota
from ..sandbox import Constant, Sandbox, Scenario, ScenarioError, Seen, serve
from .connection import API_KEY, BASE_URL, SECRET_KEY
from .ending import Exit, finish, perform, say
from .options import choice, flag, from_zero, given, parsed
from .words import clean


@click.command()
@click.option("--host", default="127.0.0.1", help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="The port to listen on; 0 for any free port.",
)
@click.option("--seed", type=int, default=0, help="The seed of all random choices.")
@click.option(
    "--fail-rate",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="The share of items that fail, from 0 to 1; the same ones each time.",
)
@from_zero("--job-seconds", default=0.2, help="How long each job runs.")
@from_zero("--queue-seconds", default=0.05, help="How long each job is queued first.")
@from_zero(
    "--latency",
    nargs=2,
    default=(0.0, 0.0),
    metavar="LEAST MOST",
    help="The delay of the network in seconds, each way.",
)
@click.option(
    "--limits",
    callback=parsed(lambda text: Quota.parse(text).windows),
    metavar="REQUESTS/SECONDS,...",
    default="30/1,360/30",
    help="Requests allowed per number of seconds; the rest are answered with 429.",
)
@flag("--no-limits", help="Never answer 429.")
@flag("--retry-after", help="Send Retry-After with a 429.")
@from_zero(
    "--others",
    "others_per_second",
    default=0.0,
    help="Requests per second that other clients of the account send.",
)
@choice(
    "--dialect",
    ["tutorial", "openapi", "both"],
    default="both",
    help="Which status and stop paths exist.",
)
@flag("--high-security", help="Every call needs both keys.")
@flag(
    "--strict-customers",
    help="An item fails with 2001 while its customer is in another open job.",
)
@click.option(
    "--scenario",
    "scenario_file",
    type=click.Path(dir_okay=False),
    help="A file of settings and faults, TOML or JSON; other options override it.",
)
@flag("--quiet", help="Do not log requests.")
@flag("--json-log", help="Log each request as one JSON object.")
def sandbox(
    host: str, port: int, scenario_file: str | None, quiet: bool, json_log: bool, **options: Any
) -> NoReturn:
    """
    Run a local server that imitates Gameball, until Ctrl-C.

    It prints its address and keys to standard output as lines for a shell, then one line per request to
    standard error: seconds since the start, method, path, status, rows, job, milliseconds, and the scripted
    fault that hit it.
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
    settings = _settings(scenario, options)

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
                f"the sandbox cannot listen on {host}, port {port} ({error.strerror or error}): choose another "
                "--port, or stop the program that uses it"
            ) from None
        return Exit.OK

    ended = perform(main)
    # Being stopped is this command's proper end.
    raise SystemExit(Exit.OK if ended.interrupted else finish(ended))


def _settings(scenario: Scenario, options: dict[str, Any]) -> dict[str, Any]:
    """The options that override the scenario, and those that it does not set."""
    told = {**scenario.options, "latency": scenario.latency}
    paced = given("job_seconds") or given("queue_seconds") or "service_time" not in told
    pace = Constant(options.pop("job_seconds"), queue=options.pop("queue_seconds"))
    settings = {n: value for n, value in options.items() if given(n) or n not in told}
    if settings.pop("no_limits", False):
        settings["limits"] = None
    return {**settings, "service_time": pace} if paced else settings


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


# -- examples that come with the package

# As the package is installed, or in a source tree.
_PLACES = (
    Path(__file__).parents[1] / "_examples",
    Path(__file__).parents[2] / "docs" / "examples",
)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def examples(folder: Path) -> NoReturn:
    """
    Copy the examples to FOLDER: imports in FastAPI, aiohttp.web, Celery and Dagster.

    Each file begins with how to run it. Existing files are not overwritten, but named.
    """
    found = sorted(
        file for place in _PLACES for file in place.glob("*.*") if file.suffix in {".py", ".html"}
    )
    kept = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in found:
            target = folder / file.name
            if target.exists():
                kept.append(target)
                continue
            shutil.copyfile(file, target)
            click.echo(clean(str(target)))
    except OSError as error:
        say(f"{clean(str(folder))} cannot be written ({error.strerror}): choose another FOLDER")
        raise SystemExit(Exit.UNUSABLE) from None
    for target in kept:
        say(f"{clean(str(target))} already exists, and was not overwritten: choose another FOLDER")
    raise SystemExit(Exit.SOME_FAILED if kept else Exit.OK)
