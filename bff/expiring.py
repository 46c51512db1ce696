"""A memory for what lasts a fixed time: a plain dict in order of insertion, within bounds.

Such entries end nearly in the order in which they are put in, so that neither an order of use nor a heap is needed, and
looking one up is the dict's own `get`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Kept(Generic[V]):
    """A value that counts before `until`; `size` is its part of the bound."""

    value: V
    until: float
    size: int


class Expiring(Generic[K, V]):
    """Values by key, each with its end by `clock`, in seconds; `most` is the largest sum of their sizes.

    `get` gives an entry also after its end: the caller compares, since its clock's reading is at hand already.
    """

    def __init__(self, most: int, *, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._entries: dict[K, Kept[V]] = {}
        self.size = 0
        self.get: Callable[[K], Kept[V] | None] = self._entries.get

    def put(self, key: K, value: V, *, until: float, size: int = 1) -> None:
        """Keep `value` until `until`. Drop what has ended and, where there is too much, what was put in first."""
        if (before := self._entries.pop(key, None)) is not None:
            self.size -= before.size
        if size > self._most:
            return
        self._entries[key] = Kept(value, until, size)
        self.size += size
        now = self._clock()
        while self.size > self._most or next(iter(self._entries.values())).until <= now:
            first = next(iter(self._entries))
            self.size -= self._entries.pop(first).size
            if not self._entries:
                break

    def __len__(self) -> int:
        return len(self._entries)
