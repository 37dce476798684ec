"""GameballClient: the verbs that users call."""

from __future__ import annotations

from .bulk import BulkVerbs, Retry
from .jobs import JobLike, JobVerbs

__all__ = ["GameballClient", "JobLike", "Retry"]


class GameballClient(JobVerbs, BulkVerbs):
    """
    An async client of Gameball's API: batches, their jobs, and single customers.

    Open it with ``async with``, or with `open` and `aclose`. It can be opened and closed in different
    tasks, and shared by any number of tasks of one event loop. It can be created before a loop runs,
    and opened in several loops, one after another.

    Args:
        api_key: the API key; by default ``GAMEBALL_API_KEY``.
        secret_key: the secret key, which all batch calls need; by default ``GAMEBALL_SECRET_KEY``.
        base_url: scheme, host and port; by default ``GAMEBALL_BASE_URL``, or Gameball's own.
        api_version: ``v4.0`` (default), ``v4`` or ``v4.1``.
        high_security: the account is in High Security Mode: send both keys with every call.
        session: an aiohttp session to use; it is neither changed nor closed. By default the client
            opens its own.
        quota: how many requests are allowed in which time, for each bucket; all calls share it.
        dialect: which paths are used to ask for a status and to stop a job; by default the ones that
            answer.
        patience: when retries end. A server that has not answered yet is tried for
            `Patience.first_contact` (15 s).
        shared_quota: how the quota is shared with other processes, such as
            `gameball_async.redis.RedisQuota`; None if no other process uses it.
        on_request: called with a `RequestEnded` after each HTTP request, sync or async.
        on_transition: called with a `Transition` when a watched job moves, sync or async.
        on_warning: called with a `ConnectionTrouble` when no connection can be made, a
            `ConnectionRestored` when Gameball answers again, and an `UnknownFieldMet` when rows have a
            field that Gameball does not know; sync or async.
        telemetry: where spans and metrics go, such as `gameball_async.otel.OpenTelemetry`.
        trust_env: send requests through the proxy that ``HTTP_PROXY``, ``HTTPS_PROXY`` and
            ``NO_PROXY`` name, and use ``~/.netrc``. By default the environment is not read.

    Raises:
        ConfigurationError: a key, the URL or the version is unusable (the value is never shown), or
            *trust_env* is used with *session*.
    """
