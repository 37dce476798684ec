"""Simulated runs, one for each seed: carries them out, judges them, adds them up."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from attrs import define, field

from tests.simulation.oracle import violations
from tests.simulation.plan import Disturbance, plan_of
from tests.simulation.world import World

__all__ = ["Summary", "Verdict", "simulate", "simulate_all"]

_MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it, where it is there


@define
class Verdict:
    """
    One run.

    Attributes:
        seed: what it came from.
        violations: what is wrong; empty where nothing is.
        fired: how often each fault struck.
        seconds: of virtual time.
        history: a digest of all that happened.
        story: what happened, in lines.
    """

    seed: int
    violations: list[str]
    fired: Counter[str]
    seconds: float
    history: str
    story: list[str] = field(repr=False)


@define
class Summary:
    """Many runs, added up."""

    runs: int = 0
    seconds: float = 0.0
    fired: Counter[str] = field(factory=Counter)
    violations: dict[int, list[str]] = field(factory=dict)

    def add(self, verdict: Verdict) -> None:
        """One more run."""
        self.runs += 1
        self.seconds += verdict.seconds
        self.fired += verdict.fired
        if verdict.violations:
            self.violations[verdict.seed] = verdict.violations

    def lines(self) -> list[str]:
        """For people."""
        head = [
            f"{self.runs:,} runs, {self.seconds / 3600:,.1f} virtual hours",
            f"{len(self.violations)} runs with violations",
        ]
        faults = [f"  {count:9,}  {name}" for name, count in sorted(self.fired.items())]
        wrong = [f"seed {seed}: {'; '.join(found)}" for seed, found in self.violations.items()]
        return [*head, "faults fired:", *faults, *wrong]


def simulate(seed: int) -> Verdict:
    """Carry out and judge the run of one seed."""
    plan = plan_of(seed)
    shared = _MEMORY_DISK if _MEMORY_DISK.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="simulation-", dir=shared))
    try:
        world = World(plan, folder)
        for disturbance in plan.disturbances:
            world.attempt(disturbance)
        if plan.disturbances or plan.faults:
            world.attempt(Disturbance("none"))
        world.heal()
        world.attempt(Disturbance("none"))
        found = violations(world)
        story = [line.replace(str(folder), "") for line in _story(world)]
        digest = hashlib.sha256("\n".join(story).encode()).hexdigest()
        seconds = world.elapsed
        return Verdict(seed, found, world.fired, seconds, digest, story)
    finally:
        shutil.rmtree(folder)


def _story(world: World) -> list[str]:
    lines = [str(world.plan)]
    for session in world.sessions:
        lines += [f"session {session.number}: {session.disturbance}", *session.events]
        lines.append(f"  {session.error!r} {session.report} {session.steps} steps")
    lines += [f"applied {e.time:.6f} {e.job_id} {e.item}" for e in world.service.ledger.entries()]
    return lines


def simulate_all(seeds: Iterable[int]) -> Summary:
    """Carry out and judge the runs of many seeds, one after the other."""
    summary = Summary()
    for seed in seeds:
        summary.add(simulate(seed))
    return summary
