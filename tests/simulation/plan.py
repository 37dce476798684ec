"""What one seed means: the rows, how they are sent, and all that goes wrong on the way."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from gameball_async.api.kinds import KINDS, Chunking
from gameball_async.limits.windows import Quota

__all__ = ["Disturbance", "Plan", "item", "number_of", "plan_of"]

_TIME = "2026-01-01T00:00:00Z"


def item(kind: str, customer: str, n: int) -> Any:
    """A sound item in which its own number *n* can be read wherever it turns up."""
    more: dict[str, dict[str, Any]] = {
        "customers": {"referrerCode": f"n{n}"},
        "orders": {"orderId": f"n{n}", "orderDate": _TIME, "totalPaid": 1.5},
        "balance-inquiries": {"email": f"n{n}@example.com"},
        "balance-adjustments": {"amount": 1, "reason": f"n{n}"},
        "cashback": {"transactionId": f"n{n}", "transactionTime": _TIME, "amount": 2},
        "redemptions": {"transactionId": f"n{n}", "transactionTime": _TIME, "points": 2},
        "events": {"events": {f"n{n}": {}}},
    }
    if kind == "order-transactions":
        return f"n{n}"
    return {"customerId": customer, **more[kind]}


def number_of(kind: str, value: Any) -> int:
    """The number in an item."""
    where = {
        "customers": "referrerCode",
        "orders": "orderId",
        "balance-inquiries": "email",
        "balance-adjustments": "reason",
        "cashback": "transactionId",
        "redemptions": "transactionId",
    }
    if kind == "order-transactions":
        text = value
    elif kind == "events":
        text = next(iter(value["events"]))
    else:
        text = value[where[kind]]
    return int(text.removeprefix("n").removesuffix("@example.com"))


@frozen
class Disturbance:
    """
    How one session of a run is ended before its time.

    Attributes:
        how: ``none``, ``kill``, ``cancel``, ``stop`` (in order), ``leave`` (the block), ``disk``; or
            what is done with the journal before an undisturbed session: ``move``, ``copy``,
            ``restore`` (of the state before the last session).
        where: what is counted: ``step`` of the loop, ``event``, ``request`` (before it reaches the
            server), ``answer`` (after it did), or ``disk`` (a write of the journal).
        at: at which of them it strikes, from 1.
        detail: of the disk: ``before``, ``after``, ``torn`` or ``power`` (cut) for a kill; ``full``,
            ``error`` or ``late error`` (the data is there all the same) for a failure.
        pause: seconds before the next session.
    """

    how: str
    where: str = "step"
    at: int = 0
    detail: str = ""
    pause: float = 0.0


@frozen
class Plan:
    """Everything about one simulated run that is drawn beforehand."""

    seed: int
    kind: str
    rows: tuple[Any, ...]
    bad: frozenset[int]
    chunking: Chunking
    max_rows: int
    concurrency: int
    window: int
    quota: Quota
    options: Mapping[str, Any]
    known_orders: frozenset[int]
    faults: tuple[tuple[str, Mapping[str, Any]], ...]
    unreachable: float
    late: float
    patience: int
    on_cancel: str
    disturbances: tuple[Disturbance, ...]

    @property
    def calm(self) -> bool:
        """Nothing goes wrong at all."""
        return not (self.faults or self.unreachable or self.late or self.disturbances)


# What may hit a request at the server: the fault, on which requests, and its own words.
_MENU: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("reset_before_commit", "submit", {}),
    ("reset_after_commit", "submit", {}),
    ("error_before", "submit", {}),
    ("error_after", "submit", {}),
    ("html", "submit", {}),
    ("html", "submit", {"status": 200}),
    ("truncate", "submit", {}),
    ("broken_status_line", "submit", {}),
    ("hang_up", "submit", {}),
    ("rate_limit", "submit", {}),
    ("rate_limit", "any", {"retry_after": 7}),
    ("delay", "submit", {"seconds": 4.0}),
    ("stale", "submit", {}),
    ("error_before", "submit", {"status": 400, "code": 3003}),
    ("error_before", "submit", {"status": 413, "code": 4500}),
    ("error_before", "submit", {"status": 401, "code": 1000}),
    ("error_before", "submit", {"status": 408, "code": 5000}),
    ("reset_after_commit", "poll", {}),
    ("error_before", "poll", {}),
    ("error_before", "poll", {"status": 401, "code": 1000}),
    ("html", "poll", {}),
    ("truncate", "poll", {}),
    ("rate_limit", "poll", {}),
    ("delay", "poll", {"seconds": 20.0}),
    ("early_404", "poll", {}),
    ("late_404", "poll", {"jobs": 1}),
    ("odd_state", "poll", {}),
    ("odd_state", "poll", {"word": None}),
    ("null_response", "poll", {}),
    ("null_response", "poll", {"jobs": 2, "each_job": True, "times": None, "probability": 1.0}),
    ("reset_after_commit", "stop", {}),
    ("error_before", "stop", {}),
)
_TIMED_BY_THEMSELVES = {"early_404", "late_404"}


def plan_of(seed: int) -> Plan:
    """The plan of a seed: the same seed, the same plan."""
    draw = random.Random(f"plan {seed}")
    kind = draw.choice(list(KINDS))
    count = draw.choice([0, 1, draw.randint(2, 12), draw.randint(2, 12), draw.randint(10, 30)])
    names = [f"c{n}" for n in range(draw.randint(1, 9))]
    spoilt = draw.choice([0.0, 0.0, 0.15])
    bad = frozenset(n for n in range(count) if draw.random() < spoilt)
    rows = tuple(
        {"broken": n} if n in bad else item(kind, draw.choice(names), n) for n in range(count)
    )
    mood = draw.choice(["calm"] + ["faults", "ends"] * 2 + ["both"] * 5)
    faults = _faults(draw) if mood in ("faults", "both") else ()
    return Plan(
        seed,
        kind,
        rows,
        bad,
        draw.choice([KINDS[kind].chunking, KINDS[kind].chunking, *Chunking]),
        draw.randint(1, 5),
        draw.randint(1, 4),
        draw.choice([1, 2, 4, 512]),
        draw.choice([Quota((30, 1.0), (360, 30.0)), Quota((3, 1.0), (20, 10.0))]),
        _options(draw),
        frozenset(n for n in range(count) if draw.random() < 0.7),
        faults,
        draw.choice([0.0, 0.1, 0.4]) if faults else 0.0,
        draw.choice([0.0, 0.0, 0.1]) if faults else 0.0,
        draw.choice([0, 1, 2, 5]),
        draw.choice(["detach", "detach", "stop"]),
        _disturbances(draw) if mood in ("ends", "both") else (),
    )


def _options(draw: random.Random) -> dict[str, Any]:
    return {
        "fail_rate": draw.choice([0.0, 0.0, 0.3]),
        "codes": draw.choice(["field", "text", "words"]),
        "entry_ids": draw.random() < 0.5,
        "partial_lists": draw.random() < 0.5,
        "keep_lists": draw.random() < 0.5,
        "strict_customers": draw.random() < 0.2,
        "job_ids": draw.choice(["number", "string"]),
    }


def _faults(draw: random.Random) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """A random half of the menu, so that no fault always hides behind another; each rather rare."""
    chosen = draw.sample(_MENU, k=draw.choice([1, 2, len(_MENU) // 4, len(_MENU) // 2]))
    return tuple((name, _words(draw, name, on, more, len(chosen))) for name, on, more in chosen)


def _words(
    draw: random.Random, name: str, on: str, more: Mapping[str, Any], others: int
) -> dict[str, Any]:
    words = {"on": on, "probability": draw.uniform(0.1, 1.6) / (others + 1), **more}
    if name not in _TIMED_BY_THEMSELVES:
        words.setdefault("times", draw.randint(1, 4))
    return words


def _disturbances(draw: random.Random) -> tuple[Disturbance, ...]:
    return tuple(_disturbance(draw) for _ in range(draw.choice([1, 1, 2, 3, 5])))


def _disturbance(draw: random.Random) -> Disturbance:
    pause = draw.choice([0.0, 0.5, 5.0, 40.0, 3000.0])
    step = int(10 ** draw.uniform(0.5, 3.2))
    few = draw.randint(1, 12)
    on_disk = draw.randint(1, 60)
    return draw.choice(
        [
            Disturbance("kill", "step", step, "", pause),
            Disturbance("kill", "request", few, "", pause),
            Disturbance("kill", "answer", few, "", pause),
            Disturbance("kill", "disk", on_disk, draw.choice(["before", "after"]), pause),
            Disturbance("kill", "disk", on_disk, draw.choice(["torn", "power"]), pause),
            Disturbance(draw.choice(["move", "copy", "restore"])),
            Disturbance("cancel", "step", step, "", pause),
            Disturbance("stop", "step", step, "", pause),
            Disturbance("leave", "event", few, "", pause),
            Disturbance("disk", "disk", on_disk, "full", pause),
            Disturbance("disk", "disk", on_disk, draw.choice(["error", "late error"]), pause),
            Disturbance("none", "", 0, "", pause),
        ]
    )
