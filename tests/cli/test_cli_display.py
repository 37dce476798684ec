"""The display is plain text made of values: tested as text."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import async_solipsism
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from rich.console import RenderableType

from gameball_async.api.jobs import Job, JobState, JobStatus, Transition
from gameball_async.bulk.progress import Progress
from gameball_async.cli import account, display, live
from gameball_async.cli.live import Reaching
from gameball_async.cli.words import clean, count, duration
from gameball_async.rows.report import Report

PROGRESS = Progress(
    rows_read=5_000,
    rows_settled=2_000,
    chunks=5,
    jobs={JobState.RUNNING: 1, JobState.QUEUED: 2, JobState.COMPLETED: 2},
    succeeded=1_990,
    failed=7,
    rejected=3,
    indeterminate=0,
    rate=100.0,
    requests=30,
    allowed=120,
    polls=25,
    rate_limited=0,
    quota_wait=0.0,
    quota_share=1.0,
    seconds=20.0,
    waiting=0,
    held_back=0,
    stalled_for=0.5,
)
REPORT = Report(
    kind="customers",
    rows=10,
    succeeded=6,
    failed=2,
    rejected=1,
    indeterminate=1,
    unsent=0,
    jobs=1,
    requests=4,
    rate_limited=0,
    polls=2,
    quota_wait=0.0,
    quota_share=1.0,
    seconds=2.0,
    complete=True,
    reasons={
        "failed: [bold]Insufficient points[/bold] (code 9008)": 2,
        "rejected: customerId: is missing": 1,
        "indeterminate: the run was left while job 7 was open": 1,
    },
)


def as_text(renderable: RenderableType, width: int = 100) -> str:
    """What a terminal of that width shows, without colours."""
    out = io.StringIO()
    console = live.console_on(out)
    console.width = width
    console.print(renderable)
    return out.getvalue()


def test_a_line_of_a_log_tells_rows_rate_time_left_jobs_and_requests() -> None:
    assert display.plain_line(PROGRESS, 0.5) == (
        "20 s: rows: 5,000 read, 1,990 succeeded, 7 failed, 3 rejected; "
        "100 rows/s, about 1 min 20 s left; "
        "5 chunks; jobs: 2 queued, 1 running, 2 completed; "
        "requests: 30 of 120 allowed (25%), 25 polls; "
        "quota: no wait yet"
    )


def test_the_live_block_tells_the_same_and_how_far_it_is() -> None:
    text = as_text(display.live(PROGRESS, 0.5, "importing customers from a.csv"))
    for part in (
        "importing customers from a.csv",
        " 20%",
        "20 s, about 1 min 20 s left",
        "5,000 read, 1,990 succeeded, 7 failed, 3 rejected; 100 rows/s",
        "5 chunks; jobs: 2 queued, 1 running, 2 completed",
        "30 of 120 allowed (25%), 25 polls",
    ):
        assert part in text


def test_waiting_for_quota_429s_and_a_smaller_share_are_shown() -> None:
    slowed = evolve(PROGRESS, quota_wait=75.0, rate_limited=3, quota_share=0.5)
    line = display.plain_line(slowed, None)
    assert (
        "the quota is used up, so the run slows down" in line
    )  # perhaps by our own process before
    line = display.plain_line(evolve(slowed, seconds=40.0), None)
    assert "quota: waited 1 min 15 s for it, all calls together, 3 × 429, using 50% of it" in line
    assert "another client uses this account's quota" in line


def test_it_says_for_how_long_nothing_has_moved_and_what_it_waits_for() -> None:
    still = evolve(PROGRESS, stalled_for=35.0)
    assert "nothing has moved for 35 s: 3 jobs open at Gameball" in display.plain_line(still, 1.0)
    assert "nothing has moved" not in display.plain_line(PROGRESS, 1.0)
    silent = evolve(still, jobs={JobState.COMPLETED: 5})
    assert "waiting for Gameball's answer" in display.plain_line(silent, 1.0)
    unread = evolve(still, jobs={}, chunks=0)
    assert "waiting for the input" in display.plain_line(unread, 0.0)


def test_rows_that_wait_for_their_own_customer_are_explained() -> None:
    why = "3,999 of 4,000 rows wait for open jobs of their customers"
    held = evolve(PROGRESS, waiting=4_000, held_back=3_999, waiting_because=why)
    assert why in display.plain_line(held, 1.0)


def test_time_left_is_unknown_before_a_row_has_settled_or_for_an_input_of_unknown_size() -> None:
    assert "time left unknown" in display.plain_line(evolve(PROGRESS, rows_settled=0), 0.5)
    assert "time left unknown" in display.plain_line(PROGRESS, None)
    assert "%" not in as_text(display.live(PROGRESS, None, "x")).replace("(25%)", "")


def test_milestones_are_told_once() -> None:
    first = evolve(PROGRESS, failed=0, rejected=0)
    assert display.milestones(None, first, was_read=False, is_read=False) == []
    assert display.milestones(first, PROGRESS, was_read=False, is_read=True) == [
        "the whole input has been read: 5,000 rows",
        "the first rows that did not succeed: 7 failed, 3 rejected",
    ]
    limited = evolve(PROGRESS, rate_limited=1)
    assert display.milestones(PROGRESS, limited, was_read=True, is_read=True) == [
        "Gameball answered 429 for the first time: the run slows down"
    ]
    assert display.milestones(limited, limited, was_read=True, is_read=True) == []


def test_the_final_account_has_counts_reasons_and_the_advice_of_codes() -> None:
    text = as_text(account.summary(REPORT, "customers from a.csv"))
    assert text.startswith("customers from a.csv: 4 rows of 10 did not succeed\n")
    assert [" ".join(line.split()) for line in text.splitlines()[1:9]] == [
        "rows read 10",
        "succeeded 6",
        "failed 2",
        "rejected 1",
        "indeterminate 1",
        "pending 0",
        "unsent 0",
        "1 job, 4 requests (2 polls, 0 answered 429), 2.0 s (5 rows/s)",
    ]
    assert "→ Lower the amount: the customer has fewer points." in text


def test_text_of_the_server_is_never_read_as_markup() -> None:
    assert "[bold]Insufficient points[/bold] (code 9008)" in as_text(account.summary(REPORT, "x"))
    change = Transition(Job(7), None, JobStatus(7, JobState.UNKNOWN, word="[red]\x1b[31mod\u202ed"))
    assert display.transition_line(change) == "job 7: unknown ([red]\\x1b[31mod\\u202ed)"
    table = as_text(display.status_table([evolve(change.status, operation="[blink]x[/]")]))
    assert "[blink]x[/]" in table


def test_reasons_that_differ_only_in_the_job_are_one() -> None:
    reasons = {f"indeterminate: left while job {n} was open": n for n in range(1, 4)}
    found = account.failures(evolve(REPORT, reasons=reasons))
    assert [(f.outcome, f.reason, f.rows) for f in found] == [
        ("indeterminate", "left while its job was open", 6)
    ]


def test_more_reasons_than_fit_are_counted() -> None:
    reasons = {f"failed: reason {n}": 1 for n in range(30)}
    text = as_text(account.summary(evolve(REPORT, reasons=reasons), "x"))
    assert "and 10 more reasons" in text


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (evolve(REPORT, rows=1, succeeded=1), "x: the only row succeeded"),
        (evolve(REPORT, rows=1_000, succeeded=1_000), "x: all 1,000 rows succeeded"),
        (evolve(REPORT, complete=False), "x: stopped early; 6 of 10 rows succeeded"),
    ],
)
def test_the_first_line_is_the_verdict(report: Report, verdict: str) -> None:
    assert as_text(account.summary(report, "x")).splitlines()[0] == verdict


def test_transitions_and_counts_are_lines() -> None:
    job = Job(7)
    first = Transition(job, None, JobStatus(7, JobState.QUEUED))
    moved = Transition(
        job, JobState.QUEUED, JobStatus(7, JobState.RUNNING, total=10, finished=2, errors=1)
    )
    counted = evolve(moved, before=JobState.RUNNING, moved=False)
    assert display.transition_line(first) == "job 7: queued"
    assert display.transition_line(moved) == "job 7: queued → running, 2 of 10 done, 1 failed"
    assert display.transition_line(counted) == "job 7: running, 2 of 10 done, 1 failed"


def test_what_is_open_is_named_with_what_to_do() -> None:
    assert account.left_open([]) == "no job is open"
    assert account.left_open([9]).startswith("1 job is still open at Gameball: 9. ")
    many = account.left_open(range(1, 13))
    assert many.startswith("12 jobs are still open at Gameball: 1, 2, 3, 4, 5 and 7 more. ")
    assert "`gameball-async watch 1 2 3 4 5`" in many


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3_599.6, "1 h 00 min"),
        (3_840, "1 h 04 min"),
        (360_000, "100 h 00 min"),
    ],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_number_has_its_noun() -> None:
    assert [count(0, "row"), count(1, "row"), count(2_000, "row")] == [
        "0 rows",
        "1 row",
        "2,000 rows",
    ]


@given(st.text(max_size=400))
def test_clean_text_is_one_printable_line_of_bounded_length(text: str) -> None:
    shown = clean(text)
    assert len(shown.splitlines()) <= 1
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    assert len(shown) <= 6 * 300 + 1


def virtually(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run *main* on a clock that jumps."""
    with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
        runner.run(main())


