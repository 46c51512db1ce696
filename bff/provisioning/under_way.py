"""Acts that are under way are ended, though whoever asked for them has gone: half of one would be money or a key lost."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class UnderWay:
    """The acts that have begun and not ended."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def to_its_end(self, act: Coroutine[Any, Any, T]) -> T:
        """What `act` gives or raises. It goes on when the one who waits for it is cancelled."""
        task = asyncio.ensure_future(act)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def settled(self) -> None:
        """Wait until nothing is under way; each act is bounded by the deadlines of its calls."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Where the one who waited was cancelled, nobody else looks at the error; the audit trail has it.
            task.exception()
