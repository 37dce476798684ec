"""The simulation is judged too: clients that are known to be bad must be caught."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.runs import simulate

WITHIN = 600
"""Seeds by which each must be caught."""

CAUGHT_BY = {
    "accept a repeated job id": 241,
    "count 404 as failed": 495,
    "forget the requests of the process before": 94,
    "go on with any copy": 104,
    "let customers of open jobs go on resume": 32,
    "take a bad answer for the end": 36,
    "take completed without lists for success": 198,
}
"""A seed that is known to catch one that few others catch."""


def _caught(seed: int) -> bool:
    try:
        return bool(simulate(seed).violations)
    except Exception:  # noqa: BLE001 - a client that breaks down is caught as well
        return True


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_client_that_is_known_to_be_bad_is_caught(name: str) -> None:
    first = CAUGHT_BY.get(name, 0)  # only saves time: where it does not catch, all others are tried
    with MUTANTS[name]():
        assert any(_caught(seed) for seed in (first, *range(WITHIN))), f"nobody notices: {name}"
