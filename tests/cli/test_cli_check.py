"""The command that looks at the account before a migration, against sandboxes of every sort."""

from __future__ import annotations

import json
import os
import shlex
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from gameball_async.preflight.findings import Findings, read_findings
from gameball_async.preflight.learned import plainly
from gameball_async.sandbox import Constant, Sandbox
from tests.cli.cli_desk import Run, Serve, start_process
from tests.cli.test_cli_interrupts import wait_until

NAME = "gameball.check.json"
BALANCE = 2_718_281.0
QUICK = Constant(0.0, queue=0.0)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that findings are written to."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def quick(serve: Serve) -> Callable[..., Sandbox]:
    """Serves sandboxes whose jobs are done at once."""
    return lambda **options: serve(**{"service_time": QUICK, **options})


def verdicts(result: Result) -> dict[str, str]:
    return {probe["name"]: probe["verdict"] for probe in json.loads(result.stdout)["probes"]}


def said(result: Result, name: str) -> str:
    probes = json.loads(result.stdout)["probes"]
    return next(f"{p['said']} → {p['cure']}" for p in probes if p["name"] == name)


def moved(sandbox: Sandbox) -> list[float]:
    """The amounts of all adjustments that were applied, in order."""
    return [entry.item["amount"] for entry in sandbox.ledger.entries("balance-adjustments")]


def found() -> Findings:
    return read_findings(NAME)


def test_where_all_is_well_it_says_so_changes_nothing_and_writes_down_what_it_found(
    run: Run, quick: Callable[..., Sandbox]
) -> None:
    sandbox = quick()
    result = run("check")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("nothing blocks a migration\n")
    for part in ("GET /batch/{jobId} answers", "a test key; both keys are accepted", NAME):
        assert part in result.stdout
    assert (
        "GET /batches/{batchId}/status returns a job's status (the OpenAPI file)"
        in (result.stdout.split("contradicted:")[1].split("not tested:")[0])
    )
    assert set(sandbox.ledger.applied) == {"balance-inquiries"}
    assert (found().version, found().dialect, found().key) == ("v4.0", "tutorial", "test")
    assert found().amount is None
    text = Path(NAME).read_text(encoding="utf-8")
    for secret in (sandbox.api_key, sandbox.secret_key, "gameball-async-check"):
        assert secret not in text


def test_as_json_it_is_one_object_and_the_rest_is_on_standard_error(
    run: Run, quick: Callable[..., Sandbox]
) -> None:
    quick()
    result = run("check", "--json", "--quiet")
    assert result.exit_code == 0
    assert result.stderr == ""
    told = json.loads(result.stdout)
    assert list(told) == [
        "ready", "reached", "origin", "key", "version", "dialect", "clock", "amount", "probes",
        "assumptions", "trial", "findings",
    ]  # fmt: skip
    assert (told["ready"], told["findings"], told["trial"]) == (True, NAME, None)
    assert {each["name"]: each["holds"] for each in told["assumptions"]}["status-batch"] is True


@pytest.mark.parametrize(
    ("dialect", "chosen", "answers"),
    [
        ("tutorial", "tutorial", (True, False)),
        ("openapi", "openapi", (False, True)),
        ("both", "tutorial", (True, True)),
    ],
)
def test_it_learns_which_path_tells_a_jobs_status(
    run: Run,
    quick: Callable[..., Sandbox],
    dialect: str,
    chosen: str,
    answers: tuple[bool, bool],
) -> None:
    quick(dialect=dialect)
    assert run("check", "--json").exit_code == 0
    assert found().dialect == chosen
    holds = found().assumptions
    assert (holds["status-batch"], holds["status-batches"]) == answers


@pytest.mark.parametrize(
    ("named", "code", "chosen"),
    [("auto", 0, "tutorial"), ("tutorial", 0, "tutorial"), ("openapi", 1, "tutorial")],
)
def test_a_path_that_the_user_names_and_that_does_not_answer_hinders(
    run: Run, quick: Callable[..., Sandbox], named: str, code: int, chosen: str
) -> None:
    quick(dialect="tutorial")
    result = run("check", "--json", f"--dialect={named}")
    assert result.exit_code == code
    assert found().dialect == chosen
    assert code == 0 or "remove --dialect openapi" in said(result, "status path")


