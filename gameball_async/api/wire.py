"""One HTTP request and its answer, as values, and what carries them."""

from __future__ import annotations

from typing import Protocol

from attrs import define, field, frozen


@define
class About:
    """
    What a request is for, for observers; nothing of it is sent. Filled in as it becomes known.

    Attributes:
        route: the path with ``{jobId}`` in place of a number: one value for each sort of call.
        kind: name of the batch kind of a submission.
        job_id: the job that is asked about or stopped.
        attempt: which try of one call this is, from 1.
        waited: seconds that it waited for quota.
        polled: asked in the background, for all who watch the job.
        asks: a question, which applies nothing.
    """

    route: str = ""
    kind: str | None = None
    job_id: int | None = None
    attempt: int = 1
    waited: float = 0.0
    polled: bool = False
    asks: bool = False


@frozen
class WireRequest:
    """
    One HTTP request, without the keys.

    Attributes:
        method: GET, POST or DELETE.
        path: from the root of the host, made of parts that were checked.
        body: the whole JSON body; None where there is none.
        secret: whether the secret key goes along with the API key.
        about: what it is for, for observers; nothing of it is sent.
        fresh: whether it wants a connection that was not used before: one that the server closes as
            the request leaves would leave its fate in doubt.
        connect_within: seconds that connecting may take; None for as long as the transport allows.
    """

    method: str
    path: str
    body: bytes | None = field(default=None, repr=False)
    secret: bool = True
    about: About = field(factory=About)
    fresh: bool = False
    connect_within: float | None = None


@frozen
class WireResponse:
    """
    One HTTP answer, read whole.

    Attributes:
        status: the HTTP status.
        body: decoded and complete, at most as long as the transport allows.
        retry_after: the header of that name, as it came.
        date: the header of that name, which a ``Retry-After`` date is measured against.
    """

    status: int
    body: bytes = field(repr=False)
    retry_after: str | None = None
    date: str | None = None


class Transport(Protocol):
    """Sends one request and reads its answer whole. It decides nothing and repeats nothing."""

    async def send(self, request: WireRequest) -> WireResponse:
        """
        Send *request* and return the answer.

        Raises:
            UnreachableError: no connection came about.
            NotSentError: provably nothing of the request reached Gameball.
            AnswerLostError: it was written, but no whole answer came back.
        """
        ...
