"""Keys and row data are in no exception, no log and no repr, whatever goes wrong."""

from __future__ import annotations

import asyncio
import copy
import inspect
import logging
import pickle
import traceback
from collections.abc import Callable, Coroutine, Iterator
from itertools import cycle, product
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest

from benchmarks.virtual import LoopConnector
from gameball_async import http
from gameball_async.api.kinds import KINDS
from gameball_async.api.requests import Account, Secret
from gameball_async.api.wire import WireRequest, WireResponse
from gameball_async.client import GameballClient
from gameball_async.errors import ChunkError, ItemError
from gameball_async.http import AiohttpTransport
from gameball_async.limits.retry import Patience
from gameball_async.limits.windows import Quota
from gameball_async.sandbox import Constant, Faults, Sandbox
from tests import sampling
from tests.canaries import Watch
from tests.engine_items import item
from tests.steps import nothing_left, run_stepped

API_KEY = "canary-api-4f1d0c"
SECRET_KEY = "canary-secret-9b7e2a"
EMAIL = "canary.person@example.com"
PERSON = "canary-customer-771"
CANARIES = (API_KEY, SECRET_KEY, EMAIL, PERSON)
HERE = Path(__file__).parent

FAULTS: dict[str, dict[str, Any]] = {
    "reset_before_commit": {},
    "reset_after_commit": {},
    "delay": {"seconds": 500},
    "hang_up": {},
    "truncate": {},
    "broken_status_line": {},
    "error_before": {},
    "error_after": {},
    "html": {},
    "redirect": {"to": "http://127.0.0.1:1/elsewhere"},
    "rate_limit": {"retry_after": 1},
    "gzip_bomb": {"mib": 17, "times": sampling.of(40, 8)},
    "answer": {"status": 418, "body": EMAIL, "headers": {"Retry-After": EMAIL, "Date": EMAIL}},
    "edit": {"change": lambda told: {**told, "status": EMAIL, "jobId": EMAIL, "email": EMAIL}},
    "odd_state": {"on": "any"},
    "null_response": {},
    "early_404": {},
    "late_404": {},
}
"""Every fault that the sandbox can script, and the words it needs."""

ANSWERS: dict[str, tuple[int, bytes]] = {
    "400": (400, b'{"code": 3003, "message": "Invalid value"}'),
    "401": (401, b"{}"),
    "403": (403, b"no"),
    "404": (404, b"{}"),
    "408": (408, b""),
    "413": (413, b"too large"),
    "not JSON": (200, b"{"),
    "not a job": (200, b'{"jobId": "x"}'),
    "not UTF-8": (200, b"\xff\xfe"),
    "list": (200, b"[]"),
    "204": (204, b""),
    "an echo": (200, b'{"jobId": "", "email": "' + EMAIL.encode()),
    "an echo in an object": (200, b'{"email": "' + EMAIL.encode() + b'"}'),
    "an echo in a page": (502, b"<p>" + EMAIL.encode()),
}


def rows_of(kind: str, many: int) -> list[Any]:
    """Sound rows that carry both canaries wherever their kind lets them."""
    rows = []
    for n in range(many):
        row = item(kind, f"{PERSON}-{n}", n)
        if isinstance(row, dict):
            row = {**row, "email": EMAIL, "note": EMAIL}
        rows.append(row if isinstance(row, dict) else f"{PERSON}-{n}")
    return rows


# -- where a canary could show


def canaries_in(text: str, where: str) -> list[str]:
    return [f"{canary} in {where}" for canary in CANARIES if canary in text]


def found_in(error: BaseException, seen: set[int] | None = None) -> list[str]:
    """Every canary in an exception, its chain, its pickle, and its traceback with locals."""
    seen = set() if seen is None else seen
    if id(error) in seen:
        return []
    seen.add(id(error))
    name = type(error).__name__
    found = [
        *canaries_in(str(error), f"str of {name}"),
        *canaries_in(repr(error), f"repr of {name}"),
        *canaries_in(repr(error.args), f"args of {name}"),
        *canaries_in(repr(vars(error)), f"attributes of {name}"),
    ]
    try:
        pickled = pickle.dumps(error).decode("latin-1")
    except (TypeError, AttributeError, pickle.PicklingError):
        pickled = ""
    found += canaries_in(pickled, f"pickle of {name}")
    for frame in traceback.TracebackException.from_exception(error, capture_locals=True).stack:
        if Path(frame.filename).parent != HERE:  # the tests' own frames hold the rows, of course
            where = f"local of {Path(frame.filename).name}:{frame.name} at {name}"
            for local, shown in (frame.locals or {}).items():
                found += canaries_in(shown, f"{local}, {where}")
    chain: list[BaseException | None] = [error.__cause__, error.__context__]
    if isinstance(error, BaseExceptionGroup):
        chain += error.exceptions
    for other in chain:
        if other is not None:
            found += found_in(other, seen)
    return found


