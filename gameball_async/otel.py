"""OpenTelemetry (extra ``otel``): ``GameballClient(telemetry=OpenTelemetry())``."""

from __future__ import annotations

from .observe.otel import OpenTelemetry

__all__ = ["OpenTelemetry"]
