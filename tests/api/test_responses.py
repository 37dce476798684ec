"""What is read from answers, and what is refused to be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameball_async.api.jobs import JobState, JobStatus
from gameball_async.api.responses import (
    error_for,
    parse_job_id,
    parse_retry_after,
    read_error,
    read_job_id,
    read_status,
)
from gameball_async.api.wire import clean_text
from gameball_async.errors import (
    AnswerLostError,
    APIError,
    AuthenticationError,
    ConfigurationError,
    ErrorObject,
    RateLimitError,
    RejectedError,
    ServerError,
)


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def status_of(**fields: Any) -> JobStatus:
    return read_status(body(fields), 7)


# --- job ids -----------------------------------------------------------------------------------

GOOD_IDS = [(1, 1), (123456, 123456), ("123456", 123456), (7.0, 7), ("007", 7), (2**63 - 1,) * 2]
BAD_IDS: list[Any] = [
    None, True, False, 0, -1, 1.5, 2.0**53, 1e300, 2**63, "", " 7", "7 ", "7\n", "+7", "-7", "1_000",
    "0", "0x7", "٧", "７", "7.0", "../7", "7/../8", "7?x=1", "9" * 20, str(2**63), [7], {"id": 7},
]  # fmt: skip


@pytest.mark.parametrize(("value", "number"), GOOD_IDS)
def test_a_job_id_is_a_number_a_whole_float_or_digits(value: Any, number: int) -> None:
    """From an answer as from a user."""
    assert parse_job_id(value) == number
    assert read_job_id(body({"jobId": value})) == number
    assert read_job_id(body({"JobId": value})) == number
    assert read_job_id(body({"batchId": value, "jobId": None})) == number


@pytest.mark.parametrize("value", BAD_IDS)
def test_no_other_job_id_gets_as_far_as_a_url(value: Any) -> None:
    """An error for the user; for an answer, that it is lost. The value is in neither."""
    with pytest.raises(ConfigurationError) as refused:
        parse_job_id(value)
    assert "a job id is a positive whole number" in str(refused.value)
    with pytest.raises(AnswerLostError, match="no usable job id"):
        read_job_id(body({"jobId": value}))


def test_a_job_id_is_not_looked_for_elsewhere() -> None:
    """Not in a bare number, nor beside a broken one."""
    for answer in (5, [5], {"id": 5}, {"data": {"jobId": 5}}, {"jobId": "x", "batchId": 5}, {}):
        with pytest.raises(AnswerLostError):
            read_job_id(body(answer))


# --- answers that are none -----------------------------------------------------------------------

UNREADABLE: dict[str, bytes] = {
    "is empty": b"",
    "is empty ": b" \r\n",
    "is HTML": b"<html><body>secret</body></html>",
    "is HTML ": b"\n <!DOCTYPE html>secret",
    "is not JSON": b"secret upstream connect error",
    "is not JSON ": b'{"status": "completed", "response": {"succ',
    "is not JSON  ": b'\xff\xfe{"status"',
    "is not JSON   ": b'{"status": "\xff"}',
    "is not JSON    ": b"[" * 100_000,
    "is not JSON     ": b'{"a":' * 100_000,
    "is not JSON      ": b'{"status": NaN}',
    "is JSON, but not an object": b"[1, 2]",
    "is JSON, but not an object ": b'"completed"',
    "is JSON, but not an object  ": b"null",
}


@pytest.mark.parametrize(("words", "raw"), UNREADABLE.items())
def test_an_answer_that_cannot_be_read_is_lost_and_shows_nothing_of_itself(
    words: str, raw: bytes
) -> None:
    """The message says what it was and how long."""
    read: list[Callable[[], object]] = [lambda: read_job_id(raw), lambda: read_status(raw, 7)]
    for attempt in read:
        with pytest.raises(AnswerLostError, match=words.strip()) as lost:
            attempt()
        assert "secret" not in str(lost.value)
        assert lost.value.__context__ is None  # the parser's error holds the body
        assert len(str(lost.value)) < 120
    assert read_error(502, raw) == ErrorObject(502)


def test_a_byte_order_mark_hides_nothing() -> None:
    """Nothing is in doubt behind one."""
    assert read_job_id(b'\xef\xbb\xbf{"jobId": 5}') == 5


# --- the status, in both dialects ----------------------------------------------------------------


def test_the_tutorials_answer_is_read_whole() -> None:
    """As in "Batch APIs", step 2."""
    good, bad = {"customerId": "12345", "message": "ok"}, {"customerId": "67890", "error": "no"}
    status = status_of(
        operation="Customer Creation Batch Job",
        errorCount=1,
        totalCount=2,
        finishedCount=1,
        startedAt="2025-03-14T10:00:01Z",
        createdAt="2025-03-14T10:00:00Z",
        status="completed",
        response={"successful": [good], "failed": [bad]},
    )
    assert status.results is not None
    assert (list(status.results.successful), list(status.results.failed)) == ([good], [bad])
    assert status.state is JobState.COMPLETED
    assert status.word == "completed"
    assert (status.job_id, status.total, status.finished, status.errors) == (7, 2, 1, 1)
    assert status.operation == "Customer Creation Batch Job"
    assert status.created_at == "2025-03-14T10:00:00Z"
    assert status.started_at == "2025-03-14T10:00:01Z"


def test_the_published_files_answer_is_read_whole() -> None:
    """Its "processed" takes the failed ones in."""
    status = status_of(
        batchId="7",
        status="processing",
        progress=40,
        totalItems=10,
        processedItems=4,
        failedItems=1,
        results=[{"customerId": "a"}, {"customerId": "b", "status": "failed"}],
        errors=[{"customerId": "c", "message": "no"}],
    )
    assert status.state is JobState.RUNNING
    assert (status.total, status.finished, status.errors) == (10, 3, 1)
    assert status.results is not None
    assert [entry["customerId"] for entry in status.results.successful] == ["a"]
    assert [entry["customerId"] for entry in status.results.failed] == ["c", "b"]


def test_processed_items_that_make_the_total_only_with_the_failed_ones_are_successes() -> None:
    """The file does not say which; the end does."""
    status = status_of(status="completed", totalItems=10, processedItems=8, failedItems=2)
    assert (status.finished, status.errors) == (8, 2)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("queued", JobState.QUEUED),
        ("Running", JobState.RUNNING),
        ("COMPLETED", JobState.COMPLETED),
        (" failed ", JobState.FAILED),
        ("Stopped", JobState.STOPPED),
        ("Pending", JobState.QUEUED),
        ("processing", JobState.RUNNING),
    ],
)
def test_a_documented_state_is_known_in_any_letter_case(word: str, state: JobState) -> None:
    """In either dialect."""
    assert status_of(status=word, response=None).state is state
    assert status_of(status=word, results=[]).state is state


@pytest.mark.parametrize(
    "word",
    ["complete", "completed!", "finished", "done", "success", "ſtopped", "faıled", "cancelled",
     "completed\x00", "", "null", 3, None, True, ["completed"], {"status": "completed"}],
)  # fmt: skip
def test_no_other_word_is_a_state_and_none_of_them_an_end(word: Any) -> None:
    """It is kept, for people."""
    status = status_of(status=word, totalCount=1, finishedCount=1, response={"successful": [{}]})
    assert status.state is JobState.UNKNOWN
    assert not status.state.final


def test_an_unknown_word_is_kept_escaped_and_cut() -> None:
    """At most 40 characters of it."""
    status = status_of(status="\x1b[2J" + "x" * 100, response=None)
    assert status.word.startswith("\\x1b[2Jxxx")
    assert len(status.word) == 40


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5), (0, 0), (5.0, 5), ("5", 5), (None, None), (-1, None), (1.5, None), ("five", None),
     (True, None), (1e30, None), (2**63, None), (10**30, None), ([], None), ("-5", None)],
)  # fmt: skip
def test_a_count_is_a_whole_number_or_none(value: Any, number: int | None) -> None:
    """Never an exception."""
    status = status_of(status="running", totalCount=value, finishedCount=value, errorCount=value)
    assert (status.total, status.finished, status.errors) == (number,) * 3


@pytest.mark.parametrize(
    ("response", "good", "bad"),
    [
        ({"successful": [{"a": 1}, 5, None, "x", [], {"b": 2}], "failed": None}, 2, 0),
        ({"successful": None, "failed": [{}]}, 0, 1),
        ({"failed": [{}]}, 0, 1),
        ({"Successful": [{}], "FAILED": [{}]}, 1, 1),
        ({"successful": {}, "failed": []}, 0, 0),
    ],
)
def test_lists_are_taken_as_far_as_they_are_lists_of_objects(
    response: Any, good: int, bad: int
) -> None:
    """What is none is dropped."""
    status = status_of(status="completed", response=response)
    assert status.results is not None
    assert (len(status.results.successful), len(status.results.failed)) == (good, bad)


@pytest.mark.parametrize("response", [None, [], {}, 5, "x", {"successful": 5, "failed": "x"}])
def test_a_finished_job_may_come_without_lists(response: Any) -> None:
    """That is told apart from empty lists."""
    status = status_of(status="completed", response=response)
    assert status.results is None
    assert status.state is JobState.COMPLETED


@pytest.mark.parametrize("wrong", [8, "8", "x", 7.5, True, [7], -7])
def test_an_answer_about_another_job_is_lost(wrong: Any) -> None:
    """Under either name; the right number in any form is fine."""
    for name in ("jobId", "batchId"):
        with pytest.raises(AnswerLostError, match="about another job"):
            status_of(**{name: wrong}, status="completed", response=None)
        for right in (7, "7", 7.0, None):
            assert status_of(**{name: right}, status="completed", response=None).state.final


def test_an_object_that_has_nothing_of_a_status_is_lost() -> None:
    """Such as an error object under a 200."""
    for answer in ({}, {"code": 5000, "message": "x"}, {"jobId": 7}):
        with pytest.raises(AnswerLostError, match="no field of a status"):
            status_of(**answer)


def test_reading_a_status_keeps_the_entries_as_they_were_parsed() -> None:
    """Reading a thousand costs hardly more than parsing them."""
    status = status_of(status="completed", response={"successful": [{"customerId": "a"}] * 1000})
    assert status.results is not None
    assert isinstance(status.results.successful, list)


# --- errors --------------------------------------------------------------------------------------


def test_gameballs_error_object_is_read_whole() -> None:
    """With what its headers said."""
    raw = body({"code": 2001, "type": "Request Error", "message": "In progress",
                "documentationUrl": "https://example.com", "requestId": "r1"})  # fmt: skip
    error = read_error(422, raw, retry_after=1.5)
    assert error == ErrorObject(422, 2001, "Request Error", "In progress", "r1", retry_after=1.5)


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        ({"code": "2001"}, 2001, None),
        ({"Code": 2001, "Message": "m"}, 2001, "m"),
        ({"code": "E1"}, None, None),
        ({"error": {"code": 3000, "message": "m"}}, 3000, "m"),
        ({"error": "m"}, None, "m"),
        ({"title": "t", "detail": "d"}, None, "d"),
        ({"message": ["a"], "title": "t"}, None, "t"),
        ({"code": None, "message": None}, None, None),
    ],
)
def test_an_error_is_read_as_far_as_it_goes(
    answer: Any, code: int | None, message: str | None
) -> None:
    """Whatever is missing or odd."""
    error = read_error(400, body(answer))
    assert (error.code, error.message) == (code, message)


def test_the_texts_of_an_error_are_escaped_and_cut() -> None:
    """They end up in logs and terminals."""
    error = read_error(400, body({"message": "a\r\nb\x1b]0;x\x07\u202e" + "y" * 9000}))
    assert error.message is not None
    assert error.message.startswith("a\\r\\nb\\x1b]0;x\\x07\\u202eyyy")
    assert len(error.message) == 200


@given(st.integers(100, 999), st.binary() | st.builds(body, st.dictionaries(st.text(), st.text())))
def test_reading_an_error_never_fails(status: int, raw: bytes) -> None:
    """Whatever a proxy sends."""
    assert read_error(status, raw).status == status


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, RejectedError), (401, AuthenticationError), (403, AuthenticationError),
     (404, RejectedError), (413, RejectedError), (422, RejectedError), (429, RateLimitError),
     (500, ServerError), (503, ServerError), (302, APIError)],
)  # fmt: skip
def test_each_status_has_its_exception(status: int, kind: type[APIError]) -> None:
    """With the error object on it."""
    error = ErrorObject(status)
    raised = error_for(error, "a submission")
    assert type(raised) is kind
    assert raised.error is error
    assert "a submission" in str(raised)


# --- Retry-After ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0.0), ("5", 5.0), (" 5 ", 5.0), ("1.5", 1.5), ("-3", 0.0), ("9999999", 604_800.0),
     (None, None), ("", None), ("soon", None), ("nan", None), ("inf", None), ("1e3", None),
     ("5 s", None), ("٥", None), ("9" * 400, None)],
)  # fmt: skip
def test_retry_after_in_seconds(value: str | None, seconds: float | None) -> None:
    """From 0 to an hour; None for what is no number of seconds."""
    assert parse_retry_after(value, None) == seconds


def test_retry_after_as_a_date_is_counted_from_the_answers_own_date() -> None:
    """Whatever our clock says; without that date it says nothing."""
    now = formatdate(1_000_000_000, usegmt=True)
    later, earlier = (formatdate(1_000_000_000 + n, usegmt=True) for n in (90, -90))
    far = formatdate(1_100_000_000, usegmt=True)
    assert parse_retry_after(later, now) == 90.0
    assert parse_retry_after(earlier, now) == 0.0
    assert parse_retry_after(far, now) == 604_800.0
    assert parse_retry_after(later, None) is None
    assert parse_retry_after(later, "yesterday") is None


@given(st.text(), st.text())
def test_no_header_makes_retry_after_fail(value: str, date: str) -> None:
    """What is found is in its bounds."""
    seconds = parse_retry_after(value, date)
    assert seconds is None or 0 <= seconds <= 604_800


# --- texts ---------------------------------------------------------------------------------------


@given(
    st.text() | st.integers() | st.floats() | st.none() | st.lists(st.text()), st.integers(1, 60)
)
def test_a_clean_text_is_printable_and_within_its_limit(value: object, limit: int) -> None:
    """Whatever came."""
    text = clean_text(value, limit)
    assert text.isprintable()
    assert len(text) <= limit


@given(st.text(st.characters(exclude_categories=("C", "Z")), max_size=60))
def test_a_printable_text_is_left_as_it_is(text: str) -> None:
    """No letter is lost to cleaning."""
    assert clean_text(text, 60) == text


@pytest.mark.parametrize(
    "values",
    [
        [{"customerId": n} for n in range(700_000)],
        [{f"k{n}": n for n in range(300_000)}],
        [{"x": [1] * 7_000_000}],
    ],
    ids=["entries", "fields", "numbers"],
)
def test_an_answer_of_too_many_values_is_refused_before_it_is_parsed(
    values: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = orjson.dumps({"jobId": 5, "status": "completed", "response": {"successful": values}})
    monkeypatch.setattr("gameball_async.api.wire.orjson.loads", None)
    with pytest.raises(AnswerLostError, match="more values than 1,000 items can have"):
        read_status(body, 5)


def test_a_long_answer_of_few_values_is_read() -> None:
    entries = [{"customerId": f"c{n}", "text": "x" * 14_000} for n in range(1000)]
    body = orjson.dumps({"jobId": 5, "status": "completed", "response": {"successful": entries}})
    results = read_status(body, 5).results
    assert results is not None
    assert len(results.successful) == 1000
