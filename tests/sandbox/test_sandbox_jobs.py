"""Jobs at the sandbox: states, counts, stop, durations."""

from __future__ import annotations

import statistics
from random import Random
from typing import Any

import pytest

from gameball_async.sandbox import Constant, LogNormal, ServiceTime, Workers
from tests.sandbox.sandbox_desk import Desk, people, read

TWO = [{"customerId": "12345"}, {"customerId": "67890"}]


# The documented samples, word for word


def test_a_queued_job_reads_as_the_documented_sample() -> None:
    desk = Desk(service_time=Constant(10.0, queue=10.0))
    assert desk.poll(desk.submit("customers", TWO)) == {
        "operation": "Customer Creation Batch Job",
        "errorCount": 0,
        "totalCount": 0,
        "finishedCount": 0,
        "startedAt": None,
        "createdAt": "2025-03-14T10:00:00Z",
        "status": "queued",
        "response": None,
    }


def test_a_running_job_reads_as_the_documented_sample() -> None:
    desk = Desk(
        service_time=Constant(10.0, queue=1800.0), partial_lists=True, running_total="processed"
    )
    job = desk.submit("customers", TWO)
    desk.now = 1806.0
    assert desk.poll(job) == {
        "operation": "Customer Creation Batch Job",
        "errorCount": 0,
        "totalCount": 1,
        "finishedCount": 1,
        "startedAt": "2025-03-14T10:30:00Z",
        "createdAt": "2025-03-14T10:00:00Z",
        "status": "running",
        "response": {
            "successful": [{"customerId": "12345", "message": "Customer created successfully"}],
            "failed": [],
        },
    }


def test_a_completed_job_reads_as_the_documented_sample() -> None:
    desk = Desk(reasons="error", fail_if=lambda kind, item: item["customerId"] == "67890")
    told = desk.run("customers", TWO)
    assert told.pop("startedAt").startswith("2025-03-14T10:00:00")
    assert told == {
        "operation": "Customer Creation Batch Job",
        "errorCount": 1,
        "totalCount": 2,
        "finishedCount": 1,
        "createdAt": "2025-03-14T10:00:00Z",
        "status": "completed",
        "response": {
            "successful": [{"customerId": "12345", "message": "Customer created successfully"}],
            "failed": [{"customerId": "67890", "error": "Failed to create customer"}],
        },
    }


def test_a_job_of_which_every_item_failed_reads_as_the_documented_sample() -> None:
    told = Desk(fail_if=lambda kind, item: True, first_job_id=123457).run("customers", TWO)
    assert told == {
        "operation": "Customer Creation Batch Job",
        "errorCount": 2,
        "totalCount": 2,
        "finishedCount": 0,
        "startedAt": None,
        "createdAt": "2025-03-14T10:00:00Z",
        "status": "failed",
        "response": {
            "successful": [],
            "failed": [
                {"customerId": "12345", "message": "Failed to create customer"},
                {"customerId": "67890", "error": "Failed to create customer"},
            ],
        },
    }


def test_a_stopped_job_reads_as_the_documented_sample() -> None:
    desk = Desk(service_time=Constant(10.0))
    job = desk.submit("customers", TWO)
    desk.now = 6.0
    assert desk.ask("DELETE", f"/batch/{job}").status == 200
    desk.now = 60.0
    assert desk.poll(job) == {
        "operation": "Customer Creation Batch Job",
        "errorCount": 0,
        "totalCount": 0,
        "finishedCount": 0,
        "startedAt": None,
        "createdAt": "2025-03-14T10:00:00Z",
        "status": "stopped",
        "response": None,
    }


# Counts, lists and stops


def test_counts_of_a_running_job_grow_evenly_up_to_its_end() -> None:
    desk = Desk(service_time=Constant(10.0, queue=1.0))
    job = desk.submit("customers", people(1000))
    seen = []
    for second in range(12):
        desk.now = float(second)
        told = desk.poll(job)
        seen.append((told["status"], told["totalCount"], told["finishedCount"]))
    assert seen == [
        ("queued", 0, 0),
        *(("running", 1000, 100 * done) for done in range(10)),
        ("completed", 1000, 1000),
    ]


def test_without_progress_the_counts_of_a_running_job_are_0() -> None:
    desk = Desk(service_time=Constant(10.0), progress=False)
    job = desk.submit("customers", people(10))
    desk.now = 5.0
    told = desk.poll(job)
    assert (told["status"], told["totalCount"], told["finishedCount"]) == ("running", 0, 0)
    desk.now = 10.0
    assert desk.poll(job)["finishedCount"] == 10


@pytest.mark.parametrize(("partial_lists", "listed"), [(False, None), (True, 5)])
def test_a_running_job_lists_what_is_done_only_if_asked(
    partial_lists: bool, listed: int | None
) -> None:
    desk = Desk(service_time=Constant(10.0), partial_lists=partial_lists)
    job = desk.submit("order-transactions", [f"o{n}" for n in range(10)])
    desk.now = 5.0
    response = desk.poll(job)["response"]
    assert (response and len(response["failed"])) == listed
    desk.now = 10.0
    assert len(desk.poll(job)["response"]["failed"]) == 10


def test_what_was_applied_before_a_stop_stays_applied() -> None:
    desk = Desk(service_time=Constant(10.0), keep_lists=True)
    job = desk.submit("customers", people(10))
    desk.now = 4.0
    desk.ask("DELETE", f"/batch/{job}")
    desk.now = 100.0
    told = desk.poll(job)
    assert (told["status"], told["finishedCount"]) == ("stopped", 4)
    applied = [entry.customer for entry in desk.service.ledger.entries("customers")]
    assert applied == [entry["customerId"] for entry in told["response"]["successful"]]
    assert applied == ["c0", "c1", "c2", "c3"]


