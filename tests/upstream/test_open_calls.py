"""A connection pool ends without a connection left open."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import suppress

import pytest

from bff.backstage.client import BackstageClient
from bff.backstage.entities import CatalogUnavailableError
from tests.harness.relay import accepting

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """A connection that is left to the collector is an error of the test that left it."""
    yield
    gc.collect()


@pytest.mark.parametrize("passes", range(1, 13))
async def test_a_call_under_way_ends_with_its_pool(passes: int) -> None:
    """However far a call is when its pool is closed, no connection stays open."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            writer.write(ANSWER)

    async with accepting(answer) as port:
        client = BackstageClient(f"http://127.0.0.1:{port}")
        asking = asyncio.create_task(client.get("/", operation="test"))
        for _ in range(passes):
            await asyncio.sleep(0)
        await client.aclose()
        assert asking.done() or asking.cancelling()
        with suppress(asyncio.CancelledError):
            assert await asking == {}


async def test_a_call_after_the_end_fails_as_unavailable() -> None:
    """A call that comes to its next attempt once the pool is closed ends with an error of its system, which callers handle."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            writer.write(ANSWER)

    async with accepting(answer) as port:
        client = BackstageClient(f"http://127.0.0.1:{port}")
        assert await client.get("/", operation="test") == {}
        await client.aclose()
        with pytest.raises(CatalogUnavailableError, match="the service is being stopped"):
            await client.get("/", operation="test")
