"""What a journal says of its run: counts that add up, rows in doubt, rows to send again."""

from __future__ import annotations

from itertools import pairwise, permutations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.errors import JournalError
from gameball_async.journal.account import RETRIES, odd_to_retry, recorded_of, spans
from gameball_async.journal.header import Header
from gameball_async.journal.history import Used
from gameball_async.journal.state import (
    ChunkRecord,
    Odd,
    Positions,
    Resumable,
    Retried,
    Stage,
    odd_rows,
)
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.outcome import Outcome, Reason, RowOutcome

HEADER = Header("orders", "account", "https://example.com", "v4.0", "together")
REASONS: dict[Outcome, list[Reason | None]] = {
    Outcome.FAILED: [Reason("busy", 2001), Reason("no such customer", 7000), Reason("no")],
    Outcome.REJECTED: [Reason("too large"), Reason("busy", 2001)],
    Outcome.INDETERMINATE: [Reason("lost"), Reason("cut off")],
    Outcome.SUCCEEDED: [None, Reason("applied before", 9004)],
}


def chunk_of(number: int, positions: list[int]) -> Chunk:
    keys = [f"c{position}" for position in positions]
    payloads = [b'{"orderId":"o%d"}' % position for position in positions]
    return Chunk(number, positions, keys, [f"o{position}" for position in positions], payloads)


def settled(
    number: int, rows: dict[int, tuple[Outcome, Reason | None]]
) -> tuple[ChunkRecord, list[Odd]]:
    """A settled chunk as a journal keeps it."""
    positions = list(rows)
    outcomes = [outcome for outcome, _ in rows.values()]
    reasons = {i: why for i, (_, why) in enumerate(rows.values()) if why is not None}
    record = ChunkRecord(
        number, Stage.SETTLED, 100 + number, False, positions,
        succeeded=outcomes.count(Outcome.SUCCEEDED),
    )  # fmt: skip
    return record, list(odd_rows(chunk_of(number, positions), outcomes, reasons, 100 + number))


def retried(*positions: int) -> Retried:
    rows = Positions()
    rows.add_all(sorted(positions))
    return Retried("run", "journal.retry-1", rows)


def unsettled(number: int, stage: Stage, positions: list[int]) -> ChunkRecord:
    job_id = 100 + number if stage is Stage.ACCEPTED else None
    return ChunkRecord(number, stage, job_id, False, positions)


verdicts = st.sampled_from(list(REASONS)).flatmap(
    lambda outcome: st.tuples(st.just(outcome), st.sampled_from(REASONS[outcome]))
)


@st.composite
def journals(draw: st.DrawFn) -> tuple[Resumable, dict[int, Outcome]]:
    """A journal, and what it says of each row."""
    rows = draw(st.integers(0, 40))
    positions = draw(st.permutations(range(rows)))
    journal = Resumable(HEADER, [], [], draw(st.booleans()), Used(3.0, 10, 4, 1))
    truth: dict[int, Outcome] = {}
    number = 0
    while positions:
        number += 1
        size = draw(st.integers(1, len(positions)))
        mine, positions = list(positions[:size]), positions[size:]
        stage = draw(st.sampled_from([*Stage, None]))
        if stage is None:
            why = Reason("is missing", field="customerId")
            journal.odd += [Odd(RowOutcome(p, Outcome.REJECTED, None, why)) for p in mine]
            truth.update(dict.fromkeys(mine, Outcome.REJECTED))
        elif stage is Stage.SETTLED:
            given_rows = {position: draw(verdicts) for position in mine}
            record, odd = settled(number, given_rows)
            journal.chunks.append(record)
            journal.odd += odd
            truth.update((position, outcome) for position, (outcome, _) in given_rows.items())
        else:
            journal.chunks.append(unsettled(number, stage, mine))
            accepted = stage is Stage.ACCEPTED
            end = Outcome.PENDING if accepted else Outcome.INDETERMINATE
            truth.update(dict.fromkeys(mine, end))
    return journal, truth


