"""Single-flight: of many callers who want the same thing at the same time, one fetches it and all get it.

Ours, since the libraries that exist also keep the results, or want a framework of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Calls in progress by key. Nothing is kept of a call that has ended, be it a value or an error."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[T]] = {}

    def busy(self, key: Hashable) -> bool:
        """Whether a call for `key` is in progress."""
        flight = self._flights.get(key)
        return flight is not None and not flight.done()

    async def do(self, key: Hashable, fetch: Callable[[], Awaitable[T]]) -> T:
        """What `fetch` returns or raises: of the call for `key` that is in progress, or of a new one.

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
            # Retrieve the exception: asyncio logs it where all who waited were cancelled.
            flight.exception()


async def _run(fetch: Callable[[], Awaitable[T]]) -> T:
    return await fetch()
