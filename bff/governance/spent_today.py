"""What a key has spent today, as far as it is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bff.governance.budget_window import BudgetWindow
from bff.governance.facts import GatewayKey, Reading, SpendToday
from bff.governance.money import Money
from bff.governance.organisation import Organisation
from bff.governance.wire import Attribution

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Spent:
    """Spend of one budget day in USD.

    With `attribution` "key" it is what bookings that name the key add up to. With "team" it also holds what the team's
    wallet paid for requests that name no key: any of that may be this key's, so it is an upper bound for the key.
    `missing` says why the sum is a lower bound; empty when it is whole. `observed_at` is when the bookings were read.
    """

    money: Money
    attribution: Attribution
    missing: tuple[str, ...] = ()
    observed_at: datetime | None = None

    @property
    def complete(self) -> bool:
        """Whether every booking that counts could be read."""
        return not self.missing


def spent_today(key: GatewayKey, organisation: Organisation, window: BudgetWindow) -> Spent | None:
    """What `key` has spent in `window`; None when spend could not be read at all."""
    reading: Reading[SpendToday] = organisation.facts.spend
    spend = reading.value
    if spend is None:
        return None
    if spend.day != window.day:
        # The last good bookings are of another day: they are no news of this one, and nothing else is.
        missing = f"no booking of {window.day.isoformat()} could be read yet, the last are of {spend.day.isoformat()}"
        return Spent(Money.zero(), "key", (missing,), reading.observed_at)
    of_key = Money(spend.by_key.get(key.id, _NOTHING))
    missing_parts = _missing(reading, key.team_id, organisation)
    nameless = spend.unattributed_by_team.get(key.team_id, _NOTHING) if key.team_id is not None else _NOTHING
    # A refund that names no key may be anybody's: it must not make this key look cheaper than its own bookings.
    if nameless > 0:
        return Spent(of_key + Money(nameless), "team", missing_parts, reading.observed_at)
    return Spent(of_key, "key", missing_parts, reading.observed_at)


def _missing(reading: Reading[SpendToday], team_id: str | None, organisation: Organisation) -> tuple[str, ...]:
    """Reasons of the wallets that may have paid for a key of the team: its own, the organisation's, users' and unknown ones."""
    own = organisation.incomplete_of_team.get(team_id, ()) if team_id is not None else ()
    whole = () if reading.complete else (reading.detail or "not all bookings could be read",)
    return tuple(dict.fromkeys((*whole, *own, *organisation.incomplete_everywhere)))
