"""A client that does not read cannot hold its answers, and there are only so many connections."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from bff.cli.connection_bounds import BoundedConnection
from tests.harness.authority import Authority
from tests.harness.served import served

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n"
LARGE = b"a" * 4 * 2**20


async def small(scope: Any, receive: Any, send: Any) -> None:
    """Answers without a body."""
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def large(scope: Any, receive: Any, send: Any) -> None:
    """Answers with 4 MiB, which no buffer of a connection takes."""
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(LARGE))]})
    await send({"type": "http.response.body", "body": LARGE})


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
async def test_an_answer_that_is_not_read_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secure: bool
) -> None:
    """A client that asks and does not read is let go, and counted, by HTTPS as by HTTP."""
    authority = Authority("First Root")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.sign().write(tmp_path, "listener"))
    monkeypatch.setattr(BoundedConnection, "unread_seconds", 0.5)
    reasons: list[str] = []
    gone = asyncio.Event()

    def ended(reason: str) -> None:
        reasons.append(reason)
        gone.set()

    async with served(large, tls=tls if secure else None, ended=ended) as port:
        trusted = authority.trusting() if secure else None
        client = socket.socket()
        # By itself the kernel would soon take the whole answer for the client.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
        host = "127.0.0.1" if secure else None
        reader, writer = await asyncio.open_connection(sock=client, ssl=trusted, server_hostname=host, limit=1024)
        writer.write(REQUEST + b"\r\n")
        await asyncio.wait_for(gone.wait(), 20)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(len(LARGE))
        writer.close()
    assert reasons == ["unread"]


async def test_one_who_reads_is_not_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that keeps asking and reads late, but reads, gets every answer whole."""
    monkeypatch.setattr(BoundedConnection, "unread_seconds", 5.0)
    async with served(large) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(REQUEST + b"\r\n")
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.05)
            assert await reader.readexactly(len(LARGE)) == LARGE
        writer.close()


async def test_one_too_many_gets_a_503() -> None:
    """A connection above the limit is answered with 503 and closed; when another has ended there is a place again."""
    reasons: list[str] = []
    async with served(small, most_connections=2, ended=reasons.append) as port:

        async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
            writer.write(REQUEST + b"a: b\r\n\r\n")
            return await asyncio.wait_for(reader.readline(), 10)

        first, second = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        assert (await answered(*first)).startswith(b"HTTP/1.1 200 ")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await reader.read()).startswith(b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n")
        writer.close()
        assert reasons == ["full"]
        second[1].close()
        await second[1].wait_closed()
        third = await asyncio.open_connection("127.0.0.1", port)
        assert (await answered(*third)).startswith(b"HTTP/1.1 200 ")
        for _, writer in (first, third):
            writer.close()
