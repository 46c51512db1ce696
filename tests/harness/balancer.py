"""A TCP balancer as simple as they come: in turns, to those that are ready; another is tried only where no connection is made."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

LOOPBACK = "127.0.0.1"
PROBE_SECONDS = 0.2
_CHUNK_BYTES = 64 * 1024


class Balancer:
    """Connections to `port` go on to one of `targets`, each a port whose `/readyz` is asked now and then."""

    def __init__(self, targets: Sequence[int]) -> None:
        self.port = 0
        self.ready: set[int] = set()
        self._targets = list(targets)
        self._turn = 0

    async def probe(self) -> None:
        """Ask who is ready, for ever."""
        while True:
            for target in self._targets:
                (self.ready.add if await _is_ready(target) else self.ready.discard)(target)
            await asyncio.sleep(PROBE_SECONDS)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        with contextlib.suppress(OSError):  # either side may go away at any time
            for target in self._in_turn():
                try:
                    inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, target)
                except OSError:
                    self.ready.discard(target)
                    continue
                await _join(reader, writer, inner_reader, inner_writer)
                break
        writer.close()

    def _in_turn(self) -> list[int]:
        self._turn += 1
        ready = [target for target in self._targets if target in self.ready]
        start = self._turn % len(ready) if ready else 0
        return ready[start:] + ready[:start]


async def _is_ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"GET /readyz HTTP/1.1\r\nhost: balancer\r\nconnection: close\r\n\r\n")
        status = await reader.readline()
        writer.close()
    except OSError:
        return False
    return b" 200 " in status


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    inner_reader: asyncio.StreamReader,
    inner_writer: asyncio.StreamWriter,
) -> None:
    ways = [
        asyncio.ensure_future(_carry(reader, inner_writer)),
        asyncio.ensure_future(_carry(inner_reader, writer)),
    ]
    # HTTP has no use for a connection of which one way has ended.
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    await asyncio.gather(*ways, return_exceptions=True)
    inner_writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_CHUNK_BYTES):
        writer.write(piece)
        await writer.drain()


@asynccontextmanager
async def balancer(targets: Sequence[int]) -> AsyncIterator[Balancer]:
    """A balancer before `targets`."""
    made = Balancer(targets)
    server = await asyncio.start_server(made.accept, LOOPBACK, 0)
    made.port = server.sockets[0].getsockname()[1]
    probing = asyncio.create_task(made.probe())
    try:
        yield made
    finally:
        probing.cancel()
        server.close()
        await asyncio.gather(probing, return_exceptions=True)
