"""OpenTelemetry: spans of requests and of jobs, whom they hang on, and metrics."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.semconv.attributes import (
    error_attributes,
    http_attributes,
    server_attributes,
    url_attributes,
)
from opentelemetry.semconv.metrics import http_metrics
from opentelemetry.trace import SpanKind, StatusCode

from gameball_async.client import GameballClient
from gameball_async.errors import DeadlineError, GameballError, UnknownJobError
from gameball_async.observe import otel
from gameball_async.otel import OpenTelemetry
from gameball_async.sandbox import Constant, Request, Sandbox, Service
from tests.engine_virtual import TRIP, at, submit
from tests.observe.observe_desk import ROUTE, Telemetered, kept

ROWS = [{"customerId": f"c{n}"} for n in range(3)]
SUBMIT = "/api/v4.0/integrations/batch/customers"


async def bulk(client: GameballClient) -> None:
    async with client.bulk("customers", ROWS) as run:
        await run.finish()


def seen(sandbox: Sandbox, main: Any = bulk, **settings: Any) -> Telemetered:
    to = Telemetered()
    at(sandbox, main, telemetry=to.telemetry, **settings)
    return to


def of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def parent(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def number(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.span_id


def test_each_request_is_one_client_span_named_by_method_and_template() -> None:
    sandbox = Sandbox(latency=(0.05, 0.05))
    to = seen(sandbox)
    spans = [span for span in to.spans() if span.kind is SpanKind.CLIENT]
    assert len(spans) == len(sandbox.requests)
    submit, *polls = spans
    assert submit.name == f"POST {SUBMIT}"
    assert {span.name for span in polls} == {f"GET {ROUTE}"}
    assert submit.end_time is not None
    assert submit.start_time is not None
    assert 0.1e9 <= submit.end_time - submit.start_time < 0.2e9
    facts = of(submit)
    assert facts.pop("http.request.body.size") > 0
    assert facts.pop("http.response.body.size") > 0
    assert facts.pop("gameball.quota.wait") >= 0
    assert facts == {
        http_attributes.HTTP_REQUEST_METHOD: "POST",
        server_attributes.SERVER_ADDRESS: "127.0.0.1",
        server_attributes.SERVER_PORT: int(sandbox.url.rpartition(":")[2]),
        url_attributes.URL_FULL: sandbox.url + SUBMIT,
        "url.template": SUBMIT,
        http_attributes.HTTP_RESPONSE_STATUS_CODE: 200,
        "gameball.kind": "customers",
        "gameball.outcome": "ok",
    }
    assert submit.status.status_code is StatusCode.UNSET


def test_an_answer_that_refuses_is_an_error_of_its_status_and_resends_are_counted() -> None:
    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.error_before(503, on="submit", times=2)
    spans = seen(sandbox).spans("POST")
    assert [of(span).get(error_attributes.ERROR_TYPE) for span in spans] == ["503", "503", None]
    counts = [of(span).get(http_attributes.HTTP_REQUEST_RESEND_COUNT) for span in spans]
    assert counts == [None, 1, 2]
    codes = [span.status.status_code for span in spans]
    assert codes == [StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET]
    assert of(spans[0])["gameball.error.code"] == 5003
    assert not any(span.status.description for span in spans)


def test_a_request_without_an_answer_is_an_error_named_by_what_came_instead() -> None:
    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.broken_status_line(on="submit", times=1)
    lost = seen(sandbox).spans("POST")[0]
    assert of(lost)[error_attributes.ERROR_TYPE] == "AnswerLostError"
    assert of(lost)["gameball.outcome"] == "lost"
    assert http_attributes.HTTP_RESPONSE_STATUS_CODE not in of(lost)
    assert lost.status.status_code is StatusCode.ERROR


def test_a_request_that_is_cancelled_has_a_span_too() -> None:
    async def main(client: GameballClient) -> None:
        with anyio.move_on_after(1.0):
            await client.upsert_customer({"customerId": "c1"})

    (span,) = seen(Sandbox(latency=(5.0, 5.0)), main).spans()
    assert of(span)["gameball.outcome"] == "cancelled"


def test_a_job_has_a_span_from_its_acceptance_to_its_end_with_an_event_for_each_state() -> None:
    to = seen(Sandbox(latency=TRIP, service_time=Constant(20.0, queue=5.0)))
    (job,) = to.spans("gameball.job")
    assert job.name == "gameball.job customers"
    assert job.kind is SpanKind.INTERNAL
    events = [event.name for event in job.events]
    assert events == ["gameball.job.queued", "gameball.job.running", "gameball.job.completed"]
    facts = of(job)
    assert facts["gameball.job.state"] == "completed"
    assert (facts["gameball.job.rows"], facts["gameball.job.finished"]) == (3, 3)
    assert job.status.status_code is StatusCode.UNSET


def test_a_job_that_failed_and_one_that_is_lost_have_spans_with_an_error() -> None:
    async def main(client: GameballClient) -> None:
        with pytest.raises(UnknownJobError):
            await client.wait(987654)

    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.odd_state("failed", times=None)
    (failed,) = seen(sandbox).spans("gameball.job")
    assert failed.status.status_code is StatusCode.ERROR
    assert of(failed)["gameball.job.state"] == "failed"
    (lost,) = seen(Sandbox(latency=TRIP), main).spans("gameball.job")
    assert of(lost)[error_attributes.ERROR_TYPE] == "UnknownJobError"
    assert of(lost)["gameball.job.state"] == "unseen"


def test_requests_and_jobs_hang_on_the_span_that_was_current_at_the_call() -> None:
    to = Telemetered()

    async def main(client: GameballClient) -> None:
        with to.tracer.start_as_current_span("an import"):
            await bulk(client)
        with to.tracer.start_as_current_span("a web request"):
            await client.upsert_customer({"customerId": "c1"})

    at(Sandbox(latency=TRIP), main, telemetry=to.telemetry)
    imported, web = to.spans("an import")[0], to.spans("a web request")[0]
    (job,) = to.spans("gameball.job")
    posts = {span.name: span for span in to.spans("POST")}
    assert parent(posts[f"POST {SUBMIT}"]) == parent(job) == number(imported)
    assert parent(posts["POST /api/v4.0/integrations/customers"]) == number(web)


def test_polls_hang_on_the_span_of_their_job_and_on_no_other() -> None:
    """The poller is started by whoever comes first, and goes on for all others."""
    to = Telemetered()

    async def one(client: GameballClient, name: str) -> None:
        with to.tracer.start_as_current_span(name):
            await client.wait(await submit(client, name))

    async def main(client: GameballClient) -> None:
        async with anyio.create_task_group() as tasks:
            for name in ("c1", "c2", "c3"):
                tasks.start_soon(one, client, name)
                await anyio.sleep(0.3)

    at(Sandbox(latency=TRIP, service_time=Constant(10.0)), main, telemetry=to.telemetry)
    jobs = {of(span)["gameball.job.id"]: span for span in to.spans("gameball.job")}
    callers = {number(to.spans(name)[0]) for name in ("c1", "c2", "c3")}
    assert {parent(job) for job in jobs.values()} == callers
    polls = to.spans("GET")
    assert len(polls) > 6
    for poll in polls:
        assert parent(poll) == number(jobs[of(poll)["gameball.job.id"]])


def test_a_status_that_is_asked_for_hangs_on_its_caller_and_links_to_the_job() -> None:
    to = Telemetered()

    async def main(client: GameballClient) -> None:
        job = await submit(client)
        with to.tracer.start_as_current_span("a look"):
            await client.status(job)

    at(Sandbox(latency=TRIP), main, telemetry=to.telemetry)
    (status,) = to.spans("GET")
    assert parent(status) == number(to.spans("a look")[0])
    assert [link.context.span_id for link in status.links] == [number(to.spans("gameball.job")[0])]


def test_the_current_span_is_left_as_it_was() -> None:
    found = []

    async def main(client: GameballClient) -> None:
        await bulk(client)
        found.append(trace.get_current_span())

    seen(Sandbox(latency=TRIP), main)
    assert found == [trace.INVALID_SPAN]


def test_beyond_the_bound_the_oldest_job_ends_where_it_stands_and_its_polls_hang_on_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(otel, "MOST_JOBS", 1)
    to = Telemetered()

    async def main(client: GameballClient) -> None:
        with to.tracer.start_as_current_span("a caller"):
            jobs = [await submit(client, f"c{n}") for n in range(2)]
            async with client.watch_all(jobs) as changes:
                async for _ in changes:
                    pass

    at(Sandbox(latency=TRIP), main, telemetry=to.telemetry)
    first = to.spans("gameball.job")[0]
    assert of(first)["gameball.job.state"] == "queued"
    known = {number(span) for span in to.spans("gameball.job")}
    assert {parent(poll) for poll in to.spans("GET")} <= known | {None}


def test_jobs_that_nobody_watches_end_with_the_client_and_once_ended_are_not_counted_again() -> (
    None
):
    async def left(client: GameballClient) -> None:
        job = await submit(client)
        with pytest.raises(DeadlineError):
            await client.wait(job, deadline=1.0)
        await client.wait(job, deadline=100)
        await client.wait(job)  # told its end once more
        job = await submit(client, "another")
        with pytest.raises(DeadlineError):
            await client.wait(job, deadline=1.0)
        await submit(client, "c3")

    to = seen(Sandbox(latency=TRIP, service_time=Constant(10.0)), left)
    states = [of(span)["gameball.job.state"] for span in to.spans("gameball.job")]
    assert states == ["completed", "running", "queued"]
    counts = to.counts("gameball.jobs", "gameball.job.state")
    assert counts == {"queued": 3, "running": 2, "completed": 1}
    assert set(to.counts("gameball.open_jobs", "gameball.job.state").values()) == {0}


def test_metrics_agree_with_what_the_server_and_the_report_counted() -> None:
    sandbox = Sandbox(
        latency=TRIP, limits=None, fail_if=lambda kind, item: item["customerId"] == "c1"
    )
    sandbox.faults.rate_limit(on="submit", times=1)
    sandbox.faults.error_before(503, on="submit", times=1)
    sandbox.faults.broken_status_line(on="submit", times=1)
    to = seen(sandbox)
    assert to.counts("gameball.rows", "gameball.kind", "gameball.outcome") == {
        ("customers", "succeeded"): 2,
        ("customers", "failed"): 1,
    }
    outcomes = to.counts("gameball.requests", "http.request.method", "gameball.outcome")
    polls = outcomes.pop(("GET", "ok"))
    assert outcomes == {
        ("POST", "limited"): 1, ("POST", "failed"): 1, ("POST", "lost"): 1, ("POST", "ok"): 1,
    }  # fmt: skip
    assert polls + 4 == len(sandbox.requests)
    assert to.counts("gameball.quota.wait", "http.request.method") == {"POST": 4}
    durations = to.counts(
        http_metrics.HTTP_CLIENT_REQUEST_DURATION, "http.request.method", "error.type"
    )
    assert durations == {
        ("POST", "429"): 1, ("POST", "503"): 1, ("POST", "AnswerLostError"): 1, ("POST", None): 1,
        ("GET", None): polls,
    }  # fmt: skip


def test_the_duration_has_the_unit_and_the_buckets_of_the_conventions() -> None:
    duration = seen(Sandbox(latency=TRIP)).metrics()["http.client.request.duration"]
    assert duration.unit == "s"
    point = duration.data.data_points[0]
    assert tuple(point.explicit_bounds) == (
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    )  # fmt: skip


def test_open_jobs_are_counted_by_state_while_they_are_open() -> None:
    to, during = Telemetered(), []

    async def main(client: GameballClient) -> None:
        async with anyio.create_task_group() as tasks:
            for n in range(4):
                tasks.start_soon(client.wait, await submit(client, f"c{n}"))
            await anyio.sleep(15)
            during.append(to.counts("gameball.open_jobs", "gameball.job.state"))

    at(Sandbox(latency=TRIP, service_time=Constant(20.0, queue=5.0)), main, telemetry=to.telemetry)
    assert during == [{"queued": 0, "running": 4}]
    assert to.counts("gameball.open_jobs", "gameball.job.state") == {"queued": 0, "running": 0}


def test_jobs_are_counted_from_their_acceptance_and_not_from_their_first_poll() -> None:
    to, during = Telemetered(), list[float]()
    sandbox = Sandbox(latency=TRIP, service_time=Constant(30.0, queue=5.0))

    async def main(client: GameballClient) -> None:
        jobs = [await submit(client, f"c{n}") for n in range(20)]
        async with client.watch_all(jobs) as changes:
            async for change in changes:
                if len(during) < 5 or change.status.state.final:
                    open_jobs = to.counts("gameball.open_jobs", "gameball.job.state")
                    during.append(sum(open_jobs.values()))

    at(sandbox, main, telemetry=to.telemetry)
    assert during == [20] * 5 + list(reversed(range(20)))
    assert to.counts("gameball.jobs", "gameball.job.state") == {
        "queued": 20, "running": 20, "completed": 20,
    }  # fmt: skip
    assert set(to.counts("gameball.open_jobs", "gameball.job.state").values()) == {0}


def test_no_header_of_a_trace_travels_along(monkeypatch: pytest.MonkeyPatch) -> None:
    to, headers = Telemetered(), list[str]()

    async def main(client: GameballClient) -> None:
        with to.tracer.start_as_current_span("a caller"):
            await bulk(client)

    handle = Service.handle

    def noted(service: Service, request: Request, now: float) -> Any:
        headers.extend(name.lower() for name in request.headers)
        return handle(service, request, now)

    monkeypatch.setattr(Service, "handle", noted)
    at(Sandbox(latency=TRIP), main, telemetry=to.telemetry)
    assert "apikey" in headers
    assert not {"traceparent", "tracestate", "baggage"} & set(headers)


def test_telemetry_that_raises_changes_nothing_and_is_named_once() -> None:
    class Broken(OpenTelemetry):
        def observer(self, origin: str) -> Any:
            real = super().observer(origin)

            def on_event(what: object) -> None:
                raise ValueError("a secret")

            real.on_event = on_event  # type: ignore[method-assign, assignment]
            return real

    done = []

    async def main(client: GameballClient) -> None:
        async with client.bulk("customers", ROWS) as run:
            done.append((await run.finish()).succeeded)

    with kept() as records:
        at(Sandbox(latency=TRIP), main, telemetry=Broken())
    assert done == [3]
    assert len(records.of("hooks")) == 1
    assert "secret" not in records.texts("hooks")[0]


def test_one_telemetry_serves_clients_of_two_accounts_whose_jobs_have_the_same_numbers() -> None:
    to = Telemetered()
    for _ in range(2):
        at(Sandbox(latency=TRIP), bulk, telemetry=to.telemetry)
    jobs = to.spans("gameball.job")
    assert len(jobs) == 2
    assert of(jobs[0])["gameball.job.id"] == of(jobs[1])["gameball.job.id"]


def test_without_an_sdk_it_does_nothing_and_breaks_nothing() -> None:
    at(Sandbox(latency=TRIP), bulk, telemetry=OpenTelemetry())


def test_an_error_of_the_call_is_not_swallowed() -> None:
    async def main(client: GameballClient) -> None:
        with pytest.raises(GameballError):
            await client.upsert_customer({"customerId": "c1"})

    sandbox = Sandbox(latency=TRIP)
    sandbox.faults.answer(400, b"{}", times=None)
    (span,) = seen(sandbox, main).spans()
    assert of(span)["gameball.outcome"] == "refused"
