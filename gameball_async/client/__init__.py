"""GameballClient: the verbs that users call."""

from __future__ import annotations

from .bulk import BulkVerbs, Retry
from .jobs import JobLike, JobVerbs

__all__ = ["GameballClient", "JobLike", "Retry"]


class GameballClient(JobVerbs, BulkVerbs):
    """
    An async client for Gameball's API: batches, their jobs, and single customers.

    Open it with ``async with``, or with `open` and `aclose`. Different tasks may open and close it, and
    any number of tasks of one event loop may share it. You may create it while no loop is running, and
    open it under several loops one after another.

    Args:
        api_key: the API key; defaults to ``GAMEBALL_API_KEY``.
        secret_key: the secret key, which all batch calls need; defaults to ``GAMEBALL_SECRET_KEY``.
        base_url: scheme, host and port; defaults to ``GAMEBALL_BASE_URL``, else to Gameball's own.
        api_version: ``v4.0`` (default), ``v4`` or ``v4.1``.
        high_security: the account is in High Security Mode: send both keys with every call.
        session: an aiohttp session to use; the client neither changes nor closes it. By default the
            client opens its own.
        quota: how many requests are allowed in how many seconds, for each bucket; all calls share it.
        dialect: which paths return a job's status and stop it; by default the client uses the one that
            answers.
        patience: when retries end. `Patience.first_contact` (15 s) is how long the client tries a
            server that has not answered yet.
        shared_quota: shares the quota with other processes, such as
            `gameball_async.redis.RedisQuota`; None if only this process uses it.
        on_request: called with a `RequestEnded` after each HTTP request, sync or async.
        on_transition: called with a `Transition` when a watched job moves, sync or async.
        on_warning: called with a `ConnectionTrouble` when the client cannot connect, a
            `ConnectionRestored` when Gameball answers again, and an `UnknownFieldMet` when rows have a
            field that Gameball does not know; sync or async.
        telemetry: receives spans and metrics, such as `gameball_async.otel.OpenTelemetry`.
        trust_env: use the proxy from ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY``, and the
            credentials in ``~/.netrc``. By default none of these is read.

    Raises:
        ConfigurationError: a key, the URL or the version is unusable (the value is never shown), or
            *trust_env* is used with a borrowed session.
    """
