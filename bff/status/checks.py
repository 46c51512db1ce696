"""How the outside systems are, from what was learnt in passing: asking for health calls nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from bff.resilience.breaker import BreakerState
from bff.status.observatory import Observatory, not_understood, parts_of
from bff.status.organisation_reader import OrganisationReader
from bff.telemetry.health import Health, HealthCheck
from bff.telemetry.recent_calls import RecentCalls

_SAID = {"refused": "not asked, its breaker is open"}
"""Outcomes whose name, which metrics have, would be read as the other side's word."""


class Checks:
    """The health checks of one service, by name.

    `breakers` gives the state of each outside system's breaker, `calls` how the latest calls to each went; `database_note`
    says what is wrong with the database that was opened, None when nothing is.
    """

    def __init__(
        self,
        observatory: Observatory,
        reader: OrganisationReader,
        breakers: Mapping[str, Callable[[], BreakerState]],
        calls: RecentCalls,
        *,
        clock: Callable[[], datetime],
        database_note: str | None = None,
    ) -> None:
        self._observatory = observatory
        self._reader = reader
        self._breakers = breakers
        self._calls = calls
        self._clock = clock
        self._database_note = database_note

    def __call__(self) -> dict[str, HealthCheck]:
        """Every check."""
        breakers = {f"{system}:breaker": self._breaker(state()) for system, state in self._breakers.items()}
        calls = {f"{system}:calls": self._latest_calls(system) for system in self._calls.systems()}
        return {
            "keeptrusts:snapshot-age": self._snapshot(),
            "ledger:read": self._ledger(),
            "database:state": self._database(),
            **breakers,
            **calls,
        }

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

    def _ledger(self) -> HealthCheck:
        """How much of today's events has been read, and what is missing."""
        epoch = self._observatory.epoch
        spend = epoch.facts.spend.value if epoch is not None else None
        if spend is None:
            return HealthCheck(Health.WARN, "datastore", self._clock(), output="no event has been read yet")
        progress = self._reader.progress
        late = progress.too_late if progress is not None else 0
        said = [
            spend.missing,
            self._reader.trouble,
            f"{late} events were published after their day was frozen" if late else None,
        ]
        output = "; ".join(filter(None, said)) or None
        health = Health.WARN if output else Health.PASS
        return HealthCheck(
            health,
            "datastore",
            self._clock(),
            observed=round(spend.read_share, 4),
            unit="share of today",
            output=output,
        )

    def _database(self) -> HealthCheck:
        trouble = self._reader.database_trouble or self._database_note
        health = Health.WARN if trouble else Health.PASS
        return HealthCheck(health, "datastore", self._clock(), observed=self._reader.role, output=trouble)

    def _latest_calls(self, system: str) -> HealthCheck:
        trouble = self._calls.trouble(system)
        output = "; ".join(f"{call}: {_SAID.get(outcome, outcome)}" for call, outcome in trouble.items())
        health = Health.WARN if trouble else Health.PASS
        return HealthCheck(health, "system", self._clock(), output=output or None)

    def _breaker(self, state: BreakerState) -> HealthCheck:
        health = Health.PASS if state is BreakerState.CLOSED else Health.WARN
        return HealthCheck(health, "component", self._clock(), observed=state)
