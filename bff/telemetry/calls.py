"""How outside systems' clients tell what they do, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class CallObserver(Protocol):
    """Told of every attempt that leaves the process; `system` and `operation` are fixed words, never ids or names."""

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        """One attempt ended: `outcome` is `ok`, `denied`, `rejected`, `unavailable`, `timeout`, `contract`, `cancelled` or `refused`.

        `cancelled`: nobody waits for it any more; `refused`: the breaker is open.
        """

    def retried(self, system: str, operation: str) -> None:
        """An attempt is about to be made again."""

    def breaker(self, system: str, state: str) -> None:
        """The breaker is now `closed`, `open` or `half-open`."""


class Unobserved:
    """Listens to nothing."""

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        """Forget it."""

    def retried(self, system: str, operation: str) -> None:
        """Forget it."""

    def breaker(self, system: str, state: str) -> None:
        """Forget it."""
