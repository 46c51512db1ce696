"""Unusual days: those that cost far more than is usual for the key.

A day is compared with the whole days among the 28 before it, weekdays with weekdays and weekend days with weekend days. It is
unusual when it lies

- more than five times their spread above their median; the spread is 1.4826 times the median distance from the median, as for
  a normal distribution, and at least a fifth of the median, so that a key that spends the same each day is not too touchy;
- above one and a half times the third highest of them, so that a run of every Monday, or growth, is no news, while up to two
  earlier unusual days do not hide a third;
- at least 5 USD above the median, so that cents alarm no one.

Of today, which has not ended, what it has cost so far counts, and for the rest of it the usual in proportion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from bff.status import wire
from bff.status.findings import Code, Finding, params
from bff.status.months import BASIS_DAYS, LEAST_DAYS, Basis, Days, median, rounded
from bff.status.wire import Amount
from bff.values import Money
from bff.wording import quoted

SPREADS = Decimal(5)
LEAST_SPREAD = Decimal("0.2")
HIGHEST = 3
TIMES_HIGHEST = Decimal("1.5")
LEAST_EXCESS = Decimal(5)
"""In USD."""

LATELY = 3
"""For so many days after it has ended a day is a finding: one on a Friday is seen on Monday."""

_NORMAL = Decimal("1.4826")
_SATURDAY = 5
_LEAST_UNITS = int(LEAST_EXCESS) * 10**12

ModelDays = Mapping[date, Mapping[str | None, Money]]
"""What was spent on each model by day; None stands for requests that name no model."""


@dataclass(frozen=True, slots=True)
class Unusual:
    """An unusual day in USD; `usual` is the median of the days that it was compared with.

    `partial` says that the day has not ended. `model` is the one whose spend grew most against its own usual, None where that
    is not known.
    """

    day: date
    spent: Money
    usual: Money
    partial: bool
    model: str | None = None

    @property
    def times(self) -> Decimal | None:
        """How many times the usual; None where nothing is usual."""
        return self.spent.ratio_to(self.usual)

    def on_wire(self) -> wire.UnusualDay:
        """Return the day as clients read it."""
        return wire.UnusualDay(
            date=self.day,
            spent=Amount.of(self.spent),
            usual=Amount.of(self.usual),
            times=self.times,
            model=self.model,
            partial=self.partial,
        )

    def finding(self, *, shared: bool = False) -> Finding:
        """Return what there is to say of it. `shared`: its spend holds what the team's requests that name no key cost."""
        with_shared = ", with what its team spent without naming a key" if shared else ""
        times = self.times
        if self.partial:
            said = f"Today has cost {self.spent} so far{with_shared}, when a whole day usually costs {self.usual}."
        elif times is not None:
            said = f"{self.day.isoformat()} cost {self.spent}{with_shared}: {times:.1f} times the usual {self.usual}."
        else:
            said = f"{self.day.isoformat()} cost {self.spent}{with_shared}, when such a day usually costs nothing."
        models = f" Most of the difference is {quoted(self.model)}." if self.model is not None else ""
        values = params(
            date=self.day.isoformat(),
            spent=self.spent,
            usual=self.usual,
            **({"model": self.model} if self.model is not None else {}),
        )
        return Finding(Code.SPEND_UNUSUAL, f"{said}{models}", _LOOK, values if not shared else None)


_LOOK = "See which model spends it. If no one expected this, rotate the key: it may have leaked."


def unusual_days(
    days: Days, *, first: date, today: date, elapsed: Decimal, by_model: ModelDays | None = None
) -> tuple[Unusual, ...]:
    """Return the unusual days from `first` to `today`, oldest first; `elapsed` is the share of today that has passed.

    The days before `first` are looked at too, where `days` has them. Incomplete days are never unusual, and say nothing of
    what is usual.
    """
    found = (
        unusual_day(days, day, elapsed=elapsed if day == today else None)
        for day in (first + timedelta(days=ago) for ago in range((today - first).days + 1))
    )
    return tuple(replace(each, model=grown_model(by_model or {}, each.day)) for each in found if each is not None)


def lately(found: Sequence[Unusual], *, today: date) -> list[Unusual]:
    """Return the newest of the unusual days that are young enough to be a finding: none or one."""
    return [each for each in found if (today - each.day).days <= LATELY][-1:]


def unusual_day(days: Days, day: date, *, elapsed: Decimal | None = None) -> Unusual | None:
    """Return `day` if it is unusual, without its model; `elapsed` is the share of it that has passed, None: all of it."""
    item = days.get(day)
    # Most days end here: the rest costs more.
    if item is None or not item.complete or item.spent.amount < LEAST_EXCESS:
        return None
    basis = Basis.before(days, day)
    if basis.days < LEAST_DAYS:
        return None
    alike = basis.like(day)
    usual = median(alike)
    distances = sorted(abs(amount - usual) for amount in alike)
    spread = max(_NORMAL * median(distances), LEAST_SPREAD * usual)
    highest = alike[-min(HIGHEST, len(alike))]
    limit = max(usual + SPREADS * spread, TIMES_HIGHEST * highest, usual + LEAST_EXCESS)
    projected = item.spent.amount + (usual * (1 - elapsed) if elapsed is not None else 0)
    if projected <= limit:
        return None
    return Unusual(day, item.spent, rounded(usual), partial=elapsed is not None)


def grown_model(by_model: ModelDays, day: date) -> str | None:
    """Return the model whose spend on `day` exceeds its own median of the days before by most; None where none has a name."""
    before = [by_model[each] for ago in range(1, BASIS_DAYS + 1) if (each := day - timedelta(days=ago)) in by_model]
    growth = {
        model: spent.amount - _median_of([each[model].amount if model in each else Decimal(0) for each in before])
        for model, spent in by_model.get(day, {}).items()
    }
    return max(growth, key=lambda model: (growth[model], model or ""), default=None)


def _median_of(amounts: Sequence[Decimal]) -> Decimal:
    return median(sorted(amounts)) if amounts else Decimal(0)


def may_be_unusual(amounts: Sequence[int], first: date, *, elapsed: Decimal, incomplete: int) -> bool:
    """Whether `unusual_days` can find anything among the last of some days; False is certain, and cheap for every entity.

    `amounts` are those of the days from `first` on, in units of 1e-12 USD; the last is today's so far. `incomplete` is how many
    of them are lower bounds.
    """
    weekday = first.weekday()
    weekend = [(weekday + place) % 7 >= _SATURDAY for place in range(len(amounts))]
    last = len(amounts) - 1
    for place in range(last - LATELY, last + 1):
        # The limit is at least twice the usual: with the rest of today, its spend must exceed the usual by the share passed.
        least = amounts[place] / (1 + float(elapsed if place == last else 1))
        alike = [
            amounts[each] >= least
            for each in range(max(place - BASIS_DAYS, 0), place)
            if weekend[each] is weekend[place]
        ]
        # The day of the first spend and incomplete days are not in the basis, whose median decides.
        if amounts[place] >= _LEAST_UNITS and sum(alike) - 1 - incomplete <= len(alike) / 2:
            return True
    return False


def stands_out(amounts: Sequence[int]) -> bool:
    """Whether the last of a key's days exceeds nearly all others, and their median by half: cheap enough to ask of every key.

    `amounts` are in units of 1e-12 USD: those of the days before it, oldest first, and then its own.
    """
    *before, last = amounts
    if last < _LEAST_UNITS:
        return False
    if len(before) < HIGHEST:
        return True
    ascending = sorted(before)
    return last > ascending[-HIGHEST] and last * 2 > ascending[len(ascending) // 2] * 3
