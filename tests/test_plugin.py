"""The pytest plugin: a sandbox and a client for other people's tests, sync or async."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from gameball_async import FateUnknownError, GameballClient
from gameball_async.sandbox import Sandbox, SandboxThread

pytest_plugins = ["gameball_async.pytest_plugin"]


@pytest.mark.anyio
async def test_an_async_test_talks_to_the_sandbox_and_asserts_on_what_it_saw(
    gameball_sandbox: Sandbox, gameball_client: GameballClient
) -> None:
    gameball_sandbox.faults.reset_after_commit(on="submit", times=1)
    async with gameball_client as client:
        with pytest.raises(FateUnknownError):
            await client.submit("events", [{"customerId": "c1", "events": {"visit": {}}}])
    assert gameball_sandbox.counts["submit"] == 1


def test_a_sync_test_may_use_it_too(gameball_sandbox: Sandbox) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401") as caught:
        urllib.request.urlopen(gameball_sandbox.url + "/api/v4.0/integrations/batch/1")  # noqa: S310
    caught.value.close()


def test_a_sandbox_that_cannot_start_says_why() -> None:
    with pytest.raises(RuntimeError) as caught, SandboxThread(no_such_option=1):
        pass
    assert isinstance(caught.value.__cause__, TypeError)
