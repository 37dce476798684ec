"""Asks Gameball, through clients, what a check needs to know. `judging` decides what the answers mean."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import anyio
from attrs import frozen

from ..api.jobs import Job
from ..api.requests import API_VERSIONS, Dialect
from ..errors import APIError, GameballError, NotSentError, ServerError
from .facts import Facts, Reply, Said, reply_of
from .learned import SMALLEST, Balance, Fate, Sample, Step, Trial, balance_of, fate_of

if TYPE_CHECKING:
    from ..client import GameballClient
    from ..observe.events import RequestEnded
    from ..observe.hooks import OnRequest

OpenClient = Callable[[str, Dialect, "OnRequest"], AbstractAsyncContextManager["GameballClient"]]
"""Makes a client of one version and one dialect, which calls a hook after each request."""

REASON = "gameball-async check"
_YES = Reply(Said.YES)


@frozen
class Prober:
    """
    Asks one thing after the other, and records the answers as they come.

    Args:
        open_client: makes clients.
        facts: what is filled in.
        tell: says what is about to be sent.
        begin: notes that +1 is about to be sent; where it raises, nothing is.
        now: our clock, in seconds since 1970.
        deadline: seconds that each job is waited for.
    """

    open_client: OpenClient
    facts: Facts
    tell: Callable[[str], None]
    begin: Callable[[], None]
    now: Callable[[], float]
    deadline: float

    async def run(self) -> None:
        """Ask everything. Raises nothing of Gameball's: what fails is a fact, too."""
        facts = self.facts
        await self._submit()
        if facts.version is None or facts.job_id is None:
            return
        job = facts.job_id
        async with self._client(facts.version, Dialect.AUTO) as client:
            try:
                facts.status = await client.wait(job, deadline=self.deadline)
                facts.ended = _YES
            except GameballError as error:
                facts.ended = reply_of(error)
        for dialect in (Dialect.TUTORIAL, Dialect.OPENAPI):
            facts.dialects[dialect.value] = await self._ask(job, facts.version, dialect)
        if facts.dialect is None:
            return
        dialect = Dialect(facts.dialect)
        for version in API_VERSIONS:
            if version not in facts.submitted:
                facts.versions[version] = await self._ask(job, version, dialect)
        if facts.plan.try_it and facts.ended == _YES:
            async with self._client(facts.version, dialect) as client:
                await self._try(client)

    def _client(
        self, version: str, dialect: Dialect
    ) -> AbstractAsyncContextManager[GameballClient]:
        return self.open_client(version, dialect, self._note)

    def _note(self, request: RequestEnded) -> None:
        self.facts.answers += request.status is not None
        if request.server_time is not None:
            now = self.now()
            sample = Sample(now - request.seconds, now, request.server_time)
            self.facts.samples.append(sample)

    async def _submit(self) -> None:
        """Submit an inquiry under the first version that accepts it."""
        plan, facts = self.facts.plan, self.facts
        who = "a made-up customer" if plan.made_up else "the customer that you named"
        self.tell(f"asking for the balance of {who}, as a batch of one row")
        for version in (plan.version, *(each for each in API_VERSIONS if each != plan.version)):
            try:
                async with self._client(version, Dialect.AUTO) as client:
                    facts.job_id = (await self._inquire(client)).id
                    facts.submitted[version] = _YES
            except GameballError as error:
                facts.submitted[version] = reply_of(error)
            if facts.submitted[version].said is not Said.MISSING:
                return

    async def _inquire(self, client: GameballClient) -> Job:
        return await client.submit("balance-inquiries", [{"customerId": self.facts.plan.customer}])

    async def _ask(self, job: int, version: str, dialect: Dialect) -> Reply:
        """Ask for the job's status on one path."""
        try:
            async with self._client(version, dialect) as client:
                await client.status(job)
        except GameballError as error:
            return reply_of(error)
        return _YES

    # -- the trial

    async def _try(self, client: GameballClient) -> None:
        trial = self.facts.trial = Trial()
        trial.before, trial.why = await self._balance(client)
        if trial.before is None:
            return
        # A first Ctrl-C waits until what was added is taken back.
        with anyio.move_on_after(4 * self.deadline, shield=True):
            trial.add.why = "it could not be noted first"
            self.begin()
            self.tell(f"sending the adjustment of +{SMALLEST}")
            await self._adjust(client, trial.add, SMALLEST)
            if trial.add.fate is Fate.APPLIED:
                trial.between, _ = await self._balance(client)
                self.tell(f"sending the adjustment of -{SMALLEST}")
                await self._adjust(client, trial.take, -SMALLEST)
            trial.after, trial.why = await self._balance(client)

    async def _balance(self, client: GameballClient) -> tuple[Balance | None, str]:
        """The customer's balance now; or why it cannot be read."""
        try:
            job = await self._inquire(client)
            status = await client.wait(job, deadline=self.deadline)
        except GameballError as error:
            return None, str(error)
        balance = balance_of(status, self.facts.plan.customer)
        return balance, "" if balance is not None else "the answer has no balance"

    async def _adjust(self, client: GameballClient, step: Step, amount: int) -> None:
        """Send one adjustment, once, and follow it to its end if possible."""
        # Until the contrary is proven: whoever leaves from here on leaves it in doubt.
        step.fate, step.why = Fate.UNSURE, "exited before its answer came"
        item = {"customerId": self.facts.plan.customer, "amount": amount, "reason": REASON}
        try:
            job = await client.submit("balance-adjustments", [item])
        except GameballError as error:
            refused = isinstance(error, APIError) and not isinstance(error, ServerError)
            if isinstance(error, NotSentError):
                step.fate = Fate.NOT_SENT
            elif refused:
                step.fate = Fate.REFUSED
            step.why = str(error)
            return
        step.job_id, step.why = job.id, f"job {job.id} was not seen to end"
        try:
            status = await client.wait(job, deadline=self.deadline)
        except GameballError as error:
            step.why = str(error)
            return
        step.fate = fate_of(status)
        step.why = f"job {job.id} ended as {status.shown_state}"
