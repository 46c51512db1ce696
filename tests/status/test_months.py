"""Months, the period before and the forecast are what their days add up to, and say so where a day is missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.status.months import (
    BASIS_DAYS,
    LEAST_DAYS,
    Basis,
    Days,
    DaySum,
    Forecast,
    first_of_months,
    forecast,
    median,
    month_of,
    months_of,
    previous_period,
    sums_together,
    total,
)
from bff.values import Money

from .conftest import usd

NOVEMBER_27 = date(2026, 11, 27)
"""A Friday."""

HALF = Decimal("0.5")
AMOUNTS = st.decimals("0", "1000000", places=12)


def days_of(
    amount: int | Mapping[int, int] = 10, *, today: date = NOVEMBER_27, ago: int = 400, without: tuple[int, ...] = ()
) -> dict[date, DaySum]:
    """Days up to `today`, `ago` days back: the same `amount` each, or one by days ago; `without` are incomplete."""
    spent = dict.fromkeys(range(ago + 1), amount) if isinstance(amount, int) else amount
    return {
        today - timedelta(days=back): DaySum(usd(spent.get(back, 0)), back not in without) for back in range(ago + 1)
    }


def likely(days: Days, *, today: date = NOVEMBER_27, elapsed: Decimal = HALF) -> Forecast:
    """The forecast, which there must be."""
    found = forecast(days, today=today, elapsed=elapsed)
    assert isinstance(found, Forecast)
    return found


# --- the month to date ---


def test_the_month_to_date_is_compared_with_as_many_days_of_the_month_before() -> None:
    """Of the last of them counts the share that has passed of today."""
    month = month_of(days_of(), today=NOVEMBER_27, elapsed=Decimal("0.25")).on_wire()
    assert (month.month, month.spent.amount) == ("2026-11", "270")
    assert month.previous is not None
    assert (month.previous.month, month.previous.spent.amount) == ("2026-10", "310")
    assert month.previous.spent_to_date.amount == "262.5"
    assert month.change is not None
    assert month.change.amount.amount == "7.5"


def test_a_shorter_month_before_is_compared_whole() -> None:
    """On the 31st of March all of February counts, and no day of it twice."""
    month = month_of(days_of(today=date(2026, 3, 31)), today=date(2026, 3, 31), elapsed=HALF).on_wire()
    assert month.previous is not None
    assert (month.previous.spent.amount, month.previous.spent_to_date.amount) == ("280", "280")


def test_the_first_of_a_month_is_compared_with_a_share_of_the_first_before() -> None:
    """The first of January is compared with the first of December, of the year before."""
    month = month_of(days_of(today=date(2026, 1, 1)), today=date(2026, 1, 1), elapsed=HALF).on_wire()
    assert month.previous is not None
    assert (month.previous.month, month.previous.spent_to_date.amount) == ("2025-12", "5")


def test_a_month_of_which_nothing_is_known_is_no_zero() -> None:
    """Where the ledger begins in this month there is no month before, and this one is a lower bound."""
    month = month_of(days_of(ago=20), today=NOVEMBER_27, elapsed=HALF).on_wire()
    assert (month.previous, month.change, month.complete) == (None, None, False)


def test_a_lower_bound_is_compared_with_nothing() -> None:
    """One incomplete day in the days compared takes the change away; one later in the month before does not."""
    compared = month_of(days_of(without=(40,)), today=NOVEMBER_27, elapsed=HALF).on_wire()
    later = month_of(days_of(without=(28,)), today=NOVEMBER_27, elapsed=HALF).on_wire()
    assert compared.change is None
    assert later.change is not None
    assert later.previous is not None
    assert not later.previous.complete


def test_a_change_from_nothing_has_no_ratio() -> None:
    """A month after one without spend has grown by an amount, and by no share of it."""
    month = month_of(days_of({1: 5}), today=NOVEMBER_27, elapsed=HALF).on_wire()
    assert month.change is not None
    assert (month.change.amount.amount, month.change.ratio) == ("5", None)


@given(st.lists(AMOUNTS, min_size=70, max_size=70), st.integers(0, 39))
def test_months_add_up_to_their_days(amounts: list[Decimal], back: int) -> None:
    """Exactly, on every day of the year; and the months together are all days that are known."""
    today = NOVEMBER_27 - timedelta(days=back)
    days = {today - timedelta(days=ago): DaySum(usd(amount), complete=True) for ago, amount in enumerate(amounts)}
    month = month_of(days, today=today, elapsed=HALF)
    assert month.spent == sum((item.spent for day, item in days.items() if day >= month.first), usd(0))
    listed = months_of(days, {}, today=today)
    assert sum(Decimal(each.spent.amount) for each in listed) == sum(amounts)


def test_thirteen_months_at_the_most() -> None:
    """The oldest is the same month a year ago; the running one is last, and has not ended."""
    listed = months_of(days_of(ago=700), {NOVEMBER_27: 3}, today=NOVEMBER_27)
    assert [each.month for each in listed[:2]] == ["2025-11", "2025-12"]
    assert (len(listed), listed[0].spent.amount, listed[0].partial) == (13, "300", False)
    assert (listed[-1].month, listed[-1].requests, listed[-1].partial) == ("2026-11", 3, True)
    assert first_of_months(NOVEMBER_27) == date(2025, 11, 1)


def test_a_month_that_is_known_in_part_is_a_lower_bound() -> None:
    """The oldest month seldom begins with the ledger."""
    listed = months_of(days_of(ago=40), {}, today=NOVEMBER_27)
    assert [(each.month, each.complete) for each in listed] == [("2026-10", False), ("2026-11", True)]


# --- the period before ---


def test_the_period_before_ends_where_the_reported_one_begins() -> None:
    """It is as long, and the change is from it to now."""
    first = NOVEMBER_27 - timedelta(days=6)
    period = previous_period(days_of({3: 9, 7: 4, 13: 2, 14: 100}), first=first, length=7, now_total=usd(9))
    assert period is not None
    assert (period.from_, period.to) == (date(2026, 11, 14), date(2026, 11, 20))
    assert (period.total.amount, period.complete, len(period.by_day)) == ("6", True, 7)
    assert (period.change.amount.amount, period.change.ratio) == ("3", HALF)


def test_a_period_before_the_ledger_is_no_zero() -> None:
    """Where no day of it is known there is none; where some are, it is a lower bound."""
    first = NOVEMBER_27 - timedelta(days=6)
    assert previous_period(days_of(ago=6), first=first, length=7, now_total=usd(9)) is None
    part = previous_period(days_of(ago=8), first=first, length=7, now_total=usd(9))
    assert part is not None
    assert (part.total.amount, part.complete) == ("20", False)


# --- the forecast ---


def test_a_steady_key_goes_on() -> None:
    """What is left of today counts in proportion, and each day until the month's last."""
    found = likely(days_of(), elapsed=Decimal("0.25"))
    assert (found.low, found.likely, found.high) == (usd("307.5"),) * 3
    assert found.based_on_days == BASIS_DAYS


