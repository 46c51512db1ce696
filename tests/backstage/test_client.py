"""Calls to Backstage: what is sent, what is believed, and when it is enough."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bff.backstage.client import BackstageClient
from bff.backstage.entities import CatalogContractError, CatalogDeniedError, CatalogError, CatalogUnavailableError
from bff.upstream import MOST_CONNECTIONS
from tests.backstage.stub import URL, Observed, StubBackstage

TOKEN = SecretStr("very-secret-token")


async def ask(backstage: StubBackstage, observer: Observed | None = None, **options: Any) -> Any:
    return await backstage.client(observer, **options).get("/api/x", operation="x", token=TOKEN)


async def test_what_is_sent(backstage: StubBackstage) -> None:
    """The token goes into one header of a request below the base URL, path and all."""
    backstage.reply = httpx.Response(200, json={"a": 1})
    assert await ask(backstage) == {"a": 1}
    (request,) = backstage.requests
    assert str(request.url) == f"{URL}/api/x"
    assert request.headers["authorization"] == "Bearer very-secret-token"


@pytest.mark.parametrize(
    ("status", "error", "attempts"),
    [
        (401, CatalogDeniedError, 1),
        (403, CatalogDeniedError, 1),
        (404, CatalogContractError, 1),
        (302, CatalogContractError, 1),
        (204, CatalogContractError, 1),
        (429, CatalogUnavailableError, 1),
        (500, CatalogUnavailableError, 1),
        (502, CatalogUnavailableError, 2),
        (503, CatalogUnavailableError, 2),
        (504, CatalogUnavailableError, 2),
    ],
)
async def test_each_status_has_its_error(
    backstage: StubBackstage, status: int, error: type[CatalogError], attempts: int
) -> None:
    """Refusals, nonsense and outages are distinguished; only what passes by itself is tried again, once."""
    backstage.reply = httpx.Response(status, headers={"location": "https://evil.test/"}, text="very-secret-token")
    observer = Observed()
    with pytest.raises(error, match="Backstage GET /api/x") as caught:
        await ask(backstage, observer)
    assert len(backstage.requests) == attempts
    assert len(observer.retries) == attempts - 1
    assert "secret" not in str(caught.value)


async def test_a_redirect_is_not_followed(backstage: StubBackstage) -> None:
    """The token never goes to an address that a reply names."""
    backstage.reply = httpx.Response(307, headers={"location": "https://evil.test/"})
    with pytest.raises(CatalogContractError):
        await ask(backstage)
    assert [request.url.host for request in backstage.requests] == ["backstage.test"]


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token goes to Backstage itself, whatever the environment says of proxies."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    client = BackstageClient(URL)
    assert not client._upstream._ways._now.client._mounts
    await client.aclose()


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("very-secret-token"), httpx.RemoteProtocolError("very-secret-token")]
)
async def test_no_connection(backstage: StubBackstage, error: Exception) -> None:
    """A connection that fails is tried once more, and is reported without what the library says of it."""
    backstage.reply = error
    with pytest.raises(CatalogUnavailableError, match="connection") as caught:
        await ask(backstage)
    assert len(backstage.requests) == 2
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_second_attempt_can_succeed() -> None:
    """A dropped connection costs no caller anything."""
    replies = iter([httpx.ConnectError("gone"), None])

    async def answer(request: httpx.Request) -> httpx.Response:
        del request
        error = next(replies)
        if error is not None:
            raise error
        return httpx.Response(200, json=[])

    client = BackstageClient(URL, transport=httpx.MockTransport(answer), random=lambda: 0.0)
    assert await client.get("/api/x", operation="x") == []


async def test_a_hanging_backstage(backstage: StubBackstage) -> None:
    """A call ends at its deadline, and is seen as a timeout."""
    backstage.gate, observer = asyncio.Event(), Observed()
    with pytest.raises(CatalogUnavailableError, match=r"no answer within 0\.01 s"):
        await ask(backstage, observer, deadline=0.01)
    assert observer.attempts == [("backstage", "x", "timeout")]


async def test_no_more_calls_than_connections(backstage: StubBackstage) -> None:
    """Sixteen calls are in progress at once; the others wait in front and get their turn."""
    backstage.gate, backstage.reply = asyncio.Event(), httpx.Response(200, json=[])
    client = backstage.client()
    calls = [asyncio.create_task(client.get("/api/x", operation="x")) for _ in range(50)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(backstage.requests) == MOST_CONNECTIONS
    backstage.gate.set()
    assert await asyncio.gather(*calls) == [[]] * 50


async def test_waiting_for_a_connection_counts(backstage: StubBackstage) -> None:
    """A caller who gets no connection in time gets that error; a place that becomes free is used again."""
    backstage.reply = httpx.Response(200, json=[])
    client = backstage.client(deadline=0.01)
    for _ in range(MOST_CONNECTIONS):
        await client._upstream._places.acquire()
    with pytest.raises(CatalogUnavailableError, match="no free connection"):
        await client.get("/api/x", operation="x")
    client._upstream._places.release()
    for _ in range(3):
        assert await client.get("/api/x", operation="x") == []


class Endless(httpx.AsyncByteStream):
    """A body without an end."""

    def __init__(self) -> None:
        self.chunks = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.chunks += 1
            yield b" " * 1024


async def test_an_endless_reply() -> None:
    """A reply is read up to the limit and no further."""
    body = Endless()
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, stream=body))
    client = BackstageClient(URL, transport=transport, largest_body=10_000)
    with pytest.raises(CatalogContractError, match="larger than 10000 bytes"):
        await client.get("/api/x", operation="x")
    assert body.chunks == 10


async def test_a_compressed_bomb() -> None:
    """The limit is on what comes out of the compression."""
    bomb = gzip.compress(b" " * 1_000_000)
    headers = {"content-encoding": "gzip"}
    transport = httpx.MockTransport(
        lambda _request: httpx.Response(200, headers=headers, stream=httpx.ByteStream(bomb))
    )
    with pytest.raises(CatalogContractError, match="larger than"):
        await BackstageClient(URL, transport=transport, largest_body=10_000).get("/api/x", operation="x")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000, b"NaN", b'"\xff"'])
async def test_what_is_not_json(backstage: StubBackstage, body: bytes) -> None:
    """A login page, an empty or a hostile body is a contract error."""
    backstage.reply = httpx.Response(200, content=body)
    with pytest.raises(CatalogContractError, match="not JSON"):
        await ask(backstage)


async def test_attempts_are_observed(backstage: StubBackstage) -> None:
    """Every attempt is reported by operation and outcome."""
    observer = Observed()
    client = backstage.client(observer)
    for status in (200, 401, 404, 500):
        backstage.reply = httpx.Response(status, json=[])
        await asyncio.gather(client.get("/api/x", operation="x"), return_exceptions=True)
    assert [outcome for _, _, outcome in observer.attempts] == ["ok", "denied", "contract", "unavailable"]


async def test_the_breaker_opens_and_closes(backstage: StubBackstage) -> None:
    """A Backstage that is down is left alone for a while, then asked by one call, then by all."""
    observer = Observed()
    client = backstage.client(observer)
    backstage.reply = httpx.Response(500)
    for _ in range(30):
        with pytest.raises(CatalogUnavailableError):
            await client.get("/api/x", operation="x")
    assert len(backstage.requests) == 20
    assert observer.attempts[-1] == ("backstage", "x", "refused")
    backstage.reply = httpx.Response(200, json=[])
    backstage.clock.now += 5
    assert await client.get("/api/x", operation="x") == []
    assert observer.states == ["closed", "open", "half-open", "closed"]


async def test_refusals_do_not_open_the_breaker(backstage: StubBackstage) -> None:
    """One caller with worn-out tokens cannot cut off the others."""
    client = backstage.client()
    backstage.reply = httpx.Response(401)
    for _ in range(30):
        with pytest.raises(CatalogDeniedError):
            await client.get("/api/x", operation="x")
    assert client.breaker_state == "closed"


async def test_hanging_opens_the_breaker(backstage: StubBackstage) -> None:
    """Answers that do not come are failures too."""
    backstage.gate = asyncio.Event()
    client = backstage.client(deadline=0.02)
    for _ in range(2):
        await asyncio.gather(*(client.get("/api/x", operation="x") for _ in range(16)), return_exceptions=True)
    assert client.breaker_state == "open"
