"""A client that is not verified can neither fill the memory nor hold a connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bff.cli.http_heads import LARGEST_HEAD, BoundedHeads
from tests.harness.served import served, serving

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n"
SHORT = 0.05


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Says how long the longest header is, once it has the whole body."""
    while (await receive()).get("more_body"):
        pass
    longest = max(len(value) for _, value in scope["headers"])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
    await send({"type": "http.response.body", "body": b"%06d" % longest})


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the app as it is served in production."""
    async with served(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()


async def sent_without_end(writer: asyncio.StreamWriter, piece: bytes) -> int:
    """Send `piece` again and again until the other side closes; how many bytes that took."""
    total = 0
    try:
        while total < 100 * LARGEST_HEAD:
            writer.write(piece)
            await writer.drain()
            total += len(piece)
    except ConnectionError:
        pass
    return total


@pytest.mark.parametrize(
    "begin",
    [
        b"GET /",
        REQUEST + b"a: ",
        REQUEST + b"transfer-encoding: chunked\r\n\r\n1;",
        REQUEST + b"transfer-encoding: chunked\r\n\r\n0\r\na: ",
    ],
    ids=["target", "header", "chunk-extension", "trailer"],
)
async def test_what_never_ends_is_cut_off(begin: bytes) -> None:
    """A target, header, chunk extension or trailer without end is not kept: the connection is closed."""
    async with connected() as (_, writer):
        writer.write(begin)
        assert await asyncio.wait_for(sent_without_end(writer, b"a" * 65_536), 30) < 100 * LARGEST_HEAD


async def test_many_headers_are_cut_off() -> None:
    """Headers that are each small count together."""
    async with connected() as (_, writer):
        writer.write(REQUEST)
        assert await asyncio.wait_for(sent_without_end(writer, b"a: b\r\n" * 1000), 30) < 100 * LARGEST_HEAD


async def test_a_head_that_is_too_large_gets_a_431() -> None:
    """Who sends a head that is too large by accident reads 431."""
    async with connected() as (reader, writer):
        writer.write(REQUEST + b"a: ")
        for _ in range(LARGEST_HEAD // 8192 + 1):
            writer.write(b"a" * 8192)
            await writer.drain()
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")


async def test_the_longest_token_passes() -> None:
    """Two tokens of 60 KB in one head are served, in however many pieces they come, and so is what follows them."""
    async with connected() as (reader, writer):
        for _ in range(3):
            for piece in (REQUEST, b"a: ", b"a" * 60_000, b"\r\nb: ", b"b" * 60_000, b"\r\n\r\n"):
                writer.write(piece)
                await writer.drain()
            assert (await reader.readuntil(b"060000")).startswith(b"HTTP/1.1 200 ")


async def test_a_body_is_no_head() -> None:
    """Bodies, also in chunks, are for the service to bound and may be larger than a head."""
    async with connected() as (reader, writer):
        writer.write(REQUEST + b"transfer-encoding: chunked\r\n\r\n")
        for _ in range(40):
            writer.write(b"2000\r\n" + b"a" * 0x2000 + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("begin", "answer"), [(b"", b""), (b"GE", b"HTTP/1.1 408 "), (REQUEST + b"a: b\r\n", b"HTTP/1.1 408 ")]
)
async def test_who_is_slow_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, begin: bytes, answer: bytes) -> None:
    """A head that does not come to its end in time is answered with 408; a connection that says nothing is closed."""
    monkeypatch.setattr(BoundedHeads, "head_seconds", SHORT)
    async with connected() as (reader, writer):
        writer.write(begin)
        answered = await asyncio.wait_for(reader.read(), 10)
        assert answered.startswith(answer)
        assert bool(answered) == bool(answer)


async def test_a_second_request_is_bounded_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has been answered once cannot hold the connection with half of another head."""
    monkeypatch.setattr(BoundedHeads, "head_seconds", SHORT)
    async with connected() as (reader, writer):
        writer.write(REQUEST + b"\r\n" + b"GET")
        assert b"HTTP/1.1 408 " in await asyncio.wait_for(reader.read(), 10)


async def test_an_answer_that_takes_long_is_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is on the head: what the service takes for its answer is its own affair."""
    monkeypatch.setattr(BoundedHeads, "head_seconds", SHORT)
    over = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await over.wait()
        await app(scope, receive, send)

    async with served(slow) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        # Half of the next head is there too: its time is up before the first is answered.
        writer.write(REQUEST + b"\r\n" + b"GET")
        asyncio.get_running_loop().call_later(3 * SHORT, over.set)
        answered = await asyncio.wait_for(reader.read(), 10)
        assert answered.startswith(b"HTTP/1.1 200 ")
        assert b"HTTP/1.1 408 " in answered
        writer.close()


async def test_an_unread_body_holds_no_connection() -> None:
    """A body that drips in after its answer was given does not put the end of the connection off."""

    async def quick(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def drip(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(SHORT / 10)

    async with serving(quick) as server:
        server.config.timeout_keep_alive = SHORT  # type: ignore[assignment]  # in seconds, of which uvicorn takes parts too
        reader, writer = await asyncio.open_connection(*server.listeners[0].getsockname())
        writer.write(REQUEST + b"content-length: 1000000\r\n\r\n")
        dripping = asyncio.ensure_future(drip(writer))
        answered = await asyncio.wait_for(reader.read(), 10)
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        writer.close()
    assert answered.startswith(b"HTTP/1.1 200 ")
