"""Each way that a connection can fail: what is said, how soon, and when it is given up."""

from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest

from gameball_async import (
    ConnectionTrouble,
    GameballClient,
    GameballError,
    NotGameballError,
    Patience,
    UnreachableError,
)
from tests.http.fault_servers import (
    CA,
    PAGE,
    Place,
    answering,
    at,
    away_proxy,
    behind_proxy,
    certified,
    issued,
    page,
    refused,
    reset_at_tls,
    self_signed,
    silent_at_tls,
    trusting,
    unreachable,
    unresolved,
)

pytestmark = pytest.mark.anyio

Serve = Callable[[], AbstractAsyncContextManager[Place]]
FIRST_CONTACT = 3.0
SLOW = 20.0
"""What a busy machine may take on top; where nothing is to be waited for, the first contact has more than twice that."""
CUSTOMERS = [{"customerId": "c1"}]
KEYS = "gb_test_canary_api", "gb_test_canary_secret"
DOCS = Path(__file__).parents[2] / "docs" / "troubleshooting.md"

HEALS: dict[str, tuple[Serve, str]] = {
    "refused": (refused, r"connection refused \(ECONNREFUSED\)"),
    "unreachable": (unreachable, r"network is unreachable \(ENETUNREACH\)"),
    "unresolved": (unresolved, r"the name does not resolve \(Name or service not known\)"),
    "reset at TLS": (reset_at_tls, r"connection reset by peer \(ECONNRESET\)|closed during TLS"),
    "silent at TLS": (silent_at_tls, r"timed out \(ETIMEDOUT\)"),
    "a proxy that is away": (away_proxy, r"the proxy cannot be reached: connection refused"),
    "a proxy that cannot reach it": (
        behind_proxy("https", page("502 Bad Gateway")),
        r"the proxy does not connect \(HTTP 502\)",
    ),
}
AT_ONCE: dict[str, tuple[Serve, str]] = {
    "self-signed": (certified(self_signed), r"self-signed certificate.*SSL_CERT_FILE"),
    "expired": (certified(issued("127.0.0.1", -1)), r"certificate has expired.*clock"),
    "wrong host": (certified(issued("other.example")), r"mismatch.*one of the names"),
    "an address that is none": (
        at("https://a..b.example"),
        r"the address cannot be used.*--base-url",
    ),
    "a number that is none": (at("https://1.2.3"), r"the address cannot be used.*--base-url"),
    "a proxy's address that is none": (
        at("https://127.0.0.1:9", HTTPS_PROXY="canary-proxy-77"),
        r"the address cannot be used.*HTTPS_PROXY",
    ),
    "plain HTTP": (answering(page("400 Bad"), tls=True), r"does not speak TLS on this port.*port"),
    "407 to a request": (
        behind_proxy("http", page("407 Proxy Authentication Required")),
        r"the proxy wants a user and a password \(HTTP 407\).*user:password@",
    ),
    "407 to CONNECT": (
        behind_proxy("https", page("407 Proxy Authentication Required")),
        r"the proxy wants a user and a password \(HTTP 407\).*user:password@",
    ),
    "a proxy that forbids it": (
        behind_proxy("https", page("403 Forbidden")),
        r"the proxy does not connect \(HTTP 403\).*--trust-env",
    ),
}
FOREIGN: dict[str, tuple[Serve, str]] = {
    "a captive portal": (
        answering(page("200 OK", PAGE, "Content-Type: text/html\r\n")),
        r"a web page \(HTTP 200\).*login page.*browser",
    ),
    "a redirect": (
        answering(page("302 Found", b"", "Location: http://127.0.0.1:9/login\r\n")),
        r"a redirect \(HTTP 302\).*--base-url",
    ),
}


async def status(client: GameballClient) -> None:
    await client.status(5)


async def submit(client: GameballClient) -> None:
    await client.submit("customers", CUSTOMERS)


async def upsert(client: GameballClient) -> None:
    await client.upsert_customer(CUSTOMERS[0])


async def wait(client: GameballClient) -> None:
    await client.wait(5)


async def bulk(client: GameballClient) -> None:
    async with client.bulk("customers", CUSTOMERS) as run:
        await run.finish()


VERBS = (status, submit, upsert, wait, bulk)


@pytest.fixture(autouse=True)
def names_and_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine's; the name that does not resolve asks no resolver of the machine's."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    known = socket.getaddrinfo

    def resolve(host: Any, *args: Any, **options: Any) -> Any:
        if host == "gameball.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return known(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


