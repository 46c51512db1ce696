"""A generated year of keys: how often a month ends within its forecast, how many days are called unusual, and which are found.

The year has a weekly rhythm and a working day's, growth, launches, weekly batches, keys that begin later, and a quiet end of
December. Into a copy of it three kinds of anomaly are put: a day of three times as much, a key that leaked and is used at
night, and two hours of a retry storm. The same seed makes the same year.
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from bff.status.months import DaySum, Forecast, forecast, total
from bff.status.unusual import unusual_day
from bff.values import Money

KEYS = int(os.environ.get("BENCH_KEYS", "300"))
SEED = 20_261_127
YEAR = 365
START = date(2025, 1, 1)
ASKED_ON = (3, 5, 10, 15, 20, 25)
"""Days of the month on which forecasts are made, at noon."""

LOOKED_AT = (6, 12, 18, 24)
"""Hours of a day at which it is asked whether the day is unusual."""

SMALL = 5.0
"""In USD a day: below, what is unusual is mostly too little to be said."""

_OFFICE = (1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 18, 16, 14, 16, 18, 17, 14, 9, 5, 4, 3, 2, 2, 1)
_EVEN = (1,) * 24
_DECEMBER_24 = date(2025, 12, 24)


@dataclass
class Key:
    """One key's year: what each hour cost in USD, by day since `START`.

    `noise` is the spread of its days in the logarithm, `launches` the days from which it costs more for good, `anomalies`
    what was put into a day.
    """

    noise: float
    hours: list[list[float]]
    launches: frozenset[int]
    anomalies: dict[int, str] = field(default_factory=dict)

    @property
    def usual(self) -> float:
        """The median of its days with spend."""
        return statistics.median([sum(day) for day in self.hours if sum(day) > 0] or [0])

    def days(self) -> dict[date, DaySum]:
        """The year as the rules take it."""
        return {START + timedelta(days=number): _sum(hours) for number, hours in enumerate(self.hours)}


def _sum(hours: Sequence[float]) -> DaySum:
    return DaySum(Money(Decimal(f"{sum(hours):.6f}")), complete=True)


def keys(count: int, seed: int = SEED) -> Iterator[Key]:
    """Yield the keys of a year without anomalies."""
    random = Random(seed)
    for _ in range(count):
        yield _key(random)


def _key(random: Random) -> Key:
    kind = random.choices(("service", "steady", "batch", "small"), (6, 2, 1, 1))[0]
    level = random.uniform(0.02, 0.8) if kind == "small" else math.exp(random.gauss(math.log(30), 1.4))
    noise = random.choice((0.08, 0.15, 0.25, 0.4))
    weekend = 1.0 if kind == "steady" else random.choice((0.1, 0.25, 0.5, 0.9))
    growth = random.choice((-0.03, 0.0, 0.02, 0.05, 0.1))
    launches = {random.randrange(20, YEAR): random.choice((1.4, 2, 3)) for _ in range(random.choice((0, 0, 1, 1, 2)))}
    begins = random.choice((0, 0, 0, random.randrange(200)))
    batch_day, profile = random.randrange(5), _EVEN if kind in {"steady", "batch"} else _OFFICE
    hours, factor = [], 1.0
    for number in range(YEAR):
        day = START + timedelta(days=number)
        factor *= launches.get(number, 1)
        amount = level * factor * (1 + growth) ** (number / 30) * (weekend if day.weekday() > 4 else 1)
        amount *= math.exp(random.gauss(0, noise)) if number >= begins else 0
        if kind == "batch" and day.weekday() != batch_day:
            amount /= 50
        if day >= _DECEMBER_24:
            amount *= 0.3
        weights = [weight * math.exp(random.gauss(0, 0.3)) for weight in profile]
        hours.append([amount * weight / sum(weights) for weight in weights])
    return Key(noise, hours, frozenset(launches))


def with_anomalies(key: Key, random: Random) -> Key:
    """Return the key with up to three anomalies, each a month after the last at the least."""
    made = Key(key.noise, [list(hours) for hours in key.hours], key.launches)
    begins = next((number for number, hours in enumerate(key.hours) if sum(hours) > 0), YEAR)
    day = max(begins, 20) + 40
    while (day := day + random.randrange(40)) < YEAR and len(made.anomalies) < 3:
        usual = statistics.median(sum(hours) for hours in key.hours[day - 7 : day])
        hours, kind = made.hours[day], random.choice(("three times", "leaked at night", "retry storm"))
        if kind == "three times":
            hours[:] = [amount * 3 for amount in hours]
        elif kind == "leaked at night":
            each = max(20.0, usual * random.uniform(2, 8)) / 5
            hours[:5] = [amount + each for amount in hours[:5]]
        else:
            start, more = random.randrange(8, 20), usual * random.uniform(1.5, 4)
            hours[start : start + 2] = [amount + more / 2 for amount in hours[start : start + 2]]
        made.anomalies[day] = kind
        day += 30
    return made


# --- forecasts ---


@dataclass
class Forecasts:
    """How the forecasts of one day of the month did: `inside` of `made`, their widths and errors as shares of the true end."""

    made: int = 0
    inside: int = 0
    widths: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share of months whose true end lies in the range."""
        return self.inside / self.made


