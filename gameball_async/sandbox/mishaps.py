"""
What faults make of an answer: functions that make them, each from a reply to a reply.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal

import orjson
from attrs import evolve

from .messages import Ending, Refusal, Reply

__all__ = [
    "answer",
    "cut",
    "edit",
    "error",
    "gzip_bomb",
    "hang_up",
    "page",
    "rate_limit",
    "raw",
    "reset",
    "unknown_job",
]

Change = Callable[[Reply], Reply]

_CUTS = {
    "length": Ending.CUT_LENGTH,
    "chunked": Ending.CUT_CHUNKED,
    "none": Ending.CUT_UNFRAMED,
}
_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


def reset(reply: Reply) -> Reply:
    """No answer; the connection is reset."""
    return evolve(reply, ending=Ending.RESET)


def hang_up(reply: Reply) -> Reply:
    """The answer, then a close."""
    return evolve(reply, ending=Ending.HANG_UP)


def cut(framing: Literal["length", "chunked", "none"], keep: float) -> Change:
    """The answer with only *keep* of its body."""
    if framing not in _CUTS:
        raise ValueError("framing must be length, chunked or none")
    return lambda reply: evolve(reply, ending=_CUTS[framing], keep=keep)


def raw(line: str) -> Change:
    """The answer after *line* instead of a status line."""
    head = f"{line}\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n".encode()
    return lambda reply: evolve(reply, body=head % len(reply.body) + reply.body, ending=Ending.RAW)


def answer(status: int, body: bytes | str, headers: Mapping[str, str]) -> Change:
    """The same answer always; it is JSON unless *headers* say otherwise."""
    content = body.encode() if isinstance(body, str) else body
    names = {name.lower() for name in headers}
    kind = () if "content-type" in names else (("Content-Type", "application/json"),)
    fixed = Reply(status, (*kind, *headers.items()), content)
    return lambda reply: fixed


def error(status: int, code: int) -> Change:
    """Gameball's error object."""
    made = Refusal(code, "Something went wrong", status=status).reply("req_fault")
    return lambda reply: made


def rate_limit(retry_after: float | str | None) -> Change:
    """A 429."""
    headers = () if retry_after is None else (("Retry-After", f"{retry_after}"),)
    refusal = Refusal(None, "Too many requests", status=429, type="rate_limit_error")
    made = refusal.reply("req_fault", *headers)
    return lambda reply: made


def unknown_job(reply: Reply) -> Reply:
    """The answer about a job that does not exist."""
    return Refusal(4004, "Batch job not found").reply("req_fault")


def page(status: int) -> Change:
    """A proxy's page."""
    body = _PAGE.format("Welcome" if status < 400 else "Bad gateway").encode()
    made = Reply(status, (("Content-Type", "text/html"),), body)
    return lambda reply: made


def edit(change: Callable[[Any], Any]) -> Change:
    """The answer with another body: what *change* makes of its JSON. Errors stay as they are."""

    def changed(reply: Reply) -> Reply:
        if reply.status != 200:
            return reply
        return evolve(reply, body=orjson.dumps(change(orjson.loads(reply.body))))

    return changed


@lru_cache(maxsize=2)
def _bomb(mib: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * 2**20
    parts = [packer.compress(b'{"status": "running", "operation": "')]
    parts += [packer.compress(block) for _ in range(mib)]
    parts += [packer.compress(b'"}'), packer.flush()]
    return b"".join(parts)


def gzip_bomb(mib: int) -> Change:
    """A small body that unpacks to *mib* MiB of JSON."""
    headers = (("Content-Type", "application/json"), ("Content-Encoding", "gzip"))
    return lambda reply: Reply(200, headers, _bomb(mib))
