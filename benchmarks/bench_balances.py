"""
Sets 20,000 balances through lost answers, 5xx and kills at every step, alone and while others move balances.

    python -m benchmarks.bench_balances

Each process is killed by SIGKILL, at a write of a journal or of the plan, or at a random time; the same command goes on.
The sandbox's balances and its ledger judge the end: every customer is at its target, no customer was adjusted
twice, and those whose balance something else moved meanwhile, and no others, are told as moved.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from attrs import define, field, fields

from benchmarks.killable import Killer, Plan, When
from benchmarks.record import Gate, Result, table, write
from gameball_async.balances.store import Store
from gameball_async.sandbox import Constant, Sandbox
from gameball_async.sandbox.messages import Seen

WHENS: tuple[When, ...] = ("before", "inside", "after")
MOST_RUNS = 400
MOVED_AT = 8
"""Others move balances while the first so many adjusting requests arrive."""


@define
class Shop:
    """Customers, with the balances that they have and are to have; those in *movers* are moved by others."""

    before: dict[str, int]
    targets: dict[str, int]
    movers: list[str]

    @classmethod
    def of(cls, customers: int, movers: int, rng: random.Random) -> Shop:
        before = {f"c{n}": rng.randrange(2_000) for n in range(customers)}
        targets = {
            name: rng.randrange(2_000) if n % 20 else was
            for n, (name, was) in enumerate(before.items())
        }
        differ = [name for name, was in before.items() if targets[name] != was]
        return cls(before, targets, rng.sample(differ, movers))

    @property
    def differences(self) -> int:
        return sum(self.targets[name] != was for name, was in self.before.items())

    def write(self, path: Path) -> Path:
        lines = (f"{name},{target}\n" for name, target in self.targets.items())
        path.write_text("customerId,balance\n" + "".join(lines), encoding="utf-8")
        return path


@define
class Story:
    """What happened in one run, and everything about it that must not be."""

    name: str
    customers: int
    differences: int
    movers: int
    kills: Counter[str] = field(factory=Counter)
    runs: int = 0
    rounds: int = 0
    faults: int = 0
    applied: int = 0
    told: int = 0
    off: int = 0
    twice: int = 0
    wrongly_told: int = 0
    seconds: float = 0.0
    fault: str = ""


def spoil(sandbox: Sandbox) -> None:
    """Lost answers and 5xx of every sort, on what is sent and on what is asked."""
    for on in ("balance-adjustments", "balance-inquiries"):
        often: dict[str, Any] = {
            "on": on,
            "times": None,
            "probability": 0.08 if on == "balance-adjustments" else 0.03,
        }
        sandbox.faults.reset_before_commit(**often)
        sandbox.faults.reset_after_commit(**often)
        sandbox.faults.error_before(503, **often)
        sandbox.faults.error_after(502, **often)
        sandbox.faults.truncate(**often)
    sandbox.faults.html(502, on="poll", times=None, probability=0.03)
    sandbox.faults.reset_before_commit(on="poll", times=None, probability=0.03)


def deaths(rng: random.Random, kills: int) -> Iterator[Plan]:
    """So many, most at a write, some at a time, the first while the rows are read; then none."""
    yield from (Plan(write=1), Plan(write=2, when="inside"))
    for number in range(kills):
        if number % 4 == 3:
            yield Plan(seconds=rng.uniform(0.2, 1.5))
        else:
            yield Plan(write=rng.randint(1, 5), when=WHENS[number % 3])
    while True:
        yield Plan()


def tell(
    portal: BlockingPortal,
    killer: Killer,
    name: str,
    customers: int,
    movers: int,
    seed: int,
    plans: Iterator[Plan],
) -> Story:
    """One run from its first process to its last, judged."""
    rng = random.Random(seed)
    shop = Shop.of(customers, movers, rng)
    story = Story(name, customers, shop.differences, movers)
    left = [(name, rng.choice((-1, 1)) * (rng.randrange(1, 500) + 0.25)) for name in shop.movers]
    at_once = -(-len(left) // MOVED_AT)
    sandbox: Sandbox

    def others(seen: Seen) -> None:
        if seen.kind == "balance-adjustments" and seen.sort == "submit":
            for _ in range(min(at_once, len(left))):
                sandbox.service.memory.move(*left.pop())

    async def make() -> Sandbox:
        times = Constant(0.03, queue=0.005)
        return Sandbox(seed, limits=None, service_time=times, on_request=others)

    sandbox = portal.call(make)
    began = time.monotonic()
    with portal.wrap_async_context_manager(sandbox), tempfile.TemporaryDirectory() as place:
        file = shop.write(Path(place) / "targets.csv")
        portal.call(fill, sandbox, shop)
        spoil(sandbox)
        words = ["balances", "set", str(file), "--yes", "--json", "--rest", "0.4"]
        ended = play(sandbox, killer, words, plans, story)
        story.seconds = time.monotonic() - began
        story.faults = sandbox.faults.hits
        judge(story, shop, sandbox, Path(f"{file}.gbbalances"), ended, len(left))
    return story


async def fill(sandbox: Sandbox, shop: Shop) -> None:
    for name, balance in shop.before.items():
        sandbox.move(name, balance)


def play(
    sandbox: Sandbox, killer: Killer, words: Sequence[str], plans: Iterator[Plan], story: Story
) -> str:
    """Run the same command until it ends by itself; gives what it printed."""
    environment = {
        "GAMEBALL_BASE_URL": sandbox.url,
        "GAMEBALL_API_KEY": sandbox.api_key,
        "GAMEBALL_SECRET_KEY": sandbox.secret_key,
    }
    for plan in plans:
        story.runs += 1
        ended = killer.run(words, environment, plan)
        if not ended.killed and ended.code != 3:
            return ended.out
        story.kills[step_of(Path(f"{words[2]}.gbbalances")) if ended.killed else "stopped"] += 1
        if story.runs > MOST_RUNS:
            break
    return ""


def step_of(folder: Path) -> str:
    """The step in which a process died."""
    try:
        with Store(folder, None) as store:
            return store.stage.step.name.lower()
    except Exception:  # noqa: BLE001 - it died before there was a plan
        return "read"


def judge(
    story: Story, shop: Shop, sandbox: Sandbox, folder: Path, printed: str, unmoved: int
) -> None:
    """Compare what was told with what the sandbox knows."""
    if not printed:
        story.fault = f"it did not come to its end in {story.runs} runs"
        return
    story.rounds = json.loads(printed)["rounds"]
    with (folder / "report.csv").open(newline="", encoding="utf-8") as file:
        moved = {row["customerId"] for row in csv.DictReader(file) if row["outcome"] == "moved"}
    movers = set(shop.movers)
    story.told = len(moved & movers)
    story.wrongly_told = len(moved ^ movers)
    story.off = sum(
        sandbox.balances.get(name, 0) != target
        for name, target in shop.targets.items()
        if name not in movers
    )
    times = Counter(entry.customer for entry in sandbox.ledger.entries("balance-adjustments"))
    story.applied = sum(times.values())
    story.twice = sum(number > 1 for number in times.values())
    if unmoved:
        story.fault = f"{unmoved} movements did not happen"


def at_each_write(portal: BlockingPortal, customers: int, every: int) -> Story:
    """Runs of which each dies once, at one write after the other of all its steps; added up."""
    total = Story(f"each {every}. write", 0, 0, 0)
    with Killer(customers // 20) as killer:
        for write in range(1, 1_000, every):
            plans = chain([Plan(write=write, when=WHENS[write // every % 3])], repeat(Plan()))
            movers = customers // 100 * (write % 2)
            story = tell(portal, killer, total.name, customers, movers, write, plans)
            for each in fields(Story):
                if each.name not in ("name", "rounds"):
                    mine, its = getattr(total, each.name), getattr(story, each.name)
                    setattr(total, each.name, mine + its)
            total.rounds = max(total.rounds, story.rounds)
            if not story.kills:  # there is no such write
                break
    return total


def run(customers: int, seeds: int, kills: int, every: int) -> Result:
    """The stories: half of them alone, half with others that move 1 % of the customers."""
    stories = []
    with start_blocking_portal() as portal, Killer(1_000) as killer:
        for seed in range(seeds):
            for movers in (0, customers // 100):
                plans = deaths(random.Random(seed), kills)
                name = f"seed {seed}"
                stories.append(tell(portal, killer, name, customers, movers, seed, plans))
                print(stories[-1], flush=True)
        stories.append(at_each_write(portal, customers // 10, every))
        print(stories[-1], flush=True)
    return result(stories)


def result(stories: Sequence[Story]) -> Result:
    """What is written down."""
    killed: Counter[str] = sum((story.kills for story in stories), Counter())
    stopped = killed.pop("stopped", 0)
    heads = (
        "run", "customers", "differences", "moved by others", "kills", "spoilt answers", "rounds",
        "applications", "told as moved", "customers off their target", "adjusted twice", "wrongly told", "s",
    )  # fmt: skip
    rows = [
        (s.name, s.customers, s.differences, s.movers, s.kills.total(), s.faults, s.rounds, s.applied,
         s.told, s.off, s.twice, s.wrongly_told, round(s.seconds))
        for s in stories
    ]  # fmt: skip
    steps = ", ".join(f"{number} in {step}" for step, number in sorted(killed.items()))
    text = (
        "Each run sets balances in chunks of 1,000 with one command, killed by SIGKILL again and again and started "
        "again. The sandbox spoils answers meanwhile: a third of those to adjustments are lost before or after "
        "the commit, are 502 or 503, or are cut short; one in seven of those to inquiries. In every other run something else "
        f"moves 1 % of the customers while adjustments are sent. Processes killed, by the step that came next: {steps}; "
        f"{stopped} ended by themselves after three lost answers in a row. The last line adds up runs of a tenth of the "
        "customers, in chunks of a hundred, of which each dies once, at one write after the other.\n\n"
        + table(heads, rows)
        + "\n\nApplications may be fewer than differences where others moved a customer whose adjustment was not applied: it "
        "is told, and not touched again.\n\n"
        + "\n".join(f"- {story.name}: {story.fault}" for story in stories if story.fault)
    )
    gates = [
        Gate("processes killed", killed.total(), 200, at_least=True),
        Gate("steps in which some were", len(killed), 5, at_least=True),
        Gate("customers off their target, whom nobody else moved", sum(s.off for s in stories), 0),
        Gate("customers adjusted twice", sum(s.twice for s in stories), 0),
        Gate("more applications than differences",
             sum(max(0, s.applied - s.differences) for s in stories), 0),
        Gate("moved customers not told, and others told", sum(s.wrongly_told for s in stories), 0),
        Gate("runs that did not end as they should", sum(bool(s.fault) for s in stories), 0),
    ]  # fmt: skip
    figures = {"runs": [dict(zip(heads, row, strict=True)) for row in rows], "kills": dict(killed)}
    return Result(
        "balances", "20,000 balances set through lost answers and kills", gates, text, figures
    )


def main() -> None:
    """Read the arguments, run, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else "")
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=3, help="runs alone, and as many with others")
    parser.add_argument("--kills", type=int, default=100, help="of a run, at most")
    parser.add_argument("--every", type=int, default=3, help="write at which a run dies once")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    options = parser.parse_args()
    found = run(options.customers, options.seeds, options.kills, options.every)
    if options.dry:
        print(*found.gates, sep="\n")
    else:
        print(write(found).read_text(encoding="utf-8"))
    raise SystemExit(not found.met)


if __name__ == "__main__":
    main()
