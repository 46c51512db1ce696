"""Bookings of days that have ended, read once and remembered, whoever asks for them and however often."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import partial

from cachetools import LRUCache

from bff.governance.budget_window import BudgetWindow
from bff.governance.facts import Wallet
from bff.keeptrusts.bookings import BookingFeed, booking_feed, bookings_of, not_summed, whose
from bff.keeptrusts.errors import KeeptrustsError
from bff.keeptrusts.last_good import is_final
from bff.keeptrusts.listing import KeeptrustsLists
from bff.keeptrusts.spending import DaySpending, joined
from bff.resilience.single_flight import SingleFlight

LATE_BOOKINGS = timedelta(hours=6)
"""After how long a day is read again: a booking may be told after its day has ended."""

PAUSE = timedelta(seconds=20)
"""Least time between two readings of a wallet when the first did not come to its end, however many ask."""

MOST_SUMS = 100_000
"""Sums (one a wallet, day, key and model) that are remembered, some 30 MB."""

MOST_UNFINISHED = 1_000
"""Wallets whose reading has not come to its end that are remembered."""

MOST_AT_ONCE = 4
"""Wallets read at the same time: a quarter of the client's connections."""

_NOTHING = DaySpending()


@dataclass(frozen=True, slots=True)
class WalletDays:
    """A wallet's spending by day, and why a day's is missing or a lower bound."""

    spending: dict[date, DaySpending]
    missing: dict[date, str]


@dataclass(frozen=True, slots=True)
class _ClosedDay:
    spending: DaySpending
    read_at: datetime


@dataclass(slots=True)
class _Unfinished:
    """A reading of `days` that has failed or reached its limit of pages; it goes on when the pause is over."""

    feed: BookingFeed
    days: tuple[BudgetWindow, ...]
    started: datetime
    paused_at: datetime
    reason: str = ""


class ClosedDays:
    """The closed days of wallets. What is asked of Keeptrusts depends on the bookings, not on how many want to see them."""

    def __init__(self, client: KeeptrustsLists, *, timezone: tzinfo) -> None:
        self._client = client
        self._zone = timezone
        self._days: LRUCache[tuple[str, date], _ClosedDay] = LRUCache(MOST_SUMS, getsizeof=_size)
        self._unfinished: LRUCache[str, _Unfinished] = LRUCache(MOST_UNFINISHED)
        self._flights: SingleFlight[None] = SingleFlight()
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    async def of(self, wallet: Wallet, days: Sequence[BudgetWindow], now: datetime) -> WalletDays:
        """The spending of `wallet` on `days`, oldest first, all before the day of `now`. Trouble upstream is in the answer."""
        # Twice, since the reading under way may be of other days than these.
        for _ in range(2):
            due = tuple(day for day in days if self._is_due(wallet, day, now))
            if not due or self._is_paused(wallet, now):
                break
            await self._flights.do(wallet.id, partial(self._read, wallet, due, now))
        return self._told(wallet, days)

    def forget(self, wallet_id: str) -> None:
        """Forget what was read of a wallet, since it may not be read any more."""
        for remembered in [place for place in self._days if place[0] == wallet_id]:
            del self._days[remembered]
        self._unfinished.pop(wallet_id, None)

    async def _read(self, wallet: Wallet, due: tuple[BudgetWindow, ...], now: datetime) -> None:
        reading = self._unfinished.pop(wallet.id, None)
        if reading is None:
            reading = _Unfinished(booking_feed(due[0].start, due[-1].end, self._zone), due, now, now)
        async with self._places:
            try:
                await reading.feed.refresh(bookings_of(wallet, self._client, until=reading.days[-1].end), now)
            except KeeptrustsError as error:
                if is_final(error):
                    # What may not be read any more is not shown from memory either.
                    self.forget(wallet.id)
                    reading.feed = booking_feed(reading.days[0].start, reading.days[-1].end, self._zone)
                reading.reason = _unreadable(wallet, error)
            else:
                failure = reading.feed.failure
                reading.reason = _unreadable(wallet, failure) if failure else _unread(wallet)
        self._remember(wallet, reading)
        if not reading.feed.passed:
            reading.paused_at = now
            self._unfinished[wallet.id] = reading

    def _remember(self, wallet: Wallet, reading: _Unfinished) -> None:
        whole_after = reading.feed.whole_after
        for day in reading.days:
            if whole_after is not None and day.start > whole_after:
                self._days[wallet.id, day.day] = _ClosedDay(_counted(reading.feed, day), reading.started)

    def _told(self, wallet: Wallet, days: Sequence[BudgetWindow]) -> WalletDays:
        told = WalletDays({}, {})
        unfinished = self._unfinished.get(wallet.id)
        for day in days:
            remembered = self._days.get((wallet.id, day.day))
            if remembered is not None:
                told.spending[day.day] = remembered.spending
                reason = not_summed(remembered.spending, wallet)
            elif _is_untouched(wallet, day):
                continue
            else:
                # What has been read of it is a lower bound.
                told.spending[day.day] = _counted(unfinished.feed, day) if unfinished is not None else _NOTHING
                reason = unfinished.reason if unfinished is not None else _unread(wallet)
            if reason:
                told.missing[day.day] = reason
        return told

    def _is_due(self, wallet: Wallet, day: BudgetWindow, now: datetime) -> bool:
        remembered = self._days.get((wallet.id, day.day))
        if remembered is None:
            return not _is_untouched(wallet, day)
        return now - remembered.read_at >= LATE_BOOKINGS

    def _is_paused(self, wallet: Wallet, now: datetime) -> bool:
        unfinished = self._unfinished.get(wallet.id)
        return unfinished is not None and now - unfinished.paused_at < PAUSE


def _is_untouched(wallet: Wallet, day: BudgetWindow) -> bool:
    """Whether the wallet has not changed since before `day` began: then nothing was booked in it."""
    return wallet.updated_at is not None and wallet.updated_at < day.start


def _counted(feed: BookingFeed, day: BudgetWindow) -> DaySpending:
    return joined(tally.of(day.day) for tally in feed.tallies)


def _unread(wallet: Wallet) -> str:
    return f"the bookings of {whose(wallet)} have not all been read yet"


def _unreadable(wallet: Wallet, error: KeeptrustsError) -> str:
    return f"the bookings of {whose(wallet)} could not be read: {error.reason}"


def _size(day: _ClosedDay) -> int:
    return min(max(len(day.spending.sums), 1), MOST_SUMS)