def test_weekdays_and_weekend_days_are_apart() -> None:
    """From a Friday evening on there is one weekend and one Monday left."""
    days = {day: DaySum(usd(2 if day.weekday() >= 5 else 30), item.complete) for day, item in days_of().items()}
    spent, _ = total(days, date(2026, 11, 1), NOVEMBER_27)
    assert likely(days, elapsed=Decimal(1)).likely == spent + usd(2 + 2 + 30)


def test_the_range_holds_four_of_five_days() -> None:
    """Low and high are the 10th and 90th percentile of the days alike, for each day that is left."""
    weekday = date(2026, 11, 30)
    days = {weekday - timedelta(days=ago): DaySum(usd(ago), complete=True) for ago in range(60)}
    alike = Basis.before(days, weekday).like(weekday)
    found = likely(days, today=weekday, elapsed=Decimal(0))
    spent, _ = total(days, date(2026, 11, 1), weekday)
    below = [amount for amount in alike if spent + Money(amount) < found.low]
    above = [amount for amount in alike if spent + Money(amount) > found.high]
    assert (len(alike), len(below), len(above)) == (20, 2, 2)
    assert found.likely == spent + Money(median(alike))


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        (days_of(dict.fromkeys(range(LEAST_DAYS + 1), 5)), "too-few-days"),
        (days_of(0), "too-few-days"),
        (days_of(ago=26, without=tuple(range(27))), "incomplete"),
        (days_of(without=(3,)), "incomplete"),
        (days_of(without=(0,)), "incomplete"),
        (days_of(ago=20), "incomplete"),
    ],
    ids=["seven days, the first in part", "no spend", "all incomplete", "one of the month", "today", "unknown days"],
)
def test_no_forecast_is_made_from_too_little(days: Days, reason: str) -> None:
    """Fewer than seven whole days, or a month to date that is a lower bound, and the reason is said."""
    assert forecast(days, today=NOVEMBER_27, elapsed=HALF) == reason
    assert month_of(days, today=NOVEMBER_27, elapsed=HALF).on_wire().forecast_missing == reason


