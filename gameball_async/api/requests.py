"""
Requests as values: which path, which body, which keys.

Sources: the batch pages of the API reference (paths, both keys), "Create/Update Customer" (API key
only, both in High Security Mode), "Batch APIs" (GET and DELETE ``/batch/{jobId}``), and the
published OpenAPI file (``/batches/{batchId}/status`` and ``/stop``).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from enum import Enum
from typing import Literal, NoReturn
from urllib.parse import urlsplit

from attrs import frozen

from ..errors import ConfigurationError
from .kinds import Kind
from .wire import About

DEFAULT_ORIGIN = "https://api.gameball.co"
API_VERSIONS = ("v4", "v4.0", "v4.1")
MAX_ITEMS = 1000
"""Objects in one batch request. Source: "Batch APIs", performance limit."""

_LOOPBACK = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|::1")
_KEY = re.compile(r"[\x21-\x7e]{1,512}")


class Secret:
    """
    A key that does not show itself: masked in repr, str and format, and neither copied nor pickled.

    `reveal` is called where the request's headers are made, and nowhere else.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The key itself."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys cannot be copied or pickled: pass the key when you make the client")


class Dialect(Enum):
    """
    Which paths return a job's status and stop it. Both forms of answers are always recognised.

    Gameball's documentation contradicts itself and names both paths.
    """

    AUTO = "auto"
    """Whichever answers, the tutorial's first."""
    TUTORIAL = "tutorial"
    """GET and DELETE ``/batch/{jobId}``."""
    OPENAPI = "openapi"
    """GET ``/batches/{batchId}/status``, POST ``/batches/{batchId}/stop``."""


class Dialects:
    """
    Which path to ask on: the one that was chosen, or the one that has answered.

    Args:
        chosen: by the user.

    Attributes:
        known: the path that answers; None while that is not known.
    """

    def __init__(self, chosen: Dialect) -> None:
        self.known: Dialect | None = None if chosen is Dialect.AUTO else chosen
        self._first = Dialect.TUTORIAL

    def order(self) -> tuple[Dialect, ...]:
        """The paths to try, in this order."""
        if self.known is not None:
            return (self.known,)
        other = Dialect.OPENAPI if self._first is Dialect.TUTORIAL else Dialect.TUTORIAL
        return self._first, other

    def expect(self, first: Dialect) -> None:
        """An earlier process found this one to answer: try it first."""
        self._first = Dialect.TUTORIAL if first is Dialect.AUTO else first

    def answered(self, dialect: Dialect) -> None:
        """A job's status was read on this path."""
        self.known = dialect


@frozen
class Call:
    """
    A request before the keys are put to it.

    Attributes:
        method: GET, POST or DELETE.
        path: from the root of the host.
        secret: whether the secret key goes along.
        doing: what it is for, in words for an error message.
        about: the same for observers.
    """

    method: str
    path: str
    secret: bool
    doing: str
    about: About


