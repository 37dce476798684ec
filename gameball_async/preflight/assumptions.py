"""What Gameball's documents say, or leave open, that a check of the account can confirm or contradict."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen


@frozen
class Assumption:
    """
    One thing that is taken to be so.

    Attributes:
        name: short, for files.
        says: what is taken to be so.
        source: the page that says it, or why nobody does.
    """

    name: str
    says: str
    source: str


_ALL = (
    Assumption("key-prefix", "the API key's beginning tells test from live", "Authentication"),
    Assumption("both-keys", "batch calls are accepted with both keys", "the batch pages"),
    Assumption("version-v4", "the API is served as v4", "the tutorial of the batch customer API"),
    Assumption("version-v4.0", "the API is served as v4.0", "Batch APIs, the OpenAPI file"),
    Assumption("version-v4.1", "the API is served as v4.1", "the page on security"),
    Assumption("status-batch", "GET /batch/{jobId} tells a job's status", "Batch APIs"),
    Assumption(
        "status-batches", "GET /batches/{batchId}/status tells a job's status", "the OpenAPI file"
    ),
    Assumption("date-header", "answers carry a Date", "HTTP; no page of Gameball's says so"),
    Assumption("job-ends", "a job ends as completed or failed", "Batch APIs"),
    Assumption("entry-customer", "an entry names its customer as customerId", "Batch APIs"),
    Assumption(
        "balance-fields",
        "a batch inquiry answers with totalPointsBalance",
        "Get Customer Balance; no batch page says so",
    ),
    Assumption(
        "unknown-refused",
        "an inquiry for an unknown customer fails",
        "Errors, code 7000; no batch page",
    ),
    Assumption(
        "amount-points", "the amount of an adjustment counts points", "no page: points or money"
    ),
    Assumption(
        "amount-negative", "a negative amount takes away", "no page: only that it is a number"
    ),
    Assumption("adjustment-visible", "the next inquiry sees an adjustment that is done", "no page"),
)

ASSUMPTIONS: Mapping[str, Assumption] = {each.name: each for each in _ALL}
"""By name."""