def test_seven_whole_days_are_enough() -> None:
    """The day of the first spend does not count: the key was made in the middle of it."""
    found = likely(days_of(dict.fromkeys(range(LEAST_DAYS + 2), 5)))
    assert found.based_on_days == LEAST_DAYS


def test_incomplete_days_of_the_month_before_are_left_out() -> None:
    """A day of which a tenth was read does not lower the forecast."""
    today = date(2026, 11, 5)
    days = days_of(today=today) | {date(2026, 10, 20): DaySum(usd(1), complete=False)}
    found = likely(days, today=today)
    assert (found.low, found.based_on_days) == (found.high, BASIS_DAYS - 1)


def test_a_key_that_has_just_been_made_is_not_slowed_by_the_days_before() -> None:
    """Days without spend before its first are no usual days of it; days without spend since are."""
    days = days_of(dict.fromkeys(range(12), 8), without=())
    assert likely(days, elapsed=Decimal(1)).likely == usd(8 * (12 + 3))


@given(st.lists(AMOUNTS, min_size=60, max_size=60), st.integers(0, 40), st.decimals("0", "1", places=3))
def test_the_range_is_in_order_and_above_what_is_spent(amounts: list[Decimal], back: int, elapsed: Decimal) -> None:
    """Low, likely and high never cross, and no forecast lies below what is spent already."""
    today = NOVEMBER_27 - timedelta(days=back)
    days = {today - timedelta(days=ago): DaySum(usd(amount), complete=True) for ago, amount in enumerate(amounts)}
    month = month_of(days, today=today, elapsed=elapsed)
    if month.forecast is not None:
        assert month.spent <= month.forecast.low <= month.forecast.likely <= month.forecast.high


def test_corrections_lower_no_forecast_below_what_is_spent() -> None:
    """A day on which more was given back than spent is not expected again."""
    found = likely(days_of({ago: 10 if ago % 2 else -10 for ago in range(60)}))
    spent, _ = total(days_of({ago: 10 if ago % 2 else -10 for ago in range(60)}), date(2026, 11, 1), NOVEMBER_27)
    assert found.low == spent


def test_many_keys_add_up() -> None:
    """A group's days are complete where all of its parts are, and known where one is."""
    one, other = days_of(ago=3, without=(1,)), days_of(ago=2)
    together = sums_together([one, other])
    assert [(item.spent, item.complete) for _, item in sorted(together.items())] == [
        (usd(10), False),
        (usd(20), True),
        (usd(20), False),
        (usd(20), True),
    ]
