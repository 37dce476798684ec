"""The limits as the server counts them."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.sandbox import DEFAULT_LIMITS, Windows
from tests.sandbox.sandbox_desk import Desk, read

GAPS = st.lists(st.one_of(st.just(0.0), st.floats(0, 0.4), st.floats(0, 3)), max_size=120)
LIMITS = st.lists(st.tuples(st.integers(1, 12), st.sampled_from([0.25, 1.0, 3.0])), max_size=3).map(
    tuple
)


def inside(times: list[float], now: float, seconds: float) -> int:
    return sum(now < time + seconds for time in times if time <= now)


@given(gaps=GAPS, limits=LIMITS)
def test_admissions_and_peaks_equal_a_brute_force_count(
    gaps: list[float], limits: tuple[tuple[int, float], ...]
) -> None:
    windows = Windows(limits, watched=(0.5, 2.0))
    arrivals: list[float] = []
    admitted: list[float] = []
    peaks = {0.5: 0, 2.0: 0}
    for now in accumulate(gaps):
        arrivals.append(now)
        fits = all(inside(admitted, now, seconds) < limit for limit, seconds in limits)
        assert windows.admit(now) is fits
        if fits:
            admitted.append(now)
        peaks = {w: max(peak, inside(arrivals, now, w)) for w, peak in peaks.items()}
    assert windows.peaks == peaks


@given(gaps=GAPS, limits=LIMITS)
def test_after_the_told_wait_a_request_is_admitted_and_just_before_it_is_not(
    gaps: list[float], limits: tuple[tuple[int, float], ...]
) -> None:
    windows = Windows(limits)
    now = 0.0
    for now in accumulate(gaps):
        windows.admit(now)
    wait = windows.wait(now)
    if wait > 1e-6:
        assert not windows.admit(now + wait - 1e-7)
    assert windows.admit(now + wait + 1e-9)


def test_the_documented_limits_hold_both_at_once() -> None:
    windows = Windows(DEFAULT_LIMITS)
    burst = [windows.admit(0.0) for _ in range(40)]
    assert burst.count(True) == 30
    steady = [windows.admit(1.0 + n / 29) for n in range(700)]
    assert steady.count(True) == 330
    assert windows.peaks == {1.0: 40, 30.0: 740}


def test_others_on_the_account_use_up_the_same_windows() -> None:
    windows = Windows(((10, 1.0),))
    alone = [windows.admit(n / 7) for n in range(70)]
    windows.foreign(6.0, 10.0)
    shared = [windows.admit(10 + n / 7) for n in range(140)]
    assert all(alone)
    assert 0 < shared.count(False) < 100
    assert 0 < windows.foreign_admitted < 120
    assert 185 <= shared.count(True) + windows.foreign_admitted <= 210
    assert windows.peaks[1.0] <= 8


def test_others_who_stop_or_were_long_silent_leave_room() -> None:
    windows = Windows(((10, 1.0),))
    windows.foreign(100.0, 0.0)
    assert not windows.admit(1e9)
    windows.foreign(0.0, 1e9)
    assert windows.admit(1e9 + 1.5)


def test_refused_requests_are_answered_429_and_do_not_count_against_the_limits() -> None:
    desk = Desk(limits=((3, 1.0),), retry_after=True)
    replies = [desk.ask("GET", "/batch/1") for _ in range(8)]
    assert [reply.status for reply in replies] == [404] * 3 + [429] * 5
    assert dict(replies[-1].headers)["Retry-After"] == "1"
    assert read(replies[-1])["message"] == "Too many requests"
    assert desk.service.rate_limited == 5
    desk.now = 1.0
    assert [desk.ask("GET", "/batch/1").status for _ in range(4)] == [404] * 3 + [429]


def test_a_429_has_no_retry_after_unless_asked() -> None:
    desk = Desk(limits=((1, 1.0),))
    desk.ask("GET", "/batch/1")
    assert "Retry-After" not in dict(desk.ask("GET", "/batch/1").headers)


def test_submissions_polls_and_stops_share_a_bucket_and_upserts_have_their_own() -> None:
    desk = Desk(limits=((3, 1.0),))
    body = {"body": [{"customerId": "c1"}]}
    assert desk.ask("POST", "/batch/customers", body).status == 200
    assert desk.ask("GET", "/batch/123456").status == 200
    assert desk.ask("DELETE", "/batch/123456").status == 200
    assert desk.ask("POST", "/batch/events", body).status == 429
    assert desk.ask("POST", "/customers", {"customerId": "c1"}).status == 200
    assert desk.service.counts == {"submit": 2, "poll": 1, "stop": 1, "upsert": 1}


def test_a_refused_submission_has_no_effect() -> None:
    desk = Desk(limits=((1, 1.0),))
    for _ in range(2):
        desk.ask("POST", "/batch/customers", {"body": [{"customerId": "c1"}]})
    assert len(desk.service.jobs) == 1


def test_strangers_without_the_key_do_not_use_up_the_accounts_windows() -> None:
    desk = Desk(limits=((1, 1.0),))
    keys = dict(desk.headers)
    desk.headers = {}
    assert desk.ask("GET", "/batch/1").status == 401
    desk.headers = keys
    assert desk.ask("GET", "/batch/1").status == 404


@pytest.mark.parametrize("limits", [None, ()])
def test_without_limits_nothing_is_refused_but_peaks_are_kept(limits: object) -> None:
    desk = Desk(limits=limits)
    assert {desk.ask("GET", "/batch/1").status for _ in range(1000)} == {404}
    assert desk.service.buckets["others"].peaks == {1.0: 1000, 30.0: 1000}
