"""Made-up spend: how much a key spent on which day, and when within it. The same seed gives the same history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from bff.sandbox.plan import KeyPlan, Pace

DAYS = 90

_SMALLEST = Decimal("0.0001")
_WEEK = (0.9, 1.0, 1.1, 1.05, 0.85, 0.3, 0.2)
"""How busy the days from Monday to Sunday are."""

_USUAL_SHARE = 0.45
"""The share of its budget that a key spends on a busy day."""

_USUAL_COST = Decimal(6)
"""What a booking comes to in the mean where there are many, in USD: a run of long requests, with whole documents in them."""

_LATE = Decimal("0.70")


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day in a time zone, as the instants at which it begins and ends; both in UTC."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, day: date, timezone: ZoneInfo) -> Day:
        """The day as `timezone` counts it: 23 or 25 hours long when the clocks change."""
        start, end = (datetime.combine(d, time(), timezone).astimezone(UTC) for d in (day, day + timedelta(days=1)))
        return cls(start, end)

    def elapsed(self, now: datetime) -> Decimal:
        """The share of the day that has passed at `now`, 0 to 1."""
        return Decimal(str((now - self.start) / (self.end - self.start)))


@dataclass(frozen=True, slots=True)
class Spent:
    """One request of the past, or a run of them booked as one."""

    at: datetime
    cost: Decimal
    model: str


def spent_on(day: Day, weekday: int, plan: KeyPlan, rng: Random) -> list[Spent]:
    """What a key spent on a day that is over: bookings in working hours, seldom as much as the budget."""
    share = _USUAL_SHARE * _WEEK[weekday] * rng.uniform(0.7, 1.3)
    total = _exact(plan.budget * Decimal(str(share)))
    length = day.end - day.start
    times = [day.start + length * rng.uniform(0.3, 0.85) for _ in range(_requests(total, rng.randint(2, 5)))]
    return _split(total, times, plan.models, rng)


def spent_today(day: Day, now: datetime, plan: KeyPlan, rng: Random) -> list[Spent]:
    """What a key spent from midnight until `now`, at the pace of its plan."""
    total = _exact(plan.budget * share_by_now(plan.pace, day.elapsed(now)))
    times = [day.start + (now - day.start) * rng.random() for _ in range(_requests(total, rng.randint(16, 24)))]
    return _split(total, times, plan.models, rng)


def share_by_now(pace: Pace, elapsed: Decimal) -> Decimal:
    """The share of a daily budget that is spent when `elapsed` of the day has passed.

    `FAST` stays under 80 % while that is too much for the time of day; in the last hours only more than that still
    runs out before the reset.
    """
    if pace is Pace.OVER:
        return Decimal("1.12")
    if pace is Pace.NEAR:
        return Decimal("0.87")
    if pace is Pace.STEADY:
        return elapsed / 2
    return Decimal("0.76") if elapsed < _LATE else elapsed + (1 - elapsed) / 2


def _requests(total: Decimal, least: int) -> int:
    return max(least, int(total / _USUAL_COST))


def _split(total: Decimal, times: list[datetime], models: tuple[str, ...], rng: Random) -> list[Spent]:
    weights = [Decimal(rng.randint(1, 100)) for _ in times]
    whole = sum(weights)
    costs = [_exact(total * weight / whole) for weight in weights[:-1]]
    costs.append(total - sum(costs))
    return [Spent(at, cost, rng.choice(models)) for at, cost in zip(sorted(times), costs, strict=True) if cost > 0]


def _exact(amount: Decimal) -> Decimal:
    return amount.quantize(_SMALLEST)
