"""The examples for FastAPI and aiohttp.web, on the real uvicorn and the real aiohttp server."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections import Counter
from http.client import HTTPConnection
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest

from gameball_async.sandbox import Constant, Workers
from tests.web.conftest import Serve, Times
from tests.web.web_desk import SOON, USER, Server, customers

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def test_an_upload_is_imported_and_its_events_end_with_the_account_of_every_row(
    serve: Serve, times: Times
) -> None:
    server, sandbox = serve()
    import_id = server.post("customers", customers(2500) + b",nobody@example.com\n")
    events = list(server.stream(import_id))
    numbers = [int(event.id.partition("-")[2]) for event in events]
    assert numbers == sorted(numbers)
    assert events[0].name == "state"
    assert [event.name for event in events].count("end") == 1
    assert any(event.name == "job" for event in events)
    shares = [event.data["share"] for event in events if event.name == "state"]
    assert all(0 <= a <= b <= 1 for a, b in pairwise(shares))
    end = events[-1].data
    assert (end["status"], end["share"], end["rows"]) == ("finished", 1, 2501)
    assert (end["succeeded"], end["rejected"]) == (2500, 1)
    assert end["problems"] == [
        {"line": 2502, "outcome": "rejected", "reason": "customerId: is missing"}
    ]
    assert set(times(sandbox, "customers").values()) == {1}
    assert server.ask("GET", f"/imports/{import_id}") == (200, end)
    assert server.stop() < SOON
    server.start()
    assert server.ask("GET", f"/imports/{import_id}") == (200, end)
    assert [event.name for event in server.stream(import_id)] == ["job"] * 3 + ["end"]
    again = list(server.stream(import_id, last=events[-1].id))  # it is of the server before
    assert sorted(event.data["job"] for event in again[:-1]) == sorted(
        {event.data["job"] for event in events if event.name == "job"}
    )


def test_an_import_is_there_for_the_user_who_made_it_and_for_nobody_else(serve: Serve) -> None:
    server, sandbox = serve(fail_if=lambda *_: "no")
    import_id = server.post("customers", customers(2))
    *_, end = server.stream(import_id)
    assert end.data["status"] == "finished"
    paths = [("GET", ""), ("GET", "/jobs"), ("GET", "/events"), ("GET", "/rejects")]
    paths += [("POST", "/stop"), ("POST", "/resume"), ("POST", "/retry")]
    for method, path in paths:
        for user, status in (("imports_of=another", 404), ("", 401)):
            found, said = server.ask(method, f"/imports/{import_id}{path}", user=user)
            assert (found, "example.com" in str(said)) == (status, False), path
    assert server.ask("GET", "/imports", user="imports_of=another") == (200, [])
    assert server.ask("GET", "/imports", user="")[0] == 401
    assert [each["id"] for each in server.ask("GET", "/imports")[1]] == [import_id]
    assert sandbox.counts["submit"] == 1


def test_a_browser_gets_a_cookie_of_its_own_that_scripts_and_other_sites_cannot_use(
    serve: Serve,
) -> None:
    server, _ = serve()
    cookies = set()
    for _ in range(2):
        connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", "/")
        answer = connection.getresponse()
        cookie = answer.headers["Set-Cookie"]
        assert answer.status == 200
        assert "httponly" in cookie.lower()
        assert "samesite=lax" in cookie.lower()
        cookies.add(cookie.partition(";")[0])
        connection.close()
    assert len(cookies) == 2
    assert all(len(cookie) > 40 for cookie in cookies)


def test_rows_that_did_not_succeed_are_downloaded_as_they_stood_and_retries_count(
    serve: Serve, times: Times
) -> None:
    refused = ["c1", "c2"]

    def refusal(_: str, item: Any) -> str | None:
        if item["customerId"] not in refused:
            return None
        refused.remove(item["customerId"])
        return "later"

    server, sandbox = serve(fail_if=refusal)
    rows = b'{"customerId": "c1"}\n{"customerId":  "c2"}\n{"email": "a@example.com"}\n'
    import_id = server.post("customers", rows, "application/jsonl")
    *_, end = server.stream(import_id)
    assert (end.data["failed"], end.data["rejected"], end.data["retryable"]) == (2, 1, 2)
    status, said = server.fetch("GET", f"/imports/{import_id}/rejects")
    lines = said.decode().splitlines()
    assert (status, len(lines)) == (200, 3)
    assert lines[1].startswith('{"customerId":  "c2", "outcome": "failed"')
    status, again = server.ask("POST", f"/imports/{import_id}/retry")
    assert status == 202
    *_, end = server.stream(again["id"])
    assert (end.data["rows"], end.data["succeeded"], end.data["share"]) == (2, 2, 1)
    assert server.ask("POST", f"/imports/{import_id}/retry")[0] == 409
    assert server.ask("GET", f"/imports/{import_id}")[1]["retried"] == again["id"]
    for each in (import_id, again["id"]):
        status, said = server.fetch("GET", f"/imports/{each}/rejects")
        assert [json.loads(line)["line"] for line in said.splitlines()] == [3]
    assert list(times(sandbox, "customers").values()) == [1, 1]


def jobs_of(server: Server, import_id: str) -> int:
    """How many jobs of an import are known."""
    return len(server.ask("GET", f"/imports/{import_id}/jobs")[1])


def test_a_retry_that_a_kill_cuts_off_goes_on_at_the_next_start(serve: Serve, times: Times) -> None:
    refused: set[str] = set()

    def refusal(_: str, item: Any) -> str | None:
        if item["customerId"] in refused:
            return None
        refused.add(item["customerId"])
        return "later"

    server, sandbox = serve(service_time=Workers(1, 0.3), fail_if=refusal)
    first = server.post("customers", customers(3000))
    *_, end = server.stream(first)
    assert end.data["failed"] == 3000
    again = server.ask("POST", f"/imports/{first}/retry")[1]["id"]
    for event in server.stream(again):
        if (
            event.name == "state"
            and event.data["succeeded"] >= 1000
            and jobs_of(server, again) == 3
        ):
            break
    server.process.kill()
    server.process.wait(10)
    server.start()
    *_, end = server.stream(again)
    assert (end.data["status"], end.data["rows"], end.data["succeeded"]) == ("finished", 3000, 3000)
    assert len(server.ask("GET", f"/imports/{again}/jobs")[1]) == 3
    assert Counter(times(sandbox, "customers").values()) == {1: 3000}


def test_an_import_that_all_rows_have_left_keeps_no_row(serve: Serve) -> None:
    server, _ = serve()
    import_id = server.post("customers", customers(5))
    list(server.stream(import_id))
    assert not (server.home() / import_id / "upload.csv").exists()
    assert server.ask("GET", f"/imports/{import_id}/rejects")[0] == 404


def test_a_reader_of_a_server_that_goes_away_is_told_what_is_still_at_gameball(
    serve: Serve,
) -> None:
    server, _ = serve(service_time=Workers(1, 1.0))
    import_id = server.post("customers", customers(5000))
    tab = server.stream(import_id)
    for event in tab:
        if event.name == "state" and event.data["succeeded"] >= 1000:
            break
    assert server.stop() < SOON
    *_, last = tab
    assert (last.name, last.data["status"], last.data["indeterminate"]) == (
        "state",
        "interrupted",
        0,
    )
    assert last.data["at_gameball"] == last.data["pending"] > 0
    assert last.data["share"] < 0.9  # rows that wait are not done


def test_json_lines_are_taken_as_well(serve: Serve, times: Times) -> None:
    server, sandbox = serve()
    rows = b"".join(b'{"customerId": "c%d", "events": {"visit": {"n": 1}}}\n' % n for n in range(3))
    import_id = server.post("events", rows, "application/x-ndjson; charset=utf-8")
    *_, end = server.stream(import_id)
    assert end.data["succeeded"] == 3
    assert len(times(sandbox, "events")) == 3


def test_what_cannot_be_used_is_refused_with_the_reason_and_leaves_no_file(serve: Serve) -> None:
    server, sandbox = serve()
    for kind, body, form, status, reason in [
        ("points", b"customerId\nc1\n", "text/csv", 404, "the kind must be one of: customers"),
        ("customers", b"customerId\nc1\n", "text/plain", 415, "the Content-Type must be one of"),
        ("customers", b"", "text/csv", 422, "the file, line 1: is empty"),
        ("customers", b"mail\na\n", "text/csv", 422, "column customerId missing"),
        ("customers", b"customerId\n\xff\n", "text/csv", 422, "the file, line 2"),
        ("customers", b"customerId,mail\nc1,a\n", "text/csv", 422, "does not know these columns"),
        ("customers", b"PK\x03\x04", "text/csv", 422, "is a workbook (Excel)"),
        ("customers", b"\xd0\xcf\x11\xe0", "text/csv", 422, "workbook of the old kind"),
        ("customers", b"customerId\nc1\n", WORKBOOK, 422, "is no workbook"),
        ("customers", b"PK\x03\x04", WORKBOOK, 422, "the file"),
        ("customers", b"[1]", "application/jsonl", 422, "write one object per line"),
    ]:
        found, said = server.ask("POST", f"/imports/{kind}", body, form)
        assert (found, reason in said["detail"]) == (status, True), said
    for unknown in ("0" * 32, "*", "[0-9]", "...", "%2e%2e"):
        for path in (f"/imports/{unknown}", f"/imports/{unknown}/events"):
            assert server.ask("GET", path)[0] == 404, path
    assert list(server.home().iterdir()) == []
    assert sandbox.counts["submit"] == 0


def test_columns_that_gameball_does_not_know_are_left_out_where_the_user_says_so(
    serve: Serve,
) -> None:
    server, _ = serve()
    body = b"customerId,mail\nc1,a\n"
    status, said = server.ask("POST", "/imports/customers", body)
    assert (status, said["unknown"]) == (422, [{"name": "mail", "meant": "email", "sent": False}])
    status, said = server.ask("POST", "/imports/customers?unknown=leave-out&name=a.csv", body)
    assert status == 202
    *_, end = server.stream(said["id"])
    assert (end.data["name"], end.data["succeeded"]) == ("a.csv", 1)
    assert [each["name"] for each in end.data["unknown"]] == ["mail"]


def test_ten_tabs_on_one_import_see_the_same_end_and_cost_no_request(serve: Serve) -> None:
    server, sandbox = serve(service_time=Constant(0.6, queue=0.2))
    import_id = server.post("customers", customers(1500))
    streams = [server.stream(import_id) for _ in range(10)]
    ends = [list(stream)[-1] for stream in streams]
    assert len({json.dumps(end.data) for end in ends}) == 1
    assert ends[0].name == "end"
    assert sum(sandbox.counts.values()) == ends[0].data["requests"]


def test_a_tab_that_comes_late_sees_all_jobs_and_one_that_comes_back_those_that_moved(
    serve: Serve,
) -> None:
    server, _ = serve(service_time=Workers(1, 0.6))
    import_id = server.post("customers", customers(4000))
    for event in server.stream(import_id):
        if event.name == "state" and event.data["succeeded"] >= 1000:
            break
    late = list(islice(server.stream(import_id), 5))
    assert [event.name for event in late] == ["job"] * 4 + ["state"]
    states = {event.data["job"]: event.data["state"] for event in late[:4]}
    moving = {job for job, state in states.items() if state != "completed"}
    assert len(states) == 4
    assert 0 < len(moving) < 4
    *back, end = server.stream(import_id, last=late[-1].id)
    last = {event.data["job"]: event.data["state"] for event in back if event.name == "job"}
    assert last == dict.fromkeys(moving, "completed")  # those that had ended are not told again
    jobs = server.ask("GET", f"/imports/{import_id}/jobs")[1]
    assert [job["state"] for job in jobs] == ["completed"] * 4
    assert sum(job["succeeded"] for job in jobs) == end.data["succeeded"] == 4000


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system lists no descriptors")
def test_tabs_that_are_closed_in_the_middle_leave_no_socket(serve: Serve) -> None:
    server, _ = serve(service_time=Constant(1.0))
    import_id = server.post("customers", customers(1500))
    streams = [server.stream(import_id) for _ in range(5)]
    for stream in streams:
        next(iter(stream))
    tabs_are(server, 5)
    for stream in streams:
        stream.close()
    tabs_are(server, 0)
    *_, end = server.stream(import_id)
    assert end.data["succeeded"] == 1500
    server.stop()
    assert "Traceback" not in server.errors()


def tabs_are(server: Server, expected: int) -> None:
    """Wait until so many connections are open."""
    until = time.monotonic() + SOON
    while server.tabs() != expected and time.monotonic() < until:
        time.sleep(0.02)
    assert server.tabs() == expected


def test_an_upload_that_breaks_off_leaves_no_file_and_no_traceback(serve: Serve) -> None:
    server, sandbox = serve()
    with socket.create_connection(("127.0.0.1", server.port)) as tab:
        head = "POST /imports/customers HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
        head += f"Cookie: {USER}\r\n"
        tab.sendall(f"{head}Content-Length: 1000000\r\n\r\ncustomerId\nc1\n".encode())
        until = time.monotonic() + SOON
        folder = server.home()
        while not any(folder.glob("*.part")) and time.monotonic() < until:
            time.sleep(0.01)
        assert any(folder.glob("*.part"))
    while any(folder.iterdir()) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(folder.iterdir())
    server.stop()
    assert "Traceback" not in server.errors()
    assert sandbox.counts["submit"] == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_an_import_that_a_shutdown_or_a_kill_cuts_off_goes_on_at_the_next_start(
    serve: Serve, times: Times, how: signal.Signals
) -> None:
    server, sandbox = serve(service_time=Workers(1, 0.3))
    import_id = server.post("customers", customers(6000))
    # A chunk whose answer a kill cuts off is sent again, as customers may be: none is left then.
    sent = 6 if how == signal.SIGKILL else 0
    for event in server.stream(import_id):
        under_way = event.name == "state" and event.data.get("succeeded", 0) >= 1000
        if under_way and jobs_of(server, import_id) >= sent:
            break
    if how == signal.SIGTERM:
        tab = server.stream(import_id)  # it is open while the server shuts down
        assert server.stop() < SOON
        assert server.process.returncode in (0, -signal.SIGTERM)  # uvicorn ends by the signal
        assert [event.name for event in tab][-1] == "state"  # no end: it may come back
        assert "Traceback" not in server.errors()
    else:
        server.process.kill()
        server.process.wait(10)
    server.start()
    *_, end = server.stream(import_id)
    assert (end.name, end.data["status"], end.data["rows"]) == ("end", "finished", 6000)
    assert end.data["succeeded"] == 6000
    assert Counter(times(sandbox, "customers").values()) == {1: 6000}


def test_a_shutdown_does_not_wait_while_gameball_does_not_answer(
    serve: Serve, times: Times
) -> None:
    server, sandbox = serve()
    sandbox.faults.delay(30, on="submit")
    import_id = server.post("cashback", cashback(3000))
    until = time.monotonic() + SOON
    while sandbox.counts["submit"] < 3 and time.monotonic() < until:
        time.sleep(0.01)
    tab = server.stream(import_id)
    assert next(iter(tab)).name in ("job", "state")
    assert server.stop() < SOON
    assert "Traceback" not in server.errors()
    sandbox.faults.clear()
    server.start()
    *_, end = server.stream(import_id)
    assert end.data["status"] == "finished"
    assert end.data["succeeded"] == 3000  # the sandbox's refusals by id prove the first application
    assert Counter(times(sandbox, "cashback").values()) == {1: 3000}


def test_keys_that_are_refused_are_told_and_the_import_goes_on_with_the_right_ones(
    serve: Serve, times: Times
) -> None:
    server, sandbox = serve()
    server.stop()
    right, server.environment = (
        server.environment,
        {
            **server.environment,
            "GAMEBALL_SECRET_KEY": "wrong",
        },
    )
    server.start()
    import_id = server.post("customers", customers(10))
    *_, end = server.stream(import_id)
    assert (end.data["status"], end.data["succeeded"]) == ("failed", 0)
    assert "check both keys" in end.data["error"]
    server.stop()
    server.environment = right
    server.start()
    *_, end = server.stream(import_id)
    assert (end.data["status"], end.data["succeeded"]) == ("finished", 10)
    assert len(times(sandbox, "customers")) == 10


def cashback(rows: int) -> bytes:
    """A CSV file of so many cashback transactions."""
    heads = "customerId,transactionId,transactionTime,amount"
    lines = [f"{n:06},t{n},2024-01-02T03:04:05Z,10" for n in range(rows)]
    return "\n".join([heads, *lines, ""]).encode()
