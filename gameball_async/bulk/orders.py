"""Which orders exist: asks with a read-only order-transactions job, to settle doubtful orders."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from ..api.jobs import JobStatus, Transition
from ..api.kinds import KINDS
from ..jobs.changes import Changes
from ..jobs.submit import Accepted, Submitter
from .order_doubts import orders_found

_KIND = KINDS["order-transactions"]


class OrdersInquiry:
    """
    Asks which order ids exist.

    Args:
        submitter: sends the inquiry.
        watching: makes a watcher of jobs.
    """

    def __init__(self, submitter: Submitter, watching: Callable[[], Changes]) -> None:
        self._submitter = submitter
        self._watching = watching

    async def __call__(self, order_ids: list[str]) -> dict[str, bool]:
        """
        Ask about at most 1,000 different ids.

        Returns:
            Whether each order exists; ids without a certain answer are left out.
        """
        result = await self._submitter.submit(_KIND, [orjson.dumps(i) for i in order_ids])
        if not isinstance(result, Accepted):
            return {}
        status: JobStatus | None = None
        async with self._watching() as answers:
            answers.add(result.job, submitted=True)
            while (news := await answers.next_news()) is not None:
                status = news.status if isinstance(news, Transition) else None
        return {} if status is None else orders_found(order_ids, status)
