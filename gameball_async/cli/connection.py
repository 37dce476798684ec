"""Whom a command talks to: its options, the keys from the environment, or the embedded sandbox."""

from __future__ import annotations

import os
import shlex
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import wraps
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve, field, frozen

from ..api.requests import API_VERSIONS, Account, Dialect
from ..client import GameballClient
from ..errors import ConfigurationError
from ..limits.exchange import SharedQuota
from ..limits.windows import Quota
from .ending import Ended, perform, set_up, speaks
from .options import Command, as_json, choice, flag, taken, together
from .reaching import Reaching

if TYPE_CHECKING:
    from ..observe.hooks import OnRequest
    from ..preflight.findings import Findings
    from ..sandbox import Sandbox

API_KEY = "GAMEBALL_API_KEY"
SECRET_KEY = "GAMEBALL_SECRET_KEY"  # noqa: S105 - the name of a variable
BASE_URL = "GAMEBALL_BASE_URL"


@frozen
class Connection:
    """
    Whom to talk to, and how.

    Attributes:
        base_url: scheme, host and port; None for ``GAMEBALL_BASE_URL``, else Gameball's own.
        api_version: ``v4``, ``v4.0`` or ``v4.1``.
        high_security: both keys on every call.
        dialect: which paths ask for a status and stop a job.
        quota: requests allowed in which time.
        shared_quota: the Redis through which processes share it; None for none. May hold a password.
        sandbox: talk to a sandbox of our own, with its keys.
        trust_env: go through the proxy that the environment names.
        goes_by: what `check` has found of this account, where the command goes by it.
    """

    base_url: str | None
    api_version: str
    high_security: bool
    dialect: Dialect
    quota: Quota
    shared_quota: str | None = field(repr=False)
    sandbox: bool
    trust_env: bool
    goes_by: Findings | None = None

    def command(self, *words: str) -> str:
        """A command that talks to the same end, ready for a shell; the keys stay in the environment."""
        found = ["gameball-async", *words]
        quota = ",".join(f"{most}/{seconds:g}" for most, seconds in self.quota.windows)
        shared = self.shared_quota  # a password stays in the environment
        for name, value, default in (
            ("--base-url", self.base_url, None),
            ("--api-version", self.api_version, "v4.0"),
            ("--dialect", self.dialect.value, Dialect.AUTO.value),
            ("--quota", quota, "30/1,360/30"),
            ("--shared-quota", None if shared is None or "@" in shared else shared, None),
        ):
            if value is not None and value != default:
                found += [name, value]
        found += ["--high-security"] if self.high_security else []
        found += ["--trust-env"] if self.trust_env else []
        return shlex.join(found)


def read_quota(ctx: click.Context, param: click.Parameter, value: str) -> Quota:
    """Read ``30/1,360/30``, for click."""
    try:
        return Quota.parse(value)
    except ConfigurationError as error:
        raise click.BadParameter(str(error), ctx, param) from None


_OPTIONS = (
    flag(
        "--sandbox",
        help="Talk to a sandbox of our own, started for this command; no keys are needed.",
    ),
    click.option(
        "--base-url",
        metavar="URL",
        help=f"Scheme, host and port; also from {BASE_URL}.  [default: Gameball's own]",
    ),
    choice(
        "--api-version",
        API_VERSIONS,
        default="v4.0",
        help="Version of the API. v4.1 wants both keys on every call.",
    ),
    flag("--high-security", help="The account is in High Security Mode: both keys on every call."),
    choice(
        "--dialect",
        [dialect.value for dialect in Dialect],
        default=Dialect.AUTO.value,
        callback=lambda ctx, param, value: Dialect(value),
        help="Which paths ask for a status and stop a job; auto finds out which answers.",
    ),
    click.option(
        "--quota",
        callback=read_quota,
        metavar="REQUESTS/SECONDS,...",
        default="30/1,360/30",
        help="Requests per seconds that we may use; all windows hold at once. For four imports at once "
        "without Redis, give each a quarter: 7/1,90/30.",
    ),
    click.option(
        "--shared-quota",
        envvar="GAMEBALL_SHARED_QUOTA",
        metavar="redis://...",
        help="Share the quota with all processes that name the same Redis; also from "
        "GAMEBALL_SHARED_QUOTA, where a password belongs.",
    ),
    flag(
        "--trust-env", help="Go through the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name."
    ),
)


