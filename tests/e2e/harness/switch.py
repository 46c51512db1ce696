"""A TCP switch: a fixed address behind which the service can come, go and be another one.

Backstage learns the address of the service when it starts, and one Backstage serves all tests; the service is a
different one in each. So Backstage is told the switch's address, and a test says who is behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from tests.e2e.harness.ports import LOOPBACK

_CHUNK_BYTES = 64 * 1024


class Switch:
    """Forwards each connection to `port`, or closes it at once when there is none: nobody is at home.

    `connections` counts those made so far. Backstage's proxy opens one a request.
    """

    def __init__(self) -> None:
        self.port: int | None = None
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("the switch listens only inside its `async with`")
        port: int = self._server.sockets[0].getsockname()[1]
        return f"http://{LOOPBACK}:{port}"

    @contextmanager
    def to(self, port: int) -> Iterator[None]:
        """Who listens on `port` of loopback is behind the switch meanwhile."""
        before, self.port = self.port, port
        try:
            yield
        finally:
            self.port = before

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        try:
            if self.port is not None:
                await _join(reader, writer, self.port)
        except OSError:
            pass  # one side went away, as clients and services do; closing tells the other
        finally:
            self._open.discard(task)
            writer.close()


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
    finally:
        inner_writer.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(_CHUNK_BYTES):
        sink.write(chunk)
        await sink.drain()
    with suppress(OSError):  # it may have closed first
        sink.write_eof()
