"""A TCP switch: a fixed address behind which the service can come, go and be another one.

Backstage learns the address of the service when it starts, and one Backstage serves all tests; the service is a
different one in each. So Backstage is configured with the switch's address, and a test says what is behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from tests.harness.relay import LOOPBACK, accepting, join


class Switch:
    """Forwards each connection to `port`, or closes it at once when there is none.

    `connections` counts those made so far. Backstage's proxy opens one a request.
    """

    def __init__(self) -> None:
        self.port: int | None = None
        self.own_port = 0
        self.connections = 0
        self._carried: dict[asyncio.Task[None], int] = {}

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.own_port}"

    @contextmanager
    def to(self, port: int) -> Iterator[None]:
        """Who listens on `port` of loopback is behind the switch meanwhile.

        Connections to others end: Backstage keeps some open, and would go on asking the service of an earlier test.
        """
        before, self.port = self.port, port
        for carrying, led_to in self._carried.items():
            if led_to != port:
                carrying.cancel()
        try:
            yield
        finally:
            self.port = before

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        self.connections += 1
        if self.port is None or (carrying := asyncio.current_task()) is None:
            return
        self._carried[carrying] = self.port
        try:
            await join((reader, writer), self.port)
        finally:
            del self._carried[carrying]


@asynccontextmanager
async def switch() -> AsyncIterator[Switch]:
    """A switch that listens meanwhile."""
    made = Switch()
    async with accepting(made.carry) as made.own_port:
        yield made
