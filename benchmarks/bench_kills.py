"""
Kills imports of all eight kinds for good, at each journal write and at random times.

    python -m benchmarks.bench_kills

Each process is killed by SIGKILL; what follows it resumes from the journal. At the end, the
sandbox's ledger and an undisturbed import judge every row. Nothing may be lost, nothing that cannot
be repeated may be applied twice, and every outcome must be the undisturbed one or an honest
"indeterminate".
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from anyio.from_thread import BlockingPortal, start_blocking_portal

from benchmarks.killable import Killer, Plan, When
from benchmarks.killed_rows import write_rows
from benchmarks.kills import CHUNK, Story, plans_at_random, tell, undisturbed
from benchmarks.record import Gate, Result, table, write
from gameball_async.api.kinds import KINDS

WHENS: tuple[When, ...] = ("before", "inside", "after")


def stories_of(
    kind: str, portal: BlockingPortal, killer: Killer, folder: Path, rows: int, at_random: int
) -> Iterator[Story]:
    """One story for each journal write of an import, then some with five deaths at random."""
    path = write_rows(kind, rows, folder)
    reference = undisturbed(portal, killer, kind, path, folder)
    for number in range(1, reference.writes + 1):
        plans = iter([Plan(write=number, when=WHENS[number % 3])])
        yield tell(portal, killer, kind, path, folder, reference, plans, number)
    for seed in range(1_000, 1_000 + at_random):
        plans = plans_at_random(random.Random(seed), 5, reference)
        yield tell(portal, killer, kind, path, folder, reference, plans, seed)


def run(rows: int, at_random: int) -> Result:
    """All stories of all kinds."""
    stories: dict[str, list[Story]] = {}
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        start_blocking_portal() as portal,
        Killer(CHUNK) as killer,
    ):
        for kind in KINDS:
            place = Path(folder) / kind
            place.mkdir()
            stories[kind] = list(stories_of(kind, portal, killer, place, rows, at_random))
            print(line(kind, stories[kind]), flush=True)
    return result(stories, rows, time.monotonic() - began)


def line(kind: str, stories: list[Story]) -> str:
    """One kind in a line."""
    kills, wrong = sum(s.kills for s in stories), [w for s in stories for w in s.wrong]
    return f"{kind}: {len(stories)} imports, {kills} kills, {len(wrong)} violations {wrong[:5]}"


def result(stories: dict[str, list[Story]], rows: int, seconds: float) -> Result:
    """What is written down."""
    every = [story for told in stories.values() for story in told]
    kills = sum(story.kills for story in every)
    wrong = [f"{story.kind}: {fault}" for story in every for fault in story.wrong]
    heads = (
        "kind", "imports", "kills", "at a journal write", "processes", "spoilt answers", "rows",
        "applications", "indeterminate rows", "violations",
    )  # fmt: skip
    figures = {
        kind: (
            len(told),
            sum(s.kills for s in told),
            sum(s.at_writes for s in told),
            sum(s.runs for s in told),
            sum(s.faults for s in told),
            sum(s.rows for s in told),
            sum(s.applied for s in told),
            sum(s.indeterminate for s in told),
            sum(len(s.wrong) for s in told),
        )
        for kind, told in stories.items()
    }
    text = (
        f"{len(every):,} imports of {rows} rows in chunks of {CHUNK}, {kills:,} processes killed by "
        f"SIGKILL, {seconds:.0f} s in all. Each journal write of an import is the last one of one "
        "process, which dies before it, inside its transaction, or right after it; other processes "
        "die at a random time. The sandbox spoils answers meanwhile: connections reset before and "
        "after the commit, 502 and 503, answers cut short, jobs not found at first.\n\n"
        + table(heads, [(kind, *numbers) for kind, numbers in figures.items()])
        + "\n\nAn indeterminate row is one of an unrepeatable kind whose chunk was being sent when the "
        "process died or the answer was spoilt; or one with an id of its own that was sent twice and "
        "refused without a code, so that nobody can tell which of the tries was refused.\n\n"
        + "\n".join(f"- {fault}" for fault in wrong[:50])
    )
    gates = [
        Gate("processes killed", kills, 300, at_least=True),
        Gate("rows lost, applied twice, or with another outcome", len(wrong), 0),
    ]
    return Result("kills", "Imports that are killed and resumed", gates, text, {"kinds": figures})


def main() -> None:
    """Read the arguments, run, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=160, help="rows of an import")
    parser.add_argument(
        "--at-random", type=int, default=4, help="imports of a kind, five deaths each"
    )
    options = parser.parse_args()
    found = run(options.rows, options.at_random)
    print(write(found).read_text(encoding="utf-8"))
    raise SystemExit(not found.met)


if __name__ == "__main__":
    main()
