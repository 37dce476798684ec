"""
OpenTelemetry (extra ``otel``): spans of requests and jobs, and metrics, by the semantic conventions.

Give it to the client: ``GameballClient(telemetry=OpenTelemetry())``. Only the API is needed; without
an SDK it does nothing. No header is added to requests: the trace ends here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

from attrs import define, frozen
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, TracerProvider

from .api.jobs import Job, JobState, Transition
from .pipeline.seen import (
    JobAccepted,
    JobLost,
    JobMoved,
    JobWatched,
    RequestSeen,
    RowsSettled,
    Sighting,
)

__all__ = ["OpenTelemetry"]

MOST_JOBS = 10_000
"""Spans of jobs that are open at once, at most; beyond, the oldest ends where it stands."""

# Advised for `http.client.request.duration` by the semantic conventions of HTTP metrics.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_WAITS = (0.001, 0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

_SEEN = frozenset({RequestSeen, JobAccepted, JobWatched, JobMoved, JobLost, RowsSettled})
_ROOT = Context()
"""Holds no span: what is started in it hangs on nothing."""

Value = str | int | float | bool
Attributes = Mapping[str, Value]


@frozen(init=False)
class OpenTelemetry:
    """
    Where a client's spans and metrics go. One may serve any number of clients.

    Args:
        tracer_provider: makes spans; the global one where not given.
        meter_provider: takes metrics; the global one where not given.
    """

    _tracers: TracerProvider | None
    _meters: MeterProvider | None

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        self.__attrs_init__(tracer_provider, meter_provider)

    def observer(self, origin: str) -> _Observer:
        """An observer of one client. `ports.Telemetry`."""
        name, number = __package__ or "gameball_async", _version()
        tracer = trace.get_tracer(name, number, tracer_provider=self._tracers)
        meter = metrics.get_meter(name, number, meter_provider=self._meters)
        return _Observer(origin, tracer, _Instruments.of(meter))


def _version() -> str:
    try:
        return version("gameball_async")
    except PackageNotFoundError:
        return ""


@frozen
class _Instruments:
    duration: metrics.Histogram
    wait: metrics.Histogram
    requests: metrics.Counter
    jobs: metrics.Counter
    open_jobs: metrics.UpDownCounter
    rows: metrics.Counter

    @classmethod
    def of(cls, meter: metrics.Meter) -> _Instruments:
        return cls(
            duration=meter.create_histogram(
                "http.client.request.duration",
                "s",
                "Duration of HTTP client requests.",
                explicit_bucket_boundaries_advisory=_SECONDS,
            ),
            wait=meter.create_histogram(
                "gameball.quota.wait",
                "s",
                "Time that requests waited for quota before they were sent.",
                explicit_bucket_boundaries_advisory=_WAITS,
            ),
            requests=meter.create_counter(
                "gameball.requests", "{request}", "Requests, by their outcome."
            ),
            jobs=meter.create_counter("gameball.jobs", "{job}", "Jobs seen to enter a state."),
            open_jobs=meter.create_up_down_counter(
                "gameball.open_jobs", "{job}", "Watched jobs that have not ended, by their state."
            ),
            rows=meter.create_counter("gameball.rows", "{row}", "Rows, by their outcome."),
        )


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
    """`ports.Observer` of one client."""

    def __init__(self, origin: str, tracer: trace.Tracer, instruments: _Instruments) -> None:
        parts = urlsplit(origin)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        self._origin = origin
        self._server: Attributes = {"server.address": parts.hostname or "", "server.port": port}
        self._tracer = tracer
        self._to = instruments
        self._jobs: dict[int, _OpenJob] = {}
        self._ended: dict[int, None] = {}  # jobs that may be watched again, and have ended

    def wants(self, sort: type[Sighting]) -> bool:
        """Whether a span or a metric tells of it."""
        return sort in _SEEN

    def see(self, what: Sighting) -> None:
        """Make the spans and the measurements."""
        match what:
            case RequestSeen():
                self._request_span(what)
                self._request_metrics(what)
            case JobAccepted(job) | JobWatched(job):
                self._open(job)
            case JobMoved(change):
                self._moved(change)
            case JobLost(job, error_type):
                self._lost(job, error_type)
            case RowsSettled(kind, counts):
                for outcome, rows in counts.items():
                    self._to.rows.add(
                        rows, {"gameball.kind": kind, "gameball.outcome": outcome.value}
                    )
            case _:
                pass

    async def aclose(self) -> None:
        """End the spans of jobs that are still open: nobody watches them any more."""
        while self._jobs:
            self._leave(next(iter(self._jobs)))

    # -- requests

    def _request_span(self, what: RequestSeen) -> None:
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

    def _request_attributes(self, what: RequestSeen) -> Attributes:
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

    def _request_metrics(self, what: RequestSeen) -> None:
        about = {"http.request.method": what.method, "url.template": what.route}
        came = {"http.response.status_code": what.status, "error.type": what.error_type}
        self._to.duration.record(what.seconds, {**about, **self._server, **_known(came)})
        self._to.requests.add(1, {**about, "gameball.outcome": what.outcome})
        if not what.polled:  # polls have no time at which they ought to be sent
            self._to.wait.record(what.waited, about)

    # -- jobs

    def _open(self, job: Job) -> None:
        if job.id in self._jobs or job.id in self._ended:
            return
        if len(self._jobs) >= MOST_JOBS:
            self._leave(next(iter(self._jobs)))
        span = self._tracer.start_span(
            "gameball.job" if job.kind is None else f"gameball.job {job.kind}",
            attributes=_known(
                {
                    "gameball.job.id": job.id,
                    "gameball.kind": job.kind,
                    "gameball.job.rows": job.rows,
                }
            ),
        )
        self._jobs[job.id] = _OpenJob(job, span)

    def _moved(self, change: Transition) -> None:
        open_job, status = self._jobs.get(change.job.id), change.status
        if open_job is None or open_job.state is status.state:
            return
        self._count(open_job, status.state)
        counts = _known(
            {
                "gameball.job.total": status.total,
                "gameball.job.finished": status.finished,
                "gameball.job.errors": status.errors,
            }
        )
        open_job.span.add_event(f"gameball.job.{status.state.value}", counts)
        if status.state.final:
            open_job.span.set_attributes(counts)
            if status.state is JobState.FAILED:
                open_job.fail("failed")
            self._leave(change.job.id)

    def _count(self, open_job: _OpenJob, state: JobState) -> None:
        kind = _known({"gameball.kind": open_job.job.kind})
        if open_job.state is not None:
            self._to.open_jobs.add(-1, {**kind, "gameball.job.state": open_job.state.value})
        open_job.state = state
        self._to.jobs.add(1, {**kind, "gameball.job.state": state.value})
        if not state.final:
            self._to.open_jobs.add(1, {**kind, "gameball.job.state": state.value})

    def _lost(self, job: Job, error_type: str) -> None:
        open_job = self._jobs.get(job.id)
        if open_job is not None:
            open_job.fail(error_type)
            self._leave(job.id)

    def _leave(self, job_id: int) -> None:
        """End a job's span where it stands."""
        open_job = self._jobs.pop(job_id)
        state = open_job.state
        open_job.span.set_attribute(
            "gameball.job.state", "unseen" if state is None else state.value
        )
        open_job.span.end()
        if state is not None and state.final:
            if len(self._ended) >= MOST_JOBS:
                del self._ended[next(iter(self._ended))]
            self._ended[job_id] = None
        elif state is not None:
            kind = _known({"gameball.kind": open_job.job.kind})
            self._to.open_jobs.add(-1, {**kind, "gameball.job.state": state.value})


def _known(attributes: Mapping[str, Value | None]) -> Attributes:
    """Without those that have no value."""
    return {name: value for name, value in attributes.items() if value is not None}
