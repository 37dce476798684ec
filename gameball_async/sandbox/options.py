"""
How the sandbox behaves: every setting, what it may be, and the page of the API that it comes from.

A setting's type says what its value must be, in code and in a scenario file alike.
"""

# No postponed annotations here: the types are read when settings are checked.
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import attrs
from attrs import field, frozen

from .jobs import Constant, ServiceTime
from .messages import Reason
from .windows import DEFAULT_LIMITS


class Unfit(ValueError):
    """A value is not what it must be; *key* is the key that the words are about, if it is one."""

    def __init__(self, words: str, key: str = "") -> None:
        super().__init__(words)
        self.key = key


@frozen
class Must:
    """
    What a value must be.

    Attributes:
        words: follow "must be" in messages.
        take: gives the value as the sandbox uses it; raises ValueError or TypeError if it is wrong.
    """

    words: str
    take: Callable[[Any], Any]

    def __call__(self, value: Any) -> Any:
        try:
            return self.take(value)
        except (TypeError, ValueError, re.error):
            shown = json.dumps(value, default=str)[:60]
            raise Unfit(f"is {shown}, but must be {self.words}") from None

    @classmethod
    def of(cls, kind: Any) -> "Must | None":
        """What the type *kind* asks of a value; None for a type that anything fits."""
        if get_origin(kind) is Annotated:
            return next((each for each in get_args(kind) if isinstance(each, Must)), None)
        if get_origin(kind) is Literal:
            return cls.one_of(get_args(kind))
        if get_origin(kind) in (Union, UnionType) and type(None) in get_args(kind):
            inner = cls.of(get_args(kind)[0])
            return inner and cls(inner.words, lambda v: None if v is None else inner.take(v))
        return _PLAIN.get(kind)

    @classmethod
    def whole(cls, least: int) -> "Must":
        """A whole number, *least* or more."""
        fits = _test(lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= least)
        return cls(f"a whole number, {least} or more", fits)

    @classmethod
    def one_of(cls, words: Iterable[str]) -> "Must":
        """One of a few words."""
        known = tuple(words)
        return cls(f"one of: {', '.join(known)}", _test(lambda value: value in known))


def check_settings(instance: Any) -> None:
    """
    Takes each setting of a frozen attrs *instance* as its type says; for its ``__init__``.

    Raises:
        Unfit: a setting has no such value; the words name it.
    """
    for each in attrs.fields(type(instance)):
        must = Must.of(each.type)
        if must is not None:
            try:
                object.__setattr__(instance, each.name, must(getattr(instance, each.name)))
            except Unfit as error:
                raise Unfit(f"{each.name} {error}") from None


def _test(fits: Callable[[Any], bool]) -> Callable[[Any], Any]:
    def take(value: Any) -> Any:
        if not fits(value):
            raise ValueError
        return value

    return take


def _number(low: float = -math.inf, high: float = math.inf) -> Callable[[Any], float]:
    """A finite number from *low* to *high*."""

    def take(value: Any) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not low <= value <= high:
            raise ValueError
        return float(value)

    return take


def _latency(value: Any) -> tuple[float, float]:
    low, high = map(_number(0), value)
    if low > high:
        raise ValueError
    return low, high


def _limits(value: Any) -> tuple[tuple[int, float], ...] | None:
    count, seconds = Must.whole(1).take, _number(_TINY)
    return tuple((count(n), seconds(s)) for n, s in value or ()) or None


