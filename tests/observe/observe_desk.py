"""What the tests of this folder share: records that are kept, and OpenTelemetry in memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gameball_async.otel import OpenTelemetry

LOGGERS = ("requests", "retries", "connection", "quota", "jobs", "rows", "runs", "hooks")
ROUTE = "/api/v4.0/integrations/batch/{jobId}"


class Kept(logging.Handler):
    """Keeps every record."""

    def __init__(self) -> None:
        super().__init__(level=0)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def of(self, name: str) -> list[logging.LogRecord]:
        return [one for one in self.records if one.name == f"gameball_async.{name}"]

    def texts(self, name: str) -> list[str]:
        return [one.getMessage() for one in self.of(name)]


@contextmanager
def kept(level: int = logging.DEBUG) -> Iterator[Kept]:
    """Everything that the library logs at *level* and above."""
    handler, logger = Kept(), logging.getLogger("gameball_async")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def extras(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name.startswith("gameball_")}


class Telemetered:
    """Spans and metrics in memory."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self._reader = InMemoryMetricReader()
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self.telemetry = OpenTelemetry(self.tracers, self.meters)
        self.tracer = self.tracers.get_tracer("a test")

    def spans(self, start: str = "") -> list[ReadableSpan]:
        found: tuple[ReadableSpan, ...] = self._spans.get_finished_spans()
        return [span for span in found if span.name.startswith(start)]

    def metrics(self) -> dict[str, Any]:
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        return {
            metric.name: metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def counts(self, name: str, *by: str) -> dict[Any, float]:
        """The points of a metric by some of their attributes; counts of a histogram."""
        found: dict[Any, float] = {}
        for point in self.metrics()[name].data.data_points:
            key = tuple(point.attributes.get(each) for each in by)
            value = point.count if hasattr(point, "count") else point.value
            found[key if len(by) > 1 else key[0]] = found.get(key, 0) + value
        return found

    def everything(self) -> str:
        """All that is exported, as text."""
        data = self._reader.get_metrics_data()
        return "".join(span.to_json() for span in self.spans()) + (
            "" if data is None else data.to_json()
        )