def test_a_log_gets_a_line_every_five_seconds() -> None:
    out = io.StringIO()

    async def main() -> None:
        began = anyio.current_time()

        def look() -> tuple[Progress, float | None]:
            return evolve(PROGRESS, seconds=anyio.current_time() - began), 0.5

        with anyio.move_on_after(16):
            await live.follow(look, "importing x from y", live.Manner.PLAIN, out, Reaching())

    virtually(main)
    lines = out.getvalue().splitlines()
    assert lines[0] == "importing x from y"
    assert "the first rows that did not succeed" in lines[1]
    assert [line.split(":")[0] for line in lines[2:]] == ["5.0 s", "10 s", "15 s"]


def test_a_terminal_gets_frames_and_json_gets_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    assert live.manner_of(out, as_json=False) is live.Manner.LIVE
    assert live.manner_of(out, as_json=True) is live.Manner.SILENT
    assert live.manner_of(io.StringIO(), as_json=False) is live.Manner.PLAIN

    async def main() -> None:
        with anyio.move_on_after(1):
            await live.follow(lambda: (PROGRESS, 0.5), "x", live.Manner.LIVE, out, Reaching())

    virtually(main)
    assert "5,000 read" in out.getvalue()
    monkeypatch.setenv("TERM", "dumb")
    assert live.manner_of(out, as_json=False) is live.Manner.PLAIN


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_resumed_run_shows_no_time_left_before_it_has_settled_a_row(width: int) -> None:
    resumed = evolve(PROGRESS, rate=0.0, seconds=0.2)
    assert resumed.seconds_left(0.5) is None
    drawn = io.StringIO()
    rich_console = live.console_on(drawn)
    rich_console.width = width
    rich_console.print(display.live(resumed, 0.5, "customers.csv", width))
    assert "time left unknown" in drawn.getvalue()
