"""Bodies are waited for within bounds, and never repeated at length."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bff.web import answers
from tests.conftest import Running

BY_REFS = "/v1/governance/by-refs"
JSON = {"content-type": "application/json"}


async def test_a_body_that_does_not_come_is_not_waited_for(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that stops in the middle ends in 408, and the connection with it."""
    monkeypatch.setattr(answers, "BODY_SECONDS", 0.01)

    async def stopping() -> AsyncIterator[bytes]:
        yield b'{"entityRefs":['
        await asyncio.Event().wait()

    reply = await asyncio.wait_for(running.client.post(BY_REFS, content=stopping(), headers=JSON), 10)
    assert (reply.status_code, reply.headers["content-type"]) == (408, "application/problem+json")
    assert (reply.json()["type"], reply.headers["connection"]) == ("urn:keeptrusts-bff:too-slow", "close")


async def test_a_long_name_is_not_repeated_at_length(running: Running) -> None:
    """What is wrong is named, but a name of a stranger's making does not fill the answer, or the log of a task."""
    reply = await running.client.post(BY_REFS, content=b'{"' + b"x" * 100_000 + b'":1}', headers=JSON)
    assert reply.status_code == 422
    assert len(reply.content) < 1_000
