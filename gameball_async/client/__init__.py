"""GameballClient: the verbs that users call."""

from __future__ import annotations

from .bulk import BulkVerbs, Retry
from .jobs import JobLike, JobVerbs

__all__ = ["GameballClient", "JobLike", "Retry"]


class GameballClient(JobVerbs, BulkVerbs):
    """
    An async client of Gameball's API: batches, their jobs, and single customers.

    Open it with ``async with``, or with `open` and `aclose`; it may be opened and closed in different
    tasks, and shared by any number of tasks of one event loop. It may be made where no loop runs, and
    opened under several loops one after another.

    Args:
        api_key: the API key; from ``GAMEBALL_API_KEY`` where not given.
        secret_key: the secret key, which all batch calls need; from ``GAMEBALL_SECRET_KEY``.
        base_url: scheme, host and port; from ``GAMEBALL_BASE_URL``, else Gameball's own.
        api_version: ``v4.0`` (default), ``v4`` or ``v4.1``.
        high_security: the account is in High Security Mode: both keys on every call.
        session: an aiohttp session to borrow; it is neither changed nor closed. Without one the
            client opens its own.
        quota: requests that are allowed in which time, for each bucket; all calls share it.
        dialect: which paths ask for a status and stop a job: the one that answers, unless one is
            named.
        patience: where retries end. `Patience.first_contact` (15 s) is for how long a server is tried
            that has not answered yet.
        shared_quota: what the quota is shared with other processes through, such as
            `gameball_async.redis.RedisQuota`; None where this process has it alone.
        on_request: called with a `RequestEnded` after each HTTP request, sync or async.
        on_transition: called with a `Transition` when a watched job moves, sync or async.
        on_warning: called with a `ConnectionTrouble` when no connection comes about, a
            `ConnectionRestored` when Gameball answers again, and an `UnknownFieldMet` when rows have a
            field that Gameball does not know; sync or async.
        telemetry: where spans and metrics go, such as `gameball_async.otel.OpenTelemetry`.
        trust_env: send requests through the proxy that ``HTTP_PROXY``, ``HTTPS_PROXY`` and
            ``NO_PROXY`` name, and take what ``~/.netrc`` says. Off, the environment is not read.

    Raises:
        ConfigurationError: a key, the URL or the version is unusable (the value is never shown), or
            *trust_env* is asked for with a borrowed session.
    """
