"""What one client knows of its way to Gameball, as a plain object."""

from __future__ import annotations

import pytest

from gameball_async.api.wire import WireResponse
from gameball_async.errors import NotGameballError, UnreachableError
from gameball_async.limits.contact import Contact, tried_for
from gameball_async.limits.retry import Patience
from gameball_async.observe.events import ConnectionRestored, ConnectionTrouble

HOST = "api.example"
OK = WireResponse(200, b'{"jobId": 1}')
PAGE = WireResponse(200, b"\n <html>log in</html>")


def contact(**patience: float) -> Contact:
    return Contact(HOST, Patience(**patience))  # type: ignore[arg-type]


def failure(reason: str = "refused", *, heals: bool = True) -> UnreachableError:
    return UnreachableError(HOST, reason, "look", heals=heals)


def test_the_very_first_connection_may_take_three_seconds_and_those_after_a_failure_ten() -> None:
    first = contact()
    assert first.connect_within(0.0) == 3.0
    first.failed(failure(), 1.0, 14.0)
    assert first.connect_within(1.0) == 10.0


@pytest.mark.parametrize(("tried", "within"), [(4.9, 10.0), (12.0, 3.0), (14.5, 1.0), (20.0, 1.0)])
def test_a_connection_may_take_what_is_left_of_the_patience_and_a_second_at_least(
    tried: float, within: float
) -> None:
    first = contact()
    first.failed(failure(), 0.0, 15.0)
    assert first.connect_within(tried) == within


def test_once_an_answer_came_a_connection_may_take_as_long_as_usual() -> None:
    known = contact()
    worked = [known.worked]
    assert known.answered(OK, 1.0) is None
    worked.append(known.worked)
    assert worked == [False, True]
    assert known.connect_within(0.0) is None


def test_each_reason_is_told_once_until_an_answer_comes() -> None:
    known = contact()
    assert known.failed(failure(), 10.0, 15.0) == ConnectionTrouble(HOST, "refused", 15.0)
    assert known.failed(failure(), 11.0, 14.0) is None
    assert known.failed(failure("silent"), 12.0, 13.0) == ConnectionTrouble(HOST, "silent", 13.0)
    assert known.answered(OK, 30.0) == ConnectionRestored(HOST, 20.0)
    assert known.answered(OK, 31.0) is None
    assert known.failed(failure(), 40.0, 120.0) == ConnectionTrouble(HOST, "refused", 120.0)
    assert known.answered(OK, 45.0) == ConnectionRestored(HOST, 5.0)


@pytest.mark.parametrize(
    ("answer", "foreign"),
    [
        (PAGE, True),
        (WireResponse(299, b"<p>"), True),
        (WireResponse(300, b""), True),
        (WireResponse(302, b"{}"), True),
        (WireResponse(399, b"{}"), True),
        (WireResponse(200, b"{}<"), False),
        (WireResponse(200, b""), False),
        (WireResponse(199, b"<p>"), False),
        (WireResponse(400, b"<p>"), False),
        (WireResponse(404, b"<p>Not found</p>"), False),
        (WireResponse(502, b"<p>"), False),
    ],
)
def test_a_first_answer_that_is_a_redirect_or_a_page_is_not_gameballs(
    answer: WireResponse, foreign: bool
) -> None:
    first = contact()
    first.failed(failure(), 0.0, 15.0)
    error = first.foreign(answer)
    assert (error is not None) == foreign
    if error is not None:
        assert isinstance(error, NotGameballError)
        assert str(error) == str(NotGameballError(HOST, answer.status))
    told = first.answered(answer, 3.0)
    assert first.worked == (not foreign)
    assert (told is None) == foreign


def test_a_page_after_an_answer_is_a_lost_answer_and_no_stranger() -> None:
    known = contact()
    known.answered(OK, 0.0)
    assert known.foreign(PAGE) is None
    known.failed(failure(), 5.0, 120.0)
    assert known.answered(PAGE, 7.0) == ConnectionRestored(HOST, 2.0)


def test_an_error_says_for_how_long_it_was_tried_unless_waiting_mends_nothing() -> None:
    told = tried_for(failure(), 15.0)
    assert str(told) == str(UnreachableError(HOST, "refused", "look", heals=True, seconds=15.0))
    assert "tried for 15 s" in str(told)
    assert told.heals
    expired = failure("expired", heals=False)
    assert tried_for(expired, 15.0) is expired
