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
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal

from attrs import define, evolve, field, frozen

from . import mishaps
from .forms import FORMS
from .messages import Chance, Reply
from .options import Must, Part, Positive, Seconds, Whole, check_settings

__all__ = ["FAULTS", "Circumstance", "Fault", "Faults", "When"]


def _texts(value: Any) -> dict[str, str]:
    texts = dict(value)
    if not all(isinstance(each, str) for each in texts.values()):
        raise ValueError
    return texts


def _count(value: Any) -> int | None:
    return None if value in (None, "always") else Must.whole(0).take(value)


Times = Annotated[int | None, Must('a whole number, 0 or more, or "always"', _count)]
Status = Annotated[int, Must.whole(100)]
Body = Annotated[bytes | str, Must("a text", str)]
Headers = Annotated[Mapping[str, str] | None, Must("a table of texts", _texts)]
RetryAfter = Annotated[float | str | None, Must.of(Seconds)]


@frozen
class Circumstance:
    """
    What the script looks at.

    Attributes:
        sort: submit, poll, stop, upsert, or other.
        kind: name of the batch kind, of the submission or of the job asked about.
        job_id: the job asked about; None for others.
        finished: whether that job has ended.
    """

    sort: str
    kind: str | None = None
    job_id: int | None = None
    finished: bool = False


@frozen
class Fault:
    """
    What hits a request.

    Attributes:
        name: the method of `Faults` that scripted it.
        commit: whether the request takes effect all the same.
        change: makes the answer of it: given the regular answer, or an empty 200 without a commit.
    """

    name: str
    commit: bool
    change: Callable[[Reply], Reply] = field(repr=False)


@frozen(kw_only=True, slots=False)
class When:
    """
    Which requests a fault hits.

    Attributes:
        on: ``submit``, ``poll``, ``stop``, ``upsert``, ``any``, or the name of a batch kind for
            submissions of that kind.
        times: how many requests are hit; None (``always`` in a file) for every one.
        after: how many requests that fit pass unharmed first.
        probability: the chance of each request that fits to be hit, from 0 to 1.
        finished: True for requests about jobs that have ended only, False for open ones only.
        each_job: count *times* and *after* for each job apart.
        jobs: with *each_job*, the number of jobs that may be hit: those asked about first.

    Raises:
        ValueError: a word has no such value.
    """

    on: Annotated[str, Must.one_of(("submit", "poll", "stop", "upsert", "any", *FORMS))] = "any"
    times: Times = 1
    after: Whole = 0
    probability: Part = 1.0
    finished: bool | None = None
    each_job: bool = False
    jobs: Positive | None = None

    def __attrs_post_init__(self) -> None:
        check_settings(self)


@define(eq=False)
class _Rule:
    """One line of the script, and how often it fitted so far."""

    fault: Fault
    when: When
    seen: dict[int | None, int] = field(factory=dict)
    hit: dict[int | None, int] = field(factory=dict)

    def fits(self, at: Circumstance) -> bool:
        on, finished = self.when.on, self.when.finished
        if on not in ("any", at.sort) and (at.sort, on) != ("submit", at.kind):
            return False
        return finished is None or (at.job_id is not None and at.finished == finished)

    def fires(self, at: Circumstance, chance: Chance) -> bool:
        when = self.when
        key = at.job_id if when.each_job else None
        if when.jobs is not None and key not in self.seen and len(self.seen) >= when.jobs:
            return False
        seen, hit = self.seen.get(key, 0), self.hit.get(key, 0)
        if when.times is not None and hit >= when.times:
            return False
        self.seen[key] = seen + 1
        if seen < when.after or (when.probability < 1 and chance() >= when.probability):
            return False
        self.hit[key] = hit + 1
        return True


