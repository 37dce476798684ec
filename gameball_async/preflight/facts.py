"""
What was asked, answered, and made of it, as values: filled in by `probing`, judged by `judging`.

Among it what Gameball's documents say, or leave open, that a check of the account can confirm or contradict.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from attrs import define, field, frozen

from ..api.jobs import JobStatus
from ..errors import (
    APIError,
    AuthenticationError,
    GameballError,
    NotGameballError,
    NotSentError,
    RejectedError,
    UnknownJobError,
)
from .findings import Findings, Verdict
from .learned import Amount, Sample, Trial, amount_of

MADE_UP = "gameball-async-check"
"""The customer to ask about if the user names none."""


class Said(Enum):
    """What an answer comes to."""

    YES = "yes"
    MISSING = "there is no such path, or nothing by that name"
    KEYS = "the keys were refused"
    REFUSED = "refused"
    UNREACHED = "Gameball was not reached"
    UNCLEAR = "no usable answer"


@frozen
class Reply:
    """
    What one question came to.

    Attributes:
        said: in a word.
        why: Gameball's words or ours; empty where all is well. They may quote a row.
        code: Gameball's code; None where there was none.
    """

    said: Said
    why: str = field(default="", repr=False)
    code: int | None = None

    @property
    def yes(self) -> bool:
        """Whether it was answered as it should be."""
        return self.said is Said.YES


def reply_of(error: GameballError) -> Reply:
    """What an error says of the question that it ended."""
    if isinstance(error.__cause__, NotGameballError):  # of a submission whose fate is unknown
        return Reply(Said.UNREACHED, str(error.__cause__))
    code = error.code if isinstance(error, APIError) else None
    said = Said.UNCLEAR
    if isinstance(error, AuthenticationError):
        said = Said.KEYS
    elif isinstance(error, UnknownJobError) or (
        isinstance(error, RejectedError) and error.status in (404, 405)
    ):
        said = Said.MISSING
    elif isinstance(error, RejectedError):
        said = Said.REFUSED
    elif isinstance(error, NotSentError | NotGameballError):
        said = Said.UNREACHED
    return Reply(said, str(error), code)


@frozen(kw_only=True)
class Plan:
    """
    What a check is to ask.

    Attributes:
        version: asked for first.
        version_given: whether the user named it.
        dialect_given: the path for a job's status that the user named; None where none was.
        customer: whose balance is asked for.
        try_it: whether that balance may be moved by 1 and back.
    """

    version: str
    version_given: bool = False
    dialect_given: str | None = None
    customer: str = field(default=MADE_UP, repr=False)
    try_it: bool = False

    @property
    def made_up(self) -> bool:
        """Whether the user named no customer."""
        return self.customer == MADE_UP


@define
class Facts:
    """
    What a check has learned so far.

    Attributes:
        plan: what it was to ask.
        key_mode: ``test`` or ``live``, by the key's beginning; None if that shows neither.
        submitted: what a submission of an inquiry came to, by version.
        job_id: the inquiry's job; None where none is known.
        ended: what waiting for that job came to; None where it was not waited for.
        status: the job's last status.
        dialects: what asking for its status came to, by path: ``tutorial``, ``openapi``.
        versions: the same by version, for those that were not used to submit.
        answers: how many requests were answered at all.
        samples: dates of answers.
        trial: the adjustment and its inverse; None where none was asked for.
        earlier: what an earlier check of this account has found; None where there was none.
    """

    plan: Plan
    key_mode: str | None = None
    submitted: dict[str, Reply] = field(factory=dict)
    job_id: int | None = None
    ended: Reply | None = None
    status: JobStatus | None = field(default=None, repr=False)
    dialects: dict[str, Reply] = field(factory=dict)
    versions: dict[str, Reply] = field(factory=dict)
    answers: int = 0
    samples: list[Sample] = field(factory=list)
    trial: Trial | None = None
    earlier: Findings | None = None

    @property
    def key_words(self) -> str:
        """The key's mode in words."""
        known = {"test": "a test key", "live": "a live key"}
        return known.get(self.key_mode or "", "a key whose beginning shows neither test nor live")

    @property
    def version(self) -> str | None:
        """The version under which a submission was accepted."""
        return next((version for version, reply in self.submitted.items() if reply.yes), None)

    @property
    def dialect(self) -> str | None:
        """The path that returns a job's status, the first that was asked; None if none does."""
        found = [name for name, reply in self.dialects.items() if reply.yes]
        if self.plan.dialect_given in found:
            return self.plan.dialect_given
        return next(iter(found), None)  # in the order in which they were asked

    @property
    def amount(self) -> Amount | None:
        """What the amount of an adjustment counts: as learned now, or else in an earlier check."""
        now = None if self.trial is None else amount_of(self.trial)
        return now or (None if self.earlier is None else self.earlier.amount)

    @property
    def reached(self) -> bool:
        """Whether anything of Gameball's has answered."""
        foreign = all(reply.said is Said.UNREACHED for reply in self.submitted.values())
        return self.answers > 0 and not foreign


@frozen
class Probe:
    """
    What one probe came to.

    Attributes:
        name: short.
        verdict: whether it blocks a migration.
        said: what happened, in words. It may quote Gameball, and a balance.
        cure: what to do; empty for nothing.
        holds: for each assumption that it put to the test, whether it holds.
    """

    name: str
    verdict: Verdict
    said: str = field(repr=False)
    cure: str = ""
    holds: Mapping[str, bool] = field(factory=dict)


@frozen
class Assumption:
    """
    One thing that is taken to be so.

    Attributes:
        name: short, for files.
        says: what is taken to be so.
        source: the page that says it, or that no page does.
    """

    name: str
    says: str
    source: str


ASSUMPTIONS: Mapping[str, Assumption] = {
    each.name: each
    for each in (
        Assumption(
            "key-prefix", "the beginning of an API key shows test or live", "Authentication"
        ),
        Assumption("both-keys", "batch calls are accepted with both keys", "the batch pages"),
        Assumption(
            "version-v4", "the API is served as v4", "the tutorial of the batch customer API"
        ),
        Assumption("version-v4.0", "the API is served as v4.0", "Batch APIs, the OpenAPI file"),
        Assumption("version-v4.1", "the API is served as v4.1", "the page on security"),
        Assumption("status-batch", "GET /batch/{jobId} returns a job's status", "Batch APIs"),
        Assumption(
            "status-batches",
            "GET /batches/{batchId}/status returns a job's status",
            "the OpenAPI file",
        ),
        Assumption(
            "date-header", "answers have a Date header", "HTTP; no page of Gameball's says so"
        ),
        Assumption("job-ends", "a job ends as completed or failed", "Batch APIs"),
        Assumption("entry-customer", "an entry names its customer as customerId", "Batch APIs"),
        Assumption(
            "balance-fields",
            "a batch inquiry answers with totalPointsBalance",
            "Get Customer Balance; no batch page says so",
        ),
        Assumption(
            "unknown-refused",
            "an inquiry for an unknown customer fails",
            "Errors, code 7000; no batch page",
        ),
        Assumption(
            "amount-points", "the amount of an adjustment means points", "no page: points or money"
        ),
        Assumption(
            "amount-negative",
            "a negative amount takes points away",
            "no page: only that it is a number",
        ),
        Assumption(
            "adjustment-visible", "the next inquiry shows an adjustment that is done", "no page"
        ),
    )
}
"""By name."""
