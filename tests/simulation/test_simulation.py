"""Thousands of runs in which anything may go wrong, each judged by what the server knows."""

from __future__ import annotations

import pytest

from tests import sampling
from tests.simulation.runs import Summary, simulate, simulate_all

RUNS = sampling.of(2000, 100)
BATCH = 100


@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", range(0, RUNS, BATCH))
def test_no_row_is_lost_doubled_or_misjudged_whatever_happens(first: int) -> None:
    """`python -m tests.simulation --seed N` tells the story of a seed that is printed here."""
    summary = simulate_all(range(first, min(first + BATCH, RUNS)))
    assert not summary.violations, "\n".join(summary.lines())


def test_the_same_seed_tells_the_same_story() -> None:
    for seed in range(7, 107, 5):
        assert simulate(seed).history == simulate(seed).history


def test_every_kind_of_fault_strikes_within_a_few_hundred_runs() -> None:
    summary = Summary()
    for seed in range(400):
        summary.add(simulate(seed))
        if set(summary.fired) >= _EXPECTED:
            break
    assert set(summary.fired) >= _EXPECTED
    assert summary.seconds > 3600


_EXPECTED = {
    "unreachable",
    "late",
    "reset_before_commit on submit",
    "reset_after_commit on submit",
    "error_after on submit",
    "edit on submit",  # another job's number
    "early_404 on poll",
    "late_404 on poll",
    "null_response on poll",
    "rate_limit on submit",
    "kill step",
    "kill request",
    "kill answer",
    "kill disk before",
    "kill disk after",
    "kill disk torn",
    "cancel step",
    "stop step",
    "leave event",
    "disk disk full",
    "disk disk error",
    "disk disk late error",
}
