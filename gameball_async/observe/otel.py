"""
OpenTelemetry: spans of requests and jobs, and metrics, by the semantic conventions.

Only its API is needed; without an SDK it does nothing. No header is added to requests: the trace ends
here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from attrs import define, field, frozen
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, TracerProvider

from .. import __version__
from ..api.jobs import Job, JobState, Transition
from .events import (
    Event,
    JobAccepted,
    JobTransition,
    RequestEnded,
    RowsSettled,
    WatchFailed,
    WatchStarted,
)

MOST_JOBS = 10_000
"""Spans of jobs that are open at once, at most; beyond, the oldest ends where it stands."""

# Advised for `http.client.request.duration` by the semantic conventions of HTTP metrics.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_WAITS = (0.001, 0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

_WANTED = frozenset(
    {RequestEnded, JobAccepted, WatchStarted, JobTransition, WatchFailed, RowsSettled}
)
_SCOPE = "gameball_async"
_ROOT = Context()
"""Holds no span: what is started in it hangs on nothing."""

Value = str | int | float | bool
Attributes = Mapping[str, Value]


@frozen
class OpenTelemetry:
    """
    Sends spans and metrics of clients to OpenTelemetry. One can serve any number of clients.

    Args:
        tracer_provider: makes the spans; by default the global one.
        meter_provider: takes the metrics; by default the global one.
    """

    tracer_provider: TracerProvider | None = field(default=None, repr=False)
    meter_provider: MeterProvider | None = field(default=None, repr=False)

    def observer(self, origin: str) -> _Observer:
        """An observer of one client. `stream.Telemetry`."""
        tracer = trace.get_tracer(_SCOPE, __version__, tracer_provider=self.tracer_provider)
        meter = metrics.get_meter(_SCOPE, __version__, meter_provider=self.meter_provider)
        return _Observer(origin, tracer, meter)


@define(eq=False)
class _OpenJob:
    job: Job
    span: Span
    state: JobState | None = None

    def fail(self, error_type: str) -> None:
        """Mark the span."""
        self.span.set_attribute("error.type", error_type)
        self.span.set_status(Status(StatusCode.ERROR))


class _Observer:
    """`stream.Observer` of one client."""

    def __init__(self, origin: str, tracer: trace.Tracer, meter: metrics.Meter) -> None:
        parts = urlsplit(origin)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        self._origin = origin
        self._server: Attributes = {"server.address": parts.hostname or "", "server.port": port}
        self._tracer = tracer
        self._duration = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._wait = meter.create_histogram(
            "gameball.quota.wait",
            "s",
            "Time that requests waited for quota before they were sent.",
            explicit_bucket_boundaries_advisory=_WAITS,
        )
        count = meter.create_counter
        self._requests = count("gameball.requests", "{request}", "Requests, by their outcome.")
        self._rows = count("gameball.rows", "{row}", "Rows, by their outcome.")
        entered = "Jobs that entered a state; queued once accepted."
        self._entered = count("gameball.jobs", "{job}", entered)
        still_open = "Jobs that have not ended, from their acceptance, by their state."
        self._open_jobs = meter.create_up_down_counter("gameball.open_jobs", "{job}", still_open)
        self._jobs: dict[int, _OpenJob] = {}
        self._ended: dict[int, None] = {}  # jobs that may be watched again, and have ended

    def wants(self, event: type[Event]) -> bool:
        """Whether it makes a span or a measurement."""
        return event in _WANTED

    def on_event(self, event: Event) -> None:
        """Make the spans and the measurements."""
        match event:
            case RequestEnded():
                self._request_span(event)
                self._request_metrics(event)
            case JobAccepted(job=job):
                self._accepted(job)
            case WatchStarted(job=job):
                self._open(job)
            case JobTransition(change=change):
                self._moved(change)
            case WatchFailed(job=job, error_type=error_type):
                self._lost(job, error_type)
            case RowsSettled(kind=kind, counts=counts):
                for outcome, rows in counts.items():
                    about = {"gameball.kind": kind, "gameball.outcome": outcome.value}
                    self._rows.add(rows, about)
            case _:
                pass

    async def aclose(self) -> None:
        """End the spans of jobs that are still open: nobody watches them any more."""
        while self._jobs:
            self._leave(next(iter(self._jobs)))

    # -- requests

    def _request_span(self, what: RequestEnded) -> None:
        ended = time.time_ns()
        open_job = None if what.job_id is None else self._jobs.get(what.job_id)
        context, links = None, []
        if what.polled:
            # The poller runs for all who watch, in the context of whoever came first.
            context = _ROOT if open_job is None else trace.set_span_in_context(open_job.span, _ROOT)
        elif open_job is not None:
            links.append(Link(open_job.span.get_span_context()))
        span = self._tracer.start_span(
            f"{what.method} {what.route}",
            context,
            SpanKind.CLIENT,
            self._request_attributes(what),
            links,
            start_time=ended - int(what.seconds * 1e9),
        )
        if what.error_type is not None:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

    def _request_attributes(self, what: RequestEnded) -> Attributes:
        error = what.error
        given: Mapping[str, Value | None] = {
            "http.request.method": what.method,
            **self._server,
            "url.full": self._origin + what.path,
            "url.template": what.route,
            "http.response.status_code": what.status,
            "error.type": what.error_type,
            "http.request.resend_count": what.attempt - 1 or None,
            "http.request.body.size": what.sent,
            "http.response.body.size": None if what.status is None else what.received,
            "gameball.kind": what.kind,
            "gameball.job.id": what.job_id,
            "gameball.outcome": what.outcome,
            "gameball.quota.wait": what.waited,
            "gameball.error.code": None if error is None else error.code,
            "gameball.request_id": None if error is None else error.request_id,
        }
        return _known(given)

    def _request_metrics(self, what: RequestEnded) -> None:
        about = {"http.request.method": what.method, "url.template": what.route}
        came = {"http.response.status_code": what.status, "error.type": what.error_type}
        self._duration.record(what.seconds, {**about, **self._server, **_known(came)})
        self._requests.add(1, {**about, "gameball.outcome": what.outcome})
        if not what.polled:  # polls have no time at which they ought to be sent
            self._wait.record(what.waited, about)

    # -- jobs

    def _accepted(self, job: Job) -> None:
        """It is queued, as far as is known until it is first polled."""
        self._open(job)
        open_job = self._jobs.get(job.id)
        if open_job is not None and open_job.state is None:
            self._count(open_job, JobState.QUEUED)
            open_job.span.add_event(f"gameball.job.{JobState.QUEUED.value}")

    def _open(self, job: Job) -> None:
        if job.id in self._jobs or job.id in self._ended:
            return
        if len(self._jobs) >= MOST_JOBS:
            self._leave(next(iter(self._jobs)))
        about = {"gameball.kind": job.kind, "gameball.job.rows": job.rows}
        span = self._tracer.start_span(
            "gameball.job" if job.kind is None else f"gameball.job {job.kind}",
            attributes={"gameball.job.id": job.id, **_known(about)},
        )
        self._jobs[job.id] = _OpenJob(job, span)

    def _moved(self, change: Transition) -> None:
        open_job, status = self._jobs.get(change.job.id), change.status
        if open_job is None or open_job.state is status.state:
            return
        self._count(open_job, status.state)
        named = {"total": status.total, "finished": status.finished, "errors": status.errors}
        counts = _known({f"gameball.job.{name}": count for name, count in named.items()})
        open_job.span.add_event(f"gameball.job.{status.state.value}", counts)
        if status.state.final:
            open_job.span.set_attributes(counts)
            if status.state is JobState.FAILED:
                open_job.fail("failed")
            self._leave(change.job.id)

    def _count(self, open_job: _OpenJob, state: JobState) -> None:
        kind = _known({"gameball.kind": open_job.job.kind})
        if open_job.state is not None:
            self._open_jobs.add(-1, {**kind, "gameball.job.state": open_job.state.value})
        open_job.state = state
        self._entered.add(1, {**kind, "gameball.job.state": state.value})
        if not state.final:
            self._open_jobs.add(1, {**kind, "gameball.job.state": state.value})

    def _lost(self, job: Job, error_type: str) -> None:
        open_job = self._jobs.get(job.id)
        if open_job is not None:
            open_job.fail(error_type)
            self._leave(job.id)

    def _leave(self, job_id: int) -> None:
        """End a job's span where it stands."""
        open_job = self._jobs.pop(job_id)
        state = open_job.state
        shown = "unseen" if state is None else state.value
        open_job.span.set_attribute("gameball.job.state", shown)
        open_job.span.end()
        if state is not None and state.final:
            if len(self._ended) >= MOST_JOBS:
                del self._ended[next(iter(self._ended))]
            self._ended[job_id] = None
        elif state is not None:
            kind = _known({"gameball.kind": open_job.job.kind})
            self._open_jobs.add(-1, {**kind, "gameball.job.state": state.value})


def _known(attributes: Mapping[str, Value | None]) -> Attributes:
    """Without those that have no value."""
    return {name: value for name, value in attributes.items() if value is not None}
