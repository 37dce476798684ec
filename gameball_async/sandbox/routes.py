"""
What a request asks for, by its method and path, and the items in its body.

Sources: "Batch APIs" (paths, at most 1,000 objects), the OpenAPI file (the other dialect, at least
one item), "Create/Update Customer". What is answered to a bad body is not documented for batches;
the codes are chosen from "Status and error codes".
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

import orjson
from attrs import frozen

from .forms import PATHS, Form
from .messages import Refusal, Request

MAX_ITEMS = 1000

_BASE = re.compile(r"/api/(v4|v4\.0|v4\.1)/integrations/(.+)")
_JOB = re.compile(r"batch/([0-9]+)")
_OTHER_JOB = re.compile(r"batches/([^/]+)/(status|stop)")
_OTHER_METHODS = {"status": "GET", "stop": "POST"}
_SORTS = {"GET": "poll", "DELETE": "stop"}


@frozen
class Route:
    """
    What a request asks for.

    Attributes:
        sort: submit, poll, stop, upsert, or other for what the API does not know.
        version: the API version in the path; empty for other.
        form: the kind of batch of a submission.
        job_id: the job of a poll or a stop; None where the id is no number.
        other_dialect: whether the OpenAPI file's status and stop calls are used.
    """

    sort: str
    version: str = ""
    form: Form | None = None
    job_id: int | None = None
    other_dialect: bool = False


def route(method: str, path: str, dialect: str, versions: Container[str]) -> Route:
    """Reads *method* and *path*; *dialect* and *versions* tell which calls exist."""
    base = _BASE.fullmatch(path)
    if base is None or base[1] not in versions:
        return Route("other")
    version, rest = base.groups()
    if method == "POST" and rest == "customers":
        return Route("upsert", version)
    if method == "POST" and rest.startswith("batch/") and rest[6:] in PATHS:
        return Route("submit", version, PATHS[rest[6:]])
    job = _JOB.fullmatch(rest)
    if job is not None and method in _SORTS and dialect != "openapi":
        return Route(_SORTS[method], version, job_id=int(job[1][:18]))
    job = _OTHER_JOB.fullmatch(rest)
    if job is not None and method == _OTHER_METHODS[job[2]] and dialect != "tutorial":
        sort = "poll" if job[2] == "status" else "stop"
        number = int(job[1][:18]) if job[1].isascii() and job[1].isdigit() else None
        return Route(sort, version, job_id=number, other_dialect=True)
    return Route("other")


def read_object(request: Request) -> dict[str, Any]:
    """
    The body, which must be a JSON object.

    Raises:
        Refusal: it is not; the whole request is refused.
    """
    kind = (request.header("Content-Type") or "application/json").partition(";")[0].strip()
    if kind.lower() != "application/json":
        raise Refusal(3013, "Content type is not supported; use application/json")
    try:
        value = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise Refusal(3016, "Invalid payload: the body is not JSON") from None
    if not isinstance(value, dict):
        raise Refusal(3016, "Invalid payload: the body is not an object")
    return value


def read_items(request: Request, form: Form) -> list[Any]:
    """
    The items of a submission, 1 to 1,000 objects or texts.

    Raises:
        Refusal: the body is not one; the whole request is refused.
    """
    value = read_object(request)
    if "body" not in value:
        raise Refusal(3000, "body is missing")
    items = value["body"]
    if items is None:
        raise Refusal(3001, "body must not be null")
    if not isinstance(items, list):
        raise Refusal(3016, "Invalid payload: body is not an array")
    if not items:
        raise Refusal(3003, "body must have at least one item")
    if len(items) > MAX_ITEMS:
        raise Refusal(3011, f"Limit exceeded: body has more than {MAX_ITEMS} items")
    wanted = str if form.plain else dict
    if not all(type(item) is wanted for item in items):
        what = "a string" if form.plain else "an object"
        raise Refusal(3016, f"Invalid payload: an item of body is not {what}")
    return items
