"""Retries by evidence and replay class: the design's table, cell by cell."""

from __future__ import annotations

import pytest

from gameball_async.api.kinds import Replay
from gameball_async.limits.backoff import backoff
from gameball_async.limits.retry import (
    Evidence,
    Next,
    Patience,
    Tries,
    evidence_of_status,
    next_step,
)

PATIENCE = Patience()
TABLE = [
    (Evidence.UNSENT, Next.AGAIN, Next.AGAIN, Next.AGAIN),
    (Evidence.UNREACHABLE, Next.GIVE_UP, Next.GIVE_UP, Next.GIVE_UP),
    (Evidence.FOREIGN, Next.GIVE_UP, Next.GIVE_UP, Next.UNKNOWN),
    (Evidence.LIMITED, Next.AGAIN, Next.AGAIN, Next.AGAIN),
    (Evidence.REFUSED, Next.GIVE_UP, Next.GIVE_UP, Next.GIVE_UP),
    (Evidence.UNSURE, Next.AGAIN, Next.AGAIN, Next.UNKNOWN),
]


@pytest.mark.parametrize(("evidence", "replayable", "keyed", "unrepeatable"), TABLE)
def test_the_table_of_replay_classes(
    evidence: Evidence, replayable: Next, keyed: Next, unrepeatable: Next
) -> None:
    tries = Tries(evidence, int(evidence is Evidence.UNSURE), 1, 0.0)
    wanted = {
        Replay.REPLAYABLE: replayable,
        Replay.KEYED: keyed,
        Replay.UNREPEATABLE: unrepeatable,
    }
    for replay, step in wanted.items():
        assert next_step(replay, tries, 0.5, PATIENCE)[0] is step


@pytest.mark.parametrize(
    ("status", "evidence"),
    [
        (429, Evidence.LIMITED),
        (400, Evidence.REFUSED),
        (401, Evidence.REFUSED),
        (404, Evidence.REFUSED),
        (413, Evidence.REFUSED),
        (422, Evidence.REFUSED),
        (408, Evidence.UNSURE),
        (302, Evidence.UNSURE),
        (500, Evidence.UNSURE),
        (503, Evidence.UNSURE),
        (204, Evidence.UNSURE),
    ],
)
def test_what_a_status_proves(status: int, evidence: Evidence) -> None:
    assert evidence_of_status(status) is evidence


@pytest.mark.parametrize(
    "tries",
    [
        Tries(Evidence.UNSURE, PATIENCE.unsure + 1, 9, 1.0),
        Tries(Evidence.UNSENT, 0, 9, PATIENCE.unsent),
        Tries(Evidence.UNSENT, 0, 9, PATIENCE.first_contact, reached=False),
        Tries(Evidence.LIMITED, 0, 9, PATIENCE.limited),
    ],
)
def test_no_retry_is_endless(tries: Tries) -> None:
    assert next_step(Replay.REPLAYABLE, tries, 0.0, PATIENCE)[0] is Next.GIVE_UP


@pytest.mark.parametrize(("reached", "most"), [(False, 15.0), (True, 120.0)])
def test_the_last_try_to_connect_is_made_when_the_time_is_up(reached: bool, most: float) -> None:
    tries = Tries(Evidence.UNSENT, 0, 9, most - 2.0, reached=reached)
    assert next_step(Replay.KEYED, tries, 0.9, PATIENCE) == (Next.AGAIN, 2.0)


def test_a_first_contact_is_tried_no_longer_than_a_lost_one() -> None:
    assert Patience(unsent=1.0).connecting(reached=False) == 1.0


def test_retry_after_is_honoured() -> None:
    tries = Tries(Evidence.UNSURE, 1, 1, 0.0, retry_after=42.0)
    assert next_step(Replay.KEYED, tries, 0.0, PATIENCE) == (Next.AGAIN, 42.0)


def test_the_wait_doubles_up_to_its_cap_and_half_of_it_is_drawn() -> None:
    assert [backoff(n, 0.0) for n in (1, 2, 3)] == [0.25, 0.5, 1.0]
    assert backoff(99, 0.999) <= 30.0
    assert backoff(99, 0.0) == 15.0


def test_a_wait_that_is_longer_than_what_is_left_of_the_patience_is_given_up_at_once() -> None:
    def step(evidence: Evidence, seconds: float, retry_after: float) -> Next:
        unsure = int(evidence is Evidence.UNSURE)
        tries = Tries(evidence, unsure, 1, seconds, retry_after)
        return next_step(Replay.KEYED, tries, 0.5, Patience(limited=900.0))[0]

    for evidence in (Evidence.LIMITED, Evidence.UNSURE):
        assert step(evidence, 0.0, 900.0) is Next.AGAIN
        assert step(evidence, 0.0, 901.0) is Next.GIVE_UP
        assert step(evidence, 600.0, 300.0) is Next.AGAIN
        assert step(evidence, 600.0, 301.0) is Next.GIVE_UP


@pytest.mark.parametrize(("status", "evidence"), [(425, "UNSENT"), (426, "REFUSED")])
def test_too_early_alone_of_the_refusals_says_that_nothing_was_processed(
    status: int, evidence: str
) -> None:
    assert evidence_of_status(status) is Evidence[evidence]


def test_what_may_have_been_applied_is_sent_again_as_often_as_the_patience_says_and_no_more() -> (
    None
):
    def step(unsure: int) -> Next:
        tries = Tries(Evidence.UNSURE, unsure, unsure, 1.0)
        return next_step(Replay.KEYED, tries, 0.5, Patience(unsure=3))[0]

    assert [step(n) for n in (1, 2, 3, 4)] == [Next.AGAIN] * 3 + [Next.GIVE_UP]


def test_what_is_over_is_over_at_once() -> None:
    refused, unsure = Tries(Evidence.REFUSED, 0, 1, 0.0), Tries(Evidence.UNSURE, 1, 1, 0.0)
    assert next_step(Replay.KEYED, refused, 0.5, PATIENCE) == (Next.GIVE_UP, 0.0)
    assert next_step(Replay.UNREPEATABLE, unsure, 0.5, PATIENCE) == (Next.UNKNOWN, 0.0)


def test_a_429_alone_is_not_waited_for_twice_since_the_quota_holds_everybody_back() -> None:
    def wait(evidence: Evidence) -> float:
        return next_step(Replay.KEYED, Tries(evidence, 0, 9, 0.0), 0.0, PATIENCE)[1]

    assert wait(Evidence.LIMITED) == 0.0
    assert wait(Evidence.UNSENT) == wait(Evidence.UNSURE) == 15.0


def test_the_first_wait_is_a_quarter_of_a_second_at_least_and_half_a_second_at_most() -> None:
    tries = Tries(Evidence.UNSURE, 1, 1, 0.0)
    assert next_step(Replay.KEYED, tries, 0.0, PATIENCE) == (Next.AGAIN, 0.25)
    assert next_step(Replay.KEYED, tries, 1.0, PATIENCE) == (Next.AGAIN, 0.5)
