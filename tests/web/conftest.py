"""What the tests of the web examples share: a sandbox, and servers that end with the test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from gameball_async.sandbox import Sandbox
from tests.web.web_desk import Server, server_of
from tests.web.web_page import Page, chromium

Serve = Callable[..., tuple[Server, Sandbox]]
Show = Callable[..., tuple[Page, Server, Sandbox]]
Times = Callable[[Sandbox, str], Counter[str | None]]


@pytest.fixture
def portal() -> Iterator[BlockingPortal]:
    """Where sandboxes are served."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def gameball(portal: BlockingPortal) -> Iterator[Callable[..., Sandbox]]:
    """Starts a sandbox with the options given."""
    with ExitStack() as stack:

        def start(**options: Any) -> Sandbox:
            async def make() -> Sandbox:
                return Sandbox(**options)

            sandbox = portal.call(make)
            return stack.enter_context(portal.wrap_async_context_manager(sandbox))

        yield start


@pytest.fixture
def times(portal: BlockingPortal) -> Times:
    """How many times each item of a kind was applied."""

    def read(sandbox: Sandbox, kind: str) -> Counter[str | None]:
        return portal.call(lambda: sandbox.ledger.times(kind))

    return read


@pytest.fixture(params=["fastapi", "aiohttp"])
def framework(request: pytest.FixtureRequest) -> str:
    """Each of the two."""
    name: str = request.param
    return name


@pytest.fixture
def serve(framework: str, gameball: Callable[..., Sandbox], tmp_path: Path) -> Iterator[Serve]:
    """Starts the example of the framework and a sandbox for it, which takes the sandbox's options."""
    with ExitStack() as stack:

        def start(**options: Any) -> tuple[Server, Sandbox]:
            sandbox = gameball(**options)
            server = server_of(framework, sandbox, tmp_path)
            stack.callback(server.close)
            server.start()
            return server, sandbox

        yield start


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One Chromium for all tests of a file."""
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture
def page(browser: Any, serve: Serve, tmp_path: Path) -> Iterator[Show]:
    """Opens the page of a server that is started with the sandbox's options."""
    first = browser.current_window_handle

    def show(**options: Any) -> tuple[Page, Server, Sandbox]:
        server, sandbox = serve(**options)
        return Page(browser, server, tmp_path), server, sandbox

    yield show
    for handle in browser.window_handles:
        browser.switch_to.window(handle)
        if handle != first:
            browser.close()
    browser.switch_to.window(first)
    browser.get("about:blank")