@pytest.mark.parametrize(
    ("versions", "args", "code", "version"),
    [
        (["v4"], [], 0, "v4"),
        (["v4.1"], [], 0, "v4.1"),
        (["v4.0"], ["--api-version=v4"], 1, "v4.0"),
        (["v4", "v4.0", "v4.1"], ["--api-version=v4.1"], 0, "v4.1"),
        ([], [], 1, None),
    ],
)
def test_it_learns_which_version_takes_batches(
    run: Run,
    quick: Callable[..., Sandbox],
    versions: list[str],
    args: list[str],
    code: int,
    version: str | None,
) -> None:
    quick(versions=versions)
    result = run("check", "--json", *args)
    assert result.exit_code == code, result.stdout
    assert json.loads(result.stdout)["version"] == version
    assert Path(NAME).exists() is (version is not None)
    assert verdicts(result)["version"] == ("ok" if code == 0 else "hinders")
    told = json.loads(result.stdout)["assumptions"]
    holds = {each["name"].removeprefix("version-"): each["holds"] for each in told}
    assert {each for each in ("v4", "v4.0", "v4.1") if holds[each]} == set(versions)


@pytest.mark.parametrize("offset", [-3600, -30, 0, 30, 3600])
def test_it_learns_how_far_the_clocks_are_apart(
    run: Run, quick: Callable[..., Sandbox], offset: float
) -> None:
    quick(clock_offset=offset)
    result = run("check", "--json")
    clock = found().clock
    assert clock is not None
    assert abs(clock.seconds - offset) <= clock.within + 0.1
    assert result.exit_code == (1 if abs(offset) > 60 else 0)
    assert verdicts(result)["clock"] == ("hinders" if abs(offset) > 60 else "ok")


@pytest.mark.parametrize("name", ["GAMEBALL_API_KEY", "GAMEBALL_SECRET_KEY"])
def test_keys_that_are_refused_hinder_and_every_other_probe_still_says_why_it_knows_nothing(
    run: Run, quick: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    quick()
    assert run("check").exit_code == 0
    before = found()
    monkeypatch.setenv(name, "gb_live_of_somebody_else")
    result = run("check", "--json")
    assert result.exit_code == 1
    told = verdicts(result)
    assert (told["connection"], told["keys"]) == ("ok", "hinders")
    assert {told[name] for name in ("version", "inquiry", "status path")} == {"unknown"}
    assert told["clock"] == "ok"
    assert "of_somebody_else" not in result.output
    assert found() == before  # of the keys that are accepted


def test_without_keys_it_is_a_matter_of_configuration(run: Run, here: Path) -> None:
    result = run("check", "--json")
    assert result.exit_code == 2
    assert "GAMEBALL_API_KEY" in json.loads(result.stdout)["error"]
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("html", {"status": 200, "commit": False}),
        ("redirect", {"to": "https://login.example/"}),
        ("reset_before_commit", {}),
    ],
)
@pytest.mark.long
def test_what_does_not_answer_as_gameball_cannot_be_reached_and_nothing_is_written(
    run: Run, quick: Callable[..., Sandbox], here: Path, fault: str, words: dict[str, Any]
) -> None:
    sandbox = quick()
    getattr(sandbox.faults, fault)(**{"times": None, **words})
    result = run("check")
    assert result.exit_code == 3
    assert "connection   hinders" in result.stdout
    assert "status path  unknown" in result.stdout
    assert list(here.iterdir()) == []


