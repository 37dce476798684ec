"""Every input row ends in exactly one outcome, and the outcomes are true, whatever happens."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.virtual import run_virtual
from gameball_async.api.kinds import KINDS, Chunking, Replay
from gameball_async.bulk.events import Settled
from gameball_async.limits.retry import Patience
from gameball_async.rows.outcome import Outcome
from gameball_async.sandbox import Constant
from gameball_async.session import RunOptions
from tests.engine_items import item
from tests.loopback import Loopback, LoopbackEngine

FAULTS = (
    "reset_before_commit",
    "reset_after_commit",
    "error_before",
    "error_after",
    "hang_up",
    "truncate",
    "html",
    "broken_status_line",
    "null_response",
    "odd_state",
)


@settings(max_examples=150)
@given(
    kind=st.sampled_from(list(KINDS)),
    chunking=st.sampled_from(list(Chunking)),
    customers=st.lists(st.sampled_from(["a", "b", "c", "d", "e", "", None]), max_size=40),
    faults=st.lists(
        st.tuples(
            st.sampled_from(FAULTS),
            st.sampled_from(["submit", "poll"]),
            st.floats(0.05, 0.6),
            st.integers(1, 4),
        ),
        max_size=3,
    ),
    fail_rate=st.sampled_from([0.0, 0.3]),
    codes=st.sampled_from(["field", "text", "words"]),
    entry_ids=st.booleans(),
    partial=st.booleans(),
    seed=st.integers(0, 99),
)
def test_outcomes_partition_the_input_and_agree_with_what_the_server_did(
    kind: str,
    chunking: Chunking,
    customers: list[str | None],
    faults: list[tuple[str, str, float, int]],
    fail_rate: float,
    codes: str,
    entry_ids: bool,
    partial: bool,
    seed: int,
) -> None:
    rows = [item(kind, customer, n) if customer is not None else {"broken": n}
            for n, customer in enumerate(customers)]  # fmt: skip
    wire = Loopback(
        seed,
        latency=(0.0, 0.05),
        fail_rate=fail_rate,
        codes=codes,
        entry_ids=entry_ids,
        partial_lists=partial,
        service_time=Constant(2.0, queue=0.5),
    )
    for name, on, probability, times in faults:
        getattr(wire.faults, name)(on=on, probability=probability, times=times)
    outcomes: Counter[int] = Counter()
    ends: dict[int, Outcome] = {}

    async def main() -> Any:
        async with LoopbackEngine(wire, patience=Patience(unsure=2), seed=seed) as engine:
            run = engine.bulk(
                KINDS[kind], rows, RunOptions(concurrency=3, chunking=chunking, max_items=4)
            )
            async with run:
                try:
                    async for event in run:
                        if isinstance(event, Settled):
                            for row in event.outcomes:
                                outcomes[row.position] += 1
                                ends[row.position] = row.outcome
                except Exception as error:  # noqa: BLE001 - a run may end early, but accounts for all
                    run.report.as_json()
                    return run.report, error
            return run.report, None

    report, error = run_virtual(main)

    assert set(outcomes) == set(range(len(rows)))
    assert set(outcomes.values()) <= {1}
    assert report.rows == report.settled == len(rows)
    assert report.complete or error is not None
    _check_against_the_truth(kind, rows, ends, wire)


def _check_against_the_truth(
    kind: str, rows: list[Any], ends: dict[int, Outcome], wire: Loopback
) -> None:
    """No row is said to have succeeded that was not applied, nor the other way round."""
    wire.service.advance(1e9)
    applied = Counter(repr(entry.item) for entry in wire.service.ledger.entries(kind))
    said: dict[str, Counter[Outcome]] = defaultdict(Counter)
    for position, outcome in ends.items():
        said[repr(rows[position])][outcome] += 1
    for row, outcomes in said.items():
        if KINDS[kind].replay is Replay.REPLAYABLE:
            continue  # applying it again changes nothing, so how often says nothing
        succeeded, doubtful = outcomes[Outcome.SUCCEEDED], outcomes[Outcome.INDETERMINATE]
        assert succeeded <= applied[row] <= succeeded + doubtful


@pytest.mark.parametrize("kind", list(KINDS))
def test_an_undisturbed_run_has_no_doubts(kind: str) -> None:
    rows = [item(kind, f"c{n % 7}", n) for n in range(50)]
    wire = Loopback(entry_ids=False)

    async def main() -> Any:
        async with LoopbackEngine(wire) as engine:
            run = engine.bulk(
                KINDS[kind],
                rows,
                RunOptions(concurrency=2, chunking=KINDS[kind].chunking, max_items=10),
            )
            async with run:
                return await run.finish()

    report = run_virtual(main)
    assert report.indeterminate == report.unsent == report.rejected == 0
    assert report.succeeded + report.failed == 50


def test_leaving_a_run_early_accounts_for_every_row_it_has_read() -> None:
    async def main() -> Any:
        async with LoopbackEngine(Loopback(service_time=Constant(60.0))) as engine:
            kind = KINDS["events"]
            rows = (item("events", f"c{n}", n) for n in range(10_000))
            run = engine.bulk(
                kind, rows, RunOptions(concurrency=2, chunking=kind.chunking, max_items=10)
            )
            async with run:
                async for _ in run:
                    await anyio.sleep(0.5)
                    break
            return run.report

    report = run_virtual(main)
    assert report.rows == report.settled > 0
    assert report.succeeded == 0
    assert report.pending >= 10
    assert not report.complete
