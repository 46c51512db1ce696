"""A TCP proxy with faults that a test sets and changes while it runs: the network between two systems."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.harness.faults import HEALTHY, Fault, Turns
from tests.harness.relay import CHUNK_BYTES, LOOPBACK, Ends, accepting

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends an RST."""


class FaultProxy:
    """Stands before a server on loopback. `fault` may be changed at any time; the next exchange meets the new one.

    `connections` and `exchanges` count what came so far, `open` what is open now.
    """

    def __init__(self, port: int) -> None:
        self.fault: Fault = HEALTHY
        self.connections = 0
        self.exchanges = 0
        self.port = 0
        self._target = port
        self._lines: set[_Line] = set()

    @property
    def url(self) -> str:
        """Where it listens, for HTTP."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def open(self) -> int:
        """Connections that are open now."""
        return len(self._lines)

    def next_fault(self) -> Fault:
        """What the exchange that begins now meets."""
        self.exchanges += 1
        return next(iter(self.fault)) if isinstance(self.fault, Turns) else self.fault

    def cut(self) -> None:
        """Break every connection that is open."""
        for line in tuple(self._lines):
            line.reset()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first byte to its end."""
        self.connections += 1
        try:
            server = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            # No server listens: as without a proxy, the client's connection is closed.
            _reset(writer)
            return
        line = _Line(self, (reader, writer), server)
        self._lines.add(line)
        try:
            await line.carry()
        finally:
            self._lines.discard(line)


class _Line:
    """One connection with the one behind it."""

    def __init__(self, proxy: FaultProxy, client: Ends, server: Ends) -> None:
        self._proxy = proxy
        self._from_client, self._client = client
        self._from_server, self._server = server
        self._fault = HEALTHY
        self._answered = True

    async def carry(self) -> None:
        """Carry bytes both ways until both ends are closed."""
        directions = [asyncio.ensure_future(self._requests()), asyncio.ensure_future(self._answers())]
        try:
            await asyncio.gather(*directions)
        except OSError:
            pass  # one side went away, which is what this proxy is for
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)
            self._client.close()
            self._server.close()

    async def _requests(self) -> None:
        while piece := await self._from_client.read(CHUNK_BYTES):
            if self._answered:
                self._answered = False
                self._fault = self._proxy.next_fault()
            await self._fault.request(self, piece)
            if self._client.is_closing():
                return
        # The client has closed, so the rest of the server's reply has no reader.
        self._server.close()
        self.close()

    async def _answers(self) -> None:
        while piece := await self._from_server.read(CHUNK_BYTES):
            self._answered = True
            await self._fault.answer(self, piece)
        self._client.close()

    async def to_server(self, piece: bytes) -> None:
        self._server.write(piece)
        await self._server.drain()

    async def to_client(self, piece: bytes) -> None:
        self._answered = True
        self._client.write(piece)
        await self._client.drain()

    def half_close(self) -> None:
        if self._client.can_write_eof() and not self._client.is_closing():
            self._client.write_eof()

    def close(self) -> None:
        self._client.close()

    def reset(self) -> None:
        _reset(self._client)


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket | None = writer.get_extra_info("socket")
    if connection is not None and not writer.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()


@asynccontextmanager
async def fault_proxy(port: int) -> AsyncIterator[FaultProxy]:
    """A proxy before who listens, or will, on `port` of loopback."""
    proxy = FaultProxy(port)
    async with accepting(proxy.carry) as proxy.port:
        yield proxy
