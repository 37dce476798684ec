"""
A quota's store in Redis: carries out one Lua script, and translates every error in one place.

The script, `quota.lua`, decides who gets how many permits, by the server's clock. All keys of a bucket
carry one hash tag, so that they are in one slot of a cluster. They expire by themselves.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import ssl
from importlib.resources import files
from typing import Any, Literal

import anyio
import orjson
import redis.asyncio
from attrs import field, frozen, validators
from redis import exceptions
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ..api.requests import Secret
from ..errors import ConfigurationError, SharedQuotaError
from .exchange import Ask, Given

SCRIPT = files(__package__).joinpath("quota.lua").read_text(encoding="utf-8")
_SHA = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()

WITHIN = 1.0
"""Seconds that one exchange takes at most, the connection included."""
CLOSE_WITHIN = 1.0
MARGIN = (0.002, 0.001)
"""Seconds, and part of a window, by which windows are longer: Redis' clock and the API's differ."""

_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.AuthenticationError, "refuses the user name or password"),
    (exceptions.AuthorizationError, "refuses the user name or password"),
    (exceptions.BusyLoadingError, "is still loading its data"),
    (exceptions.TimeoutError, "does not answer in time"),
    (TimeoutError, "does not answer in time"),
    (exceptions.ConnectionError, "cannot be reached"),
    (OSError, "cannot be reached"),
    (exceptions.ReadOnlyError, "is a read-only replica"),
    (exceptions.OutOfMemoryError, "is out of memory"),
    (exceptions.NoPermissionError, "does not allow its user the script or the keys"),
)


def _a_part(_: object, __: object, value: float) -> None:
    if not 0 < value <= 1:
        raise ConfigurationError(f"share is {value:g}: it must be more than 0, and at most 1")


def _not_negative(_: object, __: object, value: float) -> None:
    if not 0 <= value < float("inf"):
        raise ConfigurationError(f"patience is {value:g}: pass seconds, 0 or more")


def _secret(url: str | Secret) -> Secret:
    return url if isinstance(url, Secret) else Secret(url)


def _lost(_: object, __: object, value: str) -> None:
    if value not in ("share", "error"):
        raise ConfigurationError(f"lost={value!r} is not one of: share, error")


@frozen
class RedisQuota:
    """
    Lets all processes that use one account share its quota, through one Redis.

    Pass it to every client of the account: ``GameballClient(shared_quota=RedisQuota("redis://…"))``.

    Args:
        url: the URL of the server: ``redis://``, ``rediss://`` (TLS) or ``unix://``, with user name,
            password and database if needed. It is never shown.
        lost: what to do while Redis is away: ``share`` continues with a part of the quota, ``error``
            raises `SharedQuotaError` from every call.
        share: that part; at most 1 / the number of processes, so that together they stay within it.
        patience: seconds without Redis after which it counts as away; calls wait until then.
        prefix: the start of its keys. Clients with different prefixes share nothing.

    Raises:
        ConfigurationError: a setting cannot be used. The URL is never shown.
    """

    url: Secret = field(converter=_secret)
    lost: Literal["share", "error"] = field(default="share", kw_only=True, validator=_lost)
    share: float = field(default=0.25, kw_only=True, validator=_a_part)
    patience: float = field(default=3.0, kw_only=True, validator=_not_negative)
    prefix: str = field(default="gameball", kw_only=True, validator=validators.instance_of(str))

    def __attrs_post_init__(self) -> None:
        _where(self.url)

    def connect(self, fingerprint: str) -> RedisStore:
        """The store of one account. See `exchange.SharedQuota`."""
        return RedisStore(self.url, f"{self.prefix}:{{{fingerprint}:%s}}:")


class RedisStore:
    """
    `exchange.QuotaStore` in one Redis.

    Args:
        url: of the server.
        keys: what the keys of a bucket begin with, ``%s`` standing for the bucket.
    """

    def __init__(self, url: Secret, keys: str) -> None:
        self._url = url
        self._where = _where(url)
        self._keys = keys
        self._redis: Any = None  # its commands are typed by some versions only

    async def exchange(self, bucket: str, ask: Ask) -> Given:
        """See `exchange.QuotaStore`."""
        start = self._keys.replace("%s", bucket)
        keys = [start + name for name in ("state", "uses", "waiting", "served")]
        fault, heals = "", True
        try:
            with anyio.fail_after(WITHIN):
                return decode(await self._run(keys, encode(ask)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the store cannot be used
            fault, heals = _fault(error), not _is_final(error)
        # Raised outside of the handler: frames of the redis client hold the password.
        await self.aclose()
        raise SharedQuotaError(f"Redis at {self._where} {fault}", heals=heals)

    async def _run(self, keys: list[str], ask: bytes) -> Any:
        if self._redis is None:
            self._redis = redis.asyncio.Redis.from_url(
                self._url.reveal(),
                socket_timeout=WITHIN,
                socket_connect_timeout=WITHIN,
                retry=Retry(NoBackoff(), 0),
            )
        try:
            return await self._redis.execute_command("EVALSHA", _SHA, len(keys), *keys, ask)
        except exceptions.NoScriptError:
            pass  # restarted, or new: it is told the script
        return await self._redis.execute_command("EVAL", SCRIPT, len(keys), *keys, ask)

    async def aclose(self) -> None:
        """Close all connections; the next exchange opens new ones."""
        client, self._redis = self._redis, None
        if client is None:
            return
        with anyio.move_on_after(CLOSE_WITHIN, shield=True):
            with contextlib.suppress(Exception):  # it is gone either way
                await client.aclose()


def encode(ask: Ask) -> bytes:
    """The script's argument."""
    fixed, part = MARGIN
    known = ask.known
    return orjson.dumps(
        {
            "client": ask.client,
            "number": ask.number,
            "windows": [(n, _micro(s + fixed + s * part)) for n, s in ask.windows],
            "lasts": _micro(ask.lasts),
            "want": ask.want,
            "settled": [(name, _micro(age)) for name, age in ask.settled],
            "unused": ask.unused,
            "own": [(name, _micro(age)) for name, age in ask.own],
            # Left out where there is none: cjson's null is not Lua's.
            **({} if ask.pause is None else {"pause": _micro(ask.pause)}),
            **({} if known is None else {
                "known": {
                    "born": known.born,
                    "count": known.count,
                    "presumed": known.presumed,
                    "age": _micro(known.age),
                }
            }),
        }
    )  # fmt: skip


