"""Hooks: called with what they asked for, sync or async, and never able to break or hold up a run."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from benchmarks.virtual import virtual_client
from gameball_async import RequestEnded, Transition
from gameball_async.client import GameballClient
from gameball_async.observe import hooks
from gameball_async.sandbox import Sandbox
from tests.engine_virtual import TRIP, at
from tests.observe.observe_desk import extras, kept
from tests.steps import Cut, at_each_step, nothing_left

ROWS = [{"customerId": f"c{n}"} for n in range(3)]


async def bulk(client: GameballClient) -> int:
    async with client.bulk("customers", ROWS) as run:
        return (await run.finish()).succeeded


class Collects:
    """A hook of each sort."""

    def __init__(self) -> None:
        self.got: list[Any] = []

    def sync(self, what: Any) -> None:
        self.got.append(what)

    async def later(self, what: Any) -> None:
        await asyncio.sleep(0)
        self.got.append(what)

    async def named(self, mark: str, what: Any) -> None:
        assert mark == "mark"
        self.got.append(what)

    async def __call__(self, what: Any) -> None:
        self.got.append(what)


SORTS: dict[str, Callable[[Collects], Any]] = {
    "a function": lambda to: to.sync,
    "an async function": lambda to: to.later,
    "an object": lambda to: to,
    "a partial": lambda to: functools.partial(to.named, "mark"),
    "a lambda that gives a coroutine": lambda to: lambda what: to.later(what),
}


@pytest.mark.parametrize("sort", SORTS)
def test_hooks_of_every_sort_see_each_request_and_each_transition_once(sort: str) -> None:
    requests, transitions, sandbox = Collects(), Collects(), Sandbox(latency=TRIP)
    with nothing_left():
        done = at(
            sandbox,
            bulk,
            on_request=SORTS[sort](requests),
            on_transition=SORTS[sort](transitions),
        )
    assert done == 3
    assert len(requests.got) == len(sandbox.requests)
    assert all(isinstance(one, RequestEnded) and one.outcome == "ok" for one in requests.got)
    assert all(isinstance(one, Transition) and one.moved for one in transitions.got)
    states = [one.status.state.value for one in transitions.got]
    assert states[-1] == "completed"
    assert len(states) == len(set(states))


def test_a_job_that_five_watch_is_told_to_the_hook_once() -> None:
    got = Collects()

    async def main(client: GameballClient) -> None:
        job = await client.submit("customers", ROWS)
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(client.wait, job)

    at(Sandbox(latency=TRIP), main, on_transition=got.sync)
    states = [one.status.state for one in got.got]
    assert len(states) == len(set(states)) > 0


def raises(what: object) -> None:
    raise ValueError("canary.person@example.com")


async def raises_later(what: object) -> None:
    await asyncio.sleep(0)
    raises(what)


async def cancels_itself(what: object) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("hook", [raises, raises_later, cancels_itself])
def test_a_hook_that_raises_changes_nothing_and_is_named_once_without_its_errors_text(
    hook: Any,
) -> None:
    with kept() as records, nothing_left():
        assert at(Sandbox(latency=TRIP), bulk, on_request=hook, on_transition=hook) == 3
    (record,) = records.of("hooks")
    assert record.levelname == "ERROR"
    assert extras(record)["gameball_hook"].endswith(f"test_observe_hooks.{hook.__name__}")
    assert record.getMessage().count("test_observe_hooks.py, line ") == 1
    assert "canary" not in record.getMessage() + repr(vars(record))


def test_an_async_hook_that_never_ends_holds_up_neither_the_run_nor_the_close_for_long() -> None:
    begun: list[object] = []
    times: dict[str, float] = {}

    async def stuck(what: object) -> None:
        begun.append(what)
        await anyio.sleep_forever()

    async def main(client: GameballClient) -> None:
        began = anyio.current_time()
        assert await bulk(client) == 3
        times["run"] = anyio.current_time() - began
        began = anyio.current_time()
        await client.aclose()
        times["close"] = anyio.current_time() - began

    async def alone(client: GameballClient) -> float:
        began = anyio.current_time()
        await bulk(client)
        return anyio.current_time() - began

    without = at(Sandbox(latency=TRIP), alone)
    with kept() as records, nothing_left():
        at(Sandbox(latency=TRIP), main, on_request=stuck)
    assert len(begun) == 1
    assert times["run"] == pytest.approx(without, rel=0.2)
    assert times["close"] == pytest.approx(hooks.CLOSE_WITHIN, abs=0.5)
    assert any(
        "did not finish within 5 s after the client was closed" in t for t in records.texts("hooks")
    )


def test_async_hooks_that_are_slow_are_seen_through_when_the_client_is_closed() -> None:
    done: list[object] = []

    async def slow(what: object) -> None:
        await anyio.sleep(0.5)
        done.append(what)

    sandbox = Sandbox(latency=TRIP)
    with kept() as records:
        at(sandbox, bulk, on_request=slow)
    assert len(done) == len(sandbox.requests) > 1
    assert not records.of("hooks")


def test_calls_beyond_the_bound_are_left_out_and_that_is_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hooks, "MOST_WAITING", 2)
    done: list[object] = []

    async def slow(what: object) -> None:
        await anyio.sleep(2.0)
        done.append(what)

    async def main(client: GameballClient) -> None:
        async with anyio.create_task_group() as tasks:
            for n in range(20):
                tasks.start_soon(client.upsert_customer, {"customerId": f"c{n}"})

    with kept() as records, nothing_left():
        at(Sandbox(latency=TRIP), main, on_request=slow)
    assert 2 <= len(done) <= 3
    assert len(records.of("hooks")) == 1
    assert "too slow" in records.texts("hooks")[0]


def test_no_task_runs_for_hooks_while_there_is_nothing_to_await() -> None:
    async def hook(what: object) -> None:
        await asyncio.sleep(0)

    async def main(client: GameballClient) -> None:
        await client.upsert_customer({"customerId": "c1"})
        await anyio.sleep(1.0)
        names = [task.get_coro() for task in asyncio.all_tasks()]
        assert not [name for name in names if "Hooks" in repr(name) or "Background" in repr(name)]
        await client.upsert_customer({"customerId": "c1"})  # and it comes back when needed

    calls = Collects()
    at(Sandbox(latency=TRIP), main, on_request=hook)
    at(Sandbox(latency=TRIP), main, on_request=calls.later)
    assert len(calls.got) == 2


def test_async_hooks_run_in_the_context_of_the_opening_not_of_some_call() -> None:
    where: ContextVar[str] = ContextVar("where", default="outside")
    seen: list[str] = []

    async def hook(what: object) -> None:
        seen.append(where.get())

    async def main(client: GameballClient) -> None:
        where.set("inside")
        await client.upsert_customer({"customerId": "c1"})

    at(Sandbox(latency=TRIP), main, on_request=hook)
    assert seen == ["outside"]


def test_a_hook_may_close_the_client() -> None:
    async def main(client: GameballClient) -> None:
        hooked.append(client)
        await client.upsert_customer({"customerId": "c1"})
        await anyio.sleep(30)
        assert "closed" in repr(client)

    hooked: list[GameballClient] = []

    async def hook(what: object) -> None:
        await hooked[0].aclose()

    with nothing_left(), kept():
        at(Sandbox(latency=TRIP), main, on_request=hook)


def test_hooks_are_called_again_by_a_client_that_is_opened_again_on_another_loop() -> None:
    got = Collects()

    async def main(client: GameballClient) -> None:
        await client.upsert_customer({"customerId": "c1"})
        await client.aclose()
        await client.open()
        await client.upsert_customer({"customerId": "c1"})

    at(Sandbox(latency=TRIP), main, on_request=got.later)
    assert len(got.got) == 2


def test_what_a_hook_sees_shows_no_key() -> None:
    got = Collects()
    sandbox = Sandbox(latency=TRIP)
    at(sandbox, bulk, on_request=got.sync)
    assert not [one for one in got.got if sandbox.api_key in repr(one) or "c1" in repr(one)]


def test_a_call_may_be_cancelled_at_any_step_and_its_request_is_told_at_most_once() -> None:
    requests: list[list[RequestEnded]] = []

    async def main(cut: Cut) -> None:
        told: list[RequestEnded] = []
        requests.append(told)

        async def hook(what: RequestEnded) -> None:
            await asyncio.sleep(0.01)
            told.append(what)

        async with (
            Sandbox(latency=TRIP) as sandbox,
            virtual_client(sandbox, on_request=hook) as client,
        ):
            await cut.run(client.upsert_customer({"customerId": "c1"}))

    assert at_each_step(main, stride=5) > 20
    assert all(len(told) <= 1 for told in requests)
    assert {told[0].outcome for told in requests if told} == {"ok", "cancelled"}
