"""The calls that a connection pool is making, so that they end before it does.

A pool that is closed while a call is still connecting knows nothing of the connection that comes of it: nobody would close
it. What many wait for at once goes on when they leave, so at the end of the service there can be such calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_PATIENCE = 1.0
"""Seconds that a cancelled call is waited for: it has nothing more to wait for itself."""


class OpenCalls:
    """Calls under way, each in a task of its own."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    @contextmanager
    def one(self) -> Iterator[None]:
        """A call of the current task, for the length of the block."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - calls are made by coroutines
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    async def cancel(self) -> None:
        """Cancel them all, and return when they have ended."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_PATIENCE)
