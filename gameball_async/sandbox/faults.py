"""
The script of what goes wrong: decides for each request which fault, if any, hits it.

One line of a test scripts one fault::

    sandbox.faults.reset_after_commit(on="submit", times=1)

Faults are tried in the order in which they were scripted; the first that fits the request and has
not run out is used. "Before the commit" means that the request has no effect, "after the commit"
that it has. Both count against the limits: the server has seen them. Wrong keys and full windows
are answered before any fault.
"""

# No postponed annotations here: the types are read when scenarios are checked.
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

import orjson
from attrs import evolve

from .messages import JSON, Ending, Refusal, Reply
from .options import Must, Part, Positive, Seconds, Whole
from .script import Change, Script, Times


def _texts(value: Any) -> dict[str, str]:
    texts = dict(value)
    if not all(isinstance(each, str) for each in texts.values()):
        raise ValueError
    return texts


Status = Annotated[int, Must.whole(100)]
Body = Annotated[bytes | str, Must("text", str)]
Headers = Annotated[Mapping[str, str] | None, Must("a table of text values", _texts)]
RetryAfter = Annotated[float | str | None, Must.of(Seconds)]


# What faults make of an answer

_WRONG = "Something went wrong"
_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_CUTS = {
    "length": Ending.CUT_LENGTH,
    "chunked": Ending.CUT_CHUNKED,
    "none": Ending.CUT_UNFRAMED,
}


def _ends(ending: Ending, **words: Any) -> Change:
    return lambda reply: evolve(reply, ending=ending, **words)


def _answers(status: int, body: bytes, headers: Mapping[str, str]) -> Change:
    """The same answer always; it is JSON unless *headers* say otherwise."""
    json = not any(name.lower() == "content-type" for name in headers)
    reply = Reply(status, (*(JSON if json else ()), *headers.items()), body)
    return lambda _: reply


def _refuses(code: int | None, text: str, status: int, *headers: tuple[str, str]) -> Change:
    """Gameball's error object."""
    reply = Refusal(code, text, status=status).reply("req_fault", *headers)
    return lambda _: reply


def _edits(change: Callable[[Any], Any]) -> Change:
    """The answer with another body: what *change* makes of its JSON. Errors stay as they are."""

    def changed(reply: Reply) -> Reply:
        if reply.status != 200:
            return reply
        return evolve(reply, body=orjson.dumps(change(orjson.loads(reply.body))))

    return changed


