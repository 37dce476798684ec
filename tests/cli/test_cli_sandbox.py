"""`gameball-async sandbox` for other languages: plain HTTP against the real process."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli.cli_desk import Run, start_process

SCENARIO = """
seed = 9
[account]
api_key = "mine"
secret_key = "its"
[jobs]
seconds = 0
queue = 0
[[items.fail]]
field = "customerId"
equals = "c2"
reason = "Not this one"
[[faults]]
fault = "error_before"
on = "submit"
[[faults]]
fault = "reset_after_commit"
on = "upsert"
"""


class Served:
    """The process, and one connection to it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(3)]
        url, self.api_key, self.secret_key = (line.partition("=")[2] for line in lines)
        self.port = int(url.rpartition(":")[2])
        self.log = ""

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"APIKey": self.api_key, "SecretKey": self.secret_key}
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v4.0/integrations/{path}", text, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@contextmanager
def served(*options: str | Path) -> Iterator[Served]:
    process = start_process(["sandbox", *options])
    try:
        made = Served(process)
        yield made
        process.send_signal(signal.SIGINT)
        _, made.log = process.communicate(timeout=20)
        assert process.returncode == 0, made.log
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def test_a_scenario_file_is_played_and_the_log_is_readable(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    items = {"body": [{"customerId": "c1"}, {"customerId": "c2"}]}
    with served("--scenario", path, "--port=0") as sandbox:
        assert (sandbox.api_key, sandbox.secret_key) == ("mine", "its")
        assert sandbox.ask("POST", "batch/customers", items)[0] == 503
        status, answer = sandbox.ask("POST", "batch/customers", items)
        assert status == 200
        status, told = sandbox.ask("GET", f"batch/{answer['jobId']}")
        assert (status, told["status"]) == (200, "completed")
        assert [entry["customerId"] for entry in told["response"]["failed"]] == ["c2"]
        try:
            sandbox.ask("POST", "customers", {"customerId": "c3"})
            raise AssertionError("the connection was not reset")
        except (ConnectionError, http.client.HTTPException):
            pass
    log = [line.split("  ") for line in sandbox.log.splitlines() if "/api/" in line]
    log = [[part.strip() for part in line if part.strip()] for line in log]
    assert [line[1:4] for line in log] == [
        ["POST", "/api/v4.0/integrations/batch/customers", "503"],
        ["POST", "/api/v4.0/integrations/batch/customers", "200"],
        ["GET", f"/api/v4.0/integrations/batch/{answer['jobId']}", "200"],
        ["POST", "/api/v4.0/integrations/customers", "no answer"],
    ]
    assert [line[-1] for line in (log[0], log[3])] == [
        "fault error_before",
        "fault reset_after_commit",
    ]
    assert log[1][4:6] == ["2 rows", f"job {answer['jobId']}"]
    assert all(any(part.endswith(" ms") for part in line) for line in log)
    assert "Traceback" not in sandbox.log


def test_options_go_before_the_scenario_and_the_log_can_be_json(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text('{"quota": {"limits": [[1, 60]]}, "jobs": {"seconds": 60}}', encoding="utf-8")
    options = ("--scenario", path, "--job-seconds=0", "--queue-seconds=0", "--json-log")
    with served(*options) as sandbox:
        job = sandbox.ask("POST", "batch/customers", {"body": [{"customerId": "c1"}]})[1]["jobId"]
        assert sandbox.ask("GET", f"batch/{job}")[0] == 429
    log = [json.loads(line) for line in sandbox.log.splitlines() if line.startswith("{")]
    assert [(line["sort"], line["status"], line["rows"]) for line in log] == [
        ("submit", 200, 1),
        ("poll", 429, 0),
    ]
    assert all(0 <= line["took"] < 20 and line["fault"] is None for line in log)
    with served("--scenario", path, "--no-limits", "--quiet") as sandbox:
        for _ in range(3):
            assert sandbox.ask("GET", "batch/1")[0] == 404
    assert "/api/" not in sandbox.log


def test_a_scenario_that_is_none_is_a_usage_error_with_place_and_cure(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text("[jobs]\nsecond = 3\n", encoding="utf-8")
    result = run("sandbox", "--scenario", path)
    assert result.exit_code == 2
    words = " ".join(result.stderr.split())
    assert "no key 'second' in jobs: do you mean `seconds`?" in words
    assert run("sandbox", "--scenario", tmp_path / "none.toml").exit_code == 2
