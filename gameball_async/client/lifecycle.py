"""What a client is made of, and its opening and closing: wires the edges to the engine."""

from __future__ import annotations

import asyncio
import os
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import aiohttp
import anyio

from ..api.requests import DEFAULT_ORIGIN, Account, Dialect, Secret
from ..errors import ClosedError, ConfigurationError
from ..http import AiohttpTransport, open_session
from ..limits.exchange import QuotaStore, SharedQuota, check_share
from ..limits.retry import Patience
from ..limits.windows import Quota
from ..observe.logging import LogObserver, OnceLogger
from ..observe.stream import NO_OBSERVERS, EventStream, Observer, Telemetry
from ..session import Engine
from ..tasks import Background, see_through

if TYPE_CHECKING:
    from ..observe.hooks import OnRequest, OnTransition, OnWarning

DEFAULT_QUOTA = Quota((30, 1.0), (360, 30.0))

CLOSE_WITHIN = 10.0
"""Seconds that closing the connections takes, at most."""


class Lifecycle:
    """Holds the account and, while it is open, the engine."""

    def __init__(
        self,
        api_key: str | None = None,
        secret_key: str | None = None,
        *,
        base_url: str | None = None,
        api_version: str = "v4.0",
        high_security: bool = False,
        session: aiohttp.ClientSession | None = None,
        quota: Quota = DEFAULT_QUOTA,
        dialect: Dialect = Dialect.AUTO,
        patience: Patience | None = None,
        shared_quota: SharedQuota | None = None,
        on_request: OnRequest | None = None,
        on_transition: OnTransition | None = None,
        on_warning: OnWarning | None = None,
        telemetry: Telemetry | None = None,
        trust_env: bool = False,
    ) -> None:
        if trust_env and session is not None:
            raise ConfigurationError(
                "trust_env cannot be used with session: remove it, and make your session with "
                "aiohttp.ClientSession(trust_env=True)"
            )
        self._account = Account(
            origin=(base_url or os.environ.get("GAMEBALL_BASE_URL") or DEFAULT_ORIGIN).rstrip("/"),
            version=api_version,
            api_key=_api_key(api_key),
            secret_key=_secret_key(secret_key),
            high_security=high_security,
            dialect=dialect,
        )
        if shared_quota is not None and shared_quota.lost == "share":
            check_share(quota, shared_quota.share)
        self._quota = quota
        self._shared_quota = shared_quota
        self._patience = patience or Patience()
        self._hooks = on_request, on_transition, on_warning
        self._telemetry = telemetry
        self._stream = NO_OBSERVERS
        self._trust_env = trust_env
        self._borrowed = session
        self._own: aiohttp.ClientSession | None = None
        self._background = Background(self._crashed)
        self._engine: Engine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        state = "closed" if self._engine is None else "open"
        return f"<GameballClient of {self._account.origin}, {self._account.version}, {state}>"

    @property
    def account(self) -> Account:
        """The account, address and API version that the client uses. Its keys are never shown."""
        return self._account

    async def open(self) -> None:
        """
        Open the client. Opening an open client changes nothing.

        Raises:
            ClosedError: it is open under another event loop, which still exists.
            ConfigurationError: no asyncio event loop is running.
        """
        if self._engine is not None and not await self._left_behind():
            return
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError(
                "the client needs a running asyncio event loop (uvloop works too), and there is "
                "none: with anyio, choose its asyncio backend"
            ) from None
        session = self._borrowed
        if session is None:
            session = self._own = open_session(trust_env=self._trust_env)
        account = self._account
        transport = AiohttpTransport(session, account.origin, account.api_key, account.secret_key)
        self._stream = EventStream(self._observers(), OnceLogger())
        self._engine = Engine(
            account,
            transport,
            self._background.spawn,
            quota=self._quota,
            patience=self._patience,
            chance=random.random,
            shared=self._shared_quota,
            stream=self._stream,
        )
        transport.tell_connected(self._engine.connected)

    def _observers(self) -> list[Observer]:
        """Logging always, others where given."""
        found: list[Observer] = [LogObserver()]
        if any(hook is not None for hook in self._hooks):
            from ..observe.hooks import Hooks  # only where there are some

            found.append(Hooks(*self._hooks))
        if self._telemetry is not None:
            found.append(self._telemetry.observer(self._account.origin))
        return found

    async def aclose(self) -> None:
        """
        Stop all background work and close the session, unless it is borrowed.

        Raises:
            ClosedError: it is open under another event loop, which still exists.
        """
        if await self._left_behind():
            return
        engine, session = self._let_go()
        if engine is None:
            return
        engine.close()
        await see_through(self._shut(session, engine.store))

    def _let_go(self) -> tuple[Engine | None, aiohttp.ClientSession | None]:
        """What there is to close; the client has it no more."""
        had = self._engine, self._own
        self._engine = self._own = None
        return had

    async def _left_behind(self) -> bool:
        """
        Whether the client was open under a loop that has ended; then it is not any more.

        What ran under that loop has ended with it, and can neither be cancelled nor be told.
        """
        if self._engine is None or _is_here(self._loop):
            return False
        if self._loop is not None and not self._loop.is_closed():
            raise _elsewhere()
        engine, session = self._let_go()
        self._background = Background(self._crashed)
        with suppress(RuntimeError):  # of connections whose loop is closed
            if session is not None:
                await session.close()
            if engine is not None and engine.store is not None:
                await engine.store.aclose()
        return True

    async def _shut(self, session: aiohttp.ClientSession | None, store: QuotaStore | None) -> None:
        try:
            await self._background.aclose()
        finally:
            with anyio.move_on_after(CLOSE_WITHIN):
                if session is not None:
                    await session.close()
            if store is not None:
                await store.aclose()
            await self._stream.aclose()

    def _crashed(self, error: BaseException) -> None:
        """A fault of this library: nobody may wait for what will not come."""
        if self._engine is not None:
            self._engine.close(error)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    @property
    def _running(self) -> Engine:
        if self._engine is None:
            raise ClosedError("the client is not open: use it inside `async with GameballClient()`")
        if not _is_here(self._loop):
            raise _elsewhere()
        return self._engine


def _is_here(loop: asyncio.AbstractEventLoop | None) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:  # nothing runs: nothing can wait for the wrong loop
        return True


def _elsewhere() -> ClosedError:
    return ClosedError(
        "the client was opened in another event loop, and works in one at a time: close it "
        "there, or use a separate client for each loop"
    )


# In functions of their own: no key is among the locals of a traceback that somebody else sees.


def _api_key(given: str | None) -> Secret:
    key = given if given is not None else os.environ.get("GAMEBALL_API_KEY")
    if not key:
        raise ConfigurationError("the API key is missing: pass api_key, or set GAMEBALL_API_KEY")
    return Secret(key)


def _secret_key(given: str | None) -> Secret | None:
    key = given if given is not None else os.environ.get("GAMEBALL_SECRET_KEY")
    return None if key is None else Secret(key)
