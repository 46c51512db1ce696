"""What days add up to: the month to date, the month before, the period before, and where the month is likely to end.

Every function takes a mapping from a day to its sum. A day that the mapping does not have is not known, which is not the same
as a day on which nothing was spent. The sums may be those of one key's claim or of many together. Days and months are those of
the service's time zone.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Literal, NamedTuple

from bff.status import wire
from bff.status.claims import MONTHLY_BUDGET
from bff.status.findings import Code, Finding, Rules, params
from bff.status.wire import Amount, DailySpend
from bff.values import Money
from bff.wording import percent

BASIS_DAYS = 28
"""How many closed days before a day say what is usual on it: four of each day of the week."""

LEAST_DAYS = 7
"""With fewer whole days than these, nothing is said of what is usual."""

_LEAST_OF_A_KIND = 2
_LOW, _MIDDLE, _HIGH = Decimal("0.1"), Decimal("0.5"), Decimal("0.9")
_SATURDAY = 5
_ONE_DAY = timedelta(days=1)
_NOTHING = Money.zero()
_UNIT = Decimal(1).scaleb(-12)
_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)


class DaySum(NamedTuple):
    """What was spent on one day in USD. Where it is not `complete`, that is a lower bound."""

    spent: Money
    complete: bool


Days = Mapping[date, DaySum]


# --- what is usual ---


@dataclass(frozen=True, slots=True)
class Basis:
    """The closed days that say what is usual: amounts of the weekdays and of the weekend days in USD, each in ascending order.

    `incomplete` is how many days more there would be, had they been read whole.
    """

    weekdays: tuple[Decimal, ...]
    weekend: tuple[Decimal, ...]
    incomplete: int = 0

    @classmethod
    def before(cls, days: Days, day: date) -> Basis:
        """Return the basis of the `BASIS_DAYS` before `day`.

        Days before the first one with spend do not count, nor does that one itself: a key is seldom made at midnight.
        """
        window = [(each, days[each]) for each in _span(day - timedelta(days=BASIS_DAYS), day) if each in days]
        started = next((place for place, (_, spent) in enumerate(window) if spent.spent.amount > 0), len(window))
        used = window[started + 1 if started else 0 :]
        whole = [(each.weekday() >= _SATURDAY, spent.spent.amount) for each, spent in used if spent.complete]
        return cls(
            tuple(sorted(amount for weekend, amount in whole if not weekend)),
            tuple(sorted(amount for weekend, amount in whole if weekend)),
            len(used) - len(whole),
        )

    @property
    def days(self) -> int:
        """How many days it has."""
        return len(self.weekdays) + len(self.weekend)

    def like(self, day: date) -> tuple[Decimal, ...]:
        """Return the amounts of its weekdays, or of its weekend days where `day` is one; of all days where those are too few."""
        kind = self.weekend if day.weekday() >= _SATURDAY else self.weekdays
        return kind if len(kind) >= _LEAST_OF_A_KIND else tuple(sorted(self.weekdays + self.weekend))


def median(ascending: Sequence[Decimal]) -> Decimal:
    """Return the middle of amounts in ascending order, of which there is one at least."""
    return _quantile(ascending, _MIDDLE)


def _quantile(ascending: Sequence[Decimal], share: Decimal) -> Decimal:
    """Return the value below which `share` of the amounts lie, between two of them in proportion."""
    with localcontext(_EXACT):
        place = (len(ascending) - 1) * share
        below = int(place)
        above = min(below + 1, len(ascending) - 1)
        return ascending[below] + (ascending[above] - ascending[below]) * (place - below)


def rounded(amount: Decimal) -> Money:
    """Return an amount in USD, rounded half to even at 1e-12."""
    return Money(amount.quantize(_UNIT, context=_EXACT))


# --- the month ---


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where a month is likely to end, in USD, made from `based_on_days` closed days."""

    low: Money
    likely: Money
    high: Money
    based_on_days: int


ForecastMissing = Literal["too-few-days", "incomplete"]


@dataclass(frozen=True, slots=True)
class Before:
    """The month that begins on `first`, before the running one.

    `to_date` is what was spent of it in as many days as the running month has had, and `comparable` says that no day of those
    is a lower bound.
    """

    first: date
    spent: Money
    complete: bool
    to_date: Money
    comparable: bool


