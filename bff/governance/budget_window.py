"""The budget day: one calendar day of a time zone, as two instants in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal

_ONE_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class BudgetWindow:
    """The instants from `start` (inclusive) to `end` (exclusive) that belong to the local calendar day `day`.

    A day has 23 or 25 hours where clocks change. The windows of a zone tile the time line: each instant lies in exactly
    one, and each ends where the next begins.
    """

    day: date
    start: datetime
    end: datetime

    @classmethod
    def containing(cls, now: datetime, zone: tzinfo) -> BudgetWindow:
        """The window in which the aware instant `now` lies."""
        window = cls.of(now.astimezone(zone).date(), zone)
        # Where clocks went back just after midnight (St. John's, until 2011), the evening before comes twice: its second
        # part carries yesterday's date and yet lies in the day that has begun. A day begins once.
        while now >= window.end:
            window = cls.of(window.day + _ONE_DAY, zone)
        return window

    @classmethod
    def of(cls, day: date, zone: tzinfo) -> BudgetWindow:
        """The window of a local calendar day; it is empty for a day that the zone skipped (Apia, 2011-12-30)."""
        return cls(day, _beginning(day, zone), _beginning(day + _ONE_DAY, zone))

    @property
    def length(self) -> timedelta:
        """How long the day is."""
        return self.end - self.start

    def contains(self, moment: datetime) -> bool:
        """Whether `moment` lies in the window."""
        return self.start <= moment < self.end

    def elapsed(self, moment: datetime) -> timedelta:
        """How much of the window has passed at `moment`: nothing before it begins, all of it after it ends."""
        return min(max(moment, self.start), self.end) - self.start

    def elapsed_ratio(self, moment: datetime) -> Decimal:
        """The same as a share, 0 to 1."""
        return Decimal(self.elapsed(moment) // _MICROSECOND) / Decimal(self.length // _MICROSECOND)


def _beginning(day: date, zone: tzinfo) -> datetime:
    # Where midnight does not exist, since clocks go forward at it, Python reads it with the offset from before the
    # change, which gives the very instant of the change: the first of that day. Where midnight comes twice, it is the first.
    return datetime.combine(day, time.min, zone).astimezone(UTC)
