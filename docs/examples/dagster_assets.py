"""
Points from a shop's database in Dagster: ``dagster asset materialize -f dagster_assets.py --select '*'``.

Keys come from GAMEBALL_API_KEY and GAMEBALL_SECRET_KEY, the database's file from SHOP. The folder PIPELINES holds what
dlt and the journals remember: it must outlive the worker, and be the same for each run.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import dagster as dg
import dlt
from dlt.pipeline.exceptions import PipelineStepFailed

from gameball_async.integrations.dlt import DoubtfulRows, gameball, outcomes

SHOP = os.environ.get("SHOP", "shop.db")
PIPELINES = os.environ.get("PIPELINES", "pipelines")


@dlt.resource
def balance_adjustments() -> Iterator[dict[str, Any]]:
    """
    The points that no run has extracted yet.

    dlt keeps the state with what it has extracted. So a run that is repeated, whatever for, extracts
    nothing again: without this, each run would give all points once more.
    """
    state = dlt.current.resource_state()
    query = "SELECT id, customer, amount FROM points WHERE id > ? ORDER BY id"
    with closing(sqlite3.connect(SHOP)) as shop:
        for number, customer, amount in shop.execute(query, (state.get("last", 0),)):
            state["last"] = number
            yield {"customer_id": customer, "amount": amount}


def loading() -> dlt.Pipeline:
    """The pipeline into Gameball, with whatever an earlier run has left."""
    return dlt.pipeline("points", destination=gameball(), pipelines_dir=PIPELINES)


def telling() -> dlt.Pipeline:
    """The pipeline into the warehouse; any destination of dlt's will do."""
    target = dlt.destinations.duckdb(os.path.join(PIPELINES, "warehouse.duckdb"))
    return dlt.pipeline("told", destination=target, dataset_name="shop", pipelines_dir=PIPELINES)


@dg.asset(
    pool="gameball",  # one run at a time: two would share the pipeline's folder, and the quota
    retry_policy=dg.RetryPolicy(max_retries=5, delay=60, backoff=dg.Backoff.EXPONENTIAL),
)
def points() -> dg.MaterializeResult[None]:
    """What is new in the shop is in Gameball."""
    pipeline = loading()
    try:
        if pipeline.has_pending_data:  # a run that died: dlt loads what it left, and nothing else
            pipeline.run()
        pipeline.run(balance_adjustments())
    except PipelineStepFailed as error:
        if isinstance(error.__cause__, DoubtfulRows):  # waits for somebody, not for another try
            raise dg.Failure(str(error.__cause__), allow_retries=False) from error
        raise
    return dg.MaterializeResult()


@dg.asset(deps=[points], retry_policy=dg.RetryPolicy(max_retries=3, delay=60))
def point_outcomes() -> dg.MaterializeResult[None]:
    """What became of each row is in the warehouse. It may be repeated at will."""
    telling().run(outcomes(loading()))
    return dg.MaterializeResult()


@dg.asset_check(asset=points)
def every_point_was_given() -> dg.AssetCheckResult:
    """No row failed or was rejected; one that did is in the warehouse, with the reason."""
    counts = Counter(row["outcome"] for row in outcomes(loading()))
    return dg.AssetCheckResult(
        passed=set(counts) <= {"succeeded"},
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=dict(counts),
    )


defs = dg.Definitions(assets=[points, point_outcomes], asset_checks=[every_point_was_given])