class Told:
    """What a client's hook is told, and when."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.troubles: list[tuple[float, ConnectionTrouble]] = []

    def __call__(self, event: object) -> None:
        if isinstance(event, ConnectionTrouble):
            self.troubles.append((time.monotonic() - self.began, event))


@asynccontextmanager
async def client_of(
    place: Place, told: Told, monkeypatch: pytest.MonkeyPatch, **patience: float
) -> AsyncIterator[GameballClient]:
    """A client that trusts our authority, unless it is sent through a proxy."""
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    connector = aiohttp.TCPConnector(ssl=trusting())
    options: dict[str, Any] = {
        "patience": Patience(**{"first_contact": FIRST_CONTACT, **patience}),  # type: ignore[arg-type]
        "on_warning": told,
        "base_url": place.url,
    }
    async with aiohttp.ClientSession(connector=connector) as session:
        if place.environment:
            options["trust_env"] = True
        else:
            options["session"] = session
        async with GameballClient(*KEYS, **options) as client:
            told.began = time.monotonic()
            yield client


async def failure(
    act: Callable[[GameballClient], Awaitable[None]], client: GameballClient
) -> tuple[GameballError, float]:
    """What *act* raises, and after how many seconds."""
    began = time.monotonic()
    with pytest.raises(GameballError) as caught:
        await act(client)
    shown = str(caught.value) + repr(caught.value) + repr(vars(caught.value))
    for secret in (*KEYS, "canary-proxy-77", "c1"):
        assert secret not in shown
    return caught.value, time.monotonic() - began


@pytest.mark.parametrize("fault", HEALS)
async def test_what_may_heal_is_told_at_once_and_the_first_contact_is_given_up_in_time(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve, words = HEALS[fault]
    async with serve() as place:
        told = Told()
        async with client_of(place, told, monkeypatch) as client:
            error, seconds = await failure(status, client)
    assert isinstance(error, UnreachableError) and error.heals
    assert re.search(words, str(error))
    assert "tried for" in str(error) and "What to do: check the" in str(error)
    assert FIRST_CONTACT - 0.1 <= seconds < FIRST_CONTACT + SLOW
    at, trouble = told.troubles[0]
    assert at < FIRST_CONTACT - 0.5 or fault == "silent at TLS"
    assert re.search(words, trouble.reason)
    assert abs(trouble.seconds_left - max(0.0, FIRST_CONTACT - at)) < 1
    assert len(told.troubles) == 1


@pytest.mark.parametrize("fault", AT_ONCE)
async def test_what_waiting_cannot_mend_is_an_error_at_once_with_the_cause_and_the_cure(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve, words = AT_ONCE[fault]
    async with serve() as place:
        told = Told()
        async with client_of(place, told, monkeypatch, first_contact=3 * SLOW) as client:
            error, seconds = await failure(status, client)
    assert isinstance(error, UnreachableError) and not error.heals
    assert re.search(words, str(error))
    assert seconds < SLOW
    assert [trouble.seconds_left for _, trouble in told.troubles] == [0]


@pytest.mark.parametrize("fault", FOREIGN)
@pytest.mark.parametrize("act", VERBS)
async def test_a_first_answer_that_is_not_gameballs_is_an_error_at_once(
    fault: str, act: Callable[[GameballClient], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve, words = FOREIGN[fault]
    async with (
        serve() as place,
        client_of(place, Told(), monkeypatch, first_contact=3 * SLOW) as client,
    ):
        error, seconds = await failure(act, client)
    assert isinstance(error, NotGameballError) or act in (submit, bulk)  # there: of unknown fate
    assert re.search(words, str(error))
    assert seconds < SLOW


@pytest.mark.parametrize("act", VERBS)
async def test_every_verb_gives_up_a_first_contact_in_time(
    act: Callable[[GameballClient], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    async with refused() as place, client_of(place, told, monkeypatch) as client:
        error, seconds = await failure(act, client)
    assert isinstance(error, UnreachableError)
    assert FIRST_CONTACT - 0.1 <= seconds < FIRST_CONTACT + SLOW
    assert told.troubles[0][0] < FIRST_CONTACT - 0.5


@pytest.mark.parametrize("act", VERBS)
async def test_every_verb_refuses_a_certificate_at_once(
    act: Callable[[GameballClient], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        certified(self_signed)() as place,
        client_of(place, Told(), monkeypatch, first_contact=3 * SLOW) as client,
    ):
        error, seconds = await failure(act, client)
    assert isinstance(error, UnreachableError) and not error.heals
    assert seconds < SLOW


async def test_a_certificate_is_trusted_as_the_message_says(tmp_path: Path) -> None:
    issuer = tmp_path / "issuer.pem"
    CA.cert_pem.write_to_path(str(issuer))
    command = [sys.executable, "-m", "gameball_async", "status", "5", "--dialect=tutorial"]
    keys = dict(zip(("GAMEBALL_API_KEY", "GAMEBALL_SECRET_KEY"), KEYS, strict=True))
    async with certified(issued("127.0.0.1"))() as place:
        command += ["--base-url", place.url]
        refused = await anyio.run_process(command, check=False, env=keys)
        trusted = await anyio.run_process(
            command, check=False, env={**keys, "SSL_CERT_FILE": str(issuer)}
        )
    said = refused.stderr.decode()
    assert refused.returncode == 3
    assert said.count("\n") == 1
    assert "unable to get local issuer certificate" in said and "SSL_CERT_FILE" in said
    assert trusted.returncode == 0, trusted.stderr
    assert b"completed" in trusted.stdout


@pytest.mark.parametrize("fault", [*HEALS, *AT_ONCE, *FOREIGN])
def test_the_page_about_troubles_has_every_fault(fault: str) -> None:
    words = {**HEALS, **AT_ONCE, **FOREIGN}[fault][1].partition(".*")[0]
    assert re.search(words, DOCS.read_text(encoding="utf-8"))
