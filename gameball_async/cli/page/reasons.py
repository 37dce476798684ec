"""
Why rows did not succeed, for a page that is shared, and what to do now.

Reasons are grouped, with advice and a few examples; what to do are steps, with the exact commands.
Ids are masked everywhere, also in Gameball's own words, unless the user asks for them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

from attrs import field, frozen

from ...api.requests import DEFAULT_ORIGIN
from ...journal.account import Recorded, odd_to_retry
from ...journal.header import Header
from ...journal.state import DOUBT, OPEN, Resumable, Stage
from ...rows.outcome import Outcome, Reason, RowOutcome
from .. import account
from ..words import clean, command_line, count

SHOWN = 30
EXAMPLES = 3

_ADDRESS = re.compile(r"[^\s@<>\"'(),;]+@[^\s@<>\"'(),;]+")
_LONG_NUMBER = re.compile(r"\+?\d{7,}")

_Key = tuple[str, str, int | None]
"""Of a group: the outcome, the reason with ids left out, the code."""


@frozen
class Example:
    """A row: where it stands, and its customer's (or order's) id, masked or not; None for none."""

    position: int
    key: str | None = field(repr=False)


@frozen
class Group(account.Failure):
    """
    The same with the code and with examples.

    Attributes:
        code: Gameball's code; None where none was found.
        examples: a few of the rows, those that come first.
    """

    code: int | None
    examples: Sequence[Example]


@frozen
class Reasons:
    """
    All of them.

    Attributes:
        groups: at most `SHOWN`, most rows first.
        more: how many other reasons there are.
        more_rows: how many rows have one of those.
    """

    groups: Sequence[Group]
    more: int
    more_rows: int

    @property
    def rows(self) -> int:
        """Rows that did not succeed."""
        return sum(group.rows for group in self.groups) + self.more_rows


def masked(key: str) -> str:
    """An id that you can recognise only with the input at hand: ``c…23``."""
    if len(key) >= 6:
        return f"{key[0]}…{key[-2:]}"
    return f"{key[0]}…" if len(key) >= 3 else "…"


def reasons_of(journal: Resumable, *, show_keys: bool = False) -> Reasons:
    """
    Group the rows that did not succeed.

    Args:
        journal: what is known of the run.
        show_keys: leave ids, addresses and long numbers as they stand: in a group's reason, those of its first row.
    """
    rows: Counter[_Key] = Counter()
    examples: dict[_Key, list[Example]] = defaultdict(list)
    whole: dict[_Key, str] = {}
    for row in _odd(journal):
        code = None if row.reason is None else row.reason.code
        group = row.outcome.value, _words(row), code
        rows[group] += 1
        if show_keys:
            whole.setdefault(group, clean(str(row.reason or group[1])))
        if len(examples[group]) < EXAMPLES:
            key = None if row.key is None else clean(row.key if show_keys else masked(row.key), 80)
            examples[group].append(Example(row.position, key))
    shown = [
        Group(outcome, whole.get(key, why), many, account.advice_on(code), code, examples[key])
        for key, many in rows.most_common(SHOWN)
        for outcome, why, code in [key]
    ]
    rest = rows.total() - sum(group.rows for group in shown)
    return Reasons(shown, len(rows) - len(shown), rest)


def _odd(journal: Resumable) -> Iterator[RowOutcome]:
    for odd in journal.odd:
        if odd.row.outcome is not Outcome.SUCCEEDED:
            yield odd.row
    for chunk in journal.chunks:
        if chunk.stage is Stage.SETTLED:
            continue
        pending = chunk.stage is Stage.ACCEPTED
        outcome, why = (Outcome.PENDING, OPEN) if pending else (Outcome.INDETERMINATE, DOUBT)
        for index, position in enumerate(chunk.positions):
            key = chunk.keys[index] if chunk.keys else None
            yield RowOutcome(position, outcome, key, why, chunk.job_id, chunk.number)


def _words(row: RowOutcome) -> str:
    """The reason, without what is of this row alone: rows that differ in nothing else are one group."""
    reason = row.reason
    if reason is None:
        return "no reason is known"
    if reason is OPEN or reason is DOUBT:
        return reason.text
    text = account.ITS_JOB.sub("its job", reason.text)
    if row.key and row.key in text:
        text = re.sub(rf"(?<!\w){re.escape(row.key)}(?!\w)", "…", text)
    if "@" in text:
        text = _ADDRESS.sub("…@…", text)
    text = _LONG_NUMBER.sub("…", text)
    return clean(str(Reason(text, reason.code, reason.field)))


# -- what to do now, with the exact commands: the page and the terminal say the same


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


def command(header: Header, *words: str, **options: str) -> str:
    """A command that talks to the same Gameball as a run, ready for a shell; keys stay in the environment."""
    base_url = None if header.origin == DEFAULT_ORIGIN else header.origin
    version = None if header.version == "v4.0" else header.version
    return command_line(*words, **options, base_url=base_url, api_version=version)


def doubts_of(recorded: Recorded, header: Header, journal: str) -> account.InDoubt:
    """The rows in doubt, with the commands that settle them."""
    return account.InDoubt.of(recorded.doubts, journal, command=partial(command, header))


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
        return [Step("Read the reports of the later runs", "They sent all other rows again.")]
    return steps or [
        Step("Nothing is left to do", "The journal is not needed any more: keep it or delete it.")
    ]


def _go_on(recorded: Recorded, header: Header, path: str) -> Iterator[Step]:
    yield Step(
        "Resume the run",
        "It has not finished. This continues where it stopped, and applies no row twice.",
        [command(header, "resume", path)],
    )
    jobs = sorted(recorded.open_jobs)
    if jobs:
        some = map(str, jobs[: account.SHOWN_JOBS])
        yield Step(
            "Or only watch its open jobs",
            f"{account.jobs_go_on(jobs)}. This sends nothing.",
            [command(header, "watch", *some)],
        )


def _again(journal: Resumable, recorded: Recorded, path: str) -> Iterator[Step]:
    """What to do about the rows of a finished run."""
    header = journal.header
    if recorded.doubts:
        found = doubts_of(recorded, header, path)
        yield Step(
            f"Look at {count(len(found.lines), 'row')} in doubt",
            "They may or may not have been applied. Look at these customers' balances or activities in Gameball's "
            "dashboard, and write the line numbers to a file, LINES.txt, one per line. The first command records "
            "which rows were applied, the second which were not; the third sends again the rows that were not. "
            "Keep the journal until then.",
            found.commands(),
        )
    soon = len(odd_to_retry(journal, "transient"))
    if soon:
        yield Step(
            f"Send {count(soon, 'row')} again",
            "Refused for a reason that may pass later.",
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
            [command_line("report", path, outcomes="outcomes.csv")],
        )


def _them(rows: int) -> str:
    return "it" if rows == 1 else "them"
