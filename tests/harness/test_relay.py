"""No connection outlives what accepted it."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest

from tests.harness.relay import LOOPBACK, accepting


@pytest.mark.parametrize("passes", range(6))
async def test_a_connection_that_comes_at_the_end_is_closed(passes: int) -> None:
    """However far the loop has got with it, the other side finds it closed and nothing is left for the collector."""

    async def carry(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with accepting(carry) as port:
        late = socket.create_connection((LOOPBACK, port), timeout=5)
        for _ in range(passes):
            await asyncio.sleep(0)
    await asyncio.sleep(0)
    with late, suppress(ConnectionResetError):  # as it is where it was never accepted
        assert late.recv(1) == b""
    assert len(asyncio.all_tasks()) == 1
