"""A bounded number of places, shared fairly between those who want them."""

from __future__ import annotations

import asyncio
from collections import Counter, deque


class FairPlaces:
    """`places` in all, of which one taker holds at most `most_each`; what is more waits.

    A free place goes to the taker that holds the fewest, and among equals to the one that has waited longest: a taker
    that wants a thousand places delays another that wants one by a single turn. `who` tells takers apart.
    """

    def __init__(self, places: int, *, most_each: int) -> None:
        self._free = places
        self._most_each = most_each
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def take(self, who: str) -> None:
        """Wait for a place. The caller must `give_back` it."""
        if self._free and self._held[who] < self._most_each:
            # Those who wait while places are free have as many as they may.
            self._hold(who)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # The place came in the moment in which its taker left.
                self.give_back(who)
            else:
                self._leave(who, turn)
            raise

    def give_back(self, who: str) -> None:
        """Return a place that `who` holds, and hand it to the next."""
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]
        self._free += 1
        while self._free and (following := self._next()) is not None:
            turns = self._waiting.pop(following)
            turn = turns.popleft()
            if turns:
                # Behind the others, which now have waited longer.
                self._waiting[following] = turns
            if not turn.done():
                self._hold(following)
                turn.set_result(None)

    def _hold(self, who: str) -> None:
        self._free -= 1
        self._held[who] += 1

    def _next(self) -> str | None:
        entitled = (who for who in self._waiting if self._held[who] < self._most_each)
        return min(entitled, key=self._held.__getitem__, default=None)

    def _leave(self, who: str, turn: asyncio.Future[None]) -> None:
        turns = self._waiting.get(who)
        if turns is not None and turn in turns:
            turns.remove(turn)
            if not turns:
                del self._waiting[who]
