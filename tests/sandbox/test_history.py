"""Made-up spend."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.sandbox.records import Day
from bff.sandbox.scenario import KeyPlan, Pace, share_by_now, spent_on, spent_today

BERLIN = ZoneInfo("Europe/Berlin")
DAY = Day.of(date(2026, 3, 10), BERLIN)
PLAN = KeyPlan("a-key", Decimal(100))
elapsed = st.decimals("0", "0.99999", places=5)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-10", 24), ("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_is_as_long_as_the_calendar_says(day: str, hours: int) -> None:
    """The days on which clocks change have 23 and 25 hours."""
    found = Day.of(date.fromisoformat(day), BERLIN)
    assert found.end - found.start == timedelta(hours=hours)


@given(elapsed)
def test_a_steady_key_lasts_the_day(passed: Decimal) -> None:
    """It has spent half of what the time of day allows: at this rate half the budget is left at midnight."""
    assert share_by_now(Pace.STEADY, passed) * 2 == passed


@given(elapsed)
def test_a_fast_key_runs_out_before_the_day_does(passed: Decimal) -> None:
    """At any time of day more of the budget is gone than of the day, but not all of it."""
    assert passed < share_by_now(Pace.FAST, passed) < 1


@given(elapsed.filter(lambda passed: passed < Decimal("0.7")))
def test_a_fast_key_is_not_nearly_empty_yet(passed: Decimal) -> None:
    """While that can be, its pace is all that is wrong with it."""
    assert share_by_now(Pace.FAST, passed) < Decimal("0.8")


@given(elapsed)
def test_near_and_over_do_not_depend_on_the_time(passed: Decimal) -> None:
    """Near is 80 to 100 %, over is more, from midnight to midnight."""
    assert Decimal("0.8") < share_by_now(Pace.NEAR, passed) < 1 < share_by_now(Pace.OVER, passed)


@given(st.integers(0, 86_399), st.sampled_from(list(Pace)), st.integers())
def test_todays_spend_is_exact_and_lies_between_midnight_and_now(seconds: int, pace: Pace, seed: int) -> None:
    """Its sum is the share asked for, and nothing is in the future or of yesterday."""
    now = DAY.start + timedelta(seconds=seconds)
    plan = KeyPlan("a-key", Decimal(500), pace)
    spent = spent_today(DAY, now, plan, Random(seed))
    wanted = plan.budget * share_by_now(pace, DAY.elapsed(now))
    assert abs(sum(each.cost for each in spent) - wanted) < Decimal("0.001")
    assert all(DAY.start <= each.at <= now and each.cost > 0 for each in spent)


def test_a_past_day_is_the_same_at_every_start() -> None:
    """The seed decides, so that screenshots and charts repeat."""
    assert spent_on(DAY, 1, PLAN, Random("x")) == spent_on(DAY, 1, PLAN, Random("x"))


def test_weekends_are_quieter() -> None:
    """A week has a rhythm that a chart shows."""
    totals = [sum(each.cost for each in spent_on(DAY, weekday, PLAN, Random("x"))) for weekday in range(7)]
    assert max(totals[5:]) < min(totals[:5])


@given(st.integers(0, 6), st.integers())
def test_a_past_day_stays_in_the_day_and_its_budget(weekday: int, seed: int) -> None:
    """Some bookings in working hours, of less than the budget: a few, and more where much is spent."""
    spent = spent_on(DAY, weekday, PLAN, Random(seed))
    assert 2 <= len(spent) <= PLAN.budget / 6
    assert all(DAY.start < each.at < DAY.end for each in spent)
    assert 0 < sum(each.cost for each in spent) < PLAN.budget


def test_elapsed_is_a_share() -> None:
    """Noon is half of a day of 24 hours."""
    assert Day.of(date(2026, 1, 1), ZoneInfo("UTC")).elapsed(datetime(2026, 1, 1, 12, tzinfo=UTC)) == Decimal("0.5")
