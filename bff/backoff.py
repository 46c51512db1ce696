"""How long to wait before an attempt is made again: exponential with full jitter (AWS Architecture Blog, 2015)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """`attempts` in all; before the n-th again a random wait of up to `base * 2**(n-1)` seconds, at most `longest`."""

    attempts: int = 3
    base: float = 0.1
    longest: float = 2.0

    def wait(self, retry: int, *, random: Callable[[], float], told: float | None = None) -> float:
        """Seconds before retry number `retry` (from 1). `told` is what the other side asked for and is never undercut."""
        jittered = random() * min(self.base * 2.0 ** (retry - 1), self.longest)
        return jittered if told is None else told + jittered
