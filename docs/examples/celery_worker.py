"""
Imports in a Celery worker. REMAP_SIGTERM makes it end within seconds when it is deployed anew::

    REMAP_SIGTERM=SIGQUIT celery --workdir FOLDER -A celery_worker worker --concurrency 1

Anything that reaches the broker enqueues them: ``move.delay("orders", "/shared/orders.csv")``. Keys come
from GAMEBALL_API_KEY and GAMEBALL_SECRET_KEY, the broker from REDIS_URL.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from celery import Celery, Task
from celery.exceptions import Reject
from celery.signals import worker_init

from gameball_async import (
    KINDS,
    AuthenticationError,
    Bulk,
    ConfigurationError,
    GameballClient,
    GameballError,
    InputError,
    Settled,
)
from gameball_async.files import open_rows

log = logging.getLogger(__name__)
REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

app = Celery("imports", broker=REDIS, backend=REDIS)
app.conf.update(
    # A task is done when its import is: one whose worker was killed is given to another.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    # Redis does not notice that a whole machine is gone. It gives out again what is not done in so many
    # seconds; an import that simply takes longer is held by its journal, and waits for its turn.
    # Nor that who looks for such tasks was killed while it did: that lock is let go again soon.
    broker_transport_options={
        "visibility_timeout": int(os.environ.get("VISIBLE_AFTER", "3600")),
        "unacked_mutex_expire": 5,
    },
    broker_connection_retry_on_startup=True,
    task_track_started=True,
)


@worker_init.connect
def check_sigterm(**_: object) -> None:
    """Celery's own SIGTERM waits for the end of every task, which may be hours away."""
    if os.environ.get("REMAP_SIGTERM") != "SIGQUIT":
        log.warning("SIGTERM waits for imports to end: start this with REMAP_SIGTERM=SIGQUIT")


@app.task(
    bind=True,
    autoretry_for=(GameballError,),  # whatever stopped the run, it goes on where it was
    dont_autoretry_for=(AuthenticationError, ConfigurationError, InputError),
    retry_backoff=5,
    max_retries=100,  # ten minutes apart at most: some hours
)
def move(self: Task[..., Any], kind: str, path: str) -> dict[str, Any]:
    """Import a file, or what is left of it. The result is the report, as JSON values."""
    task_id = self.request.id

    def tell(done: dict[str, Any]) -> None:
        self.update_state(task_id, "PROGRESS", done)

    report = asyncio.run(import_file(kind, Path(path), tell))
    if not report["complete"]:  # the worker shuts down: the next one goes on, at once
        raise Reject("the worker shuts down", requeue=True)
    return report


async def import_file(
    kind: str, path: Path, tell: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Import a file, or what its journal has left of it, until it ends or the worker does."""
    journal = path.with_suffix(".gbjournal")
    async with GameballClient() as client:
        with open_rows(path, KINDS[kind]) as rows:
            if journal.exists():
                run = client.resume(journal, rows)
            else:
                run = client.bulk(KINDS[kind], rows, journal=journal)
            async with run:
                stop_on_signals(run)
                async for event in run:
                    if isinstance(event, Settled):
                        await asyncio.to_thread(tell, run.report.as_json())
    return run.report.as_json()


def stop_on_signals(run: Bulk) -> None:
    """A shutdown signals this process too: send nothing more, and wait for the answers under way."""
    loop = asyncio.get_running_loop()  # its end, in `asyncio.run`, takes the handlers away
    for number in (signal.SIGTERM, signal.SIGQUIT):
        loop.add_signal_handler(number, run.stop)
