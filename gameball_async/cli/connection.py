"""What a command connects to: its options, the keys from the environment, or the embedded sandbox."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve, field, frozen

from ..api.requests import API_VERSIONS, Account, Dialect
from ..client import GameballClient
from ..errors import ConfigurationError
from ..limits.exchange import SharedQuota
from ..limits.windows import Quota
from .ending import Ended, perform, set_up, speaks
from .live import Reaching
from .options import Option, adapting, as_json, choice, flag, parsed, taken, together
from .words import command_line

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
    What to connect to, and how.

    Attributes:
        base_url: scheme, host and port; None for ``GAMEBALL_BASE_URL``, else Gameball's own.
        api_version: ``v4``, ``v4.0`` or ``v4.1``.
        high_security: both keys on every call.
        dialect: which paths return the status of a job and stop it.
        quota: requests allowed in which time.
        shared_quota: the Redis through which processes share it; None for none. May hold a password.
        sandbox: start a sandbox and talk to it, with its keys.
        trust_env: use the proxy from the environment.
        batch: whether batch calls will be made, which need both keys.
        goes_by: the findings of `check` for this account, if the command uses them.
    """

    base_url: str | None
    api_version: str
    high_security: bool
    dialect: Dialect
    quota: Quota
    shared_quota: str | None = field(repr=False)
    sandbox: bool
    trust_env: bool
    batch: bool = True
    goes_by: Findings | None = None

    def command(self, *words: str, **options: object) -> str:
        """A command that talks to the same server, ready for a shell; the keys stay in the environment."""
        shared = self.shared_quota
        values = {
            "base_url": self.base_url,
            "api_version": self.api_version,
            "dialect": self.dialect.value,
            "quota": ",".join(f"{most}/{seconds:g}" for most, seconds in self.quota.windows),
            "shared_quota": None
            if "@" in (shared or "")
            else shared,  # a password stays where it is
            "high_security": self.high_security,
            "trust_env": self.trust_env,
        }
        differ = {name: value for name, value in values.items() if value != _DEFAULTS.get(name)}
        return command_line(*words, **options, **differ)


_DEFAULTS = {"api_version": "v4.0", "dialect": Dialect.AUTO.value, "quota": "30/1,360/30"}
_OPTIONS = (
    flag(
        "--sandbox",
        help="Use a sandbox that is started for this command; no keys are needed.",
    ),
    click.option(
        "--base-url",
        metavar="URL",
        help=f"Scheme, host and port of the API; also from {BASE_URL}.  [default: Gameball's own]",
    ),
    choice(
        "--api-version",
        API_VERSIONS,
        default=_DEFAULTS["api_version"],
        help="Version of the API. v4.1 needs both keys on every call.",
    ),
    flag(
        "--high-security",
        help="Send both keys on every call: the account is in High Security Mode.",
    ),
    choice(
        "--dialect",
        [dialect.value for dialect in Dialect],
        default=_DEFAULTS["dialect"],
        callback=lambda ctx, param, value: Dialect(value),
        help="Which paths return the status of a job and stop it; auto finds out which ones answer.",
    ),
    click.option(
        "--quota",
        callback=parsed(Quota.parse),
        metavar="REQUESTS/SECONDS,...",
        default=_DEFAULTS["quota"],
        help="Requests allowed per number of seconds; all windows apply at once. For four imports at once without "
        "Redis, give each a quarter: 7/1,90/30.",
    ),
    click.option(
        "--shared-quota",
        envvar="GAMEBALL_SHARED_QUOTA",
        metavar="redis://...",
        help="Share the quota with all processes that use the same Redis; also from GAMEBALL_SHARED_QUOTA, which "
        "is the place for a URL with a password.",
    ),
    flag("--trust-env", help="Use the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY set."),
)


def _connect_by(options: dict[str, Any]) -> None:
    set_up(**{name: options.pop(name) for name in ("quiet", "verbose", "log_file")})
    connection = options["connection"] = taken(Connection, options)
    if connection.sandbox and connection.base_url is not None:
        raise click.UsageError(
            "--base-url cannot be used with --sandbox, which has its own address: remove one "
            "of the two"
        )


talks: Option = together(speaks, *_OPTIONS, as_json, adapting(_connect_by))
"""Give a command the options of all that talk, and hand it a `Connection`."""


def _refuse_missing_keys(connection: Connection) -> None:
    """Make sure that the environment has the keys; even a single upsert may need both."""
    both = connection.batch or connection.high_security or connection.api_version == "v4.1"
    wanted = (API_KEY, SECRET_KEY) if both else (API_KEY,)
    missing = [name for name in wanted if not os.environ.get(name)]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise ConfigurationError(
            f"{' and '.join(missing)} {are} not set: export the keys that Gameball's dashboard shows, "
            "or try it with --sandbox"
        )


def talk(
    connection: Connection, main: Callable[[GameballClient, Reaching], Awaitable[int]]
) -> Ended:
    """Run *main*, which gives the exit code, with an open client, see `perform`."""

    async def connected() -> int:
        async with AsyncExitStack() as stack:
            reaching = Reaching()
            return await main(await connect(stack, connection, reaching), reaching)

    return perform(connected)


async def connect(
    stack: AsyncExitStack, connection: Connection, reaching: Reaching
) -> GameballClient:
    """
    Open a client, and the sandbox it talks to where that is asked for; *stack* closes both.

    Raises:
        ConfigurationError: a key is missing, or a setting is unusable.
    """
    sandbox = await sandbox_of(stack, connection)
    return await stack.enter_async_context(client_of(connection, sandbox, reaching))


async def sandbox_of(stack: AsyncExitStack, connection: Connection) -> Sandbox | None:
    """
    Open the sandbox, where that is asked for; else make sure that there are keys.

    Raises:
        ConfigurationError: a key is missing.
    """
    if not connection.sandbox:
        _refuse_missing_keys(connection)
        return None
    from ..sandbox import Sandbox

    # Both, where the client is to find out.
    dialect = "both" if connection.dialect is Dialect.AUTO else connection.dialect.value
    sandbox = Sandbox(high_security=connection.high_security, dialect=dialect)
    return await stack.enter_async_context(sandbox)


def account_of(connection: Connection) -> Account:
    """
    The account that a command talks to; not for a sandbox.

    Raises:
        ConfigurationError: a key is missing, or a setting is unusable.
    """
    connection = evolve(connection, shared_quota=None, batch=False)
    _refuse_missing_keys(connection)
    return client_of(connection, None, Reaching()).account


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
