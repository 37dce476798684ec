"""
Imports that die by SIGKILL and are resumed, judged by what the sandbox has applied.

Four deaths for a kind of each replay class, or with ``SAMPLES=all`` for each of the eight;
`benchmarks.bench_kills` has hundreds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from benchmarks.killable import Killer, Plan
from benchmarks.killed_rows import write_rows
from benchmarks.kills import CHUNK, tell, undisturbed
from gameball_async.api.kinds import KINDS
from tests import sampling

pytestmark = pytest.mark.skipif(
    "not hasattr(__import__('os'), 'fork')", reason="needs a system that forks"
)

ROWS = 160
KILLED = sampling.of(list(KINDS), ["customers", "orders", "balance-adjustments"])


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    """Where the sandboxes are served."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    """What starts the processes and kills them."""
    with Killer(CHUNK) as killer:
        yield killer


@pytest.mark.parametrize("kind", KILLED)
@pytest.mark.long
def test_an_import_that_is_killed_four_times_loses_nothing_and_doubles_nothing(
    portal: BlockingPortal, killer: Killer, kind: str, tmp_path: Path
) -> None:
    path = write_rows(kind, ROWS, tmp_path)
    reference = undisturbed(portal, killer, kind, path, tmp_path)
    number = list(KINDS).index(kind)
    plans = [
        Plan(seconds=0.03 + 0.015 * number),
        Plan(write=1 + number % 4, when="after"),
        Plan(write=1 + number % 3, when="inside"),
        Plan(write=2 + number % 2, when="before"),
    ]
    story = tell(portal, killer, kind, path, tmp_path, reference, iter(plans), seed=number)
    assert story.wrong == []
    assert story.kills == 4
    assert story.faults > 0