def measure_forecasts(year: Sequence[Key], asked_on: Sequence[int] = ASKED_ON) -> dict[int, Forecasts]:
    """Return how forecasts did, by the day of the month on which they were made at noon."""
    found = {day: Forecasts() for day in asked_on}
    for key in year:
        days = key.days()
        for today in days:
            if today.day in found:
                _judge(found[today.day], key, days, today)
    return found


def _judge(found: Forecasts, key: Key, days: Mapping[date, DaySum], today: date) -> None:
    last = (today.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    so_far = _sum(key.hours[(today - START).days][:12])
    made = forecast({**days, today: so_far}, today=today, elapsed=Decimal("0.5"))
    true, _ = total(days, today.replace(day=1), last)
    if not isinstance(made, Forecast) or not true:
        return
    found.made += 1
    found.inside += made.low <= true <= made.high
    found.widths.append(float((made.high - made.low).amount / true.amount))
    found.errors.append(abs(float((made.likely - true).amount / true.amount)))


# --- unusual days ---


@dataclass
class Alarms:
    """`days` that could be judged, `false` alarms on days without an anomaly, those within three days of a launch among them.

    `early` are the false alarms that the whole day did not bear out. `found` has by kind of anomaly how many there were, how
    many were found by the end of the day, and how many at noon.
    """

    days: int = 0
    false: int = 0
    launches: int = 0
    early: int = 0
    found: dict[str, list[int]] = field(default_factory=dict)

    @property
    def a_year(self) -> float:
        """False alarms in a year of one key."""
        return self.false / self.days * YEAR


def measure_unusual(year: Sequence[Key]) -> Alarms:
    """Return how many ordinary days were called unusual, and how many anomalies were found."""
    alarms = Alarms()
    for key in year:
        days = key.days()
        for number, hours in enumerate(key.hours):
            day = START + timedelta(days=number)
            seen = [hour for hour in LOOKED_AT if _is_unusual(days, day, hours, hour)]
            if kind := key.anomalies.get(number):
                counts = alarms.found.setdefault(kind, [0, 0, 0])
                counts[0] += 1
                counts[1] += bool(seen)
                counts[2] += any(hour <= 12 for hour in seen)
                continue
            alarms.days += 1
            if seen:
                alarms.false += 1
                alarms.launches += any(0 <= number - launch < 3 for launch in key.launches)
                alarms.early += 24 not in seen
    return alarms


def _is_unusual(days: Mapping[date, DaySum], day: date, hours: Sequence[float], hour: int) -> bool:
    if hour == 24:
        return unusual_day(days, day) is not None
    so_far = {**days, day: _sum(hours[:hour])} if sum(hours[:hour]) >= SMALL else None
    return so_far is not None and unusual_day(so_far, day, elapsed=Decimal(hour) / 24) is not None


# --- the tables ---


def run() -> None:
    """Print both tables."""
    year = list(keys(KEYS))
    print(f"\nForecasts: {KEYS} keys, one year, at noon of some days of each month\n")
    print("| made on day | forecasts | end in the range | width, median | error of the likely end, median |")
    print("|---|---|---|---|---|")
    found = measure_forecasts(year)
    for day, each in found.items():
        widths, errors = statistics.median(each.widths), statistics.median(each.errors)
        print(f"| {day} | {each.made:,} | {each.share:.1%} | {widths:.0%} | {errors:.1%} |")
    made, inside = (sum(getattr(each, name) for each in found.values()) for name in ("made", "inside"))
    print(f"| all | {made:,} | {inside / made:.1%} | | |")

    print(f"\nUnusual days: the same year with anomalies, looked at {', '.join(map(str, LOOKED_AT))} o'clock\n")
    print(
        "| keys | false alarms a key and year | after a launch | not borne out | three times | leaked at night | retry storm |"
    )
    print("|---|---|---|---|---|---|---|")
    random = Random(SEED + 1)
    marked = [with_anomalies(key, random) for key in year]
    noises = sorted({key.noise for key in marked})
    groups = {
        f"spread of {noise:.0%}": [k for k in marked if k.noise == noise and k.usual >= SMALL] for noise in noises
    }
    groups[f"under {SMALL:.0f} USD a day"] = [key for key in marked if key.usual < SMALL]
    groups["all"] = marked
    for name, group in groups.items():
        alarms = measure_unusual(group)
        kinds = [alarms.found.get(kind, [0, 0, 0]) for kind in ("three times", "leaked at night", "retry storm")]
        cells = [f"{by_night} of {count} ({at_noon} at noon)" for count, by_night, at_noon in kinds]
        print(
            f"| {name} ({len(group)}) | {alarms.a_year:.2f} | {alarms.launches} of {alarms.false} | "
            f"{alarms.early} of {alarms.false} | {' | '.join(cells)} |"
        )