@pytest.mark.parametrize("model", [Constant(5.0, queue=5.0), Workers(1, 5.0, queue=5.0)])
def test_a_job_stopped_while_queued_never_runs(model: ServiceTime) -> None:
    desk = Desk(service_time=model)
    job = desk.submit("customers", people(10))
    desk.ask("DELETE", f"/batch/{job}")
    desk.now = 100.0
    assert desk.poll(job)["status"] == "stopped"
    assert not desk.service.ledger.applied["customers"]


def test_stopping_a_finished_job_changes_nothing() -> None:
    desk = Desk()
    told = desk.run("customers", people(3))
    assert desk.ask("DELETE", "/batch/123456").status == 200
    assert desk.poll(123456) == told


@pytest.mark.parametrize(
    ("form", "expected"), [("number", 123456), ("string", "123456"), ("float", 123456.0)]
)
def test_job_ids_come_in_the_form_asked_for(form: str, expected: object) -> None:
    reply = Desk(job_ids=form).ask("POST", "/batch/customers", {"body": people(1)})
    assert read(reply) == {"jobId": expected}
    assert type(read(reply)["jobId"]) is type(expected)


def test_states_are_capitalised_if_asked() -> None:
    assert Desk(state_case="capital").run("customers", people(1))["status"] == "Completed"


# The other dialect


def test_the_other_dialect_tells_of_jobs_in_its_own_words() -> None:
    desk = Desk(dialect="openapi", service_time=Constant(10.0, queue=1.0))
    desk.submit("customers", [*people(3), {}])

    def told(now: float) -> Any:
        desk.now = now
        return read(desk.ask("GET", "/batches/123456/status"))

    assert told(0.0) == {
        "batchId": "123456", "status": "pending", "progress": 0, "totalItems": 0,
        "processedItems": 0, "failedItems": 0, "results": [], "errors": [],
    }  # fmt: skip
    assert (told(6.5)["status"], told(6.5)["progress"]) == ("processing", 50.0)
    end = told(11.0)
    assert (end["status"], end["progress"], end["failedItems"]) == ("completed", 100.0, 1)
    assert (len(end["results"]), len(end["errors"])) == (3, 1)


def test_the_other_dialect_stops_by_post() -> None:
    desk = Desk(dialect="openapi")
    desk.submit("customers", people(3))
    told = read(desk.ask("POST", "/batches/123456/stop"))
    assert (told["batchId"], told["status"]) == ("123456", "stopped")
    # The enum of the status call has four states, and "stopped" is not one of them.
    assert read(desk.ask("GET", "/batches/123456/status"))["status"] == "failed"


@pytest.mark.parametrize(
    ("dialect", "tutorial", "openapi"),
    [("tutorial", 200, 404), ("openapi", 404, 200), ("both", 200, 200)],
)
def test_only_the_chosen_dialects_calls_exist(dialect: str, tutorial: int, openapi: int) -> None:
    desk = Desk(dialect=dialect)
    desk.submit("customers", people(1))
    assert desk.ask("GET", "/batch/123456").status == tutorial
    assert desk.ask("GET", "/batches/123456/status").status == openapi
    assert desk.ask("DELETE", "/batch/123456").status == tutorial
    assert desk.ask("POST", "/batches/123456/stop").status == openapi


# Durations


def test_workers_take_jobs_first_in_first_out() -> None:
    desk = Desk(service_time=Workers(2, 10.0))
    for n in range(5):
        desk.now = float(n)
        desk.submit("customers", people(2))
    desk.now = 100.0
    desk.service.advance(desk.now)
    spans = [(job.started, job.ended) for job in desk.service.jobs.values()]
    assert spans == [(0, 10), (1, 11), (10, 20), (11, 21), (20, 30)]


def test_a_stop_frees_its_worker_for_the_next_job_that_is_still_waiting() -> None:
    desk = Desk(service_time=Workers(1, 10.0))
    first, second, third = (desk.submit("customers", people(2)) for _ in range(3))
    desk.now = 3.0
    desk.ask("DELETE", f"/batch/{second}")
    desk.ask("DELETE", f"/batch/{first}")
    assert desk.service.jobs[third].started == 3.0


def test_log_normal_durations_have_the_mean_and_spread_asked_for() -> None:
    chance = Random(11).random
    drawn = [LogNormal(10.0, 0.8).seconds(1000, chance) for _ in range(20_000)]
    assert statistics.fmean(drawn) == pytest.approx(10.0, rel=0.03)
    assert statistics.median(drawn) == pytest.approx(10.0 * 2.718281828 ** (-0.32), rel=0.03)


@pytest.mark.parametrize("seed", [0, 1])
def test_one_seed_gives_one_history(seed: int) -> None:
    def history() -> list[tuple[float | None, float | None]]:
        desk = Desk(seed=seed, service_time=LogNormal(5.0, 0.8))
        for n in range(20):
            desk.now = n / 7
            desk.submit("customers", people(3))
        desk.service.advance(1000.0)
        return [(job.started, job.ended) for job in desk.service.jobs.values()]

    assert history() == history()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Constant(-1.0),
        lambda: Constant(1.0, queue=-1.0),
        lambda: LogNormal(0.0, 1.0),
        lambda: Workers(0, 1.0),
    ],
)
def test_models_refuse_what_makes_no_sense(make: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        make()
