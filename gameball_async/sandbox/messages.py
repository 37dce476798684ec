"""
What goes into the service, what comes out of it, and what is noted of it.

Sources: "Errors" and "Status and error codes" of the API reference for the error object and the
codes. Only what the sandbox itself answers is listed here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import orjson
from attrs import frozen

Chance = Callable[[], float]
"""Where chance comes from: each call gives a number from 0 up to, not including, 1."""

JSON = (("Content-Type", "application/json"),)
ERRORS_PAGE = "https://docs.gameball.co/api-reference/overview/status-error-codes"


class Ending(Enum):
    """What becomes of the connection once the reply's turn has come."""

    ANSWER = "answer"
    """The reply is sent as HTTP asks for; the connection stays open."""
    HANG_UP = "hang up"
    """The reply is sent whole; then the connection is closed without a word of it."""
    RESET = "reset"
    """No byte of the reply is sent; the connection is reset."""
    CUT_LENGTH = "cut length"
    """Content-Length tells of the whole body; only *keep* of it is sent, then the connection ends."""
    CUT_CHUNKED = "cut chunked"
    """A chunked body that ends before its last chunk, after *keep* of it."""
    CUT_UNFRAMED = "cut unframed"
    """No length and no chunks: *keep* of the body, then a regular close. The cut cannot be seen."""
    RAW = "raw"
    """The body's bytes are sent as they are, status line and all; then the connection ends."""


@frozen
class Request:
    """
    One request as the service reads it.

    Attributes:
        method: in capitals.
        path: decoded, without the query.
        headers: compared without regard to case.
        body: as sent.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The value of the header *name*, in whatever case it came; None where it did not."""
        lower = name.lower()
        return next((text for key, text in self.headers.items() if key.lower() == lower), None)


@frozen
class Reply:
    """
    One answer, and what becomes of the connection.

    Attributes:
        status: the HTTP status.
        headers: pairs, sent as they are; Content-Length is the server's business.
        body: as sent.
        delay: seconds that the answer is held back after the request was carried out.
        ending: what becomes of the connection.
        keep: the part of the body that a cut leaves, from 0 to 1.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = JSON
    body: bytes = b""
    delay: float = 0.0
    ending: Ending = Ending.ANSWER
    keep: float = 0.5


def json_reply(value: Any, status: int = 200, *headers: tuple[str, str]) -> Reply:
    """A reply whose body is *value* as JSON."""
    return Reply(status, (*JSON, *headers), orjson.dumps(value))


def by_hand(reply: Reply) -> bytes:
    """The bytes of a reply whose ending no HTTP server would make by itself."""
    if reply.ending is Ending.RAW:
        return reply.body
    whole = reply.ending is Ending.HANG_UP
    part = reply.body if whole else reply.body[: int(len(reply.body) * reply.keep)]
    headers = [*reply.headers]
    if reply.ending in (Ending.HANG_UP, Ending.CUT_LENGTH):
        headers.append(("Content-Length", str(len(reply.body))))
    elif reply.ending is Ending.CUT_CHUNKED:
        headers.append(("Transfer-Encoding", "chunked"))
        part = b"%x\r\n%s\r\n" % (len(part), part) if part else b""
    lines = [f"HTTP/1.1 {reply.status} Sandbox", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + part


@frozen
class Seen:
    """
    One request as the service saw it, without keys and without items.

    Attributes:
        time: when it was counted, in seconds since the sandbox began.
        method: in capitals.
        path: decoded, without the query.
        status: of the answer; None where none was sent.
        sort: submit, poll, stop, upsert, or other.
        kind: name of the batch kind; None where the request has none.
        rows: how many items it carried.
        job_id: the job it created or named.
        fault: name of the scripted fault that hit it.
        took: seconds from its arrival until its answer was handed over; None before that.
    """

    time: float
    method: str
    path: str
    status: int | None
    sort: str
    kind: str | None = None
    rows: int = 0
    job_id: int | None = None
    fault: str | None = None
    took: float | None = None

    def __str__(self) -> str:
        # The path is the client's: it must not play tricks on a terminal.
        path = "".join(char if char.isprintable() else "?" for char in self.path[:200])
        parts = [f"{self.time:9.3f}", self.method, path, str(self.status or "no answer")]
        if self.rows:
            parts.append(f"{self.rows:,} row{'s' if self.rows > 1 else ''}")
        if self.sort == "submit" and self.job_id is not None:
            parts.append(f"job {self.job_id}")
        if self.took is not None:
            parts.append(f"{1000 * self.took:,.0f} ms")
        if self.fault is not None:
            parts.append(f"fault {self.fault}")
        return "  ".join(parts)


@frozen
class Reason:
    """
    Why one item, or one whole request, is refused.

    Attributes:
        code: Gameball's code; None for a plain failure.
        text: Gameball's words for it.
    """

    code: int | None
    text: str


# The HTTP status that the catalogue gives each code which the sandbox uses on a whole request.
_STATUS: Mapping[int, int] = {
    1000: 401, 1001: 401, 2001: 422, 3000: 400, 3001: 422, 3003: 422, 3011: 422, 3013: 415,
    3016: 400, 4000: 400, 4004: 404, 5000: 500, 5003: 503, 7000: 404, 7001: 422, 9002: 404,
    9003: 422, 9004: 422, 9007: 422, 9008: 422,
}  # fmt: skip

_TYPES: Mapping[int, str] = {
    1: "authentication_error",
    2: "conflict_error",
    3: "validation_error",
    4: "request_error",
    5: "server_error",
    6: "configuration_error",
    7: "customer_error",
    8: "plan_error",
    9: "transaction_error",
}


class Refusal(Exception):
    """
    The whole request is refused: nothing of it is applied.

    Attributes:
        reason: Gameball's code and words.
        status: the HTTP status; the catalogue's for the code unless given.
        type: Gameball's word for the code's category; where there is no code, the limits refuse.
    """

    def __init__(self, code: int | None, text: str, *, status: int | None = None) -> None:
        super().__init__(text)
        self.reason: Reason = Reason(code, text)
        self.status: int = status or _STATUS.get(code or 4000, 400)
        self.type: str = (
            "rate_limit_error" if code is None else _TYPES.get(code // 1000, "request_error")
        )

    def reply(self, request_id: str, *headers: tuple[str, str]) -> Reply:
        """Gameball's error object, as "Errors" shows it."""
        return json_reply(
            {
                "code": self.reason.code,
                "type": self.type,
                "message": self.reason.text,
                "documentationUrl": ERRORS_PAGE,
                "requestId": request_id,
            },
            self.status,
            *headers,
        )
