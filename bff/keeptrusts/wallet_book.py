"""One wallet's bookings of one budget day, read no more often than the wallet changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bff.governance.budget_window import BudgetWindow
from bff.governance.facts import Wallet
from bff.governance.money import USD, Money
from bff.keeptrusts.bookings import BookingFeed, booking_feed, bookings_of, not_summed, whose
from bff.keeptrusts.errors import KeeptrustsError
from bff.keeptrusts.last_good import is_final
from bff.keeptrusts.listing import KeeptrustsLists
from bff.keeptrusts.spending import DaySpending, exact_sum, joined

REREAD_PAUSE = timedelta(minutes=10)
"""Least time between two readings of the whole day, of one wallet, because its sums did not agree."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """What changes in a wallet's record with every booking."""

    updated_at: datetime
    available: Money
    spent: Money


@dataclass(frozen=True, slots=True)
class _Agreement:
    """What the wallet said it had spent in all its life, when so much was counted of today."""

    spent: Money
    counted: Money

    def holds(self, later: _Agreement) -> bool:
        """Whether both have moved by the same since."""
        return later.spent - self.spent == later.counted - self.counted


class WalletBook:
    """A wallet's bookings of the budget day `window`, a day of `zone`."""

    def __init__(self, wallet: Wallet, window: BudgetWindow, zone: tzinfo) -> None:
        self.wallet = wallet
        self._window = window
        self._zone = zone
        self._feed = self._new_feed()
        self._again: BookingFeed | None = None
        self._again_at: datetime | None = None
        self._agreement: _Agreement | None = None
        self._disagrees = False
        self._mark: _Mark | None = None
        self._asked = False
        self._whole = False
        self._settled = False
        self._error: KeeptrustsError | None = None

    @property
    def spending(self) -> DaySpending:
        """What is counted of the day."""
        return joined(tally.of(self._window.day) for tally in self._feed.tallies)

    @property
    def missing(self) -> str | None:
        """Why the sums are a lower bound; None when they are whole."""
        if self._error is not None:
            return f"the bookings of {whose(self.wallet)} could not be read: {self._error.reason}"
        if self._again is not None or self._disagrees:
            return f"the bookings of {whose(self.wallet)} do not add up to what it has spent, and are to be read again"
        if not self._whole:
            return f"the bookings of {whose(self.wallet)} have not all been read yet"
        return not_summed(self.spending, self.wallet)

    async def refresh(self, wallet: Wallet, client: KeeptrustsLists, now: datetime) -> bool:
        """Read what is new, unless `wallet`, as it was just listed, has not changed; says whether Keeptrusts was asked.

        Raises `KeeptrustsError` when nothing could be read.
        """
        self.wallet = wallet
        mark = _Mark(wallet.updated_at, wallet.available, wallet.spent) if wallet.updated_at is not None else None
        if not self._asked and mark is not None and mark.updated_at < self._window.start:
            # Not changed since before the day began: nothing was booked in it.
            self._whole, self._mark = True, mark
        unchanged = mark is not None and mark == self._mark
        if unchanged:
            self._compare()
        if self._disagrees and self._again is None and self._may_read_again(now):
            self._again, self._again_at = self._new_feed(), now
        elif unchanged:
            return False
        await self._read(client, now)
        self._mark = mark if self._settled else None
        return True

    async def _read(self, client: KeeptrustsLists, now: datetime) -> None:
        self._asked, self._whole, self._settled = True, False, False
        feed = self._again or self._feed
        try:
            await feed.refresh(bookings_of(self.wallet, client), now)
        except KeeptrustsError as error:
            self._error, self._mark = error, None
            if is_final(error):
                # What may not be read any more is not shown from memory either.
                self._feed, self._again = self._new_feed(), None
                self._disagrees, self._agreement = False, None
            raise
        self._error, self._whole, self._settled = feed.failure, feed.complete, feed.settled
        if self._again is not None and self._whole:
            # Whatever was found is the new base: a booking of an earlier day moves the wallet and none of today's sums.
            self._feed, self._again = self._again, None
            self._disagrees, self._agreement = False, None

    def _compare(self) -> None:
        """See whether what the wallet says it has spent has moved with what was counted.

        Done when the wallet's record was the same before and after a reading: nothing was booked in between, so the two
        must agree, or a booking was told later than a feed looks back.
        """
        if self.wallet.spent.currency != USD:
            return
        counted = Money(exact_sum(spend.spent for spend in self.spending.sums.values()))
        latest = _Agreement(self.wallet.spent, counted)
        self._disagrees = self._agreement is not None and not self._agreement.holds(latest)
        if not self._disagrees:
            self._agreement = latest

    def _may_read_again(self, now: datetime) -> bool:
        return self._again_at is None or now - self._again_at >= REREAD_PAUSE

    def _new_feed(self) -> BookingFeed:
        return booking_feed(self._window.start, self._window.end, self._zone)
