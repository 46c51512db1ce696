"""Connections to a port of loopback, and what stands between two of them. None outlives its block."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 64 * 1024
_BACKLOG = 1024

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Carry = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def accepting(carry: Carry) -> AsyncIterator[int]:
    """The port at which each connection is carried by `carry`, which may end in an `OSError`: either side may go away.

    A connection is closed when `carry` is over, at the latest with the block. (A server of asyncio's own leaves the socket
    open of which it hears while it closes: CPython's issue 109564.)
    """
    loop = asyncio.get_running_loop()
    carried: set[asyncio.Task[None]] = set()

    def accept() -> None:
        with suppress(OSError):  # who came may have gone again
            connection, _ = listener.accept()
            task = loop.create_task(_carried(connection, carry))
            carried.add(task)
            task.add_done_callback(carried.discard)

    with socket.create_server((LOOPBACK, 0), backlog=_BACKLOG) as listener:
        listener.setblocking(False)
        loop.add_reader(listener, accept)
        try:
            yield listener.getsockname()[1]
        finally:
            loop.remove_reader(listener)
            # A task that was cancelled before its first step would not close what it was given.
            await asyncio.sleep(0)
            for task in carried:
                task.cancel()
            await asyncio.gather(*carried, return_exceptions=True)


async def _carried(connection: socket.socket, carry: Carry) -> None:
    reader, writer = await asyncio.open_connection(sock=connection)
    try:
        with suppress(OSError):
            await carry(reader, writer)
    finally:
        writer.close()


async def join(outer: Ends, port: int) -> None:
    """Carry bytes both ways between a connection and a new one to `port`, until one side has no more to say."""
    inner = await asyncio.open_connection(LOOPBACK, port)
    ways = [asyncio.ensure_future(_carry(outer[0], inner[1])), asyncio.ensure_future(_carry(inner[0], outer[1]))]
    try:
        # HTTP has no use for a connection of which one way has ended.
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        # First, since what follows may be cancelled.
        inner[1].close()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(CHUNK_BYTES):
        writer.write(piece)
        await writer.drain()