@dataclass(frozen=True, slots=True)
class Month:
    """The running month from `first` on. `before` is None when nothing is known of the month before it.

    Either `forecast` or `forecast_missing` is set.
    """

    first: date
    spent: Money
    complete: bool
    budget: Money | None = None
    before: Before | None = None
    forecast: Forecast | None = None
    forecast_missing: ForecastMissing | None = None

    def on_wire(self) -> wire.MonthToDate:
        """Return the month as clients read it."""
        before, forecast = self.before, self.forecast
        comparable = self.complete and before is not None and before.comparable
        return wire.MonthToDate(
            month=named(self.first),
            spent=Amount.of(self.spent),
            complete=self.complete,
            budget=Amount.of(self.budget) if self.budget is not None else None,
            used_ratio=self.spent.ratio_to(self.budget) if self.budget is not None else None,
            previous=wire.MonthBefore(
                month=named(before.first),
                spent=Amount.of(before.spent),
                spent_to_date=Amount.of(before.to_date),
                complete=before.complete,
            )
            if before is not None
            else None,
            change=change(before.to_date, self.spent) if comparable and before is not None else None,
            forecast=wire.MonthForecast(
                low=Amount.of(forecast.low),
                likely=Amount.of(forecast.likely),
                high=Amount.of(forecast.high),
                based_on_days=forecast.based_on_days,
            )
            if forecast is not None
            else None,
            forecast_missing=self.forecast_missing,
        )


def month_of(days: Days, *, today: date, elapsed: Decimal, budget: Money | None = None) -> Month:
    """Return the month in which `today` lies; `elapsed` is the share of today that has passed, 0 to 1."""
    first = today.replace(day=1)
    spent, complete = total(days, first, today)
    ends = forecast(days, today=today, elapsed=elapsed)
    return Month(
        first,
        spent,
        complete,
        budget,
        _before(days, today, elapsed),
        ends if isinstance(ends, Forecast) else None,
        None if isinstance(ends, Forecast) else ends,
    )


def forecast(days: Days, *, today: date, elapsed: Decimal) -> Forecast | ForecastMissing:
    """Return where the month of `today` is likely to end, or why that cannot be said.

    For each day that is left, and for the rest of today in proportion, the likely end adds the median of the weekdays or
    weekend days in the basis before today. The low end adds their 10th percentile, the high end their 90th.
    """
    spent, complete = total(days, today.replace(day=1), today)
    basis = Basis.before(days, today)
    if not complete or basis.days < LEAST_DAYS:
        lacking = complete and basis.days + basis.incomplete < LEAST_DAYS
        return "too-few-days" if lacking else "incomplete"
    left: dict[tuple[Decimal, ...], Decimal] = {}
    with localcontext(_EXACT):
        for day in _span(today, _next_month(today)):
            amounts = basis.like(day)
            left[amounts] = left.get(amounts, Decimal(0)) + (1 - elapsed if day == today else 1)
        low, likely, high = (
            # A day of corrections is below zero; none is to be expected.
            sum((max(_quantile(amounts, share), Decimal(0)) * count for amounts, count in left.items()), Decimal(0))
            for share in (_LOW, _MIDDLE, _HIGH)
        )
    return Forecast(spent + rounded(low), spent + rounded(likely), spent + rounded(high), basis.days)


def _before(days: Days, today: date, elapsed: Decimal) -> Before | None:
    last = today.replace(day=1) - _ONE_DAY
    first = last.replace(day=1)
    if not any(day in days for day in _span(first, last + _ONE_DAY)):
        return None
    spent, complete = total(days, first, last)
    if today.day > last.day:
        return Before(first, spent, complete, spent, complete)
    same_day = first.replace(day=today.day)
    to_date, comparable = total(days, first, same_day - _ONE_DAY)
    partly = days.get(same_day, DaySum(_NOTHING, complete=False))
    with localcontext(_EXACT):
        share = rounded(partly.spent.amount * elapsed)
    return Before(first, spent, complete, to_date + share, comparable and partly.complete)


def months_of(days: Days, requests: Mapping[date, int], *, today: date) -> tuple[wire.MonthSpend, ...]:
    """Return the running month and up to twelve before it, oldest first, without those of which no day is known.

    `requests` has the number of requests of a day; days without any may be left out.
    """
    known = sorted({day.replace(day=1) for day in days if first_of_months(today) <= day <= today})
    return tuple(_month_spend(days, requests, first, today) for first in known)


def first_of_months(today: date) -> date:
    """Return the first day of the oldest month that is reported: the month of `today` a year ago."""
    return today.replace(year=today.year - 1, day=1)


def _month_spend(days: Days, requests: Mapping[date, int], first: date, today: date) -> wire.MonthSpend:
    end = _next_month(first)
    spent, complete = total(days, first, min(end - _ONE_DAY, today))
    counted = sum(requests.get(day, 0) for day in _span(first, end))
    return wire.MonthSpend(
        month=named(first), spent=Amount.of(spent), requests=counted, complete=complete, partial=today < end
    )