class Faults:
    """
    The script of one sandbox.

    Every method takes, besides its own arguments, the words of `When`: *on*, *times*, *after*,
    *probability*, *finished*, *each_job* and *jobs*.

    Arguments:
        chance: what *probability* draws from.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._rules: list[_Rule] = []

    def draw(self, at: Circumstance) -> Fault | None:
        """The fault that hits the request, which is counted as hit; None for none."""
        for rule in self._rules:
            if rule.fits(at) and rule.fires(at, self._chance):
                return rule.fault
        return None

    def clear(self) -> None:
        """Forgets the whole script."""
        self._rules.clear()

    @property
    def hits(self) -> int:
        """How many requests were hit so far by the faults that are in the script."""
        return sum(sum(rule.hit.values()) for rule in self._rules)

    def script(self, fault: Fault, **words: Any) -> None:
        """
        Adds a fault to the end of the script; *words* are those of `When`.

        Raises:
            ValueError: one of *words* has no such value.
        """
        self._rules.append(_Rule(fault, When(**words)))

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
        self.script(Fault("reset_before_commit", False, mishaps.reset), **when)

    def reset_after_commit(self, **when: Any) -> None:
        """The connection is reset; the request took effect."""
        self.script(Fault("reset_after_commit", True, mishaps.reset), **when)

    def delay(self, seconds: Seconds, **when: Any) -> None:
        """The request takes effect at once; its answer comes *seconds* later."""
        self.script(Fault("delay", True, lambda reply: evolve(reply, delay=seconds)), **when)

    def hang_up(self, **when: Any) -> None:
        """The answer is whole; then the connection is closed without a word of it."""
        self.script(Fault("hang_up", True, mishaps.hang_up), **when)

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
            when: the words of `script`.
        """
        self.script(Fault("truncate", True, mishaps.cut(framing, keep)), **when)

    def broken_status_line(self, line: str = "HTP/1.1 2OO okay", **when: Any) -> None:
        """The request takes effect; the answer begins with *line*, which is no status line."""
        self.script(Fault("broken_status_line", True, mishaps.raw(line)), **when)

    # Other answers

    def error_before(self, status: Status = 503, code: Positive = 5003, **when: Any) -> None:
        """An error with Gameball's error object; the request had no effect."""
        self.script(Fault("error_before", False, mishaps.error(status, code)), **when)

    def error_after(self, status: Status = 502, code: Positive = 5000, **when: Any) -> None:
        """An error with Gameball's error object; the request took effect."""
        self.script(Fault("error_after", True, mishaps.error(status, code)), **when)

    def html(self, status: Status = 502, *, commit: bool = True, **when: Any) -> None:
        """A proxy's page instead of the answer. *commit* tells whether the request took effect."""
        self.script(Fault("html", commit, mishaps.page(status)), **when)

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
        made = mishaps.answer(status, body, headers or {})
        self.script(Fault("answer", commit, made), **when)

    def redirect(self, to: str, status: Status = 307, *, commit: bool = False, **when: Any) -> None:
        """A redirect to the URL *to*."""
        made = mishaps.answer(status, b"", {"Location": to})
        self.script(Fault("redirect", commit, made), **when)

    def rate_limit(self, times: Times = 1, retry_after: RetryAfter = None, **when: Any) -> None:
        """A 429 for no fault of the client's. *retry_after*: what the header of that name says."""
        made = mishaps.rate_limit(retry_after)
        self.script(Fault("rate_limit", False, made), times=times, **when)

    def gzip_bomb(self, mib: Positive = 200, **when: Any) -> None:
        """The request takes effect; its answer is compressed and unpacks to *mib* MiB."""
        self.script(Fault("gzip_bomb", True, mishaps.gzip_bomb(mib)), **when)

    # Odd answers about jobs

    def early_404(self, times: Times = 2, *, jobs: Positive | None = None, **when: Any) -> None:
        """The first *times* polls of each job find no job yet."""
        fault = Fault("early_404", False, mishaps.unknown_job)
        self.script(fault, **{"on": "poll", "times": times, "each_job": True, "jobs": jobs, **when})

    def late_404(self, after: Whole = 1, *, jobs: Positive | None = None, **when: Any) -> None:
        """After *after* polls of a job, it is not found any more."""
        fault = Fault("late_404", False, mishaps.unknown_job)
        words = {"on": "poll", "times": None, "after": after, "each_job": True, "jobs": jobs}
        self.script(fault, **{**words, **when})

    def odd_state(self, word: str | None = "paused", **when: Any) -> None:
        """The answer to a poll has *word* as the job's status."""
        fault = Fault("odd_state", True, mishaps.edit(lambda told: {**told, "status": word}))
        self.script(fault, **{"on": "poll", **when})

    def null_response(self, **when: Any) -> None:
        """The answer about a finished job lists nothing: ``response`` is null."""
        fault = Fault("null_response", True, mishaps.edit(lambda told: {**told, "response": None}))
        self.script(fault, **{"on": "poll", "finished": True, **when})

    def edit(self, change: Callable[[Any], Any], **when: Any) -> None:
        """The answer's JSON is what *change* makes of it."""
        self.script(Fault("edit", True, mishaps.edit(change)), **when)


FAULTS = tuple(
    name
    for name, method in vars(Faults).items()
    if "when" in getattr(method, "__annotations__", ()) and name != "edit"
)
"""The faults that a scenario file can name."""
