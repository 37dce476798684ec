"""
One HTTP request and its answer, as values, and what all answers have in common: an object, ids, counts, texts.

Nothing here trusts the other end: what cannot be read is an AnswerLostError or None, and a text is
escaped and cut before anybody sees it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

import orjson
from attrs import define, field, frozen

from ..errors import AnswerLostError

TEXT_LIMIT = 200
WORD_LIMIT = 40
_DIGITS = re.compile(r"[0-9]{1,19}")
_LARGEST: Final = 2**63
_LARGEST_WHOLE_FLOAT: Final = 2.0**53  # above it, two ids can be one float

_MANY: Final = 100  # fields
_LONG: Final = 1 << 20  # bytes; shorter ones are parsed in a few milliseconds, whatever they hold

# Every field of an answer that we read, by its name in small letters.
_NAMES: Mapping[str, str] = {
    name.lower(): name
    for name in (
        "operation", "status", "createdAt", "startedAt", "response", "successful", "failed",
        "totalCount", "finishedCount", "errorCount", "jobId", "batchId",
        "totalItems", "processedItems", "failedItems", "results", "errors", "progress",
        "code", "type", "message", "requestId", "error", "detail", "title",
    )
}  # fmt: skip


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


def clean_text(value: object, limit: int = TEXT_LIMIT) -> str:
    """
    A server's text made fit for logs, exceptions and terminals: escaped, and cut to *limit*.

    Control characters, ESC, line breaks, bidirectional marks and whatever else does not print are
    shown as escapes. What is not a text or a number becomes an empty text.
    """
    if isinstance(value, str):
        text = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        text = repr(value)
    else:
        return ""
    cut = len(text) > limit
    text = text[:limit].strip()
    if not text.isprintable():
        text = "".join(map(_shown, text))
        cut = cut or len(text) > limit
    return text[: limit - 1] + "…" if cut else text


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    if char.isspace() and char > "\xa0":
        return " "
    return char.encode("unicode_escape").decode("ascii")


def count(value: object) -> int | None:
    """A number of items; None where it is negative, broken, no number or not there."""
    if isinstance(value, str):
        value = int(value) if _DIGITS.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value < _LARGEST or value != int(value):
        return None
    return int(value)


def job_id(value: object) -> int | None:
    """A job id as a number, a whole float or ASCII digits; None for whatever may be another's."""
    if isinstance(value, float) and value >= _LARGEST_WHOLE_FLOAT:
        return None
    return count(value) or None


def read_code(value: object) -> int | None:
    """A code as an answer writes it (integer, whole float or digits); None for anything else."""
    number = count(value.strip() if isinstance(value, str) else value) or None
    return None if number is None or number >= 1_000_000 else number


def read_object(body: bytes, what: str) -> dict[str, Any]:
    """The JSON object of a body; AnswerLostError, without a word of its contents, for anything else."""
    # A byte order mark is no JSON, but nothing is in doubt behind one.
    body = body.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        raise AnswerLostError(f"{what} is empty")
    if len(body) > _LONG and _takes_long(body):
        raise AnswerLostError(
            f"{what} has more values than 1,000 items can have ({len(body)} bytes)"
        )
    try:
        answer = orjson.loads(body)
    except (ValueError, RecursionError):
        answer = None
        kind = "HTML" if body.lstrip()[:1] == b"<" else "not JSON, or incomplete"
    else:
        kind = "JSON, but not an object"
    # Raised out here, so that the parser's error, which holds the body, is not behind it.
    if not isinstance(answer, dict):
        raise AnswerLostError(f"{what} is {kind} ({len(body)} bytes)")
    return documented(answer)


def _takes_long(body: bytes) -> bool:
    """
    Whether parsing it would hold the event loop for long: that grows with the values, not the bytes.

    `benchmarks.bench_answers` measures it at these limits, which leave 1,000 items 100 texts each.
    """
    return (
        body.count(b'"') > 400_000
        or body.count(b"[") + body.count(b"{") > 100_000
        or body.count(b",") > 400_000
    )


def documented(answer: Mapping[str, Any]) -> dict[str, Any]:
    """
    The documented fields of an object, whatever their letter case; the documented one first.

    In an object of many fields, which none of Gameball's is, only the documented spelling counts.
    """
    if len(answer) > _MANY:
        return {name: answer[name] for name in _NAMES.values() if name in answer}
    fields: dict[str, Any] = {}
    for written, value in answer.items():
        name = _NAMES.get(written.lower())
        if name is not None and (written == name or name not in fields):
            fields[name] = value
    return fields
