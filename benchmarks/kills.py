"""
Imports that are killed again and again, resumed until done, and judged by the sandbox's ledger.

A story is one import of one kind against a sandbox with faults: a process is started, dies by
SIGKILL, and is followed by ``resume``, until enough have died; the last one may finish. Then the rows
are compared one by one with what was applied, and with an import that nothing disturbed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

from anyio.from_thread import BlockingPortal
from attrs import define, field, frozen

from benchmarks.killable import Ended, Killer, Plan, When
from benchmarks.killed_rows import KEYS, TIME, keys_by_line
from gameball_async.api.kinds import KINDS, Replay
from gameball_async.journal.account import recorded_of
from gameball_async.journal.journal import read_journal
from gameball_async.rows.outcome import Outcome
from gameball_async.sandbox import Constant, Sandbox

__all__ = [
    "CHUNK",
    "Reference",
    "Story",
    "plans_at_random",
    "tell",
    "undisturbed",
]

CHUNK = 20
"""Rows in a chunk."""
RUNS = 80
"""Processes of one story, at most."""

Outcomes = Mapping[int, Outcome]


@define
class Story:
    """
    What happened in one story.

    Attributes:
        kind: name of the batch kind.
        rows: rows of the input.
        kills: processes that died by SIGKILL.
        at_writes: how many of them at a journal write.
        runs: processes in all.
        faults: answers that the sandbox spoilt.
        indeterminate: rows that may or may not have been applied, in the end.
        applied: applications of rows at the sandbox.
        wrong: everything that must not be; empty in a good story.
    """

    kind: str
    rows: int
    kills: int = 0
    at_writes: int = 0
    runs: int = 0
    faults: int = 0
    indeterminate: int = 0
    applied: int = 0
    wrong: list[str] = field(factory=list)


# -- sandboxes


@contextmanager
def _served(portal: BlockingPortal, **options: Any) -> Iterator[Sandbox]:
    async def make() -> Sandbox:
        return Sandbox(**options)

    with portal.wrap_async_context_manager(portal.call(make)) as sandbox:
        yield sandbox


def _options(kind: str, seed: int) -> dict[str, Any]:
    def fails(of: str, item: Any) -> bool:
        """The same ones each time."""
        return of == kind and crc32(KEYS[kind](item).encode()) % 32 == 0

    return {
        "seed": seed,
        "limits": None,
        "service_time": Constant(0.03, queue=0.005),
        # Events of one customer in one chunk cannot be told apart: failures would hide the rest.
        "fail_if": None if kind == "events" else fails,
    }


def _spoil(sandbox: Sandbox) -> None:
    """Faults of every sort that a resumed run has to live with."""
    often: dict[str, Any] = {"times": None, "probability": 0.03}
    sandbox.faults.reset_before_commit(on="submit", **often)
    sandbox.faults.reset_after_commit(on="submit", **often)
    sandbox.faults.error_after(502, on="submit", **often)
    sandbox.faults.error_before(503, on="submit", **often)
    sandbox.faults.truncate(on="submit", **often)
    sandbox.faults.html(502, on="poll")  # one at least, however short the story is
    sandbox.faults.early_404(1, jobs=5)
    sandbox.faults.html(502, on="poll", **often)
    sandbox.faults.reset_before_commit(on="poll", **often)


def _environment(sandbox: Sandbox) -> dict[str, str]:
    return {
        "GAMEBALL_BASE_URL": sandbox.url,
        "GAMEBALL_API_KEY": sandbox.api_key,
        "GAMEBALL_SECRET_KEY": sandbox.secret_key,
    }


# -- stories


@frozen
class Reference:
    """
    An import that nothing disturbed.

    Attributes:
        outcomes: of each row, by line.
        writes: how many journal writes it made.
        seconds: how long it took.
    """

    outcomes: Outcomes
    writes: int
    seconds: float


def undisturbed(
    portal: BlockingPortal, killer: Killer, kind: str, path: Path, folder: Path
) -> Reference:
    """Import *path* without a fault or a kill."""
    journal = folder / "undisturbed.gbjournal"
    with _served(portal, **_options(kind, 0)) as sandbox:
        _prepare(portal, sandbox, kind)
        ended = killer.run(_import(kind, path, journal), _environment(sandbox), Plan())
    assert ended.code in (0, 1), ended.err
    return Reference(_outcomes(journal), ended.writes, ended.seconds)


def tell(
    portal: BlockingPortal,
    killer: Killer,
    kind: str,
    path: Path,
    folder: Path,
    reference: Reference,
    plans: Iterator[Plan],
    seed: int,
) -> Story:
    """Import *path*, die as *plans* say, resume until done; then judge."""
    lines = keys_by_line(kind, path)
    story = Story(kind, len(lines))
    journal = folder / f"{kind}-{seed}.gbjournal"
    with _served(portal, **_options(kind, seed)) as sandbox:
        _prepare(portal, sandbox, kind)
        _spoil(sandbox)
        ended = None
        while story.runs < RUNS and not (ended and ended.code in (0, 1)):
            plan = next(plans, Plan())
            if _is_unborn(journal, sandbox, story):
                journal.unlink(missing_ok=True)
            command = _resume(journal) if journal.exists() else _import(kind, path, journal)
            ended = killer.run(command, _environment(sandbox), plan)
            story.runs += 1
            story.kills += ended.killed
            story.at_writes += ended.killed and plan.write is not None
            if not ended.killed and ended.code not in (0, 1, 3):
                story.wrong.append(f"exit code {ended.code}: {ended.err[-500:]}")
                return story
    story.faults = sandbox.faults.hits
    story.applied = sandbox.ledger.applied[kind]
    _judge(story, journal, lines, reference, sandbox, ended)
    return story


def _prepare(portal: BlockingPortal, sandbox: Sandbox, kind: str) -> None:
    """Some rows ask for what must be there."""
    if kind != "order-transactions":
        return

    async def put() -> None:
        from gameball_async import GameballClient

        orders = [
            {"customerId": f"c{n}", "orderId": f"o{n}", "orderDate": TIME, "totalPaid": 1.5}
            for n in range(1, 1000, 2)
        ]
        keys = sandbox.api_key, sandbox.secret_key
        async with GameballClient(*keys, base_url=sandbox.url) as client:
            await client.wait(await client.submit("orders", orders))

    portal.call(put)


def _import(kind: str, path: Path, journal: Path) -> list[str | Path]:
    return ["import", kind, path, "--journal", journal, "--json", "--quota", "500/1"]


def _resume(journal: Path) -> list[str | Path]:
    return ["resume", journal, "--json", "--quota", "500/1"]


def _is_unborn(journal: Path, sandbox: Sandbox, story: Story) -> bool:
    """Whether the journal was cut off before it was one: then nothing may have been sent."""
    if not journal.exists():
        return False
    try:
        read_journal(journal)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said
        if sandbox.counts["submit"] > (story.kind == "order-transactions"):
            story.wrong.append(f"a journal was lost after rows were sent: {error}")
        return True
    return False


# -- judgement


def _outcomes(journal: Path) -> Outcomes:
    recorded = read_journal(journal)
    found = {line: Outcome.SUCCEEDED for chunk in recorded.chunks for line in chunk.positions}
    found.update((odd.row.position, odd.row.outcome) for odd in recorded.odd)
    return found


def _judge(
    story: Story,
    journal: Path,
    lines: Mapping[int, str | None],
    reference: Reference,
    sandbox: Sandbox,
    ended: Ended | None,
) -> None:
    if ended is None or ended.code not in (0, 1):
        story.wrong.append(f"not done after {story.runs} runs: {ended and ended.err[-500:]}")
        return
    outcomes = _outcomes(journal)
    times = sandbox.ledger.times(story.kind, key=KEYS[story.kind])
    replay = KINDS[story.kind].replay
    for line, key in lines.items():
        found, applied = outcomes.get(line), 0 if key is None else times[key]
        wrong = _row_fault(found, reference.outcomes[line], applied, replay)
        if wrong:
            story.wrong.append(f"line {line}: {wrong}")
    _judge_report(story, journal, outcomes, replay, json.loads(ended.out))
    if set(outcomes) - set(lines):
        story.wrong.append("the journal has rows that the input has not")


def _row_fault(found: Outcome | None, expected: Outcome, applied: int, replay: Replay) -> str:
    if found is None:
        return "lost: it has no outcome"
    if replay is not Replay.REPLAYABLE and applied > 1:
        return f"applied {applied} times"
    if found is Outcome.INDETERMINATE:
        # Of a row with an id of its own, a refusal without a code leaves open which try it is of.
        honest = replay is Replay.UNREPEATABLE or (
            replay is Replay.KEYED and expected is Outcome.FAILED
        )
        return "" if honest else "indeterminate, though it can be settled"
    if found is not expected:
        return f"{found.value}, but {expected.value} when nothing disturbs"
    if (applied > 0) != (found is Outcome.SUCCEEDED):
        return f"{found.value}, and applied {applied} times"
    return ""


def _judge_report(
    story: Story, journal: Path, outcomes: Outcomes, replay: Replay, printed: Mapping[str, Any]
) -> None:
    counts = {each.value: 0 for each in Outcome}
    for outcome in outcomes.values():
        counts[outcome.value] += 1
    if any(printed[name] != number for name, number in counts.items()):
        story.wrong.append(f"the report says {printed}, the journal {counts}")
    if printed["rows"] != story.rows:
        story.wrong.append(f"the report has {printed['rows']} rows of {story.rows}")
    recorded = recorded_of(read_journal(journal))
    if any(getattr(recorded.report, name) != number for name, number in counts.items()):
        story.wrong.append("the journal's report is another")
    if not recorded.report.complete:
        story.wrong.append("the run is not complete")
    # Honest: only chunks whose answer never came, and whose job nobody knows.
    known = [doubt.chunk for doubt in recorded.doubts if doubt.job_id is not None]
    if known and replay is Replay.UNREPEATABLE:
        story.wrong.append(f"chunks {known} are in doubt, though their jobs are known")
    story.indeterminate = counts["indeterminate"]


def plans_at_random(rng: random.Random, kills: int, reference: Reference) -> Iterator[Plan]:
    """So many deaths, half of them at a journal write, half at a time; then none."""
    whens: tuple[When, ...] = ("before", "inside", "after")
    for _ in range(kills):
        if rng.random() < 0.5:
            yield Plan(write=rng.randint(1, reference.writes // 2), when=rng.choice(whens))
        else:
            yield Plan(seconds=rng.uniform(0.1, reference.seconds))
