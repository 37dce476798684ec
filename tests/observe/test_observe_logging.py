"""The log: which logger says what, at which level, with which extras."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from pythonjsonlogger.json import JsonFormatter

from benchmarks.virtual import virtual_session
from gameball_async.client import GameballClient
from gameball_async.errors import GameballError, UnknownJobError
from gameball_async.journal.file import LogFile
from gameball_async.limits.retry import Patience
from gameball_async.sandbox import Sandbox
from tests.engine_virtual import TRIP, at
from tests.observe.observe_desk import ROUTE, Kept, extras, kept

ROWS = [{"customerId": f"c{n}"} for n in range(3)]
SUBMIT = "/api/v4.0/integrations/batch/customers"


async def bulk(client: GameballClient, rows: Any = ROWS, **options: Any) -> None:
    async with client.bulk("customers", rows, **options) as run:
        try:
            await run.finish()
        except GameballError:
            return


def logged(sandbox: Sandbox, main: Any = bulk, level: int = logging.DEBUG, **settings: Any) -> Kept:
    with kept(level) as records:
        at(sandbox, main, **settings)
    return records


def test_each_request_is_one_record_of_debug_level_with_its_facts_as_extras() -> None:
    sandbox = Sandbox(latency=(0.05, 0.05))
    records = logged(sandbox).of("requests")
    assert len(records) == len(sandbox.requests)
    assert {record.levelname for record in records} == {"DEBUG"}
    submit, *polls = map(extras, records)
    sent = submit.pop("gameball_sent")
    assert sent == len(b'{"body":[{"customerId":"c0"},{"customerId":"c1"},{"customerId":"c2"}]}')
    assert 0.1 <= submit.pop("gameball_seconds") < 0.2
    assert 0.0 <= submit.pop("gameball_waited") < 0.01
    assert submit.pop("gameball_received") > 0
    assert abs(submit.pop("gameball_server_time") - time.time()) < 60
    assert submit == {
        "gameball_event": "request",
        "gameball_method": "POST",
        "gameball_route": SUBMIT,
        "gameball_path": SUBMIT,
        "gameball_kind": "customers",
        "gameball_attempt": 1,
        "gameball_polled": False,
        "gameball_status": 200,
        "gameball_outcome": "ok",
    }
    for poll in polls:
        assert (poll["gameball_route"], poll["gameball_polled"]) == (ROUTE, True)
        assert poll["gameball_path"].endswith(f"/batch/{poll['gameball_job_id']}")


def test_a_jobs_life_is_told_at_info_level_each_state_once() -> None:
    records = logged(Sandbox(latency=TRIP)).of("jobs")
    assert {record.levelname for record in records} == {"INFO"}
    events = [extras(record)["gameball_event"] for record in records]
    assert events[0] == "job_accepted"
    states = [extras(record)["gameball_state"] for record in records[1:]]
    assert states[-1] == "completed"
    assert len(states) == len(set(states))
    assert extras(records[-1])["gameball_finished"] == 3
    assert extras(records[-1])["gameball_kind"] == "customers"


def test_a_state_that_nobody_knows_is_a_warning_with_its_word_escaped_and_cut() -> None:
    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.odd_state("\x1b[31mpaused\r\n" + "x" * 10_000, times=1)
    odd = [one for one in logged(sandbox).of("jobs") if one.levelname == "WARNING"]
    assert len(odd) == 1
    word = extras(odd[0])["gameball_word"]
    assert word.startswith("\\x1b[31mpaused\\r\\nxx")
    assert len(word) <= 40
    assert odd[0].getMessage().isprintable()
    assert len(odd[0].getMessage()) < 200


def test_texts_of_the_server_are_escaped_and_cut_in_every_record() -> None:
    long = "\x1b]0;title\x07\r\n\u202e" + "y" * 10_000
    body = {"code": 5003, "message": long, "requestId": long, "type": long}
    sandbox = Sandbox(latency=TRIP)
    for on in ("submit", "poll"):
        sandbox.faults.answer(503, json.dumps(body).encode(), on=on, times=2)
    records = logged(sandbox).records
    assert [extras(one)["gameball_code"] for one in records if "gameball_code" in extras(one)]
    for record in records:
        for text in (record.getMessage(), *map(str, extras(record).values())):
            assert text.isprintable()
            assert len(text) < 400, text


def test_gameballs_own_message_which_may_quote_a_row_is_in_no_record() -> None:
    sandbox = Sandbox(latency=TRIP)
    body = b'{"code": 5003, "message": "person@example.com is odd", "requestId": "r-1"}'
    for on in ("submit", "poll"):
        sandbox.faults.answer(503, body, on=on, times=1)
    sandbox.faults.answer(400, body, on="poll", times=1, after=3)
    records = logged(sandbox).records
    assert any(extras(one).get("gameball_request_id") == "r-1" for one in records)
    assert not [one for one in records if "person@" in one.getMessage() + repr(vars(one))]


def test_a_retry_is_a_warning_that_says_why_and_when() -> None:
    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.error_before(503, on="submit", times=2)
    sandbox.faults.broken_status_line(on="poll", times=1)
    first, second, poll = logged(sandbox).of("retries")
    assert {one.levelname for one in (first, second, poll)} == {"WARNING"}
    assert [extras(one)["gameball_attempt"] for one in (first, second, poll)] == [1, 2, 1]
    assert extras(first)["gameball_error_type"] == "ServerError"
    assert extras(first)["gameball_wait"] > 0
    assert "HTTP 503, code 5003" in first.getMessage()
    assert extras(poll)["gameball_job_id"] > 0
    assert "gameball_wait" not in extras(poll)
    assert "is retried at the next poll" in poll.getMessage()


def test_the_tries_of_one_call_are_numbered() -> None:
    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.error_before(on="submit", times=2)
    requests = map(extras, logged(sandbox).of("requests"))
    tries = [(one["gameball_attempt"], one["gameball_outcome"]) for one in requests]
    assert tries[:3] == [(1, "failed"), (2, "failed"), (3, "ok")]


def test_a_429_is_a_warning_of_the_quota_with_the_pause() -> None:
    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.rate_limit(on="submit", times=1)
    records = logged(sandbox)
    (pause,) = records.of("quota")
    assert pause.levelname == "WARNING"
    assert extras(pause)["gameball_seconds"] >= 1.0
    assert extras(pause)["gameball_quota_share"] == 0.5
    waits = [extras(one)["gameball_waited"] for one in records.of("requests")]
    assert max(waits) >= extras(pause)["gameball_seconds"]


def test_rows_are_told_by_outcome_and_add_up_to_the_report() -> None:
    rows = [*ROWS, {"email": "nobody@example.com"}]
    records = logged(Sandbox(latency=TRIP, fail_if=lambda kind, item: item["customerId"] == "c1"),
                     lambda client: bulk(client, rows))  # fmt: skip
    told = [extras(one) for one in records.of("rows")]
    for outcome, many in (("succeeded", 2), ("failed", 1), ("rejected", 1)):
        assert sum(one.get(f"gameball_{outcome}", 0) for one in told) == many
    ended = extras(records.of("runs")[-1])
    assert (ended["gameball_rows"], ended["gameball_succeeded"], ended["gameball_failed"]) == (
        4,
        2,
        1,
    )


def test_a_run_is_told_when_it_begins_and_once_when_it_ends() -> None:
    began, ended = logged(Sandbox(latency=TRIP), level=logging.INFO).of("runs")
    assert (began.levelname, ended.levelname) == ("INFO", "INFO")
    assert extras(ended)["gameball_complete"] is True
    assert "3 of 3 rows succeeded" in ended.getMessage()


def test_a_run_that_is_stopped_by_an_error_ends_with_a_warning_that_names_it() -> None:
    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.answer(401, b"{}", on="submit", times=None)
    _, ended = logged(sandbox).of("runs")
    assert ended.levelname == "WARNING"
    assert extras(ended)["gameball_error_type"] == "AuthenticationError"
    assert extras(ended)["gameball_rejected"] == 3


def test_a_run_that_is_left_early_is_told_to_have_ended_too() -> None:
    async def left(client: GameballClient) -> None:
        async with client.bulk("customers", ROWS) as run:
            await anext(run)

    _, ended = logged(Sandbox(latency=TRIP), left).of("runs")
    assert extras(ended)["gameball_complete"] is False
    assert extras(ended)["gameball_pending"] == 3


def test_a_journal_that_fails_is_an_error_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, appended = LogFile.append, list[bytes]()

    def full(log: LogFile, frame: bytes) -> None:
        appended.append(frame)
        if len(appended) > 1:  # the chunk may leave, and that is the last that the disk takes
            raise OSError(28, "No space left on device")
        append(log, frame)

    monkeypatch.setattr(LogFile, "append", full)

    async def main() -> None:
        async with Sandbox() as sandbox:
            keys = sandbox.api_key, sandbox.secret_key
            async with GameballClient(*keys, base_url=sandbox.url) as client:
                await bulk(client, journal=tmp_path / "run.gbjournal")

    with kept() as records:
        anyio.run(main)
    failed = [one for one in records.of("runs") if one.levelname == "ERROR"]
    (facts,) = map(extras, failed)
    assert "No space left on device" in facts.pop("gameball_why")
    assert facts == {"gameball_event": "journal_failed", "gameball_kind": "customers"}
    assert len(appended) == 2


def test_a_job_that_cannot_be_watched_any_more_is_a_warning() -> None:
    async def main(client: GameballClient) -> None:
        with pytest.raises(UnknownJobError):
            await client.wait(987654)

    (lost,) = logged(Sandbox(latency=TRIP), main).of("jobs")
    assert (lost.levelname, extras(lost)["gameball_job_id"]) == ("WARNING", 987654)
    assert extras(lost)["gameball_error_type"] == "UnknownJobError"


def test_no_answer_and_no_connection_have_outcomes_of_their_own() -> None:
    async def main(client: GameballClient) -> None:
        with pytest.raises(GameballError):
            await client.upsert_customer({"customerId": "c1"})

    async def away_from(client: GameballClient) -> None:
        async with virtual_session() as session:
            options: dict[str, Any] = {"session": session, "patience": patience}
            async with GameballClient("k", "s", base_url="http://127.0.0.1:9", **options) as away:
                await main(away)

    patience = Patience(unsure=1, unsent=1.0)
    away = logged(Sandbox(), away_from)
    assert {extras(one)["gameball_outcome"] for one in away.of("requests")} == {"unsent"}
    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.broken_status_line(on="any", times=None)
    lost = logged(sandbox, main, patience=patience)
    assert {extras(one)["gameball_outcome"] for one in lost.of("requests")} == {"lost"}
    assert {extras(one)["gameball_error_type"] for one in lost.of("requests")} == {
        "AnswerLostError"
    }


def test_every_extra_is_a_flat_value_that_a_json_formatter_takes_as_it_is() -> None:
    stream = io.StringIO()
    handler, logger = logging.StreamHandler(stream), logging.getLogger("gameball_async")
    handler.setFormatter(JsonFormatter("%(message)s %(name)s"))
    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.error_before(on="submit", times=1)
    sandbox.faults.rate_limit(on="poll", times=1)
    logger.addHandler(handler)
    try:
        records = logged(sandbox).records
    finally:
        logger.removeHandler(handler)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == len(records) > 6
    for line, record in zip(lines, records, strict=True):
        assert line["name"] == record.name
        for name, value in extras(record).items():
            assert isinstance(value, (str, int, float, bool))
            assert line[name] == value


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING, logging.ERROR])
def test_nothing_below_a_loggers_level_is_written(level: int) -> None:
    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.error_before(on="submit", times=1)
    records = logged(sandbox, level=level).records
    assert all(record.levelno >= level for record in records)
    assert bool(records) == (level < logging.ERROR)


def test_where_no_logging_is_set_up_nothing_is_printed() -> None:
    script = """
import anyio
from gameball_async import GameballClient
from gameball_async.sandbox import Sandbox
async def main():
    async with Sandbox() as gameball:
        gameball.faults.error_before(on="submit", times=1)
        async with GameballClient(gameball.api_key, gameball.secret_key, base_url=gameball.url) as client:
            await client.submit("customers", [{"customerId": "c1"}])
anyio.run(main)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")
