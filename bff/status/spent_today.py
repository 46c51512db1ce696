"""What the keys of one name have spent today, as far as it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bff.keeptrusts.facts import GatewayKey, Reading, SpendToday
from bff.status.organisation import Organisation
from bff.status.wire import Attribution
from bff.values import BudgetWindow, Money


@dataclass(frozen=True, slots=True)
class Spent:
    """Spend of one budget day in USD.

    With `attribution` "key" it is what events that name one of the keys add up to. With "team" it also holds what events of
    the team that name no key cost: any of that may be these keys', so it is an upper bound for them. `missing` says why the
    sum is a lower bound; empty when it is whole. `observed_at` is when the events were read.
    """

    money: Money
    attribution: Attribution
    missing: tuple[str, ...] = ()
    observed_at: datetime | None = None

    @property
    def complete(self) -> bool:
        """Whether every event that counts could be read."""
        return not self.missing


def spent_today(
    keys: Sequence[GatewayKey], team_id: str | None, organisation: Organisation, window: BudgetWindow
) -> Spent | None:
    """What `keys` of the team have spent in `window`; None when spend could not be read at all.

    The keys are all of one name: a key that was replaced under its name has spent of the same budget.
    """
    reading: Reading[SpendToday] = organisation.facts.spend
    spend = reading.value
    if spend is None:
        return None
    if spend.day != window.day:
        # The last good sums are of another day: they are no news of this one, and nothing else is.
        missing = f"no event of {window.day.isoformat()} could be read yet, the last are of {spend.day.isoformat()}"
        return Spent(Money.zero(), "key", (missing,), reading.observed_at)
    total = sum((Money(spend.by_key[key.id]) for key in keys if key.id in spend.by_key), Money.zero())
    reasons = (spend.missing, *(spend.missing_by_key.get(key.id) for key in keys))
    missing_parts = tuple(dict.fromkeys(reason for reason in reasons if reason is not None))
    nameless = spend.unattributed_by_team.get(team_id) if team_id is not None else None
    # A correction that names no key may be anybody's: it must not make these keys look cheaper than their own events.
    if nameless is not None and nameless > 0:
        return Spent(total + Money(nameless), "team", missing_parts, reading.observed_at)
    return Spent(total, "key", missing_parts, reading.observed_at)
