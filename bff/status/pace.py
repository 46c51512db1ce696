"""Pace: when a daily budget runs out if spending goes on as it did so far."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from bff.values import BudgetWindow, Money

PACE_FROM = Decimal("0.10")
"""The share of the day that must have passed before its spend says anything about the rest: one morning request is no trend."""

_MICROSECOND = timedelta(microseconds=1)


def exhaustion(
    window: BudgetWindow, *, spent: Money, budget: Money, observed_at: datetime, pace_from: Decimal = PACE_FROM
) -> datetime | None:
    """The instant, in whole seconds, at which `budget` is used up if spending goes on as it did until `observed_at`.

    None when it lasts until the window ends, when it is used up already, or when less than `pace_from` of the window had
    passed. Time counts to when the spend was seen and not to now: old numbers must not look like slow ones.

    Linear: `start + elapsed * budget / spent`.
    """
    if not Money.zero(budget.currency) < spent < budget or window.elapsed_ratio(observed_at) < pace_from:
        return None
    elapsed = Decimal(window.elapsed(observed_at) // _MICROSECOND)
    needed = elapsed * budget.amount / spent.amount
    # Compared before it becomes a date: a budget of billions would otherwise run out after the calendar ends.
    if needed >= window.length // _MICROSECOND:
        return None
    return (window.start + int(needed) * _MICROSECOND).replace(microsecond=0)