def talks(command: Command) -> Command:
    """Give a command the options of all that talk, and hand it a `Connection`."""

    @wraps(command)
    def with_connection(**options: Any) -> Any:
        set_up(**{name: options.pop(name) for name in ("quiet", "verbose", "log_file")})
        connection: Connection = taken(Connection, options)
        if connection.sandbox and connection.base_url is not None:
            raise click.UsageError("--sandbox has an address of its own: leave --base-url out")
        return command(connection=connection, **options)

    return together(speaks, *_OPTIONS, as_json)(with_connection)


def _refuse_missing_keys(connection: Connection, *, batch: bool) -> None:
    """Make sure that the environment has the keys; even a single upsert may want both."""
    both = batch or connection.high_security or connection.api_version == "v4.1"
    wanted = (API_KEY, SECRET_KEY) if both else (API_KEY,)
    missing = [name for name in wanted if not os.environ.get(name)]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise ConfigurationError(
            f"{' and '.join(missing)} {are} not set: export the keys that Gameball's dashboard shows, "
            "or try it with --sandbox"
        )


def talk(
    connection: Connection,
    main: Callable[[GameballClient, Reaching], Awaitable[int]],
    *,
    batch: bool = True,
) -> Ended:
    """
    Run *main* with an open client, see `perform`.

    Args:
        connection: whom to talk to.
        main: gives the exit code.
        batch: whether batch calls will be made, which need both keys.
    """

    async def connected() -> int:
        async with AsyncExitStack() as stack:
            reaching = Reaching()
            return await main(await connect(stack, connection, reaching, batch=batch), reaching)

    return perform(connected)


async def connect(
    stack: AsyncExitStack, connection: Connection, reaching: Reaching, *, batch: bool = True
) -> GameballClient:
    """
    Open a client, and the sandbox it talks to where that is asked for; *stack* closes both.

    Raises:
        ConfigurationError: a key is missing, or a setting is unusable.
    """
    sandbox = await sandbox_of(stack, connection, batch=batch)
    return await stack.enter_async_context(client_of(connection, sandbox, reaching))


async def sandbox_of(
    stack: AsyncExitStack, connection: Connection, *, batch: bool = True
) -> Sandbox | None:
    """
    Open the sandbox, where that is asked for; else make sure that there are keys.

    Raises:
        ConfigurationError: a key is missing.
    """
    if not connection.sandbox:
        _refuse_missing_keys(connection, batch=batch)
        return None
    from ..sandbox import Sandbox

    dialect = connection.dialect.value  # both, where the client is to find out
    return await stack.enter_async_context(
        Sandbox(
            high_security=connection.high_security, dialect="both" if dialect == "auto" else dialect
        )
    )


def account_of(connection: Connection) -> Account:
    """
    Whose account a command talks to; not for a sandbox.

    Raises:
        ConfigurationError: a key is missing, or a setting is unusable.
    """
    _refuse_missing_keys(connection, batch=False)
    return client_of(evolve(connection, shared_quota=None), None, Reaching()).account


def _shared(connection: Connection) -> SharedQuota | None:
    """What shares the quota; None where nothing does."""
    if connection.shared_quota is None or connection.sandbox:
        return None
    try:
        from ..limits.redis import RedisQuota
    except ImportError:
        raise ConfigurationError(
            "--shared-quota needs redis: pip install 'gameball_async[redis]'"
        ) from None
    return RedisQuota(connection.shared_quota, lost="error")


def client_of(
    connection: Connection,
    sandbox: Sandbox | None,
    reaching: Reaching,
    on_request: OnRequest | None = None,
) -> GameballClient:
    """A client, not open yet, of Gameball or of *sandbox*; *on_request* is called after each request."""
    return GameballClient(
        None if sandbox is None else sandbox.api_key,
        None if sandbox is None else sandbox.secret_key,
        base_url=connection.base_url if sandbox is None else sandbox.url,
        api_version=connection.api_version,
        high_security=connection.high_security,
        dialect=connection.dialect,
        quota=connection.quota,
        shared_quota=_shared(connection),
        on_request=on_request,
        on_warning=reaching,
        trust_env=connection.trust_env and sandbox is None,
    )
