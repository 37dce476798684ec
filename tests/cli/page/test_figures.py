"""The numbers of a run's page: they add up, are bounded, and say only what the journal says."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.past_run import NIGHT, Past
from gameball_async.cli.page.figures import Figures, figures_of
from gameball_async.cli.page.reasons import masked
from gameball_async.cli.page.series import POINTS, job_times_of, series_of
from gameball_async.errors import JournalError
from gameball_async.journal.header import Header
from gameball_async.journal.history import History, Session, Used
from gameball_async.journal.journal import read_journal
from gameball_async.journal.state import ChunkRecord, Resumable, Stage
from gameball_async.rows.outcome import Reason

HEADER = Header("customers", "account", "https://api.gameball.co", "v4.0", "unique")


def figures_from(past: Past, folder: Path, *, show_keys: bool = False) -> Figures:
    path = past.write(folder / "run.gbjournal")
    return figures_of(read_journal(path), str(path), show_keys=show_keys)


# -- over time


@st.composite
def timed(draw: st.DrawFn) -> Resumable:
    """A journal whose chunks ended at any times of one or more sessions."""
    lengths = draw(st.lists(st.floats(0.0, 200_000.0), min_size=1, max_size=4))
    history, at = History(), NIGHT
    chunks: list[ChunkRecord] = []
    for length in lengths:
        history.sessions.append(Session(at, at + length))
        moments = draw(st.lists(st.floats(0.0, length), max_size=8).map(sorted))
        for offset in moments:
            number, rows = len(chunks) + 1, draw(st.integers(1, 1_000))
            succeeded = draw(st.integers(0, rows))
            chunks.append(
                ChunkRecord(number, Stage.SETTLED, number, False, range(rows), succeeded=succeeded)
            )
            history.accepted[number] = at + draw(st.floats(0.0, offset))
            history.settled[number] = at + offset
            history.requests.append((at + offset, draw(st.integers(0, 500))))
        if draw(st.booleans()):
            history.rejected.append((at + draw(st.floats(0.0, length)), draw(st.integers(1, 9))))
        at += length + draw(st.floats(0.0, 90_000.0))
    return Resumable(HEADER, chunks, [], True, Used(), history=history)


@given(timed())
def test_each_row_and_request_is_in_one_part_and_there_are_few_parts(journal: Resumable) -> None:
    series = series_of(journal)
    if series is None:
        return
    assert 3 <= len(series.parts) <= POINTS + 1
    assert sum(part.succeeded for part in series.parts) == sum(c.succeeded for c in journal.chunks)
    rows = sum(len(chunk.positions) for chunk in journal.chunks)
    rejected = sum(many for _, many in journal.history.rejected)
    assert sum(part.succeeded + part.others for part in series.parts) == rows + rejected
    sent = sum(requests for _, requests in journal.history.requests)
    assert sum(part.requests for part in series.parts) == sent
    assert all(part.requests >= 0 for part in series.parts)
    worked = sum(each.ended - each.began for each in journal.history.sessions)
    assert series.seconds == pytest.approx(worked)
    assert series.parts[-1].start <= worked + 0.1


@given(timed())
def test_each_job_is_in_one_bar_and_the_median_is_no_more_than_the_longest(
    journal: Resumable,
) -> None:
    times = job_times_of(journal)
    if times is None:  # no job was both accepted and settled by one process
        assert not journal.chunks or len(journal.history.sessions) > 1
        return
    assert times.jobs + times.left_out == len(journal.chunks)
    assert sum(jobs for *_, jobs in times.bars) == times.jobs
    assert len(times.bars) <= 25
    assert 0 <= times.median <= times.p95 <= times.longest


def test_requests_between_two_moments_are_spread_evenly() -> None:
    history = History([Session(NIGHT, NIGHT + 120)])
    history.requests = [(NIGHT, 0), (NIGHT + 60, 60), (NIGHT + 120, 0)]
    series = series_of(Resumable(HEADER, [], [], True, history=history))
    assert series is not None
    assert [part.requests for part in series.parts] == [1] * 60 + [0] * 60


def test_the_night_between_two_sessions_has_no_width_and_no_job_lasts_through_it() -> None:
    history = History([Session(NIGHT, NIGHT + 10), Session(NIGHT + 40_000, NIGHT + 40_010)])
    history.accepted = {1: NIGHT + 1, 2: NIGHT + 9}
    history.settled = {1: NIGHT + 3, 2: NIGHT + 40_004}
    chunks = [ChunkRecord(n, Stage.SETTLED, n, False, [n], succeeded=1) for n in (1, 2)]
    journal = Resumable(HEADER, chunks, [], True, history=history)
    series, times = series_of(journal), job_times_of(journal)
    assert series is not None
    assert times is not None
    assert series.seconds == 20
    assert series.resumed == [10]
    assert (times.jobs, times.left_out, times.longest) == (1, 1, 2)


# -- of a whole journal


def test_the_figures_of_a_run_add_up(tmp_path: Path) -> None:
    past = Past(chunks=40, rows=100, failed=2, rejected=5, in_doubt=(7,), killed_after=20)
    found = figures_from(past, tmp_path)
    assert found.rows == 4_005
    assert found.outcomes == {
        "succeeded": 39 * 98, "failed": 78, "rejected": 5, "indeterminate": 100, "pending": 0,
        "unsent": 0, "unchanged": 0,
    }  # fmt: skip
    assert [(group.rows, group.outcome) for group in found.reasons.groups] == [
        (100, "indeterminate"), (78, "failed"), (5, "rejected"),
    ]  # fmt: skip
    assert found.reasons.groups[1].advice.startswith("Import the customers first")
    assert [(each.chunk, each.rows, each.lines) for each in found.doubts] == [(7, 100, "607-706")]
    assert found.requests == past.requests
    assert found.quota is not None
    assert found.quota.used == past.requests
    assert found.quota.steady == 12
    assert found.quota.used <= found.quota.allowed
    assert (found.sessions, found.unsaid) == (2, 1)


def test_a_run_that_was_left_says_what_is_open_and_how_to_go_on(tmp_path: Path) -> None:
    found = figures_from(Past(chunks=9, rows=10, left_after=5), tmp_path)
    assert (found.complete, found.open_jobs) == (False, 1)
    assert (found.outcomes["pending"], found.outcomes["indeterminate"]) == (10, 10)
    commands = [command for step in found.steps for command in step.commands]
    assert commands == [
        f"gameball-async resume {tmp_path}/run.gbjournal",
        "gameball-async watch 900006",
    ]


def test_a_name_with_spaces_is_quoted_and_another_gameball_is_named(tmp_path: Path) -> None:
    path = Past(chunks=3, rows=2, left_after=1).write(tmp_path / "o'clock run.gbjournal")
    journal = read_journal(path)
    journal.header = evolve(journal.header, origin="http://127.0.0.1:8080", version="v4.1")
    step = figures_of(journal, "o'clock run.gbjournal").steps[0]
    assert step.commands == [
        (
            "gameball-async resume 'o'\"'\"'clock run.gbjournal' --base-url http://127.0.0.1:8080 "
            "--api-version v4.1"
        )
    ]


def test_rows_are_grouped_without_what_is_their_own_and_ids_are_masked(tmp_path: Path) -> None:
    def why(row: int) -> Reason:
        return Reason(
            f"customer-{row:07} (ana{row}@shop.example, +2010012{row:05}) is unknown", 7000
        )

    found = figures_from(Past(chunks=5, rows=10, failed=4, why=why), tmp_path)
    (group,) = found.reasons.groups
    assert group.rows == 20
    assert group.reason == "… (…@…, …) is unknown (code 7000)"
    assert [(each.position, each.key) for each in group.examples] == [
        (2, "c…02"), (3, "c…03"), (4, "c…04"),
    ]  # fmt: skip
    said = repr(found.as_values())
    assert "customer-0" not in said
    assert "@shop" not in said
    (tmp_path / "run.gbjournal").unlink()
    shown = figures_from(Past(chunks=5, rows=10, failed=4, why=why), tmp_path, show_keys=True)
    assert shown.reasons.groups[0].examples[0].key == "customer-0000002"
    assert "ana2@shop.example" in shown.reasons.groups[0].reason
    assert shown.reasons.groups[0].rows == 20


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("c000123", "c…23"),
        ("abc123", "a…23"),
        ("abc12", "a…"),
        ("abc", "a…"),
        ("7", "…"),
        ("", "…"),
    ],
)
def test_a_masked_id_shows_three_characters_at_most(key: str, shown: str) -> None:
    assert masked(key) == shown


def test_however_many_reasons_and_doubts_there_are_the_figures_are_bounded(tmp_path: Path) -> None:
    past = Past(
        chunks=200, rows=3, failed=3, why=lambda row: Reason(f"reason {row}"), in_doubt=tuple(range(1, 100))
    )  # fmt: skip
    found = figures_from(past, tmp_path)
    assert len(found.reasons.groups) == 30
    assert found.reasons.rows == 600
    assert (found.reasons.more, found.reasons.more_rows) == (274, 274)
    assert (len(found.doubts), found.more_doubts, found.doubtful_rows) == (50, 49, 297)


def test_a_journal_without_times_says_what_is_missing(tmp_path: Path) -> None:
    path = Past(chunks=5, rows=10).write(tmp_path / "run.gbjournal")
    journal = read_journal(path)
    journal.history, journal.used = History(), evolve(journal.used, quota="")
    found = figures_of(journal, str(path))
    for missing in (found.series, found.job_times, found.quota, found.began):
        assert missing is None
    assert found.missing[0].startswith("When things happened")
    assert found.outcomes["succeeded"] == 50


def test_numbers_that_do_not_agree_are_refused(tmp_path: Path) -> None:
    journal = read_journal(Past(chunks=5, rows=10, rejected=2).write(tmp_path / "run.gbjournal"))
    journal.history.rejected.append((NIGHT, 1_000))
    with pytest.raises(JournalError, match="contradicts itself"):
        figures_of(journal, "run.gbjournal")
