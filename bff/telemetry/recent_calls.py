"""How the latest call of each kind to each outside system went, so that `/health` answers without calls of its own."""

from __future__ import annotations

from collections.abc import Callable

from bff.telemetry.calls import CallObserver
from bff.telemetry.logs import logger

REMEMBERED_FOR = 300.0
"""Seconds for which a failed call counts as trouble when the call has not been made again."""

TROUBLE = frozenset({"unavailable", "timeout", "contract", "refused"})
"""Outcomes that mean the system itself is in trouble; `denied` and `rejected` can be due to one caller."""

OWN_TOKEN_REFUSED = "own token refused"  # noqa: S105 - a word for what happened
"""In the place of an outcome: what was refused is the service's own token."""

log = logger("upstream")


class RecentCalls:
    """Passes every call on to `observer`, and keeps those that failed the last time they were made."""

    def __init__(self, observer: CallObserver, *, monotonic: Callable[[], float]) -> None:
        self._observer = observer
        self._monotonic = monotonic
        self._trouble: dict[str, dict[str, tuple[str, float]]] = {}

    def systems(self) -> tuple[str, ...]:
        """The systems that were called, in the order of their first call."""
        return tuple(self._trouble)

    def trouble(self, system: str) -> dict[str, str]:
        """The calls to `system` that went wrong, each with its outcome."""
        now = self._monotonic()
        calls = self._trouble.get(system, {})
        return {call: outcome for call, (outcome, at) in calls.items() if now - at < REMEMBERED_FOR}

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        """Note how an attempt ended; a cancelled one changes nothing."""
        self._observer.attempt(system, operation, outcome, seconds)
        calls = self._trouble.setdefault(system, {})
        if outcome in TROUBLE:
            calls[operation] = (outcome, self._monotonic())
        # A refusal of our own is reported beside its attempt, and one of a caller's token does not end it.
        elif outcome != "cancelled" and not (outcome == "denied" and self._is_refused(system, operation)):
            calls.pop(operation, None)

    def retried(self, system: str, operation: str) -> None:
        """Pass on."""
        self._observer.retried(system, operation)

    def breaker(self, system: str, state: str) -> None:
        """Pass on."""
        self._observer.breaker(system, state)

    def own_token_refused(self, system: str, operation: str) -> None:
        """The service's own token was refused: logged when it begins, and when it was forgotten meanwhile."""
        self._observer.own_token_refused(system, operation)
        if not self._is_refused(system, operation):
            log.warning("own token refused", system=system, operation=operation)
        self._trouble.setdefault(system, {})[operation] = (OWN_TOKEN_REFUSED, self._monotonic())

    def _is_refused(self, system: str, operation: str) -> bool:
        return self.trouble(system).get(operation) == OWN_TOKEN_REFUSED
