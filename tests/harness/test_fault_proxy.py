"""The fault proxy does what each fault says, can be given other faults while it runs, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.harness.fault_proxy import FaultProxy, fault_proxy
from tests.harness.faults import HEALTHY, BlackHole, Fault, HalfClose, Reply, Reset, Slow, SlowBody, Turns
from tests.harness.relay import LOOPBACK, accepting

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


@pytest.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    """A proxy before a server that says hello."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            writer.write(ANSWER)

    async with accepting(serve) as port, fault_proxy(port) as made:
        yield made


@pytest.fixture
async def client(proxy: FaultProxy) -> AsyncIterator[httpx.AsyncClient]:
    """Asks through the proxy, and waits a fifth of a second."""
    async with httpx.AsyncClient(base_url=proxy.url, timeout=0.2, trust_env=False) as made:
        yield made


async def test_without_a_fault_it_is_not_there(proxy: FaultProxy, client: httpx.AsyncClient) -> None:
    """Requests pass, and a connection is kept for the next one."""
    assert [(await client.get("/")).text for _ in range(3)] == ["hello"] * 3
    assert (proxy.connections, proxy.exchanges) == (1, 3)


async def test_slow_waits_as_long_as_it_says(proxy: FaultProxy, client: httpx.AsyncClient) -> None:
    """Latency is the seconds and the drawn share of the jitter."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    proxy.fault = Slow(0.5, jitter=0.2, random=lambda: 0.25, sleep=sleep)
    assert (await client.get("/")).text == "hello"
    assert waits == [0.55]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (BlackHole(), httpx.ReadTimeout),
        (Reset(), httpx.ReadError),
        (HalfClose(after=20), httpx.RemoteProtocolError),
        (SlowBody(size=1, seconds=1), httpx.ReadTimeout),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Fault) else value.__name__,
)
async def test_each_fault_is_what_its_name_says(
    proxy: FaultProxy, client: httpx.AsyncClient, fault: Fault, error: type[Exception]
) -> None:
    """The client meets the error that such a network gives, and none once it is mended."""
    proxy.fault = fault
    with pytest.raises(error):
        async with asyncio.timeout(1):
            await client.get("/")
    proxy.fault = HEALTHY
    assert (await client.get("/")).text == "hello"


async def test_a_body_may_come_slowly_and_whole(proxy: FaultProxy, client: httpx.AsyncClient) -> None:
    """Trickled bytes are the same bytes."""

    async def no_sleep(_seconds: float) -> None:
        return

    proxy.fault = SlowBody(size=3, sleep=no_sleep)
    assert (await client.get("/")).text == "hello"


async def test_a_reply_takes_the_servers_place(proxy: FaultProxy, client: httpx.AsyncClient) -> None:
    """Status, headers and body are the fault's own, for a request with a body too."""
    proxy.fault = Reply(429, b"{}", headers=(("retry-after", "7"),))
    reply = await client.post("/", content=b"x" * 100)
    assert (reply.status_code, reply.headers["retry-after"], reply.text) == (429, "7", "{}")


async def test_faults_take_turns(proxy: FaultProxy, client: httpx.AsyncClient) -> None:
    """A burst fails so many times, and then not."""
    proxy.fault = Turns(Reply(503), Reply(502), HEALTHY)
    assert [(await client.get("/")).status_code for _ in range(6)] == [503, 502, 200, 503, 502, 200]


async def test_a_fault_meets_connections_that_are_open(proxy: FaultProxy, client: httpx.AsyncClient) -> None:
    """What is switched on between two requests of one connection holds for the second."""
    await client.get("/")
    proxy.fault = Reset()
    with pytest.raises(httpx.ReadError):
        await client.get("/")
    assert proxy.connections == 1


async def test_open_connections_can_be_cut(proxy: FaultProxy) -> None:
    """A cut breaks idle connections as well."""
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await reader.readexactly(len(ANSWER)) == ANSWER
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_body_may_have_no_end(proxy: FaultProxy, client: httpx.AsyncClient) -> None:
    """An endless body goes on for as long as somebody reads it, and no longer."""
    proxy.fault = endless = Reply(body=b"x" * 10_000, repeat=None)
    async with client.stream("GET", "/") as reply:
        assert "content-length" not in reply.headers
        read = 0
        async for piece in reply.aiter_raw():
            read += len(piece)
            if read > 1_000_000:
                break
    while proxy.open:
        await asyncio.sleep(0)
    assert sum(endless.sent) >= 1_000_000


async def test_nobody_behind_it_is_a_broken_connection() -> None:
    """Where no server listens, the client's connection is closed at once."""
    async with (
        fault_proxy(1) as lonely,
        httpx.AsyncClient(base_url=lonely.url, timeout=1, trust_env=False) as client,
    ):
        with pytest.raises(httpx.TransportError):
            await client.get("/")
