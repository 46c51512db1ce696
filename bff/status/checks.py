"""The health checks of the service, from what earlier calls have shown: a health check makes no call of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo

from bff.breaker import BreakerState
from bff.ledger.progress import instant
from bff.status.leader import OrganisationReader
from bff.status.organisation_cache import OrganisationCache, not_understood
from bff.telemetry.health import Health, HealthCheck
from bff.telemetry.recent_calls import RecentCalls

_SAID = {"refused": "not asked, its breaker is open"}
"""Outcomes that health names otherwise than metrics do: `refused` would be read as the other system's reply."""


class Checks:
    """The health checks of one service, by name.

    `breakers` gives the state of each outside system's breaker, `calls` how the latest calls to each went; `database_note`
    says what is wrong with the database that was opened, None when nothing is. Days are those of `zone`.
    """

    def __init__(
        self,
        cache: OrganisationCache,
        reader: OrganisationReader,
        breakers: Mapping[str, Callable[[], BreakerState]],
        calls: RecentCalls,
        *,
        clock: Callable[[], datetime],
        database_note: str | None = None,
        zone: tzinfo = UTC,
    ) -> None:
        self._cache = cache
        self._reader = reader
        self._breakers = breakers
        self._calls = calls
        self._clock = clock
        self._database_note = database_note
        self._zone = zone

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
        snapshot = self._cache.snapshot
        if snapshot is None:
            return HealthCheck(Health.FAIL, "datastore", self._clock(), output="Keeptrusts has not been read yet")
        troubled = [
            f"{name}: {part.detail or part.cause}" for name, part in snapshot.facts.parts().items() if part.cause
        ]
        troubled += [f"{name}: {odd.sentence}" for name, odd in not_understood(snapshot.facts).items()]
        if snapshot.stale and not troubled:
            troubled = [self._cache.trouble or "the facts are older than they should be"]
        health = Health.FAIL if not self._cache.can_answer() else Health.WARN if troubled else Health.PASS
        age = round(self._cache.age(), 1)
        return HealthCheck(
            health, "datastore", self._clock(), observed=age, unit="s", output="; ".join(troubled) or None
        )

    def _ledger(self) -> HealthCheck:
        """How much of today's events has been read, and what is missing."""
        snapshot = self._cache.snapshot
        part = snapshot.facts.spend if snapshot is not None else None
        spend = part.value if part is not None else None
        failed = f"events cannot be read: {part.detail or part.cause}" if part is not None and part.cause else None
        if part is None or spend is None:
            said = failed or "no event has been read yet"
            return HealthCheck(Health.WARN, "datastore", self._clock(), output=said)
        wrong = [each for each in (failed, spend.missing, *self._of_other_days(part.rejected_count)) if each]
        health = Health.WARN if wrong else Health.PASS
        output = "; ".join([*wrong, *self._older_days()]) or None
        return HealthCheck(
            health,
            "datastore",
            self._clock(),
            observed=round(spend.read_share, 4),
            unit="share of today",
            output=output,
        )

    def _of_other_days(self, unread: int) -> Iterator[str | None]:
        """What is missing in reports although the sums of today may be whole."""
        if unread:
            yield "one event could not be read" if unread == 1 else f"{unread:,} events could not be read"
        progress = self._reader.progress
        if progress is None:
            return
        yield self._reader.trouble

    def _older_days(self) -> list[str]:
        """How far back older days have been read on a first start, which takes hours where events are many."""
        progress = self._reader.progress
        if progress is None or progress.backfill is None or progress.covered_from is None:
            return []
        day = instant(progress.covered_from).astimezone(self._zone).date()
        return [f"older days are read back to {day.isoformat()} so far"]

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
