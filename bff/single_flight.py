"""Single-flight: of many who want the same thing at the same time, one fetches it and all get it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Calls under way by key. Nothing is kept of a call that has ended, be it a value or an error."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[T]] = {}

    def busy(self, key: Hashable) -> bool:
        """Whether a call for `key` is under way."""
        flight = self._flights.get(key)
        return flight is not None and not flight.done()

    async def do(self, key: Hashable, fetch: Callable[[], Awaitable[T]]) -> T:
        """What `fetch` returns or raises: of the call for `key` that is under way, or of a new one.

        The call goes on when one who waits for it is cancelled: the others still want it.
        """
        flight = self._flights.get(key)
        if flight is None or flight.done():
            flight = asyncio.ensure_future(_run(fetch))
            # The loop keeps only weak references to tasks; this table is the strong one.
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(flight)

    def _landed(self, key: Hashable, flight: asyncio.Task[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            # Where everybody who waited was cancelled, nobody else looks at the error.
            flight.exception()


async def _run(fetch: Callable[[], Awaitable[T]]) -> T:
    return await fetch()
