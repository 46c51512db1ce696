"""The sums of the last closed days by key, kept in the memory of the process that reads the feed.

What a card says of the month and of unusual days needs them for every key with every snapshot, while a closed day changes only
when an event of it is published late. So each day is read once, and again only after the ledger has counted events of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bff.keeptrusts.facts import SpendDays, SpendToday
from bff.ledger.progress import Progress, instant, micros
from bff.ledger.sums import Ledger, day_of
from bff.store.amounts import PICO
from bff.values import BudgetWindow, Money

CLOSED_DAYS = 31
"""Enough for the closed days of any month, and for the 28 days before each of the last three."""

LOOKED_AT = 3
"""The last closed days, and today, of which one that stands out has its models read."""

MOST_WITH_MODELS = 200
"""The most keys whose models are read: they are those of which a day stands out, and in an ordinary week there are few."""


_DAYS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Day:
    """One closed day in units of 1e-12 USD; `unpriced` are keys with requests whose price is not known."""

    by_key: dict[str, int]
    by_team: dict[str, int]
    unpriced: set[str]


class RecentDays:
    """Reads the last `CLOSED_DAYS` closed days of a ledger. Methods raise `StoreError`.

    `stands_out` says of a key's amounts, oldest first, whether the last of them is worth a look at its models.
    """

    def __init__(
        self,
        ledger: Ledger,
        zone: ZoneInfo,
        *,
        lag: timedelta,
        monotonic: Callable[[], float],
        stands_out: Callable[[tuple[int, ...]], bool],
    ) -> None:
        self._ledger = ledger
        self._zone = zone
        self._lag = lag // timedelta(microseconds=1)
        self._monotonic = monotonic
        self._stands_out = stands_out
        self._days: dict[date, _Day] = {}
        self._made: SpendDays | None = None
        self._unusual: frozenset[str] = frozenset()

    def forget(self) -> None:
        """Read every day again: another process may have counted events since."""
        self._days, self._made = {}, None

    async def read(self, now: datetime, progress: Progress, spend: SpendToday, *, seconds: float) -> SpendDays | None:
        """Return the closed days before today; None while they are still being read, for about `seconds` at a time.

        `spend` is of today, of which a key may stand out too.
        """
        today = BudgetWindow.containing(now, self._zone).day
        wanted = [today - timedelta(days=ago) for ago in range(CLOSED_DAYS, 0, -1)]
        changed = self._ledger.changed_days()
        if self._days.keys() & changed or not self._days.keys() <= set(wanted):
            self._made = None
        self._days = {day: sums for day, sums in self._days.items() if day in wanted and day not in changed}
        missing = [day for day in reversed(wanted) if day not in self._days]
        until = self._monotonic() + seconds
        for start in range(0, len(missing), _DAYS_AT_ONCE):
            if start and self._monotonic() >= until:
                break
            part = missing[start : start + _DAYS_AT_ONCE]
            rows = await self._ledger.sums_of(part)
            # In a thread, as below: with thousands of keys this would block the event loop.
            self._days |= await asyncio.to_thread(_by_day, part, rows)
        if len(self._days) < len(wanted):
            return None
        if self._made is None or missing:
            self._made = await asyncio.to_thread(self._arranged, wanted)
        made = self._made
        whole = await asyncio.to_thread(self._completed, made, wanted, now, progress)
        keys = sorted(self._unusual | await asyncio.to_thread(self._unusual_today, made, spend))[:MOST_WITH_MODELS]
        return replace(whole, models=await self._models(keys, [*wanted, today])) if keys else whole

    def _arranged(self, wanted: list[date]) -> SpendDays:
        days = [self._days[day] for day in wanted]
        made = SpendDays(
            wanted[0],
            len(wanted),
            _by_name([day.by_key for day in days]),
            _by_name([day.by_team for day in days]),
        )
        last = len(days) - LOOKED_AT
        self._unusual = frozenset(
            key_id
            for key_id, amounts in made.by_key.items()
            if any(self._stands_out(amounts[: end + 1]) for end in range(last, len(days)))
        )
        return made

    def _completed(self, made: SpendDays, wanted: list[date], now: datetime, progress: Progress) -> SpendDays:
        """Return `made` with the days that are incomplete now, which may change without a sum changing."""
        at, oldest = micros(now), self._ledger.oldest_day(now)
        incomplete = tuple(
            day
            for day in wanted
            if day < oldest or progress.missing(day, self._zone, now=at, lag=self._lag) is not None
        )
        by_key: dict[str, set[date]] = {}
        for day in wanted:
            for key_id in self._days[day].unpriced:
                by_key.setdefault(key_id, set()).add(day)
        for event in progress.unread:
            day = instant(event.at).astimezone(self._zone).date()
            if event.key_id and day in wanted:
                by_key.setdefault(event.key_id, set()).add(day)
        for key_id, amounts in made.by_key.items():
            if min(amounts) < 0:
                # More was taken away by corrections than was spent: the sum cannot be right.
                by_key.setdefault(key_id, set()).update(
                    day for day, amount in zip(wanted, amounts, strict=True) if amount < 0
                )
        of_keys = {key_id: tuple(sorted(days)) for key_id, days in by_key.items()}
        return replace(made, incomplete=incomplete, incomplete_by_key=of_keys)

    def _unusual_today(self, made: SpendDays, spend: SpendToday) -> set[str]:
        return {
            key_id
            for key_id, spent in spend.by_key.items()
            if self._stands_out((*made.by_key.get(key_id, ()), _units(spent)))
        }

    async def _models(self, keys: list[str], days: list[date]) -> dict[str, dict[str, tuple[int, ...]]]:
        place = {day: number for number, day in enumerate(days)}
        amounts: dict[str, dict[str, list[int]]] = {}
        for day, key_id, model, amount in await self._ledger.models_of(keys, days):
            of_key = amounts.setdefault(key_id, {})
            of_key.setdefault(model, [0] * len(days))[place[day]] += _units(amount)
        return {key_id: {model: tuple(spent) for model, spent in models.items()} for key_id, models in amounts.items()}


def _by_day(days: list[date], rows: Iterable[Any]) -> dict[date, _Day]:
    found = {day: _Day({}, {}, set()) for day in days}
    for day, key_id, team_id, usd, pico, without_price in rows:
        of_day = found[day_of(day)]
        sums, name = (of_day.by_key, key_id) if key_id else (of_day.by_team, team_id)
        if name:
            sums[name] = sums.get(name, 0) + int(usd) * PICO + int(pico)
        if key_id and without_price:
            of_day.unpriced.add(key_id)
    return found


def _by_name(days: list[Mapping[str, int]]) -> dict[str, tuple[int, ...]]:
    names = sorted(set().union(*days))
    return {name: tuple(day.get(name, 0) for day in days) for name in names}


def _units(spent: Money) -> int:
    return int(spent.amount * PICO)