def test_a_status_that_no_path_tells_hinders_and_nothing_is_tried(
    run: Run, quick: Callable[..., Sandbox]
) -> None:
    sandbox = quick()
    sandbox.faults.answer(404, b"{}", on="poll", commit=False, times=None)
    result = run("check", "--json", "--try-customer=c1", "--deadline=0.5")
    assert result.exit_code == 1
    told = verdicts(result)
    assert (told["status path"], told["inquiry"], told["amount"]) == (
        "hinders",
        "hinders",
        "unknown",
    )
    assert moved(sandbox) == []


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ([], 0, "refused the made-up customer: "),
        (["--customer=c9"], 1, "refused the customer"),
        (["--try-customer=c9"], 1, "refused the customer"),
    ],
)
def test_a_customer_that_gameball_does_not_know_is_told_and_never_adjusted(
    run: Run, quick: Callable[..., Sandbox], args: list[str], code: int, words: str
) -> None:
    sandbox = quick(create_unknown=False)
    result = run("check", "--json", *args)
    assert result.exit_code == code
    assert words in said(result, "inquiry")
    assert moved(sandbox) == []
    assert "c9" not in Path(NAME).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "counts", "each"),
    [
        ({"adjustments": "points", "point_value": 0.1}, "points", 1),
        ({"adjustments": "money", "point_value": 0.1}, "money", 10),
        ({"adjustments": "money", "point_value": 4}, "money", 0.25),
        ({"adjustments": "points", "point_value": 1}, "either", 1),
        ({"adjustments": "money", "point_value": 1}, "either", 1),
    ],
)
def test_a_trial_learns_what_the_amount_counts_and_leaves_the_balance_as_it_was(
    run: Run,
    quick: Callable[..., Sandbox],
    options: dict[str, Any],
    counts: str,
    each: float,
) -> None:
    sandbox = quick(**options)
    sandbox.service.memory.balances["c1"] = BALANCE
    result = run("check", "--json", "--try-customer=c1")
    assert result.exit_code == 0, result.stdout
    assert moved(sandbox) == [1, -1]
    assert sandbox.service.memory.balances["c1"] == BALANCE
    amount = found().amount
    assert amount is not None
    assert (amount.counts, amount.points_for_one) == (counts, each)
    trial = json.loads(result.stdout)["trial"]
    assert [trial[when]["points"] for when in ("before", "between", "after")] == [
        BALANCE, BALANCE + each, BALANCE,
    ]  # fmt: skip
    assert "271828" not in Path(NAME).read_text(encoding="utf-8")


