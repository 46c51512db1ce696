"""How clients of outside systems report their calls, without knowing what uses the reports."""

from __future__ import annotations

from typing import Protocol


class CallObserver(Protocol):
    """Receives every call to an outside system; `system` and `operation` are fixed words, never ids or names."""

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        """One attempt ended: `outcome` is `ok`, `denied`, `rejected`, `unavailable`, `timeout`, `contract`, `cancelled` or `refused`.

        `cancelled`: the caller does not wait any more; `refused`: the breaker is open.
        """

    def retried(self, system: str, operation: str) -> None:
        """An attempt is about to be made again."""

    def breaker(self, system: str, state: str) -> None:
        """The breaker is now `closed`, `open` or `half-open`."""

    def own_token_refused(self, system: str, operation: str) -> None:
        """The service's own token or password was refused, and there is no newer one. Comes after the attempt's end."""


class Unobserved:
    """Discards every report."""

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        """Do nothing."""

    def retried(self, system: str, operation: str) -> None:
        """Do nothing."""

    def breaker(self, system: str, state: str) -> None:
        """Do nothing."""

    def own_token_refused(self, system: str, operation: str) -> None:
        """Do nothing."""
