"""How the clients of outside systems report what they do, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class CallObserver(Protocol):
    """Hears of every attempt that leaves the process; `system` and `operation` are fixed words, never ids or names."""

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        """One attempt ended: `outcome` is `ok`, `denied`, `rejected`, `unavailable`, `timeout`, `contract`, `cancelled` or `refused`.

        `cancelled`: its caller has left; `refused`: the breaker is open.
        """

    def retried(self, system: str, operation: str) -> None:
        """An attempt is about to be made again."""

    def breaker(self, system: str, state: str) -> None:
        """The breaker is now `closed`, `open` or `half-open`."""

    def own_token_refused(self, system: str, operation: str) -> None:
        """The service's own token was refused (401 or 403), and there is no newer one. Comes after the attempt's end."""


class Unobserved:
    """Listens to nothing."""

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        """Forget it."""

    def retried(self, system: str, operation: str) -> None:
        """Forget it."""

    def breaker(self, system: str, state: str) -> None:
        """Forget it."""

    def own_token_refused(self, system: str, operation: str) -> None:
        """Forget it."""
