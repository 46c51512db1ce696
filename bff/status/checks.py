"""How the outside systems are, from what was learnt in passing: asking for health calls nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from bff.resilience.breaker import BreakerState
from bff.status.observatory import Observatory, not_understood, parts_of
from bff.telemetry.health import Health, HealthCheck
from bff.telemetry.recent_calls import RecentCalls

_SAID = {"refused": "not asked, its breaker is open"}
"""Outcomes whose name, which metrics have, would be read as the other side's word."""


class Checks:
    """The health checks of one service, by name.

    `breakers` gives the state of each outside system's breaker, `calls` how the latest calls to each went.
    """

    def __init__(
        self,
        observatory: Observatory,
        breakers: Mapping[str, Callable[[], BreakerState]],
        calls: RecentCalls,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._observatory = observatory
        self._breakers = breakers
        self._calls = calls
        self._clock = clock

    def __call__(self) -> dict[str, HealthCheck]:
        """Every check."""
        breakers = {f"{system}:breaker": self._breaker(state()) for system, state in self._breakers.items()}
        calls = {f"{system}:calls": self._latest_calls(system) for system in self._calls.systems()}
        return {"keeptrusts:snapshot-age": self._snapshot(), **breakers, **calls}

    def _snapshot(self) -> HealthCheck:
        epoch = self._observatory.epoch
        if epoch is None:
            return HealthCheck(
                Health.FAIL, "datastore", self._clock(), output="nothing has been read of Keeptrusts yet"
            )
        troubled = [
            f"{name}: {part.detail or part.cause}" for name, part in parts_of(epoch.facts).items() if part.cause
        ]
        troubled += [f"{name}: {odd.sentence}" for name, odd in not_understood(epoch.facts).items()]
        health = Health.FAIL if not self._observatory.ready() else Health.WARN if troubled else Health.PASS
        age = round(self._observatory.age(), 1)
        return HealthCheck(
            health, "datastore", self._clock(), observed=age, unit="s", output="; ".join(troubled) or None
        )

    def _latest_calls(self, system: str) -> HealthCheck:
        trouble = self._calls.trouble(system)
        output = "; ".join(f"{call}: {_SAID.get(outcome, outcome)}" for call, outcome in trouble.items())
        health = Health.WARN if trouble else Health.PASS
        return HealthCheck(health, "system", self._clock(), output=output or None)

    def _breaker(self, state: BreakerState) -> HealthCheck:
        health = Health.PASS if state is BreakerState.CLOSED else Health.WARN
        return HealthCheck(health, "component", self._clock(), observed=state)
