"""
The calls of the API: what a request asks for, by its method and path, and how a job is told of, in both dialects.

Sources: "Batch APIs" (paths, at most 1,000 objects, the samples of steps 2 and 3) and "Order transactions"
for the tutorial's dialect, the OpenAPI file (at least one item) for the other, "Create/Update Customer". What is
answered to a bad body is not documented for batches; the codes are chosen from "Status and error codes".
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

import orjson
from attrs import frozen

from .account import stamp
from .forms import PATHS, Form
from .jobs import Job
from .messages import Reason, Refusal, Request
from .options import Options

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


# The four states of the OpenAPI file; it has none for a stopped job, so "failed" is a choice.
_OTHER_WORDS = {"queued": "pending", "running": "processing", "stopped": "failed"}


def job_created(job: Job, options: Options) -> dict[str, Any]:
    """The answer to a submission."""
    forms = {"number": job.id, "string": str(job.id), "float": float(job.id)}
    return {"jobId": forms[options.job_ids]}


def status(job: Job, options: Options) -> dict[str, Any]:
    """The answer to GET ``/batch/{jobId}``."""
    state = job.state
    errors, total, finished = _counts(job, state, options)
    # The samples of a failed and a stopped job have no start, whatever happened before.
    started = job.started if state in ("running", "completed") else None
    return {
        "operation": job.form.operation,
        "errorCount": errors,
        "totalCount": total,
        "finishedCount": finished,
        "startedAt": None if started is None else stamp(started),
        "createdAt": stamp(job.created),
        "status": _word(state, options),
        "response": _lists(job, options) if _listed(state, options) else None,
    }


def stopped() -> dict[str, Any]:
    """The answer to DELETE ``/batch/{jobId}``: documented are the status 200 and these words."""
    return {"message": "Job stopped successfully"}


def other_status(job: Job, options: Options) -> dict[str, Any]:
    """The answer to GET ``/batches/{batchId}/status``; progress is in per cent."""
    state = job.state
    errors, total, finished = _counts(job, state, options)
    lists = _lists(job, options) if _listed(state, options) else {"successful": [], "failed": []}
    return {
        "batchId": str(job.id),
        "status": _word(_OTHER_WORDS.get(state, state), options),
        "progress": round(100 * (finished + errors) / total, 1) if total else 0,
        "totalItems": total,
        "processedItems": finished + errors,
        "failedItems": errors,
        "results": lists["successful"],
        "errors": lists["failed"],
    }


def other_stopped(job: Job, options: Options) -> dict[str, Any]:
    """The answer to POST ``/batches/{batchId}/stop``."""
    return {
        "batchId": str(job.id),
        "status": _word(job.state, options),
        "message": "Batch operation stopped successfully",
    }


def _word(state: str, options: Options) -> str:
    return state.capitalize() if options.state_case == "capital" else state


def _listed(state: str, options: Options) -> bool:
    told = {"queued": False, "running": options.partial_lists, "stopped": options.keep_lists}
    return told.get(state, True)


def _counts(job: Job, state: str, options: Options) -> tuple[int, int, int]:
    """errorCount, totalCount and finishedCount."""
    told = {"queued": False, "running": options.progress, "stopped": options.keep_lists}
    if not told.get(state, True):
        return 0, 0, 0
    processed = state == "running" and options.running_total == "processed"
    return job.errors, job.applied if processed else job.rows, job.finished


def _lists(job: Job, options: Options) -> dict[str, list[dict[str, Any]]]:
    """The entries of all items that had their turn, in order."""
    form, details = job.form, job.details()
    names = details.names[: job.applied]
    items = job.items() if options.entry_ids else None
    if not (details.failures or details.extras or items):
        done = [{"customerId": name, "message": form.done} for name in names]
        return {"successful": done, "failed": []}
    successful, failed = [], []
    for index, name in enumerate(names):
        if (reason := details.failures.get(index)) is not None:
            entry = {"customerId": name, **_reason(job, index, reason, options)}
            failed.append(entry)
        else:
            # A success of order transactions names the order as such; its failure does not.
            plain = {"orderId": name}
            entry = plain if form.plain else {"customerId": name, "message": form.done}
            entry |= details.extras.get(index, {})
            successful.append(entry)
        if items and form.item_id and (own := form.id_of(items[index])) is not None:
            entry[form.item_id] = own
    return {"successful": successful, "failed": failed}


def _reason(job: Job, index: int, reason: Reason, options: Options) -> dict[str, Any]:
    mixed = "message" if (job.id + index) % 2 else "error"
    field = mixed if options.reasons == "mixed" else options.reasons
    if reason.code is None or options.codes == "words":
        return {field: reason.text}
    if options.codes == "text":
        return {field: f"{reason.code}: {reason.text}"}
    return {field: reason.text, "code": reason.code}
