"""The script of faults: which request is hit, and what is left of its answer."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import pytest

from gameball_async.sandbox import Constant, Ending, Faults, Reply
from tests.sandbox.sandbox_desk import Desk, read

ONE = {"body": [{"customerId": "c1"}]}


def submit(desk: Desk) -> Reply:
    return desk.ask("POST", "/batch/customers", ONE)


@pytest.mark.parametrize(
    ("script", "jobs", "ending", "status"),
    [
        (lambda f: f.reset_before_commit(), 0, Ending.RESET, 200),
        (lambda f: f.reset_after_commit(), 1, Ending.RESET, 200),
        (lambda f: f.hang_up(), 1, Ending.HANG_UP, 200),
        (lambda f: f.delay(seconds=3.0), 1, Ending.ANSWER, 200),
        (lambda f: f.truncate(), 1, Ending.CUT_LENGTH, 200),
        (lambda f: f.truncate("chunked"), 1, Ending.CUT_CHUNKED, 200),
        (lambda f: f.truncate("none"), 1, Ending.CUT_UNFRAMED, 200),
        (lambda f: f.broken_status_line(), 1, Ending.RAW, 200),
        (lambda f: f.error_before(status=503), 0, Ending.ANSWER, 503),
        (lambda f: f.error_after(status=502), 1, Ending.ANSWER, 502),
        (lambda f: f.html(status=502), 1, Ending.ANSWER, 502),
        (lambda f: f.html(status=200, commit=False), 0, Ending.ANSWER, 200),
        (lambda f: f.answer(201, "{}", {"X-Proxy": "yes"}), 1, Ending.ANSWER, 201),
        (lambda f: f.redirect(to="http://localhost/", status=308), 0, Ending.ANSWER, 308),
        (lambda f: f.rate_limit(), 0, Ending.ANSWER, 429),
        (lambda f: f.gzip_bomb(mib=1), 1, Ending.ANSWER, 200),
        (lambda f: f.edit(lambda told: {}), 1, Ending.ANSWER, 200),
    ],
)
def test_each_fault_commits_or_not_and_ends_the_connection_as_said(
    script: Callable[[Faults], None], jobs: int, ending: Ending, status: int
) -> None:
    desk = Desk()
    script(desk.faults)
    reply = submit(desk)
    assert (len(desk.service.jobs), reply.ending, reply.status) == (jobs, ending, status)
    again = submit(desk)
    assert (again.status, again.ending, len(desk.service.jobs)) == (200, Ending.ANSWER, jobs + 1)


def test_an_error_has_gameballs_error_object_and_a_page_has_none() -> None:
    desk = Desk()
    desk.faults.error_before(status=503, code=5003)
    desk.faults.html(status=502)
    assert read(submit(desk))["code"] == 5003
    page = submit(desk)
    assert dict(page.headers) == {"Content-Type": "text/html"}
    assert page.body.startswith(b"<!DOCTYPE html>")


def test_faults_are_used_up_in_the_order_of_the_script() -> None:
    desk = Desk()
    desk.faults.error_before(status=500, times=2)
    desk.faults.error_before(status=502)
    desk.faults.error_before(status=504, after=1)
    assert [submit(desk).status for _ in range(6)] == [500, 500, 502, 200, 504, 200]
    assert desk.faults.hits == 4
    assert [seen.fault for seen in desk.seen] == [*["error_before"] * 3, None, "error_before", None]


@pytest.mark.parametrize(
    ("on", "hit"),
    [
        ("submit", {"submit", "events"}),
        ("poll", {"poll"}),
        ("stop", {"stop"}),
        ("upsert", {"upsert"}),
        ("events", {"events"}),
        ("any", {"submit", "events", "poll", "stop", "upsert"}),
    ],
)
def test_on_chooses_the_requests(on: str, hit: set[str]) -> None:
    desk = Desk()
    submit(desk)
    desk.faults.error_before(status=503, on=on, times=None)
    replies = {
        "poll": desk.ask("GET", "/batch/123456"),
        "stop": desk.ask("DELETE", "/batch/123456"),
        "upsert": desk.ask("POST", "/customers", {"customerId": "c1"}),
        "submit": submit(desk),
        "events": desk.ask("POST", "/batch/events", ONE),
    }
    assert {name for name, reply in replies.items() if reply.status == 503} == hit


def test_a_kinds_name_means_its_submissions_not_its_polls() -> None:
    desk = Desk()
    submit(desk)
    desk.faults.error_before(on="customers")
    assert desk.ask("GET", "/batch/123456").status == 200


def test_probability_hits_its_share_and_the_same_requests_for_the_same_seed() -> None:
    def hits() -> list[int]:
        desk = Desk()
        desk.faults.error_before(status=500, times=None, probability=0.3)
        return [submit(desk).status for _ in range(500)]

    assert hits() == hits()
    assert 110 < hits().count(500) < 190


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"on": "polls"}, 'on is "polls", but must be one of: submit'),
        ({"probability": 2.0}, "probability is 2.0, but must be a number from 0 to 1"),
    ],
)
def test_a_script_that_cannot_work_is_refused(words: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Desk().faults.hang_up(**words)


def test_early_404_hides_each_job_for_its_first_polls() -> None:
    desk = Desk()
    desk.faults.early_404(times=2)
    for _ in range(2):
        submit(desk)
    first = [desk.ask("GET", "/batch/123456").status for _ in range(4)]
    second = [desk.ask("GET", "/batch/123457").status for _ in range(4)]
    assert first == second == [404, 404, 200, 200]


def test_late_404_loses_each_job_after_it_was_seen() -> None:
    desk = Desk()
    desk.faults.late_404(after=1, jobs=1)
    for _ in range(2):
        submit(desk)
    assert [desk.ask("GET", "/batch/123456").status for _ in range(3)] == [200, 404, 404]
    assert [desk.ask("GET", "/batch/123457").status for _ in range(3)] == [200, 200, 200]


def test_odd_states_and_null_responses_change_only_that() -> None:
    desk = Desk(service_time=Constant(1.0))
    desk.faults.null_response()
    desk.faults.odd_state("paused", finished=True)
    submit(desk)
    regular = [desk.poll(123456)["status"]]
    desk.now = 5.0
    lost, paused, whole = (desk.poll(123456) for _ in range(3))
    assert regular == ["running"]
    assert lost == {**whole, "response": None}
    assert paused == {**whole, "status": "paused"}
    assert whole["response"]["successful"]


def test_a_gzip_bomb_is_small_and_unpacks_to_what_was_asked() -> None:
    desk = Desk()
    desk.faults.gzip_bomb(mib=4)
    reply = submit(desk)
    assert dict(reply.headers)["Content-Encoding"] == "gzip"
    assert len(reply.body) < 8192
    assert len(zlib.decompress(reply.body, 31)) > 4 * 2**20


@pytest.mark.parametrize(
    "value", [7, "Wed, 21 Oct 2026 07:28:00 GMT", "soon"], ids=["seconds", "date", "nonsense"]
)
def test_a_scripted_429_says_retry_after_as_asked(value: float | str) -> None:
    desk = Desk()
    desk.faults.rate_limit(times=1, retry_after=value)
    assert dict(submit(desk).headers)["Retry-After"] == str(value)
    assert desk.service.rate_limited == 1


def test_a_scenario_is_a_list_of_faults_by_name() -> None:
    desk = Desk()
    desk.faults.load(
        [
            {"fault": "error_before", "status": 500, "on": "submit"},
            {"fault": "rate_limit", "retry_after": 3},
        ]
    )
    assert [submit(desk).status for _ in range(3)] == [500, 429, 200]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"fault": "explode"}, "there is no fault 'explode'"),
        ({"fault": "_rules"}, "there is no fault '_rules'"),
        ({}, "there is no fault None"),
        ({"fault": "delay"}, "fault delay: .*seconds"),
        ({"fault": "delay", "seconds": 1, "when": "now"}, "fault delay"),
    ],
)
def test_a_scenario_that_names_no_fault_or_wrong_words_is_refused(
    line: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Desk().faults.load([line])


def test_wrong_keys_and_full_windows_come_before_any_fault() -> None:
    desk = Desk(limits=((1, 1.0),))
    desk.faults.html(times=1, status=500)
    keys, desk.headers = desk.headers, {}
    assert submit(desk).status == 401
    desk.headers = keys
    assert [submit(desk).status for _ in range(2)] == [500, 429]


def test_clearing_the_script_ends_it() -> None:
    desk = Desk()
    desk.faults.html(times=None)
    desk.faults.clear()
    assert submit(desk).status == 200