@given(journals())
def test_the_counts_of_any_journal_are_those_of_its_rows(
    told: tuple[Resumable, dict[int, Outcome]],
) -> None:
    journal, truth = told
    recorded = recorded_of(journal)
    report = recorded.report
    for outcome in Outcome:
        assert getattr(report, outcome.value) == list(truth.values()).count(outcome)
    assert report.settled == report.rows == len(truth)
    assert sum(report.failures_by_reason().values()) == report.rows - report.succeeded
    in_doubt = [position for doubt in recorded.doubts for position in doubt.positions]
    assert sorted(in_doubt) == sorted(p for p, o in truth.items() if o is Outcome.INDETERMINATE)
    over = all(chunk.stage is Stage.SETTLED for chunk in journal.chunks)
    assert report.complete == (journal.input_ended and over)
    assert (report.requests, report.polls, report.rate_limited) == (10, 4, 1)


@given(journals())
def test_any_row_is_sent_again_by_one_retry_at_most(
    told: tuple[Resumable, dict[int, Outcome]],
) -> None:
    journal, truth = told
    over = journal.input_ended and all(c.stage is Stage.SETTLED for c in journal.chunks)
    if not over:
        with pytest.raises(JournalError, match="resume it first"):
            odd_to_retry(journal, "failed")
        return
    for order in permutations(RETRIES):
        sent: list[int] = []
        journal.retried.clear()
        for only in order:
            mine = [odd.row.position for odd in odd_to_retry(journal, only)]
            journal.retried.append(retried(*mine))
            sent += mine
        assert len(sent) == len(set(sent))
        assert all(truth[position] is not Outcome.SUCCEEDED for position in sent)
        stored = {odd.row.position for odd in journal.odd if odd.payload is not None}
        assert set(sent) == {p for p in stored if truth[p] is not Outcome.SUCCEEDED}


def test_transient_rows_are_those_whose_code_may_pass_later() -> None:
    rows: dict[int, tuple[Outcome, Reason | None]] = {
        1: (Outcome.FAILED, Reason("busy", 2001)),
        2: (Outcome.FAILED, Reason("no such customer", 7000)),
        3: (Outcome.REJECTED, Reason("busy", 2001)),
        4: (Outcome.INDETERMINATE, Reason("busy", 2001)),
    }
    record, odd = settled(1, rows)
    journal = Resumable(HEADER, [record], odd, True)

    def found(only: str) -> list[int]:
        return [each.row.position for each in odd_to_retry(journal, only)]

    assert found("transient") == [1, 3]
    assert found("failed") == [1, 2, 3]
    assert found("indeterminate") == [4]
    journal.retried.append(retried(1, 3))
    assert found("transient") == []
    assert found("failed") == [2]


def test_a_journal_that_contradicts_itself_is_refused() -> None:
    record, odd = settled(1, {1: (Outcome.SUCCEEDED, None), 2: (Outcome.FAILED, Reason("no"))})
    sound = Resumable(HEADER, [record], odd, True)
    recorded_of(sound)
    other, _ = settled(2, {2: (Outcome.SUCCEEDED, None)})
    wrong = [
        evolve(sound, odd=[]),
        evolve(sound, odd=odd * 2),
        evolve(sound, chunks=[record, other]),
        evolve(sound, chunks=[]),
        evolve(sound, chunks=[evolve(record, succeeded=2)]),
        evolve(sound, chunks=[evolve(record, stage=Stage.ACCEPTED)]),
        evolve(sound, odd=[Odd(evolve(odd[0].row, position=9))]),
        evolve(sound, odd=[*odd, Odd(RowOutcome(1, Outcome.REJECTED))]),
    ]
    for journal in wrong:
        with pytest.raises(JournalError, match="contradicts itself"):
            recorded_of(journal)


@given(st.sets(st.integers(0, 60)))
def test_spans_hold_the_positions_and_no_others(positions: set[int]) -> None:
    found = spans(sorted(positions))
    assert [p for first, last in found for p in range(first, last + 1)] == sorted(positions)
    assert all(after[0] > before[1] + 1 for before, after in pairwise(found))
