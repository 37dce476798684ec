"""The commands on jobs and on one customer: status, watch, stop, upsert."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NoReturn

import anyio
import click
import orjson
from attrs import evolve

from ..api.jobs import JobState, JobStatus
from ..api.responses import parse_job_id
from ..client import GameballClient
from ..errors import InputError, ItemError, RejectedError, UnknownJobError
from ..jobs.changes import Changes
from . import account, display
from .connection import Connection, talk, talks
from .ending import Exit, finish, say, unusable
from .live import Reaching, console_on
from .options import flag, parsed, seconds

JobIds = tuple[int, ...]
Ask = Callable[[GameballClient, int], Awaitable[JobStatus]]

_job_ids = click.argument(
    "job_ids",
    metavar="JOB_ID...",
    nargs=-1,
    required=True,
    callback=parsed(lambda given: tuple(dict.fromkeys(map(parse_job_id, given)))),
)


@click.command()
@_job_ids
@seconds("--deadline", help="Give up after this many seconds.")
@talks
def status(
    connection: Connection, job_ids: JobIds, deadline: float | None, as_json: bool
) -> NoReturn:
    """Show the status of jobs."""
    _show_each(connection, job_ids, GameballClient.status, deadline, as_json=as_json)


@click.command()
@_job_ids
@talks
def stop(connection: Connection, job_ids: JobIds, as_json: bool) -> NoReturn:
    """Stop jobs. What they have applied already stays applied."""

    async def end(client: GameballClient, job_id: int) -> JobStatus:
        await client.stop(job_id)
        return await client.status(job_id)

    _show_each(connection, job_ids, end, None, as_json=as_json)


def _show_each(
    connection: Connection, job_ids: JobIds, ask: Ask, deadline: float | None, *, as_json: bool
) -> NoReturn:
    """Show the result for each job; a job that Gameball does not know does not stop the others."""
    seen: list[JobStatus] = []

    async def main(client: GameballClient, _: Reaching) -> int:
        code = Exit.OK
        with anyio.move_on_after(deadline) as scope:
            for job_id in job_ids:
                try:
                    seen.append(await ask(client, job_id))
                except UnknownJobError as error:
                    say(str(error))
                    code = Exit.STOPPED
        if scope.cancelled_caught:
            left = account.job_list(set(job_ids) - {each.job_id for each in seen})
            say(
                f"no answer about {left} within {deadline:g} s: try again, or with a longer --deadline"
            )
            return Exit.STOPPED
        return code

    ended = talk(connection, main)
    if as_json:
        _print_json(seen)
    elif seen:
        console_on(sys.stdout).print(display.status_table(seen))
    raise SystemExit(finish(ended))


@click.command()
@_job_ids
@flag("--progress", help="Also print changed counts, not only changed states.")
@seconds(
    "--deadline",
    help="Give up after this many seconds; the jobs continue and can be watched again.",
)
@seconds("--stalled-for", help="Give up if no job's state or counts change for this many seconds.")
@talks
def watch(connection: Connection, job_ids: JobIds, as_json: bool, **limits: Any) -> NoReturn:
    """
    Watch jobs until they have ended, and print each transition.

    Exit code 1 if a job did not complete, or completed with failed items.
    """
    last: dict[int, JobStatus] = {}

    async def main(client: GameballClient, _: Reaching) -> int:
        async with client.watch_all(job_ids, **limits) as changes:
            code = await _follow(changes, last, as_json=as_json)
        good = all(seen.state is JobState.COMPLETED and not seen.errors for seen in last.values())
        return code or (Exit.OK if good else Exit.SOME_FAILED)

    ended = talk(connection, main)
    if as_json:
        _print_json(last.values())
    again = f"to continue: `{connection.command('watch', *map(str, job_ids))}`"
    raise SystemExit(finish(ended, when_interrupted=again))


async def _follow(changes: Changes, last: dict[int, JobStatus], *, as_json: bool) -> int:
    """Print transitions to the end; a job that Gameball does not know does not stop the others."""
    code = Exit.OK
    while True:
        try:
            change = await anext(changes)
        except StopAsyncIteration:
            return code
        except UnknownJobError as error:
            say(str(error))
            code = Exit.STOPPED
            continue
        last[change.job.id] = change.status
        if not as_json:
            click.echo(display.transition_line(change))


def _print_json(statuses: Iterable[JobStatus]) -> None:
    names = ("operation", "total", "finished", "errors", "created_at", "started_at")
    jobs = [
        {
            "job_id": status.job_id,
            "state": status.state.value,
            **{name: getattr(status, name) for name in names},
        }
        for status in statuses
    ]
    click.echo(orjson.dumps({"jobs": jobs}))


@click.command()
@click.argument("file", type=click.Path(), metavar="[FILE|-]", required=False)
@click.option("--customer-id", "customerId", help="The customer's id in your shop.")
@click.option("--email", help="Email address.")
@click.option("--mobile", help="Mobile number.")
@click.option("--name", help="The display name (customerAttributes.displayName).")
@talks
def upsert(
    connection: Connection, file: str | None, name: str | None, as_json: bool, **fields: str | None
) -> NoReturn:
    """
    Create or update one customer.

    FILE contains one JSON object with the API's field names; - reads it from standard input. Options override
    it.
    """
    if file is None and fields["customerId"] is None:
        raise click.UsageError("pass --customer-id ID, or a FILE with one JSON object")
    with unusable():
        customer = {} if file is None else read_object(file)
    customer |= {field: value for field, value in fields.items() if value is not None}
    if name is not None:
        attributes = customer.get("customerAttributes")
        known = attributes if isinstance(attributes, dict) else {}
        customer["customerAttributes"] = {**known, "displayName": name}

    async def main(client: GameballClient, _: Reaching) -> int:
        try:
            gameball_id = await client.upsert_customer(customer)
        except (ItemError, RejectedError) as error:
            say(str(error))
            return Exit.SOME_FAILED
        stored = f"the customer is stored; Gameball's id: {gameball_id}"
        click.echo(orjson.dumps({"gameball_id": gameball_id}) if as_json else stored)
        return Exit.OK

    raise SystemExit(finish(talk(evolve(connection, batch=False), main)))


def read_object(path: str) -> dict[str, Any]:
    """
    One JSON object from a file, or from standard input for ``-``.

    Raises:
        InputError: it is not one JSON object.
        OSError: it cannot be read.
    """
    with click.open_file(path, "rb") as stream:
        content: bytes = stream.read()
    shown = "standard input" if path == "-" else path
    try:
        value = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise InputError(
            f"this is not JSON ({error.msg}, column {error.colno}); write one object such as "
            '{"customerId": "c1", "email": "a@example.com"}',
            path=shown,
            line=error.lineno,
        ) from None
    if not isinstance(value, dict):
        raise InputError("this is not one JSON object; for many customers use import", path=shown)
    return value