# --- the period before ---


def previous_period(days: Days, *, first: date, length: int, now_total: Money) -> wire.PreviousPeriodByDay | None:
    """Return the `length` days before `first`, compared with `now_total`; None when none of them is known."""
    start, last = first - timedelta(days=length), first - _ONE_DAY
    span = list(_span(start, first))
    if not any(day in days for day in span):
        return None
    spent, complete = total(days, start, last)
    unknown = DaySum(_NOTHING, complete=False)
    return wire.PreviousPeriodByDay(
        from_=start,
        to=last,
        total=Amount.of(spent),
        complete=complete,
        change=change(spent, now_total),
        by_day=tuple(
            DailySpend(date=day, spent=Amount.of(item.spent), partial=False, complete=item.complete)
            for day in span
            for item in (days.get(day, unknown),)
        ),
    )


def change(earlier: Money, later: Money) -> wire.Change:
    """Return by how much `later` differs from `earlier`."""
    difference = later - earlier
    return wire.Change(amount=Amount.of(difference), ratio=difference.ratio_to(earlier) if earlier else None)


def total(days: Days, first: date, last: date) -> tuple[Money, bool]:
    """Return the sum from `first` to `last`, both included, and whether it is whole: each day known, and complete."""
    spent, complete = _NOTHING, True
    for day in _span(first, last + _ONE_DAY):
        item = days.get(day)
        if item is None:
            complete = False
            continue
        spent += item.spent
        complete = complete and item.complete
    return spent, complete


def sums_together(parts: Iterable[Days]) -> dict[date, DaySum]:
    """Return the days of all `parts` added up: a day is known where one part knows it, and complete where all parts do."""
    every = list(parts)
    known = sorted({day for part in every for day in part})
    unknown = DaySum(_NOTHING, complete=False)
    found: dict[date, DaySum] = {}
    for day in known:
        items = [part.get(day, unknown) for part in every]
        found[day] = DaySum(sum((item.spent for item in items), _NOTHING), all(item.complete for item in items))
    return found


def named(day: date) -> str:
    """Return the name of a day's month: `2026-11`."""
    return f"{day.year:04}-{day.month:02}"


def _span(first: date, end: date) -> Iterator[date]:
    """Yield the days from `first` up to `end`, which is not included."""
    for ago in range((end - first).days):
        yield first + timedelta(days=ago)


def _next_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1]) + _ONE_DAY


# --- the monthly budget ---

_RAISE = f"Raise {MONTHLY_BUDGET}, or see which model spends it."


def month_findings(month: Month, rules: Rules, *, shared: bool = False) -> list[Finding]:
    """Return what there is to say of the month's budget; nothing without one.

    `shared` says that the month's spend also holds what the team's requests that name no key cost: an upper bound.
    """
    budget = month.budget
    if budget is None:
        return []
    findings = _budget_use(month, budget, rules, shared=shared)
    ends = month.forecast
    if ends is not None and month.spent < budget < ends.likely:
        message = (
            f"At this pace the month ends at about {ends.likely} (between {ends.low} and {ends.high}), above the monthly "
            f"budget of {budget}."
        )
        values = params(likely=ends.likely, low=ends.low, high=ends.high, budget=budget)
        findings.append(Finding(Code.MONTH_BUDGET_PACE, message, _RAISE, values))
    return findings


def _budget_use(month: Month, budget: Money, rules: Rules, *, shared: bool) -> list[Finding]:
    ratio = month.spent.ratio_to(budget)
    at_least = "" if month.complete else "at least "
    with_shared = ", with what its team spent without naming a key," if shared else ""
    # The translated sentences call the sum neither a lower nor an upper bound.
    exact = month.complete and not shared
    said = f"This month's spend of {at_least}{month.spent}{with_shared} is"
    if month.spent.amount > 0 and month.spent >= budget:
        share = (
            f"{percent(ratio)} of the monthly budget of {budget}"
            if ratio is not None
            else "more than the monthly budget of 0 USD"
        )
        # They say "more than the budget", which exactly all of it is not.
        values = params(spent=month.spent, budget=budget) if exact and budget < month.spent else None
        return [Finding(Code.MONTH_BUDGET_EXCEEDED, f"{said} {share}.", _RAISE, values)]
    if ratio is not None and ratio >= rules.budget_near_from:
        values = params(spent=month.spent, budget=budget, ratio=ratio) if exact else None
        message = f"{said} {percent(ratio)} of the monthly budget of {budget}."
        return [Finding(Code.MONTH_BUDGET_NEAR, message, _RAISE, values)]
    return []
