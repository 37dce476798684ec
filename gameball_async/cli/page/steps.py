"""What to do now about a run, with the exact commands: the page and the terminal say the same."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from attrs import evolve, frozen

from ...api.requests import DEFAULT_ORIGIN
from ...journal.account import Recorded, odd_to_retry
from ...journal.header import Header
from ...journal.state import Resumable
from ...rows.outcome import Outcome
from .. import account, doubts
from ..words import count


@frozen
class Step:
    """
    One thing to do.

    Attributes:
        title: what.
        text: why, and what comes of it.
        commands: ready for a shell, the first of them first.
    """

    title: str
    text: str
    commands: Sequence[str] = ()


def command(header: Header, *words: str) -> str:
    """A command that talks to the Gameball of a run, ready for a shell; keys stay in the environment."""
    found = ["gameball-async", *words]
    if header.origin != DEFAULT_ORIGIN:
        found += ["--base-url", header.origin]
    if header.version != "v4.0":
        found += ["--api-version", header.version]
    return shlex.join(found)


def doubts_of(recorded: Recorded, header: Header, journal: str) -> doubts.InDoubt:
    """The rows in doubt, with the commands that end it."""
    retry = command(header, "retry", journal, "--only", "indeterminate", "--i-checked")
    return evolve(doubts.of(recorded.doubts, journal), retry=retry)


def steps_of(journal: Resumable, recorded: Recorded, path: str) -> list[Step]:
    """
    What to do now.

    Args:
        journal: what is known of the run.
        recorded: the same, added up.
        path: where the journal is, as it was given.
    """
    if not recorded.report.complete:
        return list(_go_on(recorded, journal.header, path))
    steps = list(_again(journal, recorded, path))
    if not steps and journal.retried:
        return [Step("Read the reports of the later runs", "All else was sent again by them.")]
    return steps or [
        Step("Nothing is left to do", "The journal is not needed to go on; keep it or delete it.")
    ]


def _go_on(recorded: Recorded, header: Header, path: str) -> Iterator[Step]:
    yield Step(
        "Go on with the run",
        "It is not over. This goes on where it stopped, and applies no row twice.",
        [command(header, "resume", path)],
    )
    jobs = sorted(recorded.open_jobs)
    if jobs:
        some = map(str, jobs[: account.SHOWN_JOBS])
        yield Step(
            "Or only see how its open jobs end",
            f"{account.jobs_go_on(jobs)}. This sends nothing.",
            [command(header, "watch", *some)],
        )


def _again(journal: Resumable, recorded: Recorded, path: str) -> Iterator[Step]:
    """What can be done about the rows of a run that is over."""
    header = journal.header
    if recorded.doubts:
        found = doubts_of(recorded, header, path)
        yield Step(
            f"Look at {count(len(found.lines), 'row')} in doubt",
            "They may or may not have been applied. Look at these customers' balances or activities in "
            "Gameball's dashboard, and write the line numbers into a file, LINES.txt, one a line. The first "
            "command says which rows were applied, the second which were not; the third sends those that "
            "were not again. Keep the journal until then.",
            found.commands(),
        )
    soon = len(odd_to_retry(journal, "transient"))
    if soon:
        yield Step(
            f"Send {count(soon, 'row')} again",
            "Refused for a reason that passes by itself.",
            [command(header, "retry", path, "--only", "transient")],
        )
    later = len(odd_to_retry(journal, "failed")) - soon
    if later:
        yield Step(
            f"Correct {count(later, 'row')} at Gameball, then send {_them(later)} again",
            "The table of reasons says what each needs. This sends every row that was refused.",
            [command(header, "retry", path, "--only", "failed")],
        )
    never = sum(odd.payload is None and odd.row.outcome is Outcome.REJECTED for odd in journal.odd)
    if never:
        yield Step(
            f"Correct {count(never, 'row')} in the input, and import only {_them(never)}",
            "Never sent. This lists each row with its line and what is wrong; an import with "
            "--rejects FILE writes such rows as a file to correct.",
            [shlex.join(["gameball-async", "report", path, "--outcomes", "outcomes.csv"])],
        )


def _them(rows: int) -> str:
    return "it" if rows == 1 else "them"
