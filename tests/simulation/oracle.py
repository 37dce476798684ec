"""
Judges a simulated run by what the server knows: the invariants, each as a function.

Where a promise has an honest exception, it is stated where it is made.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import orjson

from gameball_async.api.codes import Code
from gameball_async.api.kinds import KINDS, Chunking, Replay
from gameball_async.api.requests import join_items
from gameball_async.errors import RateLimitError
from gameball_async.journal.state import Resumable, Stage
from gameball_async.rows.check import preparer
from gameball_async.rows.outcome import Outcome
from gameball_async.rows.row import Prepared
from tests.simulation.plan import number_of
from tests.simulation.world import Session, Told, World

__all__ = ["violations"]


def violations(world: World) -> list[str]:
    """Everything that is wrong with a run that is over; empty where nothing is."""
    world.end_of_time()
    recorded = world.recorded()
    if recorded is None:
        return ["I1 there is no journal"]
    truth = _Truth(world, recorded)
    checks = (
        truth.conservation,
        truth.at_most_once,
        truth.agreement,
        truth.tightness,
        truth.nothing_left,
        truth.patience,
        truth.windows,
        truth.cancellation,
        truth.durability,
        truth.liveness,
        truth.one_job_each,
        truth.order,
        truth.fidelity,
    )
    return [*world.broken, *(found for check in checks for found in check())]


class _Truth:
    def __init__(self, world: World, recorded: Resumable) -> None:
        self.world = world
        self.plan = world.plan
        self.kind = KINDS[world.plan.kind]
        self.recorded = recorded
        self.ends = _ends(recorded)
        self.entries = list(world.service.ledger.entries(self.kind.name))
        self.applied = Counter(number_of(self.kind.name, e.item) for e in self.entries)
        self.last = world.sessions[-1]

    def conservation(self) -> Iterator[str]:
        """I1: each row has exactly one outcome, and the counts add up to the input."""
        rows = set(range(len(self.plan.rows)))
        if set(self.ends) != rows:
            yield f"I1 lost {sorted(rows - set(self.ends))}, extra {sorted(set(self.ends) - rows)}"
        for position, ends in self.ends.items():
            if len(ends) != 1:
                yield f"I1 row {position} has outcomes {ends}"
        for session in self.world.sessions:
            yield from self._session_adds_up(session)
        report = self.last.report
        if report is not None:
            said = {outcome: getattr(report, outcome.value) for outcome in Outcome}
            counts = Counter(outcome for ends in self.ends.values() for outcome in ends)
            if report.rows != len(rows) or said != {o: counts[o] for o in Outcome}:
                yield f"I1 the last report says {said} of {report.rows}, the journal {counts}"

    def _session_adds_up(self, session: Session) -> Iterator[str]:
        told = Counter(position for position, _ in session.told)
        if any(times > 1 for times in told.values()):
            yield f"I1 session {session.number} told rows more than once: {told}"
        report = session.report
        if report is None:
            return
        if report.rows != report.settled:
            yield f"I1 session {session.number}: {report.rows} rows read, {report.settled} settled"
        if not (session.cancelled or session.disturbance.how == "leave"):
            before = 0 if session.recorded is None else len(_told_by(session.recorded))
            if report.rows != before + len(told):
                yield f"I1 session {session.number}: {report.rows} rows, {before} + {len(told)} told"

    def at_most_once(self) -> Iterator[str]:
        """I2: nothing is applied twice, but for what may be applied any number of times."""
        if self.kind.replay is not Replay.REPLAYABLE:
            twice = {n: times for n, times in self.applied.items() if times > 1}
            if twice:
                yield f"I2 applied more than once: {twice}"

    def agreement(self) -> Iterator[str]:
        """
        I3: succeeded means applied; failed, rejected and unsent mean not applied.

        What was told while the disk failed is in no journal, and what was refused for the keys'
        sake is no fault of the row's: a later session may send it.
        """
        for session in self.world.sessions:
            if not _disk_failed(session):
                yield from self._agrees(_lasting(session), f"session {session.number}")
        ends = [(n, end) for n, found in self.ends.items() for end in found]
        for position, outcome in ends:
            yield from self._true(position, outcome, "the journal")

    def _agrees(self, told: list[tuple[int, Any]], who: str) -> Iterator[str]:
        for position, said in told:
            yield from self._true(position, said.outcome, who)

    def _true(self, position: int, outcome: Outcome, who: str) -> Iterator[str]:
        times = self.applied[position]
        if outcome is Outcome.SUCCEEDED and not times:
            yield f"I3 {who}: row {position} succeeded, and was never applied"
        # Of what may be repeated the last answer counts: an earlier attempt may have been applied.
        untouched = outcome in (Outcome.FAILED, Outcome.REJECTED, Outcome.UNSENT)
        if untouched and times and self.kind.replay is not Replay.REPLAYABLE:
            yield f"I3 {who}: row {position} {outcome.value}, and was applied {times} times"

    def tightness(self) -> Iterator[str]:
        """
        I4: no doubt without a cause.

        Rows of one customer in one chunk that ended differently cannot be told apart by some
        answers, so where items fail that is promised of *unique* chunks only.
        """
        doubtful = sorted(n for n, ends in self.ends.items() if Outcome.INDETERMINATE in ends)
        plan = self.plan
        # Two jobs of one customer at once, which only *plain* chunks make, are refused as well.
        crowded = plan.options["strict_customers"] and plan.chunking is Chunking.PLAIN
        fails = plan.options["fail_rate"] or crowded
        told_apart = not fails or plan.chunking is Chunking.UNIQUE
        if self.plan.calm and told_apart and doubtful:
            yield f"I4 doubts in a calm run: {doubtful}"
        sent = self._sent()
        unsafe = any(s.killed or s.disturbance.how == "disk" for s in self.world.sessions)
        if not unsafe and (never := [n for n in doubtful if n not in sent]):
            yield f"I4 in doubt, and never on the wire: {never}"
        unsettled = [r.number for r in self.recorded.chunks if r.stage is not Stage.SETTLED]
        if unsettled:
            yield f"I4 the run is over, and chunks {unsettled} are not settled"
        if any(Outcome.UNSENT in ends for ends in self.ends.values()):
            yield "I4 the journal says unsent"

    def _sent(self) -> set[int]:
        bodies = (orjson.loads(body)["body"] for body in self.world.tried if body)
        items = (item for body in bodies for item in body if self._of_the_run(item))
        return {number_of(self.kind.name, item) for item in items}

    def nothing_left(self) -> Iterator[str]:
        """I6: no task outlives a session that ended by itself."""
        for session in self.world.sessions:
            if session.left_over:
                yield f"I6 session {session.number} left {session.left_over}"

    def patience(self) -> Iterator[str]:
        """I8: a 429 is waited for, and never ends a run."""
        for session in self.world.sessions:
            if isinstance(session.error, RateLimitError):
                yield f"I8 session {session.number} ended by a 429"

    def windows(self) -> Iterator[str]:
        """
        I8: no window of the server's holds more requests than it may.

        A request that arrives after its client has given it up is not the client's to time. One
        session after another, kills or not, is held to the windows as if they were one client.
        """
        if self.world.late_arrivals:
            return
        for session in self.world.sessions:
            for limit, seconds in self.plan.quota.windows:
                if session.peaks[seconds] > limit:
                    yield (
                        f"I8 session {session.number}: {session.peaks[seconds]} requests in "
                        f"{seconds} s, {limit} allowed"
                    )

    def cancellation(self) -> Iterator[str]:
        """I9: a cancellation comes out, and soon."""
        for session in self.world.sessions:
            if session.disturbance.how != "cancel" or not session.struck:
                continue
            took = session.ended_at - session.struck_at
            if not session.cancelled:
                yield f"I9 session {session.number} swallowed a cancellation"
            elif took > (1.0 if self.plan.on_cancel == "detach" else 6.0):
                yield f"I9 session {session.number} took {took:.3f} s to be cancelled"

    def durability(self) -> Iterator[str]:
        """I10: what was told as certain stays so, unless the disk refused to keep it."""
        for session in self.world.sessions:
            if _disk_failed(session):
                continue
            for position, told in _lasting(session):
                certain = told.outcome not in (Outcome.INDETERMINATE, Outcome.PENDING)
                if certain and self.ends.get(position) != [told.outcome]:
                    yield (
                        f"I10 row {position} was told {told.outcome.value} in session "
                        f"{session.number}, and ended as {self.ends.get(position)}"
                    )

    def liveness(self) -> Iterator[str]:
        """I11: with a server that has healed a run comes to its end; and then has nothing to do."""
        last = self.last
        if last.error is not None:
            yield f"I11 the last session failed: {last.error!r}"
        elif last.report is None or not last.report.complete:
            yield "I11 the last session did not finish"
        done = False
        for session in self.world.sessions:
            if done and session.requests:
                yield f"I11 session {session.number} sent requests for a finished run"
            done = done or (session.report is not None and session.report.complete)

    def _known(self) -> dict[int, Any]:
        """
        Jobs that the client knows to be its own, and watches to their end.

        It cannot keep another job apart from one whose number it has never learned, nor from one
        that the server has told it does not exist, or will not tell it of.
        """
        jobs = self.world.service.jobs
        given_up = {
            told.job_id
            for session in self.world.sessions
            for _, told in session.told
            if told.outcome is Outcome.INDETERMINATE
        }
        doubtful = (o.row for o in self.recorded.odd if o.row.outcome is Outcome.INDETERMINATE)
        given_up |= {row.job_id for row in doubtful}
        return {
            number: jobs[number]
            for number in self.world.acknowledged
            if number not in given_up and jobs[number].kind == self.kind.name
        }

    def one_job_each(self) -> Iterator[str]:
        """I12: never two open jobs of one customer at once, but for *plain*."""
        if self.plan.chunking is Chunking.PLAIN:
            return
        spans = defaultdict(list)
        for job in self._known().values():
            for name in set(job.details().names):
                spans[name].append((job.created, job.ended, job.id))
        for name, times in spans.items():
            times.sort()
            for (_, ended, one), (created, _, other) in pairwise(times):
                if created < ended:
                    yield f"I12 {name} is in jobs {one} and {other} at once"

    def order(self) -> Iterator[str]:
        """I12: a customer's rows are applied in the order they came, but for *plain*."""
        if self.plan.chunking is Chunking.PLAIN:
            return
        known = self._known()
        seen = defaultdict(list)
        for entry in self.entries:
            if entry.job_id in known:
                seen[entry.customer].append(number_of(self.kind.name, entry.item))
        for customer, numbers in seen.items():
            if customer is not None and numbers != sorted(numbers):
                yield f"I12 the rows of {customer} were applied as {numbers}"

    def fidelity(self) -> Iterator[str]:
        """I14: each request holds the bytes of whole rows, as they were made ready."""
        prepare = preparer(self.kind)
        for submission in self.world.submissions:
            if not self._mine(submission):
                continue
            numbers = [
                number_of(self.kind.name, item) for item in orjson.loads(submission.body)["body"]
            ]
            rows = [prepare(n, self.plan.rows[n]) for n in numbers]
            payloads = [row.payload for row in rows if isinstance(row, Prepared)]
            if submission.body != join_items(payloads):
                yield f"I14 the bytes of rows {numbers} are not as they were made"

    def _mine(self, submission: Any) -> bool:
        """Whether it is of the run's kind, rather than a question about orders."""
        return self._of_the_run(orjson.loads(submission.body)["body"][0])

    def _of_the_run(self, item: Any) -> bool:
        return isinstance(item, str) == (self.kind.name == "order-transactions")


