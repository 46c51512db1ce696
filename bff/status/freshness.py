"""How old the facts are that an assessment rests on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bff.keeptrusts.facts import Facts, Reading
from bff.status.rules import Rules
from bff.status.wire import Freshness


def is_kept(reading: Reading[Any]) -> bool:
    """Whether the value is the last good one, since a newer could not be had; a partial value is new, but not whole."""
    return reading.value is not None and reading.cause is not None and reading.complete


def is_unexplained(facts: Facts, rules: Rules) -> bool:
    """Whether the facts as a whole are said to be stale while no part of them says why."""
    return rules.stale and all(part.cause is None for part in _parts(facts))


def freshness(facts: Facts, now: datetime, rules: Rules) -> Freshness:
    """When the oldest part was observed, and whether any is only the last good value."""
    parts = _parts(facts)
    observed = [part.observed_at for part in parts if part.value is not None and part.observed_at is not None]
    return Freshness(
        observed_at=min(observed, default=None),
        assessed_at=now,
        stale=rules.stale or any(is_kept(part) for part in parts),
    )


def _parts(facts: Facts) -> tuple[Reading[Any], ...]:
    return facts.teams, facts.keys, facts.configurations, facts.wallets, facts.spend, facts.activity
