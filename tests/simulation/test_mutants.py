"""The simulation is judged too: clients that are known to be bad must be caught."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.runs import simulate

WITHIN = 400
"""Seeds by which each must be caught."""


def _caught(seed: int) -> bool:
    try:
        return bool(simulate(seed).violations)
    except Exception:  # noqa: BLE001 - a client that breaks down is caught as well
        return True


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_client_that_is_known_to_be_bad_is_caught(name: str) -> None:
    with MUTANTS[name]():
        assert any(_caught(seed) for seed in range(WITHIN)), f"nobody notices: {name}"
