"""The pace of the day foretells when the budget runs out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bff.status.assessment import exhaustion
from bff.values import BudgetWindow, Money

DAY = BudgetWindow.containing(datetime(2026, 3, 10, 12, tzinfo=UTC), ZoneInfo("UTC"))
BUDGET = Money(Decimal(100))


def runs_out(spent: str, hours: float, budget: str = "100") -> datetime | None:
    """When the budget runs out, `spent` having been seen so many hours into the day."""
    return exhaustion(
        DAY, spent=Money(Decimal(spent)), budget=Money(Decimal(budget)), observed_at=DAY.start + timedelta(hours=hours)
    )


def test_twice_the_pace_lasts_half_the_day() -> None:
    """Half of the budget in a quarter of the day is all of it by noon."""
    assert runs_out("50", 6) == DAY.start + timedelta(hours=12)


def test_a_budget_that_lasts_does_not_run_out() -> None:
    """Spending in step with the day ends with the day."""
    assert runs_out("50", 12) is None


def test_a_used_up_budget_is_no_prophecy() -> None:
    """Another finding says what has happened."""
    assert runs_out("100", 12) is None
    assert runs_out("150", 12) is None


def test_nothing_spent_has_no_pace() -> None:
    """Neither has less than nothing, when refunds exceed spend, nor a budget of 0."""
    assert runs_out("0", 12) is None
    assert runs_out("-5", 12) is None
    assert runs_out("0", 12, budget="0") is None


def test_the_first_tenth_of_the_day_says_nothing() -> None:
    """A busy first hour is no trend; from 10 % on it is."""
    assert runs_out("90", 2.39) is None
    assert runs_out("90", 2.4) is not None


def test_the_largest_budget_does_not_leave_the_calendar() -> None:
    """A trillion at a millionth a day lasts, rather than overflowing."""
    assert runs_out("0.000001", 12, budget="999999999999") is None


@given(st.decimals("0.000001", "99.999999", places=6), st.integers(0, 24 * 3600))
def test_it_runs_out_after_it_was_seen_and_before_the_day_ends(spent: Decimal, second: int) -> None:
    """A budget that was not used up when it was looked at is used up later, to the second."""
    seen = DAY.start + timedelta(seconds=second)
    moment = exhaustion(DAY, spent=Money(spent), budget=BUDGET, observed_at=seen)
    assert moment is None or seen <= moment < DAY.end


@given(st.decimals("0.01", "49.99", places=2), st.integers(3 * 3600, 24 * 3600))
def test_spending_more_runs_out_no_later(spent: Decimal, second: int) -> None:
    """The faster, the sooner."""
    seen = DAY.start + timedelta(seconds=second)
    slow = exhaustion(DAY, spent=Money(spent), budget=BUDGET, observed_at=seen)
    fast = exhaustion(DAY, spent=Money(spent * 2), budget=BUDGET, observed_at=seen)
    assert slow is None or (fast is not None and fast <= slow)