def _some_of(words: tuple[str, ...]) -> Callable[[Any], tuple[str, ...]]:
    def take(value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            raise TypeError
        return tuple(map(Must.one_of(words).take, value))

    return take


_PLAIN: Mapping[Any, Must] = {
    bool: Must("true or false", _test(lambda value: isinstance(value, bool))),
    int: Must("a whole number", _test(lambda v: isinstance(v, int) and not isinstance(v, bool))),
    str: Must(
        "text that is not empty", _test(lambda value: isinstance(value, str) and value != "")
    ),
}
_TINY = math.ulp(0.0)
Whole = Annotated[int, Must.whole(0)]
Positive = Annotated[int, Must.whole(1)]
Seconds = Annotated[float, Must("a number, at least 0", _number(0))]
Part = Annotated[float, Must("a number from 0 to 1", _number(0, 1))]
Number = Annotated[float, Must("a number", _number())]
Worth = Annotated[float, Must("a number, more than 0", _number(_TINY))]
Latency = Annotated[
    tuple[float, float],
    Must("two numbers of seconds, the smaller first, such as [0.01, 0.05]", _latency),
]
Limits = Annotated[
    tuple[tuple[int, float], ...] | None,
    Must("pairs of requests and seconds such as [[30, 1], [360, 30]]; [] for no limits", _limits),
]

_VERSIONS = ("v4", "v4.0", "v4.1")
Versions = Annotated[
    tuple[str, ...], Must('a list of some of "v4", "v4.0" and "v4.1"', _some_of(_VERSIONS))
]

FailIf = Callable[[str, Any], "Reason | str | bool | None"]
"""
Given the kind's name and an item: False or None lets it be applied; True, words, or a Reason (code
and words) fail it.
"""


@frozen(kw_only=True, slots=False)
class AccountOptions:
    """
    The account, and the dialect that it is answered in.

    Attributes:
        api_key: the key that every call must carry as ``APIKey`` ("Authentication").
        secret_key: the key that batch calls must carry as ``SecretKey`` ("Authentication").
        high_security: every call needs both keys, as in the account's High Security Mode
            ("Security"). On v4.1 that is so anyway.
        merge_by: the field by which the account merges customers ("Create/Update Customer"):
            ``email`` or ``mobile`` makes one customer of two ids with the same value, and is
            required where a kind has the field; ``id`` merges none.
        dialect: which status and stop calls exist; the others answer 404. ``tutorial`` for GET and
            DELETE ``/batch/{jobId}`` ("Batch APIs", steps 2 and 3), ``openapi`` for GET
            ``/batches/{id}/status`` and POST ``/batches/{id}/stop`` (the OpenAPI file), or ``both``.
        state_case: ``lower`` as in "Batch APIs", or ``capital`` as on another page.
        job_ids: ``number`` as documented, ``string`` as in another place, or ``float``.
        first_job_id: the first job's number; the next one is one higher.
        versions: the versions of the API that are served; paths of the others answer 404. The seeds
            write ``v4`` and ``v4.0``, another page ``v4.1``.
        adjustments: what the ``amount`` of a balance adjustment counts: ``points``, or ``money``,
            which becomes points by *point_value*. The page says "amount to adjust the balance by".
        point_value: how much money a point is worth, in balances and in adjustments of money. No
            page says.
        clock_offset: by how many seconds the ``Date`` of its answers is ahead of this machine's
            clock; negative for behind.
    """

    api_key: str = "gb_test_sandbox_api_key"
    secret_key: str = field(default="gb_test_sandbox_secret_key", repr=False)
    high_security: bool = False
    merge_by: Literal["id", "email", "mobile"] = "id"
    dialect: Literal["tutorial", "openapi", "both"] = "tutorial"
    state_case: Literal["lower", "capital"] = "lower"
    job_ids: Literal["number", "string", "float"] = "number"
    first_job_id: Positive = 123456
    versions: Versions = _VERSIONS
    adjustments: Literal["points", "money"] = "points"
    point_value: Worth = 1.0
    clock_offset: Number = 0.0


@frozen(kw_only=True, slots=False)
class QuotaOptions:
    """
    The limits.

    Attributes:
        limits: pairs of requests and seconds for each bucket ("Rate limits"); None for no limits.
        retry_after: whether a 429 carries ``Retry-After`` in whole seconds. Not documented.
        others_per_second: requests a second that others on the account send from the start.
    """

    limits: Limits = DEFAULT_LIMITS
    retry_after: bool = False
    others_per_second: Seconds = 0.0


@frozen(kw_only=True, slots=False)
class JobOptions:
    """
    What is told about jobs.

    Attributes:
        progress: whether the counts of a running job move. Otherwise they stay 0 until its end.
        partial_lists: whether a running job lists what is done so far, as in the samples of
            "Batch APIs". Otherwise ``response`` is null until its end.
        running_total: ``totalCount`` of a running job: ``all`` items or those ``processed`` so far.
            The samples of "Batch APIs" show 1 while running and 2 in the end; both are possible.
        keep_lists: whether a stopped job shows its counts and lists. The sample shows 0 and null.
    """

    progress: bool = True
    partial_lists: bool = False
    running_total: Literal["all", "processed"] = "all"
    keep_lists: bool = False


@frozen(kw_only=True, slots=False)
class ItemOptions:
    """
    What becomes of items, and what is told about them.

    Attributes:
        fail_rate: the part of items, from 0 to 1, that fail with the documented words. Which ones
            depends on the seed and the item alone: a failed item fails again.
        codes: where a failed entry shows its code: ``field`` (as ``code``), ``text`` (before the
            words) or ``words`` (not at all). Only words are documented.
        reasons: under which name a failed entry has its words: ``error``, ``message``, or ``mixed``
            in one answer, as in the samples of "Batch APIs".
        entry_ids: whether entries carry the order's or transaction's own id. Not documented.
        duplicate_order_code: with which code a known order id is refused. Not documented.
        unique_times: a customer's second transaction at one time fails with 9003.
        check_points: a redemption beyond the balance fails with 9008.
        create_unknown: an item for an unknown customer creates it, as "Track Order" does; otherwise
            it fails with 7000. The batch pages do not say which.
        strict_customers: an item fails with 2001 while its customer is in another open job, and so
            does the single upsert ("Status and error codes").
        accept_null: null in an optional field is accepted. No page says that it is.
        discard: keep counts only, for runs of millions of rows. Nothing is remembered then: no
            duplicate is refused, every order is unknown and every balance 0.
    """

    fail_rate: Part = 0.0
    codes: Literal["field", "text", "words"] = "words"
    reasons: Literal["error", "message", "mixed"] = "mixed"
    entry_ids: bool = False
    duplicate_order_code: Positive = 9004
    unique_times: bool = False
    check_points: bool = False
    create_unknown: bool = True
    strict_customers: bool = False
    accept_null: bool = False
    discard: bool = False


_QUICK = Constant(0.2, queue=0.05)  # every state can be seen


@frozen(kw_only=True, slots=False)
class Options(AccountOptions, QuotaOptions, JobOptions, ItemOptions):
    """
    All settings of the sandbox: those of its four parts, and these.

    The defaults follow the tutorial and the older reference.

    Attributes:
        service_time: how long jobs are queued and run: `Constant`, `LogNormal`, `Workers`, or a
            model of your own. The default lets every state be seen.
        fail_if: asked about each item before it is applied.
        seed: what *fail_rate* depends on.

    Raises:
        ValueError: a setting has no such value.
    """

    service_time: ServiceTime = _QUICK
    fail_if: FailIf | None = field(default=None, repr=False)
    seed: int = 0

    def __attrs_post_init__(self) -> None:
        check_settings(self)
