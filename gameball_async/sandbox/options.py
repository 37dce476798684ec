"""
How the sandbox behaves: every setting of the service, with the page it comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from attrs import field, frozen, validators

from .messages import Reason
from .times import Constant, ServiceTime
from .windows import DEFAULT_LIMITS, Limits

__all__ = ["FailIf", "Options"]

FailIf = Callable[[str, Any], "Reason | str | bool | None"]
"""
Given the kind's name and an item: False or None lets it be applied; True, words, or a Reason (code
and words) fail it.
"""


QUICK = Constant(0.2, queue=0.05)
"""Quick enough to wait for, slow enough for every state to be seen."""


def _one_of(*words: str) -> Any:
    return validators.in_(words)


@frozen(kw_only=True)
class Options:
    """
    Settings of the sandbox. The defaults follow the tutorial and the older reference.

    Attributes:
        api_key: the key that every call must carry as ``APIKey`` ("Authentication").
        secret_key: the key that batch calls must carry as ``SecretKey`` ("Authentication").
        high_security: every call needs both keys, as in the account's High Security Mode
            ("Security"). On v4.1 that is so anyway.
        dialect: which status and stop calls exist: ``tutorial`` for GET and DELETE
            ``/batch/{jobId}`` ("Batch APIs", steps 2 and 3), ``openapi`` for GET
            ``/batches/{id}/status`` and POST ``/batches/{id}/stop`` (the OpenAPI file), or ``both``.
        limits: pairs of requests and seconds for each bucket ("Rate limits"); None for no limits.
        retry_after: whether a 429 carries ``Retry-After`` in whole seconds. Not documented.
        service_time: how long jobs are queued and run. Not documented.
        progress: whether the counts of a running job move. Else they stay 0 until its end.
        partial_lists: whether a running job lists what is done so far, as in the samples of
            "Batch APIs". Else ``response`` is null until its end.
        running_total: ``totalCount`` of a running job: ``all`` items or those ``processed`` so far.
            The samples of "Batch APIs" show 1 while running and 2 in the end; both are possible.
        keep_lists: whether a stopped job shows its counts and lists. The sample shows 0 and null.
        state_case: ``lower`` as in "Batch APIs", or ``capital`` as on another page.
        job_ids: ``number`` as documented, ``string`` as in another place, or ``float``.
        first_job_id: the first job's number; the next one is one higher.
        codes: where a failed entry shows its code: ``field`` (as ``code``), ``text`` (before the
            words) or ``words`` (not at all). Only words are documented.
        reasons: under which name a failed entry has its words: ``error``, ``message``, or ``mixed``
            in one answer, as in the samples of "Batch APIs".
        entry_ids: whether entries carry the order's or transaction's own id. Not documented.
        duplicate_order_code: with which code a known order id is refused. Not documented.
        unique_times: a customer's second transaction at one time fails with 9003.
        check_points: a redemption beyond the balance fails with 9008.
        create_unknown: an item for an unknown customer creates it; else it fails with 7000.
        strict_customers: an item fails with 2001 while its customer is in another open job, and so
            does the single upsert ("Status and error codes").
        fail_rate: the part of items, from 0 to 1, that fail with the documented words. Which ones
            depends on the seed and the item alone: a failed item fails again.
        fail_if: asked about each item before it is applied.
        discard: keep counts only, for runs of millions of rows. Nothing is remembered then: no
            duplicate is refused, every order is unknown and every balance 0.
        seed: what *fail_rate* depends on.
        others_per_second: requests a second that others on the account send from the start.
    """

    api_key: str = "gb_test_sandbox_api_key"
    secret_key: str = field(default="gb_test_sandbox_secret_key", repr=False)
    high_security: bool = False
    dialect: Literal["tutorial", "openapi", "both"] = field(
        default="tutorial", validator=_one_of("tutorial", "openapi", "both")
    )
    limits: Limits | None = DEFAULT_LIMITS
    retry_after: bool = False
    service_time: ServiceTime = QUICK
    progress: bool = True
    partial_lists: bool = False
    running_total: Literal["all", "processed"] = field(
        default="all", validator=_one_of("all", "processed")
    )
    keep_lists: bool = False
    state_case: Literal["lower", "capital"] = field(
        default="lower", validator=_one_of("lower", "capital")
    )
    job_ids: Literal["number", "string", "float"] = field(
        default="number", validator=_one_of("number", "string", "float")
    )
    first_job_id: int = 123456
    codes: Literal["field", "text", "words"] = field(
        default="words", validator=_one_of("field", "text", "words")
    )
    reasons: Literal["error", "message", "mixed"] = field(
        default="mixed", validator=_one_of("error", "message", "mixed")
    )
    entry_ids: bool = False
    duplicate_order_code: int = 9004
    unique_times: bool = False
    check_points: bool = False
    create_unknown: bool = True
    strict_customers: bool = False
    fail_rate: float = field(default=0.0, validator=[validators.ge(0), validators.le(1)])
    fail_if: FailIf | None = field(default=None, repr=False)
    discard: bool = False
    seed: int = 0
    others_per_second: float = field(default=0.0, validator=validators.ge(0))