def _lasting(session: Session) -> list[tuple[int, Told]]:
    """What was told of rows that no later session sends."""
    wrong_keys = (Outcome.REJECTED, Code.UNAUTHORIZED.value)
    return [
        (n, told)
        for n, told in session.told
        if told.outcome is not Outcome.UNSENT and (told.outcome, told.code) != wrong_keys
    ]


def _disk_failed(session: Session) -> bool:
    return session.disturbance.how == "disk" and session.struck


def _ends(recorded: Resumable) -> dict[int, list[Outcome]]:
    """Each row's outcome as the journal has it."""
    ends: dict[int, list[Outcome]] = {odd.row.position: [] for odd in recorded.odd}
    for odd in recorded.odd:
        ends[odd.row.position].append(odd.row.outcome)
    for record in recorded.chunks:
        odd_ones = {o.row.position for o in recorded.odd if o.row.chunk == record.number}
        plain = [position for position in record.positions if position not in odd_ones]
        for position in plain:
            ends.setdefault(position, []).append(Outcome.SUCCEEDED)
        if len(plain) > record.succeeded:
            ends.setdefault(-record.number, []).append(Outcome.SUCCEEDED)  # counts do not add up
    return ends


def _told_by(recorded: Resumable) -> set[int]:
    """Rows that were settled before, so that a session does not tell of them."""
    settled = {o.row.position for o in recorded.odd}
    for record in recorded.chunks:
        if record.stage is Stage.SETTLED:
            settled.update(record.positions)
    return settled