class Listener(logging.Handler):
    """Hears everything that is logged anywhere, at every level."""

    def __init__(self) -> None:
        super().__init__(level=0)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = logging.Formatter().format(record)
        self.found += canaries_in(text + repr(record.args), f"log of {record.name}: {text[:200]}")


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    loggers = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    levels = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(1)
    logging.getLogger().addHandler(listener)
    yield listener
    logging.getLogger().removeHandler(listener)
    for logger, level in levels:
        logger.setLevel(level)
    assert not listener.found


@pytest.fixture(autouse=True)
def virtual(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients open their own sessions on the virtual loop too."""

    def connector() -> LoopConnector:
        return LoopConnector(limit=64, keepalive_timeout=30)

    monkeypatch.setattr(http, "Connector", connector)


def client_of(sandbox: Sandbox, **options: Any) -> GameballClient:
    settings = {
        "base_url": sandbox.url,
        "quota": Quota((1000, 1.0)),
        "patience": Patience(unsure=1, unsent=1.0, limited=1.0),
        **options,
    }
    return GameballClient(API_KEY, SECRET_KEY, **settings)


def sandbox_of(**options: Any) -> Sandbox:
    settings = {"service_time": Constant(0.3, queue=0.1), "limits": None, **options}
    return Sandbox(api_key=API_KEY, secret_key=SECRET_KEY, **settings)


async def everything(
    client: GameballClient, kind: str, note: Callable[[object], None]
) -> list[BaseException]:
    """Every verb once; gives all that they raised, and notes all that they gave."""
    errors: list[BaseException] = []
    rows = rows_of(kind, 5)

    async def keep(call: Coroutine[Any, Any, Any]) -> Any:
        try:
            result = await call
        except Exception as error:  # noqa: BLE001 - looked at by the caller
            errors.append(error)
            return None
        note(result)
        return result

    async def watched(job: Any) -> None:
        async with client.watch_all([job], progress=True, deadline=400) as changes:
            note(changes)
            async for change in changes:
                note(change)

    async def bulk() -> None:
        async with client.bulk(KINDS[kind], rows) as run:
            note(run)
            try:
                async for event in run:
                    note(event)
            finally:
                note(run.report)
                note(run.progress)

    async def submit_all() -> None:
        async with client.submit_all(KINDS[kind], rows) as submissions:
            note(submissions)
            async for submission in submissions:
                note(submission)
                if submission.error is not None:
                    errors.append(submission.error)

    await keep(client.upsert_customer(rows_of("customers", 1)[0]))
    job = await keep(client.submit(KINDS[kind], rows)) or 123456
    await keep(client.status(job))
    await keep(watched(job))
    await keep(client.wait(job, deadline=400))
    await keep(client.stop(job))
    await keep(bulk())
    await keep(submit_all())
    note(client)
    note(client._account)
    return errors


def judge(kind: str, script: Callable[[Sandbox], None], **options: Any) -> int:
    """Everything goes wrong as scripted, and no canary shows. Gives how many errors were raised."""
    shown: list[str] = []
    raised: list[BaseException] = []

    def note(thing: object) -> None:
        for text in (repr(thing), str(thing)):
            shown.extend(canaries_in(text, f"a {type(thing).__name__}: {text[:300]}"))

    async def main(_: object) -> None:
        # What the loop logs in debug mode names tasks and callbacks; slow, so not every time.
        asyncio.get_running_loop().set_debug(kind == "orders")
        async with sandbox_of() as sandbox:
            script(sandbox)
            async with client_of(sandbox, **options) as client:
                raised.extend(await everything(client, kind, note))

    run_stepped(main)
    assert not shown
    for error in raised:
        assert not found_in(error)
    return len(raised)


HIT = ("orders", "balance-adjustments")


@pytest.mark.usefixtures("listener")
@pytest.mark.parametrize(
    ("fault", "kind"),
    sampling.of([*product(FAULTS, HIT)], [*zip(FAULTS, cycle(HIT), strict=False)]),
)
def test_no_canary_shows_whatever_fault_hits_every_request(fault: str, kind: str) -> None:
    words = {"on": "any", "times": 40, **FAULTS[fault]}
    with nothing_left():
        judge(kind, lambda sandbox: getattr(sandbox.faults, fault)(**words))


def test_every_fault_that_the_sandbox_knows_is_tried() -> None:
    known = {
        name
        for name, method in vars(Faults).items()
        if inspect.isfunction(method) and "when" in inspect.signature(method).parameters
    }
    assert known == FAULTS.keys()


@pytest.mark.usefixtures("listener")
def test_no_canary_shows_whatever_is_answered() -> None:
    def answering(answer: tuple[int, bytes]) -> Callable[[Sandbox], None]:
        return lambda sandbox: sandbox.faults.answer(*answer, on="any", times=None)

    with nothing_left():
        for name, answer in ANSWERS.items():
            assert judge("events", answering(answer)) > 2, name


@pytest.mark.usefixtures("listener")
def test_no_canary_shows_where_all_is_well() -> None:
    with nothing_left():
        for kind in KINDS:
            judge(kind, lambda sandbox: None)


@pytest.mark.usefixtures("listener")
def test_no_canary_shows_where_the_server_cannot_be_reached() -> None:
    with nothing_left():
        assert judge("cashback", lambda sandbox: None, base_url="http://127.0.0.1:9") > 3


@pytest.mark.usefixtures("listener")
def test_no_canary_shows_in_what_a_fault_of_the_library_or_of_aiohttp_raises(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def send(self: AiohttpTransport, request: WireRequest) -> WireResponse:
        raise RuntimeError

    async def broken(self: aiohttp.ClientSession, *given: Any, **named: Any) -> Any:
        headers = named["headers"]
        raise RuntimeError(str(headers))

    with nothing_left():
        with monkeypatch.context() as patch:
            patch.setattr(aiohttp.ClientSession, "_request", broken)
            assert judge("orders", lambda sandbox: None) > 2
        monkeypatch.setattr(AiohttpTransport, "send", send)
        assert judge("orders", lambda sandbox: None) > 2


class Shows:
    """A value of a type that nobody knows, and that shows what it holds."""

    def __repr__(self) -> str:
        return EMAIL


WRONG = [[EMAIL], {"x": EMAIL}, EMAIL + "\x00", EMAIL.encode(), EMAIL + "\ud800", Shows(), None]


def broken_rows(kind: str) -> Iterator[Any]:
    """Rows in which one field at a time holds what it must not."""
    row = item(kind, "c1", 1)
    for wrong in WRONG:
        if not isinstance(row, dict):
            yield wrong
            continue
        for name in (*row, "orderDate", "totalPaid", "lineItems"):
            yield {**row, name: wrong}
        if kind == "customers":
            yield {**row, "customerAttributes": wrong}
            yield {**row, "customerAttributes": {"joinDate": wrong, "custom": wrong}}


@pytest.mark.usefixtures("listener")
def test_no_canary_shows_in_what_is_said_of_broken_rows() -> None:
    async def main(_: object) -> None:
        async with sandbox_of() as sandbox, client_of(sandbox) as client:
            refused = 0
            for kind in KINDS:
                rows = list(broken_rows(kind))
                for row in rows:
                    try:
                        await client.submit(KINDS[kind], [row])
                    except (ItemError, ChunkError) as error:  # the latter: no row at all
                        refused += 1
                        assert not found_in(error)
                async with client.bulk(KINDS[kind], [item(kind, "c1", 1), *rows]) as run:
                    report = await run.finish()
                assert report.rejected
                assert not canaries_in(str(report.failures_by_reason()) + repr(report), kind)
            assert refused > 100

    with nothing_left():
        run_stepped(main)


def test_a_key_is_masked_however_it_is_shown_and_neither_copied_nor_pickled() -> None:
    key = Secret(API_KEY)
    account = Account("http://127.0.0.1:1", "v4.0", key, Secret(SECRET_KEY))
    for text in (
        repr(key), str(key), f"{key}", f"{key:>40}", "%s %r" % (key, key), repr(account),  # noqa: UP031
        str(attrs.asdict(account)), repr([key]), str(attrs.astuple(account)),
    ):  # fmt: skip
        assert not canaries_in(text, "a key")
    for keep in (pickle.dumps, copy.copy, copy.deepcopy):
        for thing in (key, account) if keep is not copy.copy else (key,):
            with pytest.raises(TypeError, match="cannot be copied or pickled") as caught:
                keep(thing)
            assert not canaries_in(str(caught.value), "the refusal")
    client = GameballClient(API_KEY, SECRET_KEY, base_url="http://127.0.0.1:1")
    assert not canaries_in(repr(client) + str(vars(client)), "a client")


def test_the_search_finds_a_canary_wherever_it_is() -> None:
    """All checks above can fail."""
    frame = compile("def raising(local):\n    raise ValueError", "elsewhere.py", "exec")
    made: dict[str, Any] = {}
    exec(frame, made)  # noqa: S102
    with pytest.raises(ValueError) as local:
        made["raising"]([EMAIL])
    context = ValueError()
    context.__context__ = KeyError(API_KEY)
    noted = ValueError()
    noted.add_note(SECRET_KEY)
    group = ExceptionGroup("several", [ValueError(PERSON)])
    for error in (local.value, context, noted, group, ValueError(b"canary-api-4f1d0c")):
        assert found_in(error)


@pytest.mark.usefixtures("listener")
def test_the_listener_hears_what_others_log(canary_watch: Watch) -> None:
    listener = next(h for h in logging.getLogger().handlers if isinstance(h, Listener))
    logging.getLogger("aiohttp.client").debug("with %s", EMAIL)
    assert listener.found
    assert canary_watch.found
    listener.found.clear()
    canary_watch.found.clear()
