"""Workers that die, stop or fail in the middle of a load: the next run of the pipeline gives every point once."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gameball_async import GameballClient, Patience
from gameball_async.cli.main import cli
from gameball_async.sandbox import Constant, Sandbox, SandboxThread
from tests.integrations.dlt_journals import accepted

pytestmark = pytest.mark.filterwarnings("ignore:The 'warn' method:DeprecationWarning:dlt")

ROWS = 6000
KIND = "balance-adjustments"
LOADER = Path(__file__).with_name("dlt_loader.py")
WITHIN = 60.0

Make = Callable[..., Any]


def times(sandbox: Sandbox) -> Counter[int]:
    """How many customers were given points how many times."""
    return Counter(Counter(each.customer for each in sandbox.ledger.entries(KIND)).values())


def points(rows: int) -> list[dict[str, Any]]:
    return [{"customer_id": f"c{n}", "amount": 1} for n in range(rows)]


@pytest.fixture
def busy() -> Iterator[Sandbox]:
    """A Gameball all of whose jobs seem to run until its faults are cleared."""
    with SandboxThread(service_time=Constant(0)) as sandbox:
        running = {"status": "running", "response": None}
        sandbox.faults.edit(lambda told: {**told, **running}, on="poll", times=None)
        yield sandbox


@pytest.fixture
def load(busy: Sandbox, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a worker that loads, or goes on with a load."""
    keys = {"GAMEBALL_API_KEY": busy.api_key, "GAMEBALL_SECRET_KEY": busy.secret_key}
    none = subprocess.DEVNULL
    with ExitStack() as stack:

        def start() -> subprocess.Popen[bytes]:
            worker = subprocess.Popen(
                [sys.executable, str(LOADER), str(tmp_path), str(ROWS)],
                env={**os.environ, **keys, "GAMEBALL_BASE_URL": busy.url},
                stdin=none,
                stdout=none,
                stderr=none,
                cwd=tmp_path,
            )
            stack.enter_context(worker)
            stack.callback(worker.kill)
            return worker

        yield start


def _wait_until_all_is_sent(worker: subprocess.Popen[bytes], folder: Path) -> None:
    """Until each chunk has become a job: one that is being sent at a kill would be in doubt."""
    until = time.monotonic() + WITHIN
    while accepted(folder / "points" / "gameball") < ROWS / 1000:
        assert worker.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("by", ["SIGKILL", "SIGTERM"])
def test_a_load_whose_worker_is_killed_goes_on_in_another_and_gives_every_point_once(
    busy: Sandbox, load: Callable[[], subprocess.Popen[bytes]], tmp_path: Path, by: str
) -> None:
    worker = load()
    _wait_until_all_is_sent(worker, tmp_path)
    worker.send_signal(getattr(signal, by))
    assert worker.wait(WITHIN) != 0
    busy.faults.clear()
    assert load().wait(WITHIN) == 0
    assert times(busy) == Counter({1: ROWS})


def test_two_workers_at_one_load_give_every_point_once(
    busy: Sandbox, load: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """As when an orchestrator takes a worker for dead that is not: nothing is sent by both."""
    first = load()
    _wait_until_all_is_sent(first, tmp_path)
    assert load().wait(WITHIN) != 0
    busy.faults.clear()
    first.wait(WITHIN)
    assert load().wait(WITHIN) == 0
    assert times(busy) == Counter({1: ROWS})


def test_a_load_that_dlt_tries_again_under_another_name_goes_on_where_it_was(
    sandbox: Sandbox, pipeline: Make
) -> None:
    sandbox.faults.rate_limit(on="submit", after=1, times=3, retry_after=60)

    def impatient() -> GameballClient:
        keys = sandbox.api_key, sandbox.secret_key
        return GameballClient(*keys, base_url=sandbox.url, patience=Patience(limited=1))

    loads = pipeline(client=impatient)
    loads.run(points(3000), table_name="balance_adjustments")
    jobs = loads.last_trace.last_load_info.load_packages[0].jobs["completed_jobs"]
    assert max(job.job_file_info.retry_count for job in jobs) > 0
    assert times(sandbox) == Counter({1: 3000})


def test_a_load_that_was_refused_in_the_middle_goes_on_when_the_cause_is_mended(
    sandbox: Sandbox, pipeline: Make
) -> None:
    sandbox.faults.error_before(status=401, code=1001, on="submit", after=2, times=None)
    loads = pipeline()
    with pytest.raises(Exception, match="keys"):
        loads.run(points(5000), table_name="balance_adjustments")
    sandbox.faults.clear()
    loads.run(points(9), table_name="balance_adjustments")  # what is left goes first, and alone
    assert times(sandbox) == Counter({1: 5000})


def test_a_load_with_rows_in_doubt_fails_until_they_are_settled_and_sends_nothing_twice(
    sandbox: Sandbox, pipeline: Make, tmp_path: Path
) -> None:
    from gameball_async.integrations.dlt import DoubtfulRows

    sandbox.faults.reset_after_commit(on="submit", times=1)
    loads = pipeline()
    for _ in range(2):
        with pytest.raises(Exception, match="1,000 rows of table balance_adjustments") as caught:
            loads.run(points(2500), table_name="balance_adjustments")
        assert isinstance(caught.value.__cause__, DoubtfulRows)
        (journal,) = tmp_path.rglob("*.gbjournal")
        assert str(journal) in str(caught.value)
    assert sandbox.counts["submit"] == 3
    (journal,) = tmp_path.rglob("*.gbjournal")
    applied = tmp_path / "applied.txt"
    applied.write_text("\n".join(map(str, _doubtful(loads))))
    settled = CliRunner().invoke(cli, ["settle", str(journal), "--applied", str(applied)])
    assert settled.exit_code == 0, settled.output
    loads.run()
    assert not loads.has_pending_data
    assert times(sandbox) == Counter({1: 2500})


def _doubtful(loads: Any) -> list[int]:
    from gameball_async.integrations.dlt import outcomes

    return [row["line"] for row in outcomes(loads) if row["outcome"] == "indeterminate"]


def test_doubts_may_be_no_more_than_a_warning(
    sandbox: Sandbox, pipeline: Make, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.reset_after_commit(on="submit", times=1)
    loads = pipeline(doubts="warn")
    with caplog.at_level(logging.WARNING, "gameball_async.dlt"):
        loads.run(points(10), table_name="balance_adjustments")
    assert "10 rows of table balance_adjustments may or may not have been applied" in caplog.text
    assert not loads.has_pending_data
    assert times(sandbox) == Counter({1: 10})


def test_a_load_that_was_begun_is_not_gone_on_with_where_its_journals_are_gone(
    sandbox: Sandbox, pipeline: Make, tmp_path: Path
) -> None:
    sandbox.faults.error_before(status=401, code=1001, on="submit", after=2, times=1)
    loads = pipeline(journals=str(tmp_path / "journals"))
    with pytest.raises(Exception, match="keys"):
        loads.run(points(5000), table_name="balance_adjustments")
    applied = sandbox.ledger.applied[KIND]
    shutil.move(tmp_path / "journals", tmp_path / "elsewhere")
    with pytest.raises(Exception, match="it is not known which rows were sent"):
        loads.run()
    assert sandbox.ledger.applied[KIND] == applied
    shutil.move(tmp_path / "elsewhere", tmp_path / "journals")
    loads.run()
    assert times(sandbox) == Counter({1: 5000})