def test_what_an_earlier_trial_has_learned_is_kept_for_the_same_account_alone(
    run: Run, quick: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(point_value=0.1)
    assert run("check", "--try-customer=c1").exit_code == 0
    again = run("check", "--json")
    assert said(again, "amount").startswith(
        "not tested again; an earlier check found: amount means"
    )
    assert found().amount is not None
    assert found().assumptions["amount-points"] is True
    quick(api_key="gb_live_other")
    assert run("check").exit_code == 0
    assert found().amount is None
    assert "amount-points" not in found().assumptions


def test_a_damaged_file_of_findings_is_written_anew(
    run: Run, quick: Callable[..., Sandbox]
) -> None:
    quick()
    Path(NAME).write_text('{"gameball_check": 1, ', encoding="utf-8")
    assert run("check").exit_code == 0
    assert found().version == "v4.0"


def test_before_anything_is_sent_it_says_what_will_be(
    run: Run, quick: Callable[..., Sandbox]
) -> None:
    quick()
    result = run("check", "--quiet", "--try-customer=c1")
    first = result.stderr.splitlines()[0]
    assert "with a test key, two batches will change the balance of customer c1" in first
    assert "Neither is sent twice" in first


LOST = [
    "reset_before_commit",
    "reset_after_commit",
    "truncate",
    "broken_status_line",
    "error_after",
    "error_before",
    "html",
]


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("after", [0, 1], ids=["+1", "-1"])
def test_an_adjustment_whose_answer_is_lost_is_never_sent_again_and_the_balance_is_told(
    run: Run, quick: Callable[..., Sandbox], fault: str, after: int
) -> None:
    sandbox = quick(point_value=0.1)
    sandbox.service.memory.balances["c1"] = BALANCE
    getattr(sandbox.faults, fault)(on="balance-adjustments", after=after, times=None)
    result = run("check", "--json", "--try-customer=c1")
    assert result.exit_code == 1
    sent = [seen for seen in sandbox.requests if seen.kind == "balance-adjustments"]
    assert len([seen for seen in sent if seen.sort == "submit"]) == after + 1
    now = sandbox.service.memory.balances["c1"]
    applied = fault not in ("error_before", "reset_before_commit")
    assert moved(sandbox) == [1, -1][: after + applied]
    told = said(result, "amount")
    assert f"is {plainly(now)} now" in told
    assert "sent again" in told or "there is nothing to do" in told
    trial = json.loads(result.stdout)["trial"]
    assert [trial["add"]["fate"], trial["take"]["fate"]] == (
        ["applied", "unsure"] if after else ["unsure", "not_sent"]
    )
    amount = found().amount
    assert (amount is not None) is bool(after)
    assert found().probes["amount"] == "hinders"


@pytest.mark.parametrize("nth", range(16))
def test_whichever_answer_is_lost_each_adjustment_is_sent_once_at_most_and_none_is_hidden(
    run: Run, quick: Callable[..., Sandbox], nth: int
) -> None:
    sandbox = quick(point_value=0.1)
    sandbox.service.memory.balances["c1"] = BALANCE
    sandbox.faults.reset_after_commit(after=nth, times=1)
    result = run("check", "--json", "--try-customer=c1")
    told = json.loads(result.stdout)
    sent = [s for s in sandbox.requests if s.sort == "submit" and s.kind == "balance-adjustments"]
    assert len(sent) == len(moved(sandbox)) <= 2
    if told["trial"] is None or result.exit_code == 0:
        assert sandbox.service.memory.balances["c1"] == BALANCE
    else:
        assert f"{plainly(sandbox.service.memory.balances['c1'])} now" in said(result, "amount")
    assert (result.exit_code == 0) is (sent == [] or all(s.fault is None for s in sent))


@pytest.mark.parametrize("refused", [1, -1])
def test_an_adjustment_that_is_refused_is_told_with_where_the_balance_is(
    run: Run, quick: Callable[..., Sandbox], refused: int
) -> None:
    def fail_if(kind: str, item: Any) -> bool:
        return kind == "balance-adjustments" and item["amount"] == refused

    sandbox = quick(fail_if=fail_if, point_value=0.1)
    result = run("check", "--json", "--try-customer=c1")
    assert result.exit_code == 1
    assert moved(sandbox) == ([] if refused == 1 else [1])
    told = said(result, "amount")
    assert "nothing was adjusted" in told if refused == 1 else "take 1 away by hand" in told


def test_a_balance_that_cannot_be_read_in_between_keeps_the_inverse_from_nothing(
    run: Run, quick: Callable[..., Sandbox]
) -> None:
    """+1 is taken back all the same."""
    sandbox = quick(point_value=0.1)
    # the first inquiry is of the check, the second the balance before, the third the one between
    sandbox.faults.error_before(on="balance-inquiries", status=422, code=3003, after=2, times=1)
    result = run("check", "--json", "--try-customer=c1")
    assert moved(sandbox) == [1, -1]
    assert result.exit_code == 1
    assert found().amount is None


def test_an_adjustment_whose_job_is_not_seen_to_end_is_in_doubt_and_its_inverse_is_not_sent(
    run: Run, quick: Callable[..., Sandbox]
) -> None:
    sandbox = quick()
    # one poll of the first inquiry, three of its paths and versions, one of the balance before
    sandbox.faults.odd_state(after=5, times=None)
    result = run("check", "--json", "--try-customer=c1", "--deadline=1")
    assert result.exit_code == 1
    trial = json.loads(result.stdout)["trial"]
    assert (trial["add"]["fate"], trial["take"]["fate"]) == ("unsure", "not_sent")
    assert moved(sandbox) == [1]
    told = said(result, "amount")
    assert f"+1 was sent as job {trial['add']['job_id']}, and may or may not" in told
    assert "was 0 points before, and could not be read since" in told


def test_the_first_interrupt_waits_until_what_was_added_is_taken_back(serve: Serve) -> None:
    sandbox = serve(service_time=Constant(0.5, queue=0))
    process = start_process(["check", "--no-findings", "--json", "--try-customer=c1"])

    def added() -> bool:
        return any(seen.kind == "balance-adjustments" for seen in sandbox.requests)

    wait_until(added)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert moved(sandbox) == [1, -1]
    assert json.loads(out)["trial"]["take"]["fate"] == "applied"


def test_the_second_interrupt_leaves_at_once_and_says_what_is_in_doubt(serve: Serve) -> None:
    sandbox = serve(service_time=Constant(0.0, queue=0))
    sandbox.faults.delay(30, on="balance-adjustments")
    process = start_process(["check", "--no-findings", "--try-customer=c1"])
    wait_until(lambda: any(seen.kind == "balance-adjustments" for seen in sandbox.requests))
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)  # two signals at once would be one
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "exited at once; +1 was sent, and may or may not have been applied" in err
    assert "Look at the customer's history in the dashboard" in err
    assert moved(sandbox) == [1]


