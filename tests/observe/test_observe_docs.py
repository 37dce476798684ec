"""The page about logs, hooks and telemetry names all that there is."""

from __future__ import annotations

import re
from pathlib import Path

from gameball_async.client import GameballClient
from gameball_async.observe import logging as logs
from gameball_async.sandbox import Sandbox
from tests.engine_virtual import TRIP, at
from tests.observe.observe_desk import LOGGERS, Telemetered, extras, kept

PAGE = (Path(__file__).parents[2] / "docs" / "observability.md").read_text(encoding="utf-8")
NAMES = set(re.findall(r"`([a-z_.0-9]+)`", PAGE))


async def everything(client: GameballClient) -> None:
    rows = [{"customerId": f"c{n}", "emial": "c@example.com"} for n in range(3)]
    async with client.bulk("customers", rows) as run:
        await run.finish()
    job = await client.submit("customers", [{"customerId": "c9"}])
    await client.status(job)
    await client.wait(job)


def sandbox() -> Sandbox:
    made = Sandbox(latency=TRIP)
    made.faults.rate_limit(on="submit", times=1)
    made.faults.error_before(on="submit", times=1)
    made.faults.broken_status_line(on="poll", times=1)
    made.faults.odd_state(times=1)
    return made


def test_every_logger_and_every_extra_is_on_the_page() -> None:
    with kept() as records:
        at(sandbox(), everything)
    assert {f"gameball_async.{name}" for name in LOGGERS} <= NAMES
    written = {record[0].name for record in logs._RECORDS.values()} | {logs._HOOKS.name}
    assert written == {f"gameball_async.{name}" for name in LOGGERS}
    for record in records.records:
        assert record.name in written
        missing = extras(record).keys() - NAMES - {"gameball_event"}
        assert not missing, (record.name, missing)
        assert f"`{extras(record)['gameball_event']}`" in PAGE


def test_every_span_event_attribute_and_metric_is_on_the_page() -> None:
    to = Telemetered()
    at(sandbox(), everything, telemetry=to.telemetry)
    for span in to.spans():
        assert (span.attributes or {}).keys() <= NAMES
    metrics = to.metrics()
    assert len(metrics) == 6
    for name, metric in metrics.items():
        assert name in NAMES
        for point in metric.data.data_points:
            assert point.attributes.keys() <= NAMES
