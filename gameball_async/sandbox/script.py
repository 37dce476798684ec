"""
Which requests a fault hits: the script of one sandbox, line by line.

Faults are tried in the order in which they were scripted; the first that fits the request and has
not run out is used.
"""

# No postponed annotations here: the types are read when scenarios are checked.
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from attrs import define, field, frozen

from .forms import FORMS
from .messages import Chance, Reply
from .options import Must, Part, Positive, Whole, check_settings

Change = Callable[[Reply], Reply]


def _count(value: Any) -> int | None:
    return None if value in (None, "always") else Must.whole(0).take(value)


Times = Annotated[int | None, Must('a whole number, 0 or more, or "always"', _count)]


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
    change: Change = field(repr=False)


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


@define(eq=False)
class Script:
    """
    The lines of the script, and what they have hit.

    Arguments:
        chance: what *probability* draws from.
    """

    _chance: Chance
    _rules: list[_Rule] = field(factory=list, init=False)

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

    def _hit(self, name: str, commit: bool, change: Change, words: Mapping[str, Any]) -> None:
        """Adds a fault to the end of the script; *words* are those of `When`."""
        self._rules.append(_Rule(Fault(name, commit, change), When(**words)))
