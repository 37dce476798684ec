"""The commands on jobs: status, watch, stop."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, NoReturn

import anyio
import click
import orjson

from ..api.jobs import JobState, JobStatus
from ..api.responses import parse_job_id
from ..client import GameballClient
from ..errors import ConfigurationError, UnknownJobError
from ..jobs.changes import Changes
from . import account, display
from .connection import Connection, connect, talks
from .ending import Exit, finish, perform, say
from .live import console_on
from .options import SECONDS

__all__ = ["status", "stop", "watch"]


def read_job_ids(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> tuple[int, ...]:
    """Read jobs' numbers, each once, for click."""
    try:
        return tuple(dict.fromkeys(map(parse_job_id, value)))
    except ConfigurationError as error:
        raise click.BadParameter(str(error), ctx, param) from None


_job_ids = click.argument(
    "job_ids", metavar="JOB_ID...", nargs=-1, required=True, callback=read_job_ids
)


@click.command()
@_job_ids
@click.option("--deadline", type=SECONDS, metavar="SECONDS", help="Give up after so many seconds.")
@talks
def status(
    connection: Connection, job_ids: tuple[int, ...], deadline: float | None, as_json: bool
) -> NoReturn:
    """Show the status of jobs."""
    seen: list[JobStatus] = []

    async def main(client: GameballClient) -> int:
        async def ask(job_id: int) -> None:
            seen.append(await client.status(job_id))

        with anyio.move_on_after(deadline):
            return await _each(job_ids, ask)
        left = account.job_list(set(job_ids) - {each.job_id for each in seen})
        say(f"no answer about {left} within {deadline:g} s (--deadline): ask again")
        return Exit.STOPPED

    _run(connection, main, lambda: _show(seen, as_json=as_json))


@click.command()
@_job_ids
@talks
def stop(connection: Connection, job_ids: tuple[int, ...], as_json: bool) -> NoReturn:
    """Stop jobs. What they have applied already stays applied."""
    seen: list[JobStatus] = []

    async def main(client: GameballClient) -> int:
        async def end(job_id: int) -> None:
            await client.stop(job_id)
            seen.append(await client.status(job_id))

        return await _each(job_ids, end)

    _run(connection, main, lambda: _show(seen, as_json=as_json))


@click.command()
@_job_ids
@click.option("--progress", is_flag=True, help="Tell changed counts too, not only changed states.")
@click.option(
    "--deadline",
    type=SECONDS,
    metavar="SECONDS",
    help="Give up after so many seconds; the jobs go on, and can be watched again.",
)
@click.option(
    "--stalled-for",
    type=SECONDS,
    metavar="SECONDS",
    help="Give up where no job's state or counts change for so many seconds.",
)
@talks
def watch(
    connection: Connection,
    job_ids: tuple[int, ...],
    progress: bool,
    deadline: float | None,
    stalled_for: float | None,
    as_json: bool,
) -> NoReturn:
    """
    Watch jobs until they have ended, and print each transition.

    Exit code 1 where a job did not complete, or completed with failed items.
    """
    last: dict[int, JobStatus] = {}

    async def main(client: GameballClient) -> int:
        async with client.watch_all(
            job_ids, progress=progress, deadline=deadline, stalled_for=stalled_for
        ) as changes:
            code = await _follow(changes, last, as_json=as_json)
        good = all(seen.state is JobState.COMPLETED and not seen.errors for seen in last.values())
        return code or (Exit.OK if good else Exit.SOME_FAILED)

    def show() -> None:
        if as_json:
            _show(list(last.values()), as_json=True)

    _run(connection, main, show, when_interrupted=f"watch again: {account.job_list(job_ids)}")


async def _follow(changes: Changes, last: dict[int, JobStatus], *, as_json: bool) -> int:
    """Print transitions to the end; a job that Gameball does not know keeps no other from it."""
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


async def _each(job_ids: tuple[int, ...], act: Callable[[int], Awaitable[None]]) -> int:
    """Act on each job; one that Gameball does not know keeps no other from it."""
    code = Exit.OK
    for job_id in job_ids:
        try:
            await act(job_id)
        except UnknownJobError as error:
            say(str(error))
            code = Exit.STOPPED
    return code


def _run(
    connection: Connection,
    main: Callable[[GameballClient], Awaitable[int]],
    show: Callable[[], None],
    when_interrupted: str = "",
) -> NoReturn:
    async def connected() -> int:
        async with AsyncExitStack() as stack:
            return await main(await connect(stack, connection, batch=True))

    ended = perform(connected)
    show()
    raise SystemExit(finish(ended, when_interrupted=when_interrupted))


def _show(statuses: list[JobStatus], *, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps({"jobs": [_as_json(status) for status in statuses]}))
    elif statuses:
        console_on(sys.stdout).print(display.status_table(statuses))


def _as_json(status: JobStatus) -> dict[str, Any]:
    return {
        "job_id": status.job_id,
        "state": status.state.value,
        "operation": status.operation,
        "total": status.total,
        "finished": status.finished,
        "errors": status.errors,
        "created_at": status.created_at,
        "started_at": status.started_at,
    }
