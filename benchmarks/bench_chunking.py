"""
Jobs and time of the three ways of chunking, on a shop's real orders.

The orders as they are, customer by customer, and sorted by date, as shops export them. The real
client and the real sandbox over HTTP, at the default limits, on a virtual clock: but for the costs at the
end, the figures are those of the seed, not of the machine.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from time import process_time

from attrs import asdict, frozen

from gameball_async.api.kinds import Chunking
from gameball_async.bulk.chunks import Chunker
from gameball_async.rows.chunk import Chunk
from gameball_async.rows.row import Prepared, Row

from .record import Gate, Result, table
from .shop_orders import AT_ONCE, ORDERINGS, TRIP, Case, Found, field_of, measure, orders

__all__ = ["Cost", "cost", "run"]

MOST = 1.25
"""What *together* may cost, in jobs and in time, for each of *plain*'s."""
CSV_PACE = 40_000.0
"""Rows a second: about what a CSV file gives, checked and encoded, with a core to itself."""
PACES = (AT_ONCE, CSV_PACE, 20_000.0, 10_000.0, 5_000.0, 1_000.0)
WAITING = 100_000
"""Rows that wait when costs are measured: the default look-ahead."""

Pairs = Sequence[tuple[Found, Found]]


@frozen
class Cost:
    """
    What it takes to keep `WAITING` rows and to hand them out, on this machine.

    Attributes:
        chunking: the way.
        customers: how many the rows are of.
        row_bytes: memory for each row besides the row itself.
        add_us: CPU time of adding a row, in microseconds.
        take_us: CPU time of taking a chunk: the median.
        take_worst_us: the longest.
        chunk_rows: rows in a chunk, on average.
    """

    chunking: Chunking
    customers: int
    row_bytes: float
    add_us: float
    take_us: float
    take_worst_us: float
    chunk_rows: float

    def figures(self) -> dict[str, object]:
        """All of it, for JSON."""
        return {**asdict(self), "chunking": self.chunking.value}


def cost(chunking: Chunking, customers: int, *, chunks: int = 300) -> Cost:
    """Measure; at most *chunks* are taken, each of which ends when nothing else may go."""
    rows = [
        Prepared(number, f"{number % customers:05}", f"order-{number:06}", b"x" * 110)
        for number in range(WAITING)
    ]
    gc.collect()
    tracemalloc.start()
    chunker = _filled(chunking, rows)
    row_bytes = tracemalloc.get_traced_memory()[0] / WAITING
    tracemalloc.stop()
    began = process_time()
    chunker = _filled(chunking, rows)
    add_us = 1e6 * (process_time() - began) / WAITING
    takes: list[float] = []
    open_chunks = deque[Chunk]()
    handed_out = 0
    while not chunker.done and len(takes) < chunks:
        began = process_time()
        chunk = chunker.take()
        if chunk is None:
            chunker.release(open_chunks.popleft())
            continue
        takes.append(1e6 * (process_time() - began))
        open_chunks.append(chunk)
        handed_out += len(chunk)
    rows_each = handed_out / len(takes)
    return Cost(chunking, customers, row_bytes, add_us, median(takes), max(takes), rows_each)


def _filled(chunking: Chunking, rows: Iterable[Prepared]) -> Chunker:
    chunker = Chunker(chunking)
    for row in rows:
        chunker.add(row)
    chunker.end()
    return chunker


def run(*, seeds: int = 3) -> Result:
    """
    Measure everything.

    Args:
        seeds: how often each way is run with all rows at hand, each time with other chance.
    """
    inputs = {ordering: orders(ordering) for ordering in ORDERINGS}

    def run_all(cases: Iterable[Case]) -> list[Found]:
        return [measure(case, inputs[case.ordering]) for case in cases]

    by_pace = run_all(
        Case(way, ordering, pace, seed=seed)
        for ordering in ORDERINGS
        for pace in PACES
        for seed in range(1, 1 + (seeds if pace is AT_ONCE else 1))
        for way in (Chunking.PLAIN, Chunking.TOGETHER)
    )
    pairs = list(zip(by_pace[::2], by_pace[1::2], strict=True))
    unique = run_all(
        Case(Chunking.UNIQUE, ordering, progress=progress)
        for ordering in ORDERINGS
        for progress in (True, False)
    )
    cases = [Case(way, ordering) for ordering in ORDERINGS for way in Chunking]
    known = {found.case: found for found in (*by_pace, *unique)}
    strict = run_all(case.judged for case in cases)
    conflicts = [(known[case], found) for case, found in zip(cases, strict, strict=True)]
    costs = [cost(way, customers) for way in Chunking for customers in (1, 23_570, WAITING)]
    figures = {
        "by_pace": [found.figures() for found in by_pace],
        "unique": [found.figures() for found in unique],
        "strict": [found.figures() for found in strict],
        "costs": [each.figures() for each in costs],
    }
    text = _text(inputs[ORDERINGS[0]], pairs, unique, conflicts, costs)
    gates = [*_cost_gates(pairs), *_conflict_gates(conflicts)]
    return Result("chunking", "Chunking a shop's orders", gates, text, figures)


