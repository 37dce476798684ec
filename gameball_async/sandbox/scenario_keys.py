"""The keys of a scenario: their places, what each may hold, and what is said of others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from .forms import FORMS
from .wants import (
    Unfit,
    Want,
    boolean,
    factor,
    number,
    one_of,
    pattern,
    text,
    texts,
    times,
    whole,
    windows,
)  # fmt: skip

__all__ = [
    "FAIL",
    "ITEMS",
    "JOBS",
    "NEEDED",
    "OWN",
    "SECTIONS",
    "WHEN",
    "cure",
    "listed",
    "only_known",
    "section",
    "table",
    "taken",
]

ACCOUNT: Mapping[str, Want] = {
    "api_key": text,
    "secret_key": text,
    "high_security": boolean,
    "dialect": one_of("tutorial", "openapi", "both"),
    "state_case": one_of("lower", "capital"),
    "job_ids": one_of("number", "string", "float"),
    "first_job_id": whole(1),
}
QUOTA: Mapping[str, Want] = {
    "limits": windows,
    "retry_after": boolean,
    "others_per_second": number(),
}
JOBS: Mapping[str, Want] = {
    "model": one_of("constant", "log-normal", "workers"),
    "seconds": number(),
    "sigma": number(),
    "workers": whole(1),
    "queue": number(),
    "progress": boolean,
    "partial_lists": boolean,
    "running_total": one_of("all", "processed"),
    "keep_lists": boolean,
}
ITEMS: Mapping[str, Want] = {
    "fail_rate": factor,
    "codes": one_of("field", "text", "words"),
    "reasons": one_of("error", "message", "mixed"),
    "entry_ids": boolean,
    "duplicate_order_code": whole(1),
    "unique_times": boolean,
    "check_points": boolean,
    "create_unknown": boolean,
    "strict_customers": boolean,
    "discard": boolean,
}
FAIL: Mapping[str, Want] = {
    "kind": one_of(*FORMS),
    "field": text,
    "equals": lambda value: value,
    "matches": pattern,
    "code": whole(1),
    "reason": text,
}
SECTIONS: Mapping[str, Mapping[str, Want]] = {
    "account": ACCOUNT, "quota": QUOTA, "jobs": JOBS, "items": ITEMS,
}  # fmt: skip
WHEN: Mapping[str, Want] = {
    "on": one_of("submit", "poll", "stop", "upsert", "any", *FORMS),
    "times": times,
    "after": whole(),
    "probability": factor,
    "finished": boolean,
    "each_job": boolean,
    "jobs": whole(1),
}
_STATUS = whole(100)
OWN: Mapping[str, Mapping[str, Want]] = {
    "reset_before_commit": {},
    "reset_after_commit": {},
    "delay": {"seconds": number()},
    "hang_up": {},
    "truncate": {"framing": one_of("length", "chunked", "none"), "keep": factor},
    "broken_status_line": {"line": text},
    "error_before": {"status": _STATUS, "code": whole(1)},
    "error_after": {"status": _STATUS, "code": whole(1)},
    "html": {"status": _STATUS, "commit": boolean},
    "answer": {"status": _STATUS, "body": str, "headers": texts, "commit": boolean},
    "redirect": {"to": text, "status": _STATUS, "commit": boolean},
    "rate_limit": {"retry_after": number()},
    "gzip_bomb": {"mib": whole(1)},
    "early_404": {},
    "late_404": {},
    "odd_state": {"word": text},
    "null_response": {},
}
"""The faults that a scenario can name, and the words that each has of its own."""

NEEDED = {"delay": "seconds", "redirect": "to"}


def section(value: Any, wants: Mapping[str, Want], place: str) -> dict[str, Any]:
    given = table(value, place)
    only_known(given, wants, place)
    return {key: taken(wants[key], each, f"{place}.{key}") for key, each in given.items()}


def taken(want: Want, value: Any, place: str) -> Any:
    try:
        return want(value)
    except ValueError as error:
        shown = json.dumps(value, default=str)[:60]
        raise Unfit(f"{place} is {shown}, and must be {error}") from None


def table(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Unfit(f"{place} must be a table of keys and values")
    return value


def listed(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise Unfit(f"{place} must be a list of tables: write [[{place}]] in TOML")
    return value


def only_known(given: Mapping[str, Any], known: Any, place: str) -> None:
    for key in given:
        if key not in known:
            where = f"in {place} " if place else ""
            raise Unfit(f"there is no key {key!r} {where.strip()}".strip() + cure(key, known))


def cure(word: str, known: Any) -> str:
    close = get_close_matches(word, list(known), 1)
    return f": do you mean `{close[0]}`?" if close else f": use one of {', '.join(known)}"