@lru_cache(maxsize=2)
def gzip_bomb(mib: int) -> bytes:
    """A small body that unpacks to *mib* MiB of JSON."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * 2**20
    parts = [packer.compress(b'{"status": "running", "operation": "')]
    parts += [packer.compress(block) for _ in range(mib)]
    parts += [packer.compress(b'"}'), packer.flush()]
    return b"".join(parts)


_NO_JOB = _refuses(4004, "Batch job not found", 404)


class Faults(Script):
    """
    The script of one sandbox.

    Every method takes, besides its own arguments, the words of `When`: *on*, *times*, *after*,
    *probability*, *finished*, *each_job* and *jobs*.

    Arguments:
        chance: what *probability* draws from.
    """

    def load(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """
        Scripts one fault for each of *lines*: ``{"fault": "delay", "seconds": 3, "on": "poll"}``.

        Raises:
            ValueError: a line names no fault, or its words do not fit the fault.
        """
        for line in lines:
            words = dict(line)
            name = words.pop("fault", None)
            if name not in FAULTS:
                raise ValueError(f"there is no fault {name!r}; use one of: {', '.join(FAULTS)}")
            try:
                getattr(self, name)(**words)
            except TypeError as error:
                raise ValueError(f"fault {name}: {error}") from None

    # Lost answers

    def reset_before_commit(self, **when: Any) -> None:
        """The connection is reset; the request had no effect."""
        self._hit("reset_before_commit", False, _ends(Ending.RESET), when)

    def reset_after_commit(self, **when: Any) -> None:
        """The connection is reset; the request took effect."""
        self._hit("reset_after_commit", True, _ends(Ending.RESET), when)

    def delay(self, seconds: Seconds, **when: Any) -> None:
        """The request takes effect at once; its answer comes *seconds* later."""
        self._hit("delay", True, lambda reply: evolve(reply, delay=seconds), when)

    def hang_up(self, **when: Any) -> None:
        """The answer is whole; then the connection is closed without a word of it."""
        self._hit("hang_up", True, _ends(Ending.HANG_UP), when)

    def truncate(
        self,
        framing: Literal["length", "chunked", "none"] = "length",
        keep: Part = 0.5,
        **when: Any,
    ) -> None:
        """
        The request takes effect; the answer's body is cut.

        Arguments:
            framing: ``length``: Content-Length is that of the whole body. ``chunked``: the last
                chunk is missing. ``none``: neither is there, so the cut cannot be seen.
            keep: the part of the body that is sent, from 0 to 1.
            when: the words of `When`.
        """
        if framing not in _CUTS:
            raise ValueError("framing must be length, chunked or none")
        self._hit("truncate", True, _ends(_CUTS[framing], keep=keep), when)

    def broken_status_line(self, line: str = "HTP/1.1 2OO okay", **when: Any) -> None:
        """The request takes effect; the answer begins with *line*, which is no status line."""
        head = f"{line}\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n".encode()

        def change(reply: Reply) -> Reply:
            return evolve(reply, body=head % len(reply.body) + reply.body, ending=Ending.RAW)

        self._hit("broken_status_line", True, change, when)

    # Other answers

    def error_before(self, status: Status = 503, code: Positive = 5003, **when: Any) -> None:
        """An error with Gameball's error object; the request had no effect."""
        self._hit("error_before", False, _refuses(code, _WRONG, status), when)

    def error_after(self, status: Status = 502, code: Positive = 5000, **when: Any) -> None:
        """An error with Gameball's error object; the request took effect."""
        self._hit("error_after", True, _refuses(code, _WRONG, status), when)

    def html(self, status: Status = 502, *, commit: bool = True, **when: Any) -> None:
        """A proxy's page instead of the answer. *commit* tells whether the request took effect."""
        page = _PAGE.format("Welcome" if status < 400 else "Bad gateway").encode()
        self._hit("html", commit, _answers(status, page, {"Content-Type": "text/html"}), when)

    def answer(
        self,
        status: Status = 200,
        body: Body = b"",
        headers: Headers = None,
        *,
        commit: bool = True,
        **when: Any,
    ) -> None:
        """Any answer. *commit* tells whether the request took effect."""
        content = body.encode() if isinstance(body, str) else body
        self._hit("answer", commit, _answers(status, content, headers or {}), when)

    def redirect(self, to: str, status: Status = 307, *, commit: bool = False, **when: Any) -> None:
        """A redirect to the URL *to*."""
        self._hit("redirect", commit, _answers(status, b"", {"Location": to}), when)

    def rate_limit(self, times: Times = 1, retry_after: RetryAfter = None, **when: Any) -> None:
        """A 429 for no fault of the client's. *retry_after*: what the header of that name says."""
        headers = {} if retry_after is None else {"Retry-After": f"{retry_after}"}
        limited = _refuses(None, "Too many requests", 429, *headers.items())
        self._hit("rate_limit", False, limited, {"times": times, **when})

    def gzip_bomb(self, mib: Positive = 200, **when: Any) -> None:
        """The request takes effect; its answer is compressed and unpacks to *mib* MiB."""
        headers = {"Content-Encoding": "gzip"}
        self._hit("gzip_bomb", True, _answers(200, gzip_bomb(mib), headers), when)

    # Odd answers about jobs

    def early_404(self, times: Times = 2, *, jobs: Positive | None = None, **when: Any) -> None:
        """The first *times* polls of each job find no job yet."""
        words = {"on": "poll", "times": times, "each_job": True, "jobs": jobs}
        self._hit("early_404", False, _NO_JOB, {**words, **when})

    def late_404(self, after: Whole = 1, *, jobs: Positive | None = None, **when: Any) -> None:
        """After *after* polls of a job, it is not found any more."""
        words = {"on": "poll", "times": None, "after": after, "each_job": True, "jobs": jobs}
        self._hit("late_404", False, _NO_JOB, {**words, **when})

    def odd_state(self, word: str | None = "paused", **when: Any) -> None:
        """The answer to a poll has *word* as the job's status."""
        change = _edits(lambda told: {**told, "status": word})
        self._hit("odd_state", True, change, {"on": "poll", **when})

    def null_response(self, **when: Any) -> None:
        """The answer about a finished job lists nothing: ``response`` is null."""
        change = _edits(lambda told: {**told, "response": None})
        self._hit("null_response", True, change, {"on": "poll", "finished": True, **when})

    def edit(self, change: Callable[[Any], Any], **when: Any) -> None:
        """The answer's JSON is what *change* makes of it."""
        self._hit("edit", True, _edits(change), when)


FAULTS = tuple(
    name
    for name, method in vars(Faults).items()
    if "when" in getattr(method, "__annotations__", ()) and name != "edit"
)
"""The faults that a scenario file can name."""