def test_a_check_that_is_killed_between_its_adjustments_is_told_of_by_the_next(
    run: Run, serve: Serve
) -> None:
    sandbox = serve(service_time=QUICK)
    assert run("check").exit_code == 0
    sandbox.faults.delay(30, on="balance-adjustments")
    process = start_process(["check", f"--findings={Path(NAME).absolute()}", "--try-customer=c'1"])
    wait_until(lambda: any(seen.kind == "balance-adjustments" for seen in sandbox.requests))
    process.kill()
    process.communicate(timeout=20)
    assert moved(sandbox) == [1]
    sandbox.faults.clear()
    result = run("check")
    told, take = result.stderr.split("take it back with:\n")
    assert (
        "was about to add 1 to the balance of customer c'1, and may not have taken it back" in told
    )
    refused = run("check", "--try-customer=c2")
    assert refused.exit_code == 2
    assert "customer c'1" in refused.stderr
    back, command = take.splitlines()[0].split(" | ")
    assert shlex.split(back)[:2] == ["printf", "%s\\n"]
    words = shlex.split(command)
    assert words[0] == "gameball-async"
    assert run(*words[1:], input=shlex.split(back)[2] + "\n").exit_code == 0
    assert moved(sandbox) == [1, -1]
    Path(f"{NAME}.trial").unlink()
    assert "not known" not in run("check").stderr


def test_a_trial_that_was_undone_leaves_no_note_and_one_in_doubt_does(
    run: Run, quick: Callable[..., Sandbox]
) -> None:
    sandbox = quick()
    note = Path(f"{NAME}.trial")
    assert run("check", "--try-customer=c1").exit_code == 0
    assert not note.exists()
    sandbox.faults.reset_after_commit(on="balance-adjustments", times=1)
    assert run("check", "--try-customer=c1").exit_code == 1
    assert note.stat().st_mode & 0o777 == 0o600 or os.name == "nt"
    assert "c1" not in Path(NAME).read_text(encoding="utf-8")
    assert "was about to add 1 to the balance of customer c1" in run("check").stderr


def test_where_a_trial_cannot_be_noted_nothing_is_adjusted(
    run: Run, quick: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = quick()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    result = run("check", "--try-customer=c1")
    assert result.exit_code == 2
    assert "nothing was adjusted, because" in result.stderr
    assert moved(sandbox) == []


def test_an_interrupt_before_anything_was_adjusted_says_what_is_known(serve: Serve) -> None:
    sandbox = serve(service_time=Constant(30, queue=0))
    process = start_process(["check", "--no-findings", "--try-customer=c1"])
    wait_until(lambda: sandbox.counts["poll"] >= 1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "keys         ok" in out
    assert "nothing was adjusted" in out
    assert moved(sandbox) == []


def test_another_file_is_not_written_over_and_nothing_is_asked(
    run: Run, quick: Callable[..., Sandbox], here: Path
) -> None:
    sandbox = quick()
    other = here / "customers.csv"
    other.write_text("customerId\n", encoding="utf-8")
    result = run("check", "--findings", other)
    assert result.exit_code == 2
    assert "name another file with --findings" in result.stderr
    assert not sandbox.requests
    assert other.read_text(encoding="utf-8") == "customerId\n"


def test_it_writes_where_it_is_told_over_what_it_wrote_or_nowhere(
    run: Run, quick: Callable[..., Sandbox], here: Path
) -> None:
    quick()
    assert run("check", "--no-findings").exit_code == 0
    assert list(here.iterdir()) == []
    for _ in range(2):
        assert run("check", "--findings", here / "mine.json").exit_code == 0
    assert list(here.iterdir()) == [here / "mine.json"]
    assert run("check", "--sandbox").exit_code == 0
    assert list(here.iterdir()) == [here / "mine.json"]


@pytest.mark.parametrize(
    "args",
    [
        ["--customer=a", "--try-customer=b"],
        ["--findings=f", "--no-findings"],
        ["--customer="],
        ["--try-customer= "],
    ],
)
def test_options_without_sense_are_refused(run: Run, args: list[str]) -> None:
    assert run("check", "--sandbox", *args).exit_code == 2
