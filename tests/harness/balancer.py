"""A TCP balancer as simple as they come: in turns, to those that are ready; another is tried only where no connection is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing

from tests.harness.relay import LOOPBACK, accepting, join

PROBE_SECONDS = 0.2


class Balancer:
    """Connections to `port` go on to one of `targets`, each a port whose `/readyz` is asked now and then."""

    def __init__(self, targets: Sequence[int]) -> None:
        self.port = 0
        self.ready: set[int] = set()
        self._targets = list(targets)
        self._turn = 0

    async def probe(self) -> None:
        """Ask which replicas are ready, until cancelled."""
        while True:
            for target in self._targets:
                (self.ready.add if await _is_ready(target) else self.ready.discard)(target)
            await asyncio.sleep(PROBE_SECONDS)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        for target in self._in_turn():
            try:
                await join((reader, writer), target)
            except OSError:
                self.ready.discard(target)
                continue
            break

    def _in_turn(self) -> list[int]:
        self._turn += 1
        ready = [target for target in self._targets if target in self.ready]
        start = self._turn % len(ready) if ready else 0
        return ready[start:] + ready[:start]


async def _is_ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        with closing(writer):
            writer.write(b"GET /readyz HTTP/1.1\r\nhost: balancer\r\nconnection: close\r\n\r\n")
            status = await reader.readline()
    except OSError:
        return False
    return b" 200 " in status


@asynccontextmanager
async def balancer(targets: Sequence[int]) -> AsyncIterator[Balancer]:
    """A balancer before `targets`."""
    made = Balancer(targets)
    probing = asyncio.create_task(made.probe())
    try:
        async with accepting(made.carry) as made.port:
            yield made
    finally:
        probing.cancel()
        await asyncio.gather(probing, return_exceptions=True)
