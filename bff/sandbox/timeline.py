"""What happened, in order, however late it was told: read from the newest back, and bounded."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Generic, TypeVar

from bff.sandbox.paging import Page

T = TypeVar("T")
Order = tuple[datetime, int]
"""A moment and a serial number: the serial makes every position unique."""


class Timeline(Generic[T]):
    """Items by time and serial number; `order` reads both off an item."""

    def __init__(self, order: Callable[[T], Order]) -> None:
        self._order = order
        self._items: list[T] = []

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        """Oldest first."""
        return iter(self._items)

    def add(self, item: T) -> None:
        """Put `item` where its time belongs, which need not be the end."""
        if not self._items or self._order(self._items[-1]) < self._order(item):
            self._items.append(item)
        else:
            insort(self._items, item, key=self._order)

    def newest_first(
        self,
        *,
        limit: int,
        since: datetime | None = None,
        until: datetime | None = None,
        before: Order | None = None,
        matches: Callable[[T], bool] = lambda _: True,
    ) -> Page[T, Order]:
        """At most `limit` items from `since` (inclusive) to `until` (exclusive) that come before the position `before`.

        A page continues from a position and not from a count, so items that arrive between two pages shift nothing.
        """
        lowest = 0 if since is None else self._first_at(since)
        index = len(self._items) if until is None else self._first_at(until)
        if before is not None:
            index = min(index, bisect_left(self._items, before, key=self._order))
        page: list[T] = []
        while index > lowest:
            index -= 1
            if matches(self._items[index]):
                if len(page) == limit:
                    return Page(tuple(page), next=self._order(page[-1]))
                page.append(self._items[index])
        return Page(tuple(page), next=None)

    def drop_oldest(self, *, keep: int) -> list[T]:
        """Take away and return the oldest whole days (UTC) until at most `keep` items stay.

        A day that alone holds more than `keep` is cut within the day: the bound comes first.
        """
        excess = len(self._items) - keep
        if excess <= 0:
            return []
        cut_day = self._day(excess - 1)
        cut = next((i for i in range(excess, len(self._items)) if self._day(i) != cut_day), excess)
        dropped, self._items = self._items[:cut], self._items[cut:]
        return dropped

    def forget(self, gone: Callable[[T], bool]) -> None:
        """Take away every item that is `gone`."""
        self._items = [item for item in self._items if not gone(item)]

    def _first_at(self, moment: datetime) -> int:
        return bisect_left(self._items, (moment, -1), key=self._order)

    def _day(self, index: int) -> object:
        return self._order(self._items[index])[0].astimezone(UTC).date()
