"""Budget days tile the time line in every zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.values import BudgetWindow

# Half and three-quarter hours, changes at midnight, days of 23, 24.5 and 25 hours, a day that was skipped, an evening that came twice.
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia",
    "Pacific/Kiritimati", "America/Sao_Paulo", "America/Havana", "America/Santiago", "Africa/Cairo", "Asia/Beirut",
    "America/St_Johns", "Pacific/Chatham", "Asia/Pyongyang", "America/Asuncion", "Antarctica/Troll",
]  # fmt: skip
zones = st.sampled_from(ZONES).map(ZoneInfo)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
A_MOMENT = timedelta(microseconds=1)


def window(now: str, zone: str) -> BudgetWindow:
    """The window of an ISO instant."""
    return BudgetWindow.containing(datetime.fromisoformat(now), ZoneInfo(zone))


@given(moments, zones)
def test_an_instant_lies_in_its_window(now: datetime, zone: ZoneInfo) -> None:
    """Every instant has a window."""
    assert BudgetWindow.containing(now, zone).contains(now)


@given(moments, zones)
def test_a_window_ends_where_the_next_begins(now: datetime, zone: ZoneInfo) -> None:
    """No instant falls between two windows, and none lies in both."""
    here = BudgetWindow.containing(now, zone)
    after = BudgetWindow.containing(here.end, zone)
    before = BudgetWindow.containing(here.start - A_MOMENT, zone)
    assert after.start == here.end
    assert before.end == here.start
    assert before.day < here.day < after.day


@given(moments, zones)
def test_a_window_begins_with_its_local_day(now: datetime, zone: ZoneInfo) -> None:
    """The first instant has the day's date, and the one before it an earlier."""
    here = BudgetWindow.containing(now, zone)
    assert here.start.astimezone(zone).date() == here.day
    assert (here.start - A_MOMENT).astimezone(zone).date() < here.day


@given(moments, moments, zones)
def test_time_only_goes_on(one: datetime, other: datetime, zone: ZoneInfo) -> None:
    """The elapsed share lies between 0 and 1 and never shrinks."""
    here = BudgetWindow.containing(one, zone)
    earlier, later = here.elapsed_ratio(min(one, other)), here.elapsed_ratio(max(one, other))
    assert 0 <= earlier <= later <= 1


@pytest.mark.parametrize(
    ("now", "zone", "hours"),
    [
        ("2026-03-29T12:00:00+00:00", "Europe/Berlin", 23),
        ("2026-10-25T12:00:00+00:00", "Europe/Berlin", 25),
        ("2026-06-01T12:00:00+00:00", "Europe/Berlin", 24),
        ("2026-04-05T00:00:00+00:00", "Australia/Lord_Howe", 24.5),
        ("2018-11-04T12:00:00+00:00", "America/Sao_Paulo", 23),
        ("2018-02-17T20:00:00+00:00", "America/Sao_Paulo", 25),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(now: str, zone: str, hours: float) -> None:
    """Days of 23, 24, 24.5 and 25 hours, with and without a midnight."""
    assert window(now, zone).length == timedelta(hours=hours)


def test_a_day_without_midnight_begins_at_the_change() -> None:
    """Sao Paulo, 2018-11-04: clocks went from 23:59 to 01:00."""
    assert window("2018-11-04T12:00:00+00:00", "America/Sao_Paulo").start == datetime(2018, 11, 4, 3, tzinfo=UTC)


def test_a_midnight_that_comes_twice_counts_once() -> None:
    """Havana, 2025-11-02: 00:59 was followed by 00:00, and the day began at the first."""
    assert window("2025-11-02T05:30:00+00:00", "America/Havana").start == datetime(2025, 11, 2, 4, tzinfo=UTC)


def test_an_evening_that_comes_twice_belongs_to_the_day_that_has_begun() -> None:
    """St. John's, 2010-11-07: at 00:01 it was 23:01 of the day before again."""
    assert window("2010-11-07T03:00:00+00:00", "America/St_Johns").day == date(2010, 11, 7)


def test_a_skipped_day_is_empty() -> None:
    """Apia had no 2011-12-30."""
    assert BudgetWindow.of(date(2011, 12, 30), ZoneInfo("Pacific/Apia")).length == timedelta(0)
