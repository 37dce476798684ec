"""Whom a command talks to: its options, the keys from the environment, or the embedded sandbox."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click
from attrs import evolve, field, frozen

from ..api.requests import API_VERSIONS, Account, Dialect
from ..client import GameballClient
from ..errors import ConfigurationError
from ..limits.exchange import SharedQuota
from ..limits.windows import Quota
from .reaching import Reaching
from .talking import says, set_up

if TYPE_CHECKING:
    from ..observe.hooks import OnRequest
    from ..preflight.findings import Findings
    from ..sandbox import Sandbox

__all__ = [
    "Connection",
    "account_of",
    "client_of",
    "connect",
    "missing_keys",
    "read_quota",
    "sandbox_of",
    "talks",
]

API_KEY = "GAMEBALL_API_KEY"
SECRET_KEY = "GAMEBALL_SECRET_KEY"  # noqa: S105 - the name of a variable
BASE_URL = "GAMEBALL_BASE_URL"

F = TypeVar("F", bound=Callable[..., Any])


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
        findings: what `check` has found of this account, where the command goes by it.
    """

    base_url: str | None
    api_version: str
    high_security: bool
    dialect: Dialect
    quota: Quota
    shared_quota: str | None = field(repr=False)
    sandbox: bool
    trust_env: bool
    findings: Findings | None = None

    @property
    def both_keys(self) -> bool:
        """Whether even a single upsert wants both keys."""
        return self.high_security or self.api_version == "v4.1"


def read_quota(ctx: click.Context, param: click.Parameter, value: str) -> Quota:
    """Read ``30/1,360/30``, for click."""
    try:
        return Quota.parse(value)
    except ConfigurationError as error:
        raise click.BadParameter(str(error), ctx, param) from None


_OPTIONS = (
    click.option(
        "--sandbox",
        is_flag=True,
        help="Talk to a sandbox of our own, started for this command; no keys are needed.",
    ),
    click.option(
        "--base-url",
        metavar="URL",
        help=f"Scheme, host and port; also from {BASE_URL}.  [default: Gameball's own]",
    ),
    click.option(
        "--api-version",
        type=click.Choice(API_VERSIONS),
        default="v4.0",
        show_default=True,
        help="Version of the API. v4.1 wants both keys on every call.",
    ),
    click.option(
        "--high-security",
        is_flag=True,
        help="The account is in High Security Mode: both keys on every call.",
    ),
    click.option(
        "--dialect",
        type=click.Choice([dialect.value for dialect in Dialect]),
        default=Dialect.AUTO.value,
        show_default=True,
        help="Which paths ask for a status and stop a job; auto finds out which answers.",
    ),
    click.option(
        "--quota",
        callback=read_quota,
        metavar="REQUESTS/SECONDS,...",
        default="30/1,360/30",
        show_default=True,
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
    click.option(
        "--trust-env",
        is_flag=True,
        help="Go through the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name.",
    ),
    click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object at the end, nothing else."
    ),
)


def talks(command: F) -> F:
    """Give a command the options of all that talk, and hand it a `Connection`."""

    @wraps(command)
    def with_connection(**options: Any) -> Any:
        set_up(
            quiet=options.pop("quiet"),
            verbose=options.pop("verbose"),
            log_file=options.pop("log_file"),
        )
        connection = Connection(
            base_url=options.pop("base_url"),
            api_version=options.pop("api_version"),
            high_security=options.pop("high_security"),
            dialect=Dialect(options.pop("dialect")),
            quota=options.pop("quota"),
            shared_quota=options.pop("shared_quota"),
            sandbox=options.pop("sandbox"),
            trust_env=options.pop("trust_env"),
        )
        if connection.sandbox and connection.base_url is not None:
            raise click.UsageError("--sandbox has an address of its own: leave --base-url out")
        return command(connection=connection, **options)

    for option in reversed(_OPTIONS):
        with_connection = option(with_connection)
    return says(with_connection)  # type: ignore[return-value] # wrapped: what click calls is the same


def missing_keys(environment: Mapping[str, str], *, both: bool) -> str | None:
    """A message that names the variables without a value; None where nothing is missing."""
    wanted = (API_KEY, SECRET_KEY) if both else (API_KEY,)
    missing = [name for name in wanted if not environment.get(name)]
    if not missing:
        return None
    are = "is" if len(missing) == 1 else "are"
    return (
        f"{' and '.join(missing)} {are} not set: export the keys that Gameball's dashboard shows, "
        "or try it with --sandbox"
    )


async def connect(
    stack: AsyncExitStack,
    connection: Connection,
    *,
    batch: bool,
    reaching: Reaching | None = None,
) -> GameballClient:
    """
    Open a client, and the sandbox it talks to where that is asked for; *stack* closes both.

    Args:
        stack: what closes them.
        connection: whom to talk to.
        batch: whether batch calls will be made, which need both keys.
        reaching: hears of the connection; one that says it where None is given.

    Raises:
        ConfigurationError: a key is missing, or a setting is unusable.
    """
    sandbox = await sandbox_of(stack, connection, batch=batch)
    client = client_of(connection, sandbox, reaching or Reaching())
    return await stack.enter_async_context(client)


async def sandbox_of(
    stack: AsyncExitStack, connection: Connection, *, batch: bool
) -> Sandbox | None:
    """
    Open the sandbox, where that is asked for; else make sure that there are keys.

    Raises:
        ConfigurationError: a key is missing.
    """
    if connection.sandbox:
        from ..sandbox import Sandbox

        return await stack.enter_async_context(
            Sandbox(high_security=connection.high_security, dialect=_dialect_of(connection))
        )
    wrong = missing_keys(os.environ, both=batch or connection.both_keys)
    if wrong:
        raise ConfigurationError(wrong)
    return None


def account_of(connection: Connection) -> Account:
    """
    Whose account a command talks to; not for a sandbox.

    Raises:
        ConfigurationError: a key is missing, or a setting is unusable.
    """
    wrong = missing_keys(os.environ, both=connection.both_keys)
    if wrong:
        raise ConfigurationError(wrong)
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


def _dialect_of(connection: Connection) -> str:
    """The one that the sandbox serves: both, where the client is to find out."""
    return "both" if connection.dialect is Dialect.AUTO else connection.dialect.value


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
