"""One client, built once: several loops one after another, asyncio's and uvloop's, any task."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from typing import Any

import aiohttp
import pytest

from gameball_async import ClosedError, ConfigurationError, GameballClient, Quota, Settled
from gameball_async.sandbox import Constant, Sandbox, SandboxThread

ROWS = [{"customerId": f"c{n}"} for n in range(1_100)]
Run = Callable[..., Any]


@pytest.fixture(
    params=[
        "asyncio",
        pytest.param(
            "uvloop",
            marks=pytest.mark.skipif(
                find_spec("uvloop") is None, reason="uvloop is not there for this Python or system"
            ),
        ),
    ]
)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """`asyncio.run` under one of the loops; nothing may be left when it ends."""
    factory = None
    if request.param == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop

    def once(main: Coroutine[Any, Any, Any], *, left_open: bool = False) -> Any:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(main if left_open else _alone(main))

    yield once
    gc.collect()  # warnings of what was left are errors


async def _alone(main: Coroutine[Any, Any, Any]) -> Any:
    result = await main
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return result


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with SandboxThread(service_time=Constant(0.01), limits=None) as sandbox:
        yield sandbox


@pytest.fixture
def client(served: Sandbox) -> GameballClient:
    """Built where no loop runs, as at import."""
    quota = Quota((1000, 1.0))
    return GameballClient(served.api_key, served.secret_key, base_url=served.url, quota=quota)


async def used(client: GameballClient) -> None:
    """Every verb once."""
    await client.upsert_customer(ROWS[0])
    job = await client.submit("customers", ROWS[:3])
    final = await client.wait(job)
    assert final.finished == 3
    assert (await client.status(job)).state is final.state
    async with client.bulk("customers", ROWS) as run:
        settled = sum([len(event.outcomes) async for event in run if isinstance(event, Settled)])
    assert settled == len(ROWS) == run.report.succeeded
    async with client.submit_all("customers", ROWS) as submissions:
        assert len([submission async for submission in submissions]) == 2


async def opened_and_used(client: GameballClient) -> None:
    async with client:
        await used(client)


def test_one_client_is_used_under_several_loops_one_after_another(
    run: Run, client: GameballClient
) -> None:
    for _ in range(3):
        run(opened_and_used(client))


def test_it_is_opened_and_closed_in_different_tasks_of_each_loop(
    run: Run, client: GameballClient
) -> None:
    async def main() -> None:
        for way in (client.open, lambda: used(client), client.aclose):
            await asyncio.create_task(way())

    run(main())
    run(main())


def test_a_fixtures_generator_may_be_resumed_in_another_task(
    run: Run, client: GameballClient
) -> None:
    async def fixture() -> AsyncIterator[GameballClient]:
        async with client:
            yield client

    async def step(generator: Any) -> Any:
        return await anext(generator, None)

    async def main() -> None:
        generator = fixture()
        assert await asyncio.create_task(step(generator)) is client
        await asyncio.create_task(used(client))
        assert await asyncio.create_task(step(generator)) is None

    run(main())


def test_an_exit_stack_may_be_closed_in_another_task_and_out_of_order(
    run: Run, served: Sandbox
) -> None:
    keys = served.api_key, served.secret_key

    async def main() -> None:
        stacks = [AsyncExitStack(), AsyncExitStack()]
        clients = [
            await asyncio.create_task(
                stack.enter_async_context(GameballClient(*keys, base_url=served.url))
            )
            for stack in stacks
        ]
        await asyncio.gather(*map(used, clients))
        for stack in stacks:
            await asyncio.create_task(stack.aclose())

    run(main())


def test_a_lifespan_that_is_cancelled_closes_its_client(run: Run, client: GameballClient) -> None:
    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with client:
            yield

    async def serve(ready: asyncio.Event) -> None:
        async with lifespan():
            ready.set()
            await asyncio.Event().wait()

    async def main() -> None:
        ready = asyncio.Event()
        serving = asyncio.create_task(serve(ready))
        await ready.wait()
        await used(client)
        waiting = asyncio.create_task(client.wait(await client.submit("events", _events())))
        await asyncio.sleep(0)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        with pytest.raises(ClosedError):
            await waiting

    run(main())


def _events() -> list[dict[str, Any]]:
    return [{"customerId": "c1", "events": {"visit": {}}}]


def test_a_run_under_way_when_the_loop_ends_leaves_nothing_and_the_next_loop_starts_anew(
    run: Run, client: GameballClient
) -> None:
    async def main() -> None:
        async with client, client.bulk("customers", ROWS) as moving:
            await anext(moving)
            raise KeyError("the program's own")

    with pytest.raises(KeyError, match="the program's own"):
        run(main())
    run(opened_and_used(client))


def test_a_client_left_open_when_its_loop_ended_is_opened_anew_under_the_next(
    run: Run, client: GameballClient
) -> None:
    async def main() -> None:
        await client.open()
        await client.upsert_customer(ROWS[0])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of the connection: its loop is gone
        run(main(), left_open=True)
        run(opened_and_used(client))
        gc.collect()


def test_a_client_left_open_when_its_loop_ended_is_closed_under_the_next_and_may_be_used_again(
    run: Run, client: GameballClient
) -> None:
    async def main() -> None:
        await client.open()

    run(main(), left_open=True)
    run(client.aclose())
    gc.collect()
    run(opened_and_used(client))


def test_a_client_that_is_open_under_another_loop_says_so_at_once(
    run: Run, client: GameballClient
) -> None:
    refused: list[BaseException] = []

    async def elsewhere() -> None:
        for call in (client.upsert_customer(ROWS[0]), client.open()):
            with pytest.raises(ClosedError, match="another event loop") as caught:
                await asyncio.wait_for(call, 5)
            refused.append(caught.value)

    async def main() -> None:
        async with client:
            thread = threading.Thread(target=asyncio.run, args=(elsewhere(),))
            thread.start()
            await asyncio.to_thread(thread.join)
            await used(client)

    run(main())
    assert len(refused) == 2


def test_a_borrowed_session_is_left_to_its_owner_under_each_loop(run: Run, served: Sandbox) -> None:
    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            keys = served.api_key, served.secret_key
            async with GameballClient(*keys, base_url=served.url, session=session) as client:
                await client.upsert_customer(ROWS[0])
            assert not session.closed

    run(main())
    run(main())


def test_where_no_loop_of_asyncio_runs_it_says_so(client: GameballClient) -> None:
    with pytest.raises(ConfigurationError, match="needs a running asyncio event loop"):
        client.open().send(None)


def test_this_python_is_one_that_is_supported() -> None:
    assert sys.version_info >= (3, 11)