def decode(answer: Any) -> Given:
    granted, wait, used, born, count, pause, share = answer
    return Given(
        int(granted),
        int(wait) / 1e6,
        int(used),
        born.decode() if isinstance(born, bytes) else born,
        int(count),
        int(pause) / 1e6,
        int(share) / 1e6,
    )


def _micro(seconds: float) -> int:
    return round(seconds * 1e6)


def _where(url: Secret) -> str:
    """Host and port, or the socket's path: what may be shown of a URL."""
    fault = True
    try:
        found = parse_url(url.reveal())
        fault = False
    except Exception:  # noqa: BLE001 - its text and frames hold the URL
        found = {}
    if fault:
        raise ConfigurationError(
            "the URL of Redis cannot be read: write it as redis://host:6379/0, or "
            "redis://user:password@host:6379/0; use rediss:// for TLS"
        )
    if "path" in found:
        return str(found["path"])
    return f"{found.get('host', 'localhost')}:{found.get('port', 6379)}"


def _is_final(error: BaseException) -> bool:
    """Whether no waiting mends it: what Redis wants of us is wrong, or its certificate is."""
    wrong = (
        exceptions.AuthenticationError,
        exceptions.AuthorizationError,
        exceptions.NoPermissionError,
        ssl.SSLCertVerificationError,
    )
    causes = (error, error.__cause__, error.__context__)
    return any(isinstance(each, wrong) for each in causes)


def _fault(error: Exception) -> str:
    """What went wrong, without the text of an exception that may hold what it should not."""
    name = type(error).__name__
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return f"{words} ({name})"
    code = re.match(r"[A-Z]{3,20}\b", str(error))
    return f"answered with an error ({code[0] if code else name})"
