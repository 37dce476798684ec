"""
How a job is told of: the answers to status and stop calls, in both dialects.

Sources: the samples of "Batch APIs", steps 2 and 3, and "Order transactions" for the tutorial's
dialect; the OpenAPI file for the other.
"""

from __future__ import annotations

from typing import Any

from .account import stamp
from .jobs import Job
from .messages import Reason
from .options import Options

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
    return {
        "queued": False,
        "running": options.partial_lists,
        "stopped": options.keep_lists,
    }.get(state, True)


def _counts(job: Job, state: str, options: Options) -> tuple[int, int, int]:
    """errorCount, totalCount and finishedCount."""
    silent = (
        state == "queued"
        or (state == "running" and not options.progress)
        or (state == "stopped" and not options.keep_lists)
    )
    if silent:
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