def _cost_gates(pairs: Pairs) -> Iterator[Gate]:
    for ordering in ORDERINGS:
        for pace, words in ((AT_ONCE, "rows at hand"), (CSV_PACE, f"{CSV_PACE:,.0f} rows/s")):
            case = (ordering, pace)
            of_case = [(p, t) for p, t in pairs if (p.case.ordering, p.case.pace) == case]
            what = f"{ordering}, {words}: together / plain"
            yield Gate(f"{what}, jobs", max(t.jobs / p.jobs for p, t in of_case), MOST)
            yield Gate(f"{what}, time", max(t.seconds / p.seconds for p, t in of_case), MOST)


def _conflict_gates(conflicts: Pairs) -> Iterator[Gate]:
    for free, strict in conflicts:
        plain = free.case.chunking is Chunking.PLAIN
        what = f"{free.case.ordering}, {free.case.chunking.value}: rows"
        yield Gate(f"{what} refused with 2001", strict.refused, int(plain), at_least=plain)
        yield Gate(f"{what} out of order", free.inversions, int(plain), at_least=plain)


def _pace_table(pairs: Pairs) -> str:
    heads = ("input", "rows/s", "seed", "plain: jobs", "s", "together: jobs", "s", "x jobs", "x s")
    return table(
        heads,
        [
            (p.case.ordering, f"{p.case.pace:,.0f}" if p.case.pace else "at hand", p.case.seed,
             p.jobs, round(p.seconds, 1), t.jobs, round(t.seconds, 1), t.jobs / p.jobs,
             t.seconds / p.seconds)
            for p, t in pairs
        ],
    )  # fmt: skip


def _turn_table(unique: Sequence[Found]) -> str:
    heads = (
        "input", "server tells progress", "jobs", "turns", "seconds", "bound, s", "x bound",
        "polls", "s a turn: job", "other",
    )  # fmt: skip
    return table(
        heads,
        [
            (f.case.ordering, "yes" if f.case.progress else "no", f.jobs, f.turns,
             round(f.seconds, 1), round(f.chain, 1), f.seconds / f.chain, f.polls,
             f.chain / f.turns - 2 * TRIP, (f.seconds - f.chain) / f.turns + 2 * TRIP)
            for f in unique
        ],
    )  # fmt: skip


def _cost_table(costs: Sequence[Cost]) -> str:
    heads = ("chunking", "customers", "bytes a row", "add, µs", "take, µs", "worst", "rows a chunk")
    return table(
        heads,
        [
            (c.chunking.value, c.customers, c.row_bytes, c.add_us, c.take_us, c.take_worst_us,
             c.chunk_rows)
            for c in costs
        ],
    )  # fmt: skip


def _text(
    rows: Sequence[Row],
    pairs: Pairs,
    unique: Sequence[Found],
    conflicts: Pairs,
    costs: Sequence[Cost],
) -> str:
    customers = Counter(field_of(row, "customerId") for row in rows)
    busiest = customers.most_common(1)[0][1]
    refused = table(
        ("input", "chunking", "rows refused with 2001", "rows out of order"),
        [
            (free.case.ordering, free.case.chunking.value, strict.refused, free.inversions)
            for free, strict in conflicts
        ],
    )
    return f"""
{len(rows):,} orders of {len(customers):,} customers, {busiest} of the busiest. Full rows, through the client
and the sandbox over HTTP in one process; default limits and look-ahead; jobs of 1 to 5 s, evenly drawn,
any number at once; {1000 * TRIP:.0f} ms a round trip on average. Time is virtual. Computing takes none of it, so
the input's pace is given: the rows are at hand, or come so many a second.

`together` reads ahead before the first chunk, up to the look-ahead's rows or seconds, so that a
customer's orders meet. That is free where rows are at hand. Else it takes as long as reading them does,
or five seconds, whichever is shorter, which weighs in a run of ten seconds and not in a long one.

{_pace_table(pairs)}

`unique` takes the busiest customer's {busiest} turns. The bound is the time of the very jobs that carried this
customer, one after the other, with two round trips for each: a submission, and a poll that finds it
ended. What is above it is the time from a job's end to the poll that finds it. Jobs beyond the turns
are full ones, which nobody in a hurry travels in.

{_turn_table(unique)}

Rows that a server refuses which fails those of a customer in two open jobs; and rows that a server which
does not has applied after a later row of their customer:

{refused}

What {WAITING:,} rows that wait cost on this machine: memory besides the rows themselves, and CPU time. Taking a
chunk costs by what is in it, not by what waits.

{_cost_table(costs)}
"""
