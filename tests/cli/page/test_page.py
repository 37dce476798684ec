"""The page that `report --html` writes: the figures of --json, no script, nothing loaded, bounded in size."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.past_run import HOSTILE, NIGHT, Past
from gameball_async.cli.page.figures import figures_of
from gameball_async.cli.page.render import page_of
from gameball_async.journal import records
from gameball_async.journal.history import Stamp
from gameball_async.journal.journal import read_journal
from gameball_async.journal.state import Stage
from gameball_async.rows.outcome import Reason
from gameball_async.sandbox import Constant
from gameball_async.sandbox import Reason as Refusal
from tests.cli.cli_desk import Run, Serve
from tests.cli.page.page_reader import PageReader

MOST = 2_000_000
"""Bytes of a page."""

RUNS = {
    "good": Past(chunks=20, rows=50),
    "mixed": Past(chunks=40, rows=50, failed=2, rejected=5, in_doubt=(7, 8), killed_after=20),
    "left": Past(chunks=20, rows=50, left_after=12),
    "short": Past(chunks=1, rows=1),
    "program": Past(chunks=5, rows=5, failed=1, name=""),
}


@pytest.fixture(params=RUNS)
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    past: Past = RUNS[request.param]
    return past.write(tmp_path / "a run.gbjournal")


def written(run: Run, journal: Path, *more: str) -> tuple[PageReader, str, dict[str, Any]]:
    """The page, its text, and what --json says meanwhile."""
    path = journal.with_name("report.html")
    result = run("report", journal, "--html", path, "--json", *more)
    assert result.exit_code in (0, 1, 3), result.output
    page = path.read_text(encoding="utf-8")
    return PageReader(page), page, json.loads(result.stdout)


def test_the_page_says_the_numbers_that_json_says(run: Run, journal: Path) -> None:
    page, _, told = written(run, journal)
    figures = told["page"]
    assert sum(figures["outcomes"].values()) == told["rows"] == figures["rows"]
    for name in ("succeeded", "failed", "rejected", "indeterminate", "pending", "unsent", "rows"):
        assert int(page.figures[name]) == told[name] == figures["outcomes"].get(name, told["rows"])
    for name in ("jobs", "requests", "polls", "rate_limited"):
        assert int(page.figures[name]) == told[name]
    assert float(page.figures["seconds"]) == told["seconds"]
    reasons = [int(values[0]) for values in page.rows("reason-table")]
    assert reasons == [group["rows"] for group in figures["reasons"]["groups"]]
    assert sum(reasons) == sum(told["failures_by_reason"].values())
    assert page.rows("doubt-table") == [[doubt["rows"]] for doubt in told["ambiguous"]]
    if figures["series"] is not None:
        parts = [list(part.values()) for part in figures["series"]["parts"]]
        assert page.rows("series-table") == parts
        ended = told["rows"] - told["pending"] - (0 if told["complete"] else told["indeterminate"])
        assert sum(part[1] + part[2] for part in parts) == ended
        assert sum(part[3] for part in parts) == told["requests"]
    if figures["job_times"] is not None:
        bars = [[jobs] for *_, jobs in figures["job_times"]["bars"]]
        assert page.rows("job-table") == bars
        assert float(page.figures["median"]) == figures["job_times"]["median"]
    if figures["quota"] is not None:
        assert int(page.figures["quota_used"]) == figures["quota"]["used"] == told["requests"]
        assert int(page.figures["quota_allowed"]) == figures["quota"]["allowed"]


def test_the_page_has_no_script_and_loads_nothing(run: Run, journal: Path) -> None:
    page, text, _ = written(run, journal)
    names = {name for name, _ in page.elements}
    assert not names & {"script", "img", "iframe", "link", "object", "embed", "form", "base", "a"}
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    for _, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name.split(":")[-1] in ("href", "src"):
                assert str(value).startswith("#")
    assert not re.search(r"@import|url\((?!#)|@font-face", text)


def test_the_page_can_be_read_by_a_screen_reader(run: Run, journal: Path) -> None:
    page, _, _ = written(run, journal)
    assert ("html", {"lang": "en"}) in page.elements
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    steps = zip(page.headings, page.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)
    names = [name for name, _ in page.elements]
    assert names.count("table") == names.count("caption")
    assert all("scope" in given for name, given in page.elements if name == "th")
    ids = [given["id"] for _, given in page.elements if "id" in given]
    assert len(ids) == len(set(ids))
    charts = [given for name, given in page.elements if name == "svg"]
    for chart in charts:
        assert chart["role"] == "img"
        assert set(str(chart["aria-labelledby"]).split()) <= set(ids)
    assert names.count("desc") == names.count("figcaption") == len(charts)
    for _, given in page.elements:
        assert set(str(given.get("aria-labelledby", "")).split()) <= set(ids)


def test_what_others_wrote_is_shown_and_does_nothing(run: Run, tmp_path: Path) -> None:
    past = Past(
        chunks=8, rows=5, failed=3, in_doubt=(2,), name=f"/x/{HOSTILE.replace('/', '')}.csv",
        key=lambda row: f"{HOSTILE}{row}", why=lambda row: Reason(f"{HOSTILE} \u202e\x07", 7000),
    )  # fmt: skip
    path = past.write(tmp_path / "'; <b>rm -rf` $(x).gbjournal")
    for more, shown in ((), False), (("--show-keys",), True):
        page, text, _ = written(run, path, *more)
        assert {"script", "img", "b"}.isdisjoint(name for name, _ in page.elements)
        assert HOSTILE in page.text
        assert "\u202e" not in text
        assert "\x07" not in text
        assert (f"{HOSTILE}2" in page.text) is shown


def test_the_terminal_says_each_command_of_the_page(run: Run, journal: Path) -> None:
    page, _, told = written(run, journal)
    shown = run("report", journal).stdout
    for step in told["page"]["steps"]:
        for command in step["commands"]:
            assert command in shown
            assert command in page.text


def test_the_commands_of_the_page_are_those_of_the_terminal_and_run(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve(service_time=Constant(0, queue=0), fail_if=lambda _, item: item["amount"] == 3)
    path = tmp_path / "my points.csv"
    path.write_text("customerId,amount\n" + "".join(f"c{n},{n}\n" for n in range(6)))
    sandbox.faults.reset_after_commit(on="submit", times=1)
    assert run("import", "balance-adjustments", path).exit_code == 1
    journal = Path(f"{path}.gbjournal")
    _, _, told = written(run, journal)
    shown = run("report", journal).stdout
    commands = [each for step in told["page"]["steps"] for each in step["commands"]]
    assert len(commands) >= 3
    assert all(command in shown for command in commands[:3])
    (tmp_path / "LINES.txt").write_text("2\n3\n4\n5\n6\n7\n")
    words = [
        each.replace("LINES.txt", str(tmp_path / "LINES.txt")) for each in shlex.split(commands[0])
    ]
    assert run(*words[1:]).exit_code == 0
    _, _, told = written(run, journal)
    assert told["page"]["outcomes"]["succeeded"] == 6
    assert told["page"]["steps"][0]["title"] == "Nothing is left to do"


def test_each_thing_to_do_can_be_done_in_the_order_of_the_page_and_applies_no_row_twice(
    run: Run, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = {"c1": Refusal(2001, "Request in progress"), "c2": Refusal(7000, "No such customer")}
    sandbox = serve(
        service_time=Constant(0, queue=0),
        fail_if=lambda _, item: bad.get(item["customerId"]),
        codes="field",
    )
    monkeypatch.chdir(tmp_path)
    rows = [f"c{n},100" for n in range(4)]
    Path("a b.csv").write_text("\n".join(["customerId,amount", *rows, "c9,"]) + "\n")
    assert run("import", "balance-adjustments", "a b.csv").exit_code == 1
    _, _, told = written(run, tmp_path / "a b.csv.gbjournal")
    titles = [step["title"] for step in told["page"]["steps"]]
    assert titles == [
        "Send 1 row again",
        "Correct 1 row at Gameball, then send it again",
        "Correct 1 row in the input, and import only it",
    ]
    bad.clear()
    for step in told["page"]["steps"]:
        for command in step["commands"]:
            assert run(*shlex.split(command)[1:]).exit_code in (0, 1)
    entries = sandbox.ledger.entries("balance-adjustments")
    assert sorted(str(entry.customer) for entry in entries) == ["c0", "c1", "c2", "c3"]
    assert len(Path("outcomes.csv").read_text().splitlines()) == 6
    page, _, told = written(run, tmp_path / "a b.csv.gbjournal")
    assert [rows for _, rows, _ in told["page"]["retries"]] == [1, 1]
    assert "Rows that were sent again later" in page.text


def test_a_journal_of_a_killed_import_gives_a_page_and_its_command_goes_on(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    serve(service_time=Constant(0, queue=0))
    path = tmp_path / "customers.csv"
    path.write_text("customerId\n" + "".join(f"c{n}\n" for n in range(2_500)))
    code = (
        "import os\nfrom gameball_async.journal.journal import JournalFile\nfrom gameball_async.__main__ import main\n"
        "accepted = JournalFile.accepted\nasync def last(self, number, *more):\n"
        "    await accepted(self, number, *more)\n    os._exit(9)\n"
        "JournalFile.accepted = last\nmain()\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, "import", "customers", str(path)], check=False
    )
    assert killed.returncode == 9
    page, _, told = written(run, Path(f"{path}.gbjournal"))
    assert "Not finished yet" in page.text
    assert told["requests"] >= 1
    command = told["page"]["steps"][0]["commands"][0]
    assert command in page.text
    assert command in run("report", f"{path}.gbjournal").stdout
    assert run(*shlex.split(command)[1:]).exit_code == 0
    page, _, told = written(run, Path(f"{path}.gbjournal"))
    assert told["page"]["outcomes"]["succeeded"] == 2_500
    assert told["page"]["sessions"] == 2


@pytest.mark.parametrize("resumed", [False, True], ids=["whole", "resumed"])
def test_a_journal_that_an_earlier_version_began_gives_a_page_that_says_what_is_missing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resumed: bool
) -> None:
    stamped, frames = records.stamped, list[bytes]()

    def later(frame: bytes, stamp: Stamp) -> bytes:
        frames.append(frame)
        return stamped(frame, stamp) if resumed and len(frames) > 20 else frame

    monkeypatch.setattr(records, "stamped", later)
    path = Past(chunks=20, rows=10, failed=1, rejected=3).write(tmp_path / "run.gbjournal")
    page, _, told = written(run, path)
    assert told["page"]["missing"][0].split(":")[0] in page.text
    assert told["page"]["missing"][0].startswith("Part of" if resumed else "When things happened")
    assert (told["page"]["series"] is not None) is resumed
    assert told["page"]["quota"] is None
    assert int(page.figures["succeeded"]) == 180


def test_a_page_of_ten_million_rows_is_small(tmp_path: Path) -> None:
    """All that grows with a run is cut: 10,000 chunks, each with what is longest, make less than 0.4 MB."""
    past = Past(
        chunks=10_000, rows=2, failed=1, rejected=40,
        in_doubt=tuple(range(1, 10_000, 3)), killed_after=5_000,
        why=lambda row: Reason(f"reason {row}: {HOSTILE * 6}", 7000, "customerAttributes.city"),
        key=lambda row: f"{HOSTILE}{row}" * 4,
    )  # fmt: skip
    journal = read_journal(past.write(tmp_path / "large.gbjournal"))
    for chunk in journal.chunks:  # as long as they come, without a thousand rows each in memory
        assert chunk.stage is Stage.SETTLED
    found = figures_of(journal, "large.gbjournal", show_keys=True)
    assert found.rows == 20_040
    assert len(found.doubts) == 50
    page = page_of(found, NIGHT)
    assert len(page.encode()) < MOST / 5


def test_rows_by_the_million_change_numbers_and_not_the_size_of_a_page(tmp_path: Path) -> None:
    small = page_of(
        figures_of(read_journal(Past(chunks=60, rows=1).write(tmp_path / "a")), "j"), NIGHT
    )
    large = page_of(
        figures_of(read_journal(Past(chunks=60, rows=1_000).write(tmp_path / "b")), "j"), NIGHT
    )
    assert abs(len(large) - len(small)) < 5_000


def test_the_page_takes_the_place_of_an_earlier_one_and_of_nothing_else(
    run: Run, tmp_path: Path
) -> None:
    journal = Past(chunks=3, rows=3).write(tmp_path / "run.gbjournal")
    page = tmp_path / "page.html"
    page.write_text("before")
    result = run("report", journal, "--html", page)
    assert result.exit_code == 0
    assert f"wrote the page to {page}" in result.stderr
    assert page.stat().st_mode & 0o077 == 0
    assert "All 9 rows succeeded." in page.read_text()
    assert run("report", journal, "--html", journal).exit_code == 2
    assert run("report", journal, "--html", tmp_path / "page.pdf").exit_code == 2
    assert run("report", journal, "--html", tmp_path / "none" / "page.html").exit_code == 2
    assert "All 9 rows succeeded." in page.read_text()


def test_without_the_extra_it_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Past(chunks=3, rows=3).write(tmp_path / "run.gbjournal")
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = run("report", journal, "--html", tmp_path / "page.html")
    assert result.exit_code == 2
    assert "pip install 'gameball_async[report]'" in result.stderr
    assert not (tmp_path / "page.html").exists()
    assert run("report", journal, "--json").exit_code == 0
