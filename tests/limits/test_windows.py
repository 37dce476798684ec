"""The quota: exact windows at the server, whatever the network does, and manners after a 429."""

from __future__ import annotations

import heapq
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.errors import ConfigurationError
from gameball_async.limits.windows import Budget, Quota

QUOTA = Quota((30, 1.0), (360, 30.0))


def peak(times: list[float], seconds: float) -> int:
    """The most requests in any window of that length, counted one by one."""
    times = sorted(times)
    return max(
        (sum(1 for t in times[i:] if t - start < seconds) for i, start in enumerate(times)),
        default=0,
    )


def send_all(
    budget: Budget, count: int, out: list[float], back: list[float]
) -> tuple[list[float], float]:
    """Sends *count* requests as fast as allowed; returns when the server counted each, and the end."""
    now, counted = 0.0, []
    answers: list[tuple[float, int]] = []
    for n in range(count):
        while True:
            while answers and answers[0][0] <= now:
                at, slot = heapq.heappop(answers)
                budget.answered(slot, at)
            free = budget.next_free(now)
            if free <= now:
                break
            now = min([free, *(at for at, _ in answers[:1])])
        slot = budget.take(now)
        counted.append(now + out[n % len(out)])
        heapq.heappush(answers, (counted[-1] + back[n % len(back)], slot))
    return counted, max(counted)


delays = st.lists(st.floats(0, 0.7), min_size=1, max_size=7)


@given(out=delays, back=delays, windows=st.sampled_from([QUOTA, Quota((3, 0.5), (10, 4.0))]))
def test_no_window_is_ever_exceeded_at_the_server_whatever_the_jitter(
    out: list[float], back: list[float], windows: Quota
) -> None:
    counted, _ = send_all(Budget(windows), 100, out, back)
    for limit, seconds in windows.windows:
        assert peak(counted, seconds) <= limit


def test_1500_requests_under_50_ms_of_jitter_take_at_most_1_02_times_the_bound() -> None:
    spread = [0.05 * ((n * 37) % 101) / 101 for n in range(101)]
    counted, end = send_all(Budget(QUOTA), 1500, spread, spread[::-1])
    assert peak(counted, 1.0) <= 30
    assert peak(counted, 30.0) <= 360
    assert end <= 121 * 1.02


@given(
    out=delays,
    back=delays,
    windows=st.sampled_from([Quota((3, 0.5), (10, 4.0)), Quota((5, 1.0), (9, 3.0))]),
    cut=st.integers(1, 40),
    pause=st.floats(0, 6),
)
def test_the_windows_hold_across_a_process_that_was_killed(
    out: list[float], back: list[float], windows: Quota, cut: int, pause: float
) -> None:
    left: list[float] = []

    class Noted(Budget):
        def take(self, now: float) -> int:
            left.append(now)
            return super().take(now)

    counted, _ = send_all(Noted(windows), cut, out, back)
    killed = left[-1] + pause
    after = Budget(windows)
    after.recall(0.0, [killed - when for when in left])
    later, _ = send_all(after, 40, out, back)
    for limit, seconds in windows.windows:
        assert peak(counted + [killed + when for when in later], seconds) <= limit


def test_an_unanswered_request_is_taken_as_counted_after_the_hold() -> None:
    budget = Budget(Quota((1, 1.0)), margin=0.0, hold=1.5)
    budget.take(0.0)
    assert budget.next_free(0.0) == 2.5
    assert budget.next_free(2.5) == 2.5


def test_a_request_that_never_left_gives_its_slot_back() -> None:
    budget = Budget(Quota((1, 1.0)))
    slot = budget.take(0.0)
    budget.unsent(slot)
    assert budget.next_free(0.0) == 0.0


def test_a_429_pauses_everybody_halves_the_share_and_the_share_grows_back() -> None:
    budget = Budget(QUOTA)
    slot = budget.take(10.0)
    budget.limited(slot, 10.1, 0.0, None)
    assert budget.share(10.1) == 0.5
    assert budget.next_free(10.1) >= 11.1
    assert budget.share(11.1 + 6.5) == 1.0  # where it was refused
    assert budget.share(10.1 + 15) == 1.0


def test_the_share_waits_where_it_was_refused_before_it_is_whole() -> None:
    budget = Budget(QUOTA)
    budget.limited(budget.take(0.0), 0.0, 0.0, None)
    budget.limited(budget.take(2.0), 2.0, 0.0, None)
    refused = budget.share(2.0) * 2
    assert 0.5 < refused < 0.8
    shares = [budget.share(4.0 + 0.1 * step) for step in range(111)]
    assert shares == sorted(shares)
    assert sum(abs(share - refused) < 0.05 for share in shares) > 40  # of 11 seconds, four
    assert shares[-1] == 1.0


def test_once_the_others_are_gone_the_share_is_whole_within_15_seconds_however_often_it_was_refused() -> (
    None
):
    budget, now = Budget(QUOTA), 0.0
    for _ in range(20):
        now = budget.next_free(now)
        budget.limited(budget.take(now), now, 0.99, None)
    assert budget.share(now) == 1 / 16
    assert budget.share(now + 15.0) == 1.0


def test_for_a_long_window_after_a_429_requests_are_spaced_though_the_share_is_whole() -> None:
    budget = Budget(QUOTA)
    budget.limited(budget.take(0.0), 0.0, 0.0, None)
    assert budget.share(20.0) == 1.0
    budget.answered(budget.take(20.0), 20.0)
    assert budget.next_free(20.0) == pytest.approx(20.0 + 30 / 360)
    budget.answered(budget.take(31.0), 31.0)
    assert budget.next_free(31.0) == 31.0


def test_refusals_of_one_burst_count_once() -> None:
    budget = Budget(QUOTA)
    slots = [budget.take(1.0) for _ in range(5)]
    for slot in slots:
        budget.limited(slot, 1.2, 0.0, None)
    assert budget.share(1.2) == 0.5
    assert budget.refused == 5


def test_retry_after_is_waited_for() -> None:
    budget = Budget(QUOTA)
    budget.limited(budget.take(0.0), 0.1, 0.0, 17.0)
    assert budget.next_free(0.2) >= 17.1


def test_after_a_pause_requests_are_spaced_rather_than_sent_in_a_herd() -> None:
    budget = Budget(QUOTA)
    budget.limited(budget.take(0.0), 0.1, 0.0, None)
    now = budget.next_free(0.1)
    sent = []
    for _ in range(10):
        now = max(now, budget.next_free(now))
        sent.append(now)
        budget.answered(budget.take(now), now)
    gaps = [b - a for a, b in itertools.pairwise(sent)]
    assert min(gaps) >= 30 / 360


@pytest.mark.parametrize("text", ["", "30", "30/0", "0/1", "a/b", "30/1,", "30/1/2", "-1/1"])
def test_a_quota_that_cannot_be_read_is_refused_with_the_form_to_use(text: str) -> None:
    with pytest.raises(ConfigurationError, match="quota"):
        Quota.parse(text)


def test_a_quota_reads_back_as_it_is_written() -> None:
    assert Quota.parse("30/1,360/30") == QUOTA
    assert str(QUOTA) == "30/1,360/30"


def test_the_most_requests_in_a_time_are_told() -> None:
    assert QUOTA.most_in(0.0) == 30
    assert QUOTA.most_in(11.5) == 360
    assert QUOTA.most_in(30.0) == 720