@frozen
class Account:
    """
    Whose account is spoken to, where, and in which version. Checked when made.

    Attributes:
        origin: scheme, host and port, nothing else.
        version: ``v4``, ``v4.0`` or ``v4.1``.
        api_key: goes along with every call.
        secret_key: goes along where the API wants it; None where the account's user has none.
        high_security: the account is in High Security Mode: both keys on every call.
        dialect: which paths status and stop use.
    """

    origin: str
    version: str
    api_key: Secret
    secret_key: Secret | None
    high_security: bool = False
    dialect: Dialect = Dialect.AUTO

    def __attrs_post_init__(self) -> None:
        check_origin(self.origin)
        if self.version not in API_VERSIONS:
            raise ConfigurationError(
                f"API version {self.version!r} is not known; use one of: {', '.join(API_VERSIONS)}"
            )
        check_key(self.api_key, "the API key")
        if self.secret_key is not None:
            check_key(self.secret_key, "the secret key")
        elif self.both_keys_always:
            why = "v4.1" if self.version == "v4.1" else "High Security Mode"
            raise ConfigurationError(
                f"{why} needs both keys on every call, and the secret key is missing: pass "
                "secret_key, or set GAMEBALL_SECRET_KEY"
            )

    @property
    def host(self) -> str:
        """Host and port of the origin."""
        return urlsplit(self.origin).netloc

    @property
    def fingerprint(self) -> str:
        """Tells this account from others, and tells nothing of its key."""
        key = self.api_key.reveal().encode()
        return hmac.new(b"gameball_async journal", key, "sha256").hexdigest()[:32]

    @property
    def key_mode(self) -> Literal["test", "live"] | None:
        """Whose data the API key opens, by its beginning; None where that tells nothing."""
        key = self.api_key.reveal()
        if key.startswith("gb_test_"):
            return "test"
        return "live" if key.startswith("gb_live_") else None

    @property
    def both_keys_always(self) -> bool:
        """Whether even calls that need only the API key elsewhere want both."""
        return self.high_security or self.version == "v4.1"

    def upsert(self) -> Call:
        """POST ``/customers``: create or update one customer."""
        path, secret = self._path("customers"), self.both_keys_always
        return Call("POST", path, secret, "an upsert of a customer", About(path))

    def submit(self, kind: Kind) -> Call:
        """POST of one chunk of *kind*."""
        self.need_secret()
        path = self._path("batch", kind.path)
        return Call(
            "POST", path, True, f"a chunk of {kind.name}", About(path, kind.name, asks=kind.asks)
        )

    def status(self, job_id: int, dialect: Dialect) -> Call:
        """GET of a job's status."""
        path = "batches/{jobId}/status" if dialect is Dialect.OPENAPI else "batch/{jobId}"
        return self._of_job("GET", path, job_id, f"the status of job {job_id}")

    def stop(self, job_id: int, dialect: Dialect) -> Call:
        """The request that stops a job."""
        doing = f"the stop of job {job_id}"
        if dialect is Dialect.OPENAPI:
            return self._of_job("POST", "batches/{jobId}/stop", job_id, doing)
        return self._of_job("DELETE", "batch/{jobId}", job_id, doing)

    def _of_job(self, method: str, path: str, job_id: int, doing: str) -> Call:
        self.need_secret()
        route = self._path(path)
        path = route.replace("{jobId}", str(job_id))
        return Call(method, path, True, doing, About(route, job_id=job_id))

    def _path(self, *parts: str) -> str:
        return "/".join(("", "api", self.version, "integrations", *parts))

    def need_secret(self) -> None:
        if self.secret_key is None:
            raise ConfigurationError(
                "batch calls need both keys, and the secret key is missing: pass secret_key, or "
                "set GAMEBALL_SECRET_KEY"
            )


def check_key(key: Secret, what: str) -> None:
    """Refuse a key that HTTP would change or refuse, without showing it."""
    if not _KEY.fullmatch(key.reveal()):
        raise ConfigurationError(
            f"{what} is empty, too long, or contains a space, a line break or a non-ASCII "
            "character: copy it from the dashboard again, with nothing around it"
        )


def check_origin(origin: str) -> None:
    """Refuse a base URL that is more than an origin, or that is not safe. Never shows it."""
    wrong = _fault_of_origin(origin)
    if wrong:
        raise ConfigurationError(
            f"the base URL {wrong}: write it as https://host or https://host:port, such as "
            f"{DEFAULT_ORIGIN}"
        )


def _fault_of_origin(origin: str) -> str | None:
    if not origin.isascii() or not origin.isprintable() or " " in origin or "\\" in origin:
        return "contains a space, a control character or a non-ASCII character"
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return "cannot be read as a URL"
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return "is not an http or https URL with a host"
    if "@" in parts.netloc:
        return "contains a user name or a password"
    if parts.path.strip("/") or parts.query or parts.fragment or "?" in origin or "#" in origin:
        return "contains a path, a query or a fragment (the path /api/… is added by the client)"
    if port == 0:
        return "has port 0, which does not exist"
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(parts.hostname):
        return "is plain http to another machine, so the keys would be sent unencrypted"
    return None


def join_items(payloads: Iterable[bytes]) -> bytes:
    """The body of a submission from items, one at least, that are JSON already. Source: `{"body": [ … ]}`."""
    parts = [*payloads]  # joined in one go: a body may be megabytes
    parts[0] = b'{"body":[' + parts[0]
    parts[-1] += b"]}"
    return b",".join(parts)
