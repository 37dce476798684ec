"""
Decides what the sandbox answers to a request: handle(request, now) -> Reply, without I/O.

Time is an argument, in seconds since the sandbox began; it must not go back. Chance is given as a callable. Everything
that the account knows afterwards is in *memory*, *jobs* and *ledger*. Sources are named where a
rule is; what no page documents is a setting of `Options` or is said to be the sandbox's choice.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from . import calls
from .account import EFFECTS, Ledger, Memory, identity
from .calls import Route
from .faults import Faults
from .forms import UPSERT, Form
from .jobs import Job, Line
from .messages import Chance, Ending, Reason, Refusal, Reply, Request, Seen, json_reply
from .options import Options
from .script import Circumstance
from .windows import Windows

_BUSY = (2001, "Another request for the same customer is in progress")


class Service:
    """
    One account at Gameball.

    Arguments:
        options: how it behaves.
        chance: what service times draw from.
        faults: the script of what goes wrong.
        observe: called with what was seen of each request.
    """

    def __init__(
        self,
        options: Options,
        chance: Chance,
        faults: Faults,
        observe: Callable[[Seen], None] | None = None,
    ) -> None:
        self.options = options
        self.faults = faults
        self.memory: Memory = Memory(options)
        self.ledger: Ledger = Ledger(discard=options.discard)
        self.jobs: dict[int, Job] = {}
        self.counts: Counter[str] = Counter()
        self.rate_limited: int = 0
        limits = options.limits or ()
        watched = sorted({1.0, 30.0} | {seconds for _, seconds in limits})
        self.buckets: dict[str, Windows] = {
            name: Windows(limits, watched) for name in ("others", "customers")
        }
        self._observe = observe
        self._line = Line(options.service_time, chance, self._apply, self._closed)
        self._open: Counter[str] = Counter()
        self._held: dict[int, set[str]] = {}
        if options.others_per_second:
            self.foreign(options.others_per_second, 0.0)

    def advance(self, now: float) -> None:
        """Plays everything that happens at the server up to *now*."""
        self._line.advance(now)

    def foreign(self, rate: float, now: float) -> None:
        """From *now* on, others on the account send *rate* requests a second; 0 ends it."""
        self.buckets["others"].foreign(rate, now)

    def move(self, customer: str, points: float, now: float) -> None:
        """Something else than a request of ours moves a balance at *now*; the customer becomes a known one."""
        self.advance(now)
        self.memory.gameball_id(customer)
        self.memory.move(customer, points)

    def handle(self, request: Request, now: float) -> Reply:
        """Answers one request that arrives at *now*."""
        self._line.advance(now)
        options = self.options
        where = calls.route(request.method, request.path, options.dialect, options.versions)
        self.counts[where.sort] += 1
        jobs = len(self.jobs)
        reply, fault = self._answer(request, where, now)
        if reply.status == 429:
            self.rate_limited += 1
        if self._observe is not None:
            accepted = len(self.jobs) > jobs
            job = next(reversed(self.jobs.values())) if accepted else self._job(where)
            rows = {"submit": job.rows if job else 0, "upsert": 1}.get(where.sort, 0)
            status = None if reply.ending in (Ending.RESET, Ending.RAW) else reply.status
            self._observe(Seen(
                now, request.method, request.path, status, where.sort, _kind(where, job), rows,
                job.id if job else where.job_id, fault,
            ))  # fmt: skip
        return reply

    def _job(self, where: Route) -> Job | None:
        return None if where.job_id is None else self.jobs.get(where.job_id)

    def _answer(self, request: Request, where: Route, now: float) -> tuple[Reply, str | None]:
        try:
            self._authenticate(request, where)
            if not self._bucket(where).admit(now):
                raise Refusal(None, "Too many requests", status=429)
        except Refusal as refusal:
            return self._refuse(refusal, where, now), None
        job = self._job(where)
        ended = job is not None and job.ended is not None
        fault = self.faults.draw(Circumstance(where.sort, _kind(where, job), where.job_id, ended))
        if fault is not None and not fault.commit:
            return fault.change(Reply(200)), fault.name
        try:
            reply = self._carry_out(request, where, now)
        except Refusal as refusal:
            reply = self._refuse(refusal, where, now)
        return (reply, None) if fault is None else (fault.change(reply), fault.name)

    def _authenticate(self, request: Request, where: Route) -> None:
        """Both keys for batches; for the upsert only on v4.1 and in High Security Mode."""
        options = self.options
        if request.header("APIKey") != options.api_key:
            raise Refusal(1000, "Unauthorised: the API key is missing or unknown")
        single = where.sort == "upsert" and where.version != "v4.1" and not options.high_security
        secret = request.header("SecretKey")
        if secret is None and not single:
            raise Refusal(1001, "The secret key is required")
        if secret is not None and secret != options.secret_key:
            raise Refusal(1000, "Unauthorised: the secret key is unknown")

    def _bucket(self, where: Route) -> Windows:
        return self.buckets["customers" if where.sort == "upsert" else "others"]

    def _refuse(self, refusal: Refusal, where: Route, now: float) -> Reply:
        headers: tuple[tuple[str, str], ...] = ()
        if refusal.status == 429 and self.options.retry_after:
            seconds = math.ceil(self._bucket(where).wait(now))
            headers = (("Retry-After", str(max(1, seconds))),)
        return refusal.reply(f"req_{self.counts.total():08}", *headers)

    def _carry_out(self, request: Request, where: Route, now: float) -> Reply:
        if where.form is not None:
            return json_reply(self._submit(request, where.form, now))
        if where.sort == "upsert":
            return json_reply(self._upsert(request, now))
        job = self._job(where)
        if job is None:
            what = "Batch job" if where.sort in ("poll", "stop") else "Resource"
            raise Refusal(4004, f"{what} not found")
        if where.sort == "stop":
            self._line.stop(job, now)
            told = calls.other_stopped(job, self.options)
            return json_reply(told if where.other_dialect else calls.stopped())
        tell = calls.other_status if where.other_dialect else calls.status
        return json_reply(tell(job, self.options))

    def _submit(self, request: Request, form: Form, now: float) -> Any:
        items = calls.read_items(request, form)
        body = None if self.options.discard else request.body
        number = self.options.first_job_id + len(self.jobs)
        job = Job(number, form, len(items), now, items, body)
        self.jobs[number] = job
        if self.options.strict_customers and not form.plain:
            self._held[number] = {name for item in items for name in self._names(item)}
            self._open.update(self._held[number])
        self._line.enter(job, now)
        self._line.advance(now)
        return calls.job_created(job, self.options)

    def _upsert(self, request: Request, now: float) -> Any:
        item = calls.read_object(request)
        self._check(UPSERT, item)
        if any(self._open[name] for name in self._names(item)):
            raise Refusal(*_BUSY)
        EFFECTS[UPSERT.name](self.memory, item)
        self.memory.merge(item)
        self.ledger.record(Job(0, UPSERT, 1, now, [item], None), 0, 1, 0, now)
        return {"gameballId": self.memory.gameball_id(self.memory.person(item))}

    def _apply(self, job: Job, stop: int, when: float) -> None:
        """Gives the job's items before *stop* their turn."""
        start, items, details = job.applied, job.items(), job.details()
        for index in range(start, stop):
            try:
                extra = self._apply_one(job.form, items[index])
            except Refusal as refusal:
                details.failures[index] = refusal.reason
                continue
            if extra is not None:
                details.extras[index] = extra
        refused = len(details.failures) - job.errors
        job.applied = stop
        job.errors += refused
        self.ledger.record(job, start, stop, refused, when)

    def _apply_one(self, form: Form, item: Any) -> Mapping[str, Any] | None:
        """One item has its turn: what its entry says beyond the id."""
        options = self.options
        self._check(form, item)
        strict = options.strict_customers and not form.plain
        if strict and any(self._open[name] > 1 for name in self._names(item)):
            raise Refusal(*_BUSY)
        if options.fail_if is not None or options.fail_rate > 0:
            self._screen(form, item)
        extra = EFFECTS[form.name](self.memory, item)
        if options.merge_by != "id" and not form.plain:
            self.memory.merge(item)
        return extra

    def _screen(self, form: Form, item: Any) -> None:
        """Refuses what the options ask to be refused."""
        asked = self.options.fail_if(form.name, item) if self.options.fail_if else None
        if isinstance(asked, Reason):
            raise Refusal(asked.code, asked.text)
        drawn = zlib.crc32(f"{self.options.seed}:{form.name}{identity(form.name, item)}".encode())
        if asked or drawn < self.options.fail_rate * 2**32:
            raise Refusal(None, asked if isinstance(asked, str) and asked else form.undone)

    def _closed(self, job: Job) -> None:
        self._open.subtract(held := self._held.pop(job.id, set()))
        for name in held:
            if not self._open[name]:
                del self._open[name]

    def _names(self, item: Any) -> set[str]:
        """What tells the customer of *item* from others: the id, and the contact that merges."""
        if not isinstance(item.get("customerId"), str):
            return set()
        names = {self.memory.person(item), item.get(self.options.merge_by)}
        return {name for name in names if isinstance(name, str)}

    def _check(self, form: Form, item: Any) -> None:
        form.check(item, accept_null=self.options.accept_null, contact=self.options.merge_by)


def _kind(where: Route, job: Job | None) -> str | None:
    return where.form.name if where.form else job.kind if job else None
