"""A day is unusual when it costs far more than this key's own days, and not when it is only busy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.ledger.recent import CLOSED_DAYS
from bff.status.months import DaySum
from bff.status.unusual import ModelDays, Unusual, lately, may_be_unusual, stands_out, unusual_days

from .conftest import usd

THURSDAY = date(2026, 11, 26)
"""Today."""

AROUND = (9, 10, 11, 10, 12)
"""Amounts in turn, whose median is 10."""


def days_of(
    *last: int, around: Sequence[int] = AROUND, scale: int = 10, without: tuple[int, ...] = ()
) -> dict[date, DaySum]:
    """The 50 days up to `THURSDAY`, of about 100 USD each and then `last`; `without` are incomplete, by days ago."""
    amounts = [around[place % len(around)] * scale for place in range(50 - len(last))] + list(last)
    return {
        THURSDAY - timedelta(days=ago): DaySum(usd(amount), ago not in without)
        for ago, amount in enumerate(reversed(amounts))
    }


def found(
    days: dict[date, DaySum], *, elapsed: str = "1", first: int = 7, by_model: ModelDays | None = None
) -> tuple[Unusual, ...]:
    """The unusual days since `first` days ago."""
    start = THURSDAY - timedelta(days=first)
    return unusual_days(days, first=start, today=THURSDAY, elapsed=Decimal(elapsed), by_model=by_model)


def test_a_day_of_three_times_the_usual_is_unusual() -> None:
    """It is said with what is usual, and how many times that it is."""
    (day,) = found(days_of(300, 100))
    assert (day.day, day.spent, day.usual, day.times, day.partial) == (
        THURSDAY - timedelta(days=1),
        usd(300),
        usd(100),
        Decimal(3),
        False,
    )


def test_a_busy_day_is_not_unusual() -> None:
    """Neither is one of half as much again, nor one without spend."""
    assert found(days_of(150, 0, 100)) == ()


def test_a_key_whose_days_differ_much_is_judged_by_its_own_spread() -> None:
    """What is unusual for a steady key is an ordinary day of a restless one."""
    assert found(days_of(300, 100, around=(4, 10, 16, 22, 7))) == ()
    assert found(days_of(900, 100, around=(4, 10, 16, 22, 7))) != ()


def test_cents_alarm_no_one() -> None:
    """A key that spends 10 cents a day and once three dollars is not unusual; five dollars more are."""
    cents = {day: DaySum(usd("0.10"), complete=True) for day in days_of()}
    yesterday = THURSDAY - timedelta(days=1)
    assert found(cents | {yesterday: DaySum(usd(3), complete=True)}) == ()
    assert found(cents | {yesterday: DaySum(usd("5.11"), complete=True)}) != ()


def test_a_run_of_every_week_is_usual() -> None:
    """A batch of every Wednesday is ten times the median of the weekdays, and no news."""
    days = {day: DaySum(usd(1000 if day.weekday() == 2 else 100), complete=True) for day in days_of()}
    assert found(days, first=20) == ()


def test_growth_is_usual() -> None:
    """A key that spends 3 % more each day, twice as much in a month, alarms no one."""
    days = {day: DaySum(usd(int(100 * 1.03**place)), complete=True) for place, day in enumerate(sorted(days_of()))}
    assert found(days, first=20) == ()


def test_a_weekend_is_judged_by_weekends() -> None:
    """A Sunday like a working day is unusual where weekends are quiet."""
    sunday = THURSDAY - timedelta(days=4)
    days = {day: DaySum(usd(100 if day.weekday() < 5 else 10), complete=True) for day in days_of()}
    assert found(days) == ()
    (day,) = found(days | {sunday: DaySum(usd(200), complete=True)})
    assert (day.day, day.usual) == (sunday, usd(10))


def test_a_level_that_stays_is_soon_usual() -> None:
    """After a launch the first three weekdays and the weekend are said, and then the higher level is the usual one."""
    assert [day.day for day in found(days_of(*[400] * 8), first=10)] == [
        THURSDAY - timedelta(days=ago) for ago in (7, 6, 5, 4, 3)
    ]


@pytest.mark.parametrize("without", [(1,), tuple(range(2, 50))], ids=["the day itself", "the days before it"])
def test_incomplete_days_are_never_unusual(without: tuple[int, ...]) -> None:
    """Nothing is said of a lower bound, and nothing by lower bounds."""
    assert found(days_of(900, 100, without=without)) == ()


def test_a_new_key_has_no_usual_days() -> None:
    """A key in its first week may spend what it likes."""
    assert found(days_of(*[0] * 42, 10, 20, 30, 500, 40, 50, 900, 60)) == ()


def test_today_counts_with_the_usual_for_its_rest() -> None:
    """It is unusual as soon as no ordinary rest of the day could make it usual, and says what it has cost so far."""
    assert found(days_of(80), elapsed="0.1") == ()
    (day,) = found(days_of(200), elapsed="0.1")
    assert (day.day, day.spent, day.partial) == (THURSDAY, usd(200), True)


def test_the_model_that_grew_most_is_named() -> None:
    """It is the one that exceeds its own usual by most, and not the one that costs most."""
    days = days_of(300, 100)
    by_model: dict[date, dict[str | None, object]] = {
        day: {"large": usd(80), "small": item.spent - usd(80)} for day, item in days.items()
    }
    (day,) = found(days, by_model=by_model)  # type: ignore[arg-type]
    assert day.model == "small"


def test_spend_without_a_model_names_none() -> None:
    """Where the requests that made the difference name no model, none is named."""
    days = days_of(300, 100)
    (day,) = found(days, by_model={each: {None: item.spent} for each, item in days.items()})
    assert day.model is None
    assert (found(days)[0].model, "difference" in day.finding().message) == (None, False)


def test_a_day_is_a_finding_for_three_days() -> None:
    """The newest alone, so that a run of them is one finding."""
    days = days_of(400, 400, 100, 100)
    assert [day.day for day in lately(found(days), today=THURSDAY)] == [THURSDAY - timedelta(days=2)]
    assert lately(found(days), today=THURSDAY + timedelta(days=2)) == []


def test_the_sentence_says_how_much_and_how_far() -> None:
    """For a closed day, for today, and where nothing is usual."""
    (closed,) = found(days_of(320, 100))
    assert closed.finding().message == "2026-11-25 cost 320 USD: 3.2 times the usual 100 USD."
    (today,) = found(days_of(320), elapsed="0.5")
    assert today.finding().message == "Today has cost 320 USD so far, when a whole day usually costs 100 USD."
    never = Unusual(THURSDAY, usd(20), usd(0), partial=False, model="gpt-4o")
    assert never.finding().message == (
        "2026-11-26 cost 20 USD, when such a day usually costs nothing. Most of the difference is 'gpt-4o'."
    )
    assert never.on_wire().times is None


@given(
    st.lists(st.integers(0, 400), min_size=CLOSED_DAYS + 1, max_size=CLOSED_DAYS + 1),
    st.sets(st.integers(0, CLOSED_DAYS), max_size=3),
    st.integers(0, 12),
    st.decimals("0", "1", places=2),
)
def test_an_entity_that_is_passed_over_has_no_unusual_day(
    amounts: list[int], without: set[int], quiet: int, elapsed: Decimal
) -> None:
    """Whatever its days are, which of them are incomplete, and how late its first spend came."""
    amounts = [0] * quiet + [20 + amount // 20 for amount in amounts[quiet:-4]] + amounts[-4:]
    first = THURSDAY - timedelta(days=CLOSED_DAYS)
    days = {
        first + timedelta(days=place): DaySum(usd(amount), place not in without) for place, amount in enumerate(amounts)
    }
    units = [amount * 10**12 for amount in amounts]
    if not may_be_unusual(units, first, elapsed=elapsed, incomplete=len(without)):
        assert found(days, elapsed=str(elapsed), first=3) == ()


def test_most_entities_are_passed_over() -> None:
    """An ordinary day needs no further look at any time of it, and an unusual one does."""
    usual = [amount * 10**13 for amount in (AROUND * 7)[:CLOSED_DAYS]]
    first = THURSDAY - timedelta(days=CLOSED_DAYS)
    for hour in range(0, 25, 4):
        elapsed = Decimal(hour) / 24
        today = int(10**14 * elapsed)
        assert not may_be_unusual([*usual, today], first, elapsed=elapsed, incomplete=0)
    assert may_be_unusual([*usual[:-1], 3 * 10**14, 0], first, elapsed=Decimal(0), incomplete=0)


def test_a_quick_look_finds_what_is_far_above_all() -> None:
    """It is asked of every key: an ordinary day and cents are passed over."""
    usual = tuple(amount * 10**13 for amount in AROUND * 6)
    assert stands_out((*usual, 3 * 10**14))
    assert not stands_out((*usual, 10**14))
    assert not stands_out((0,) * CLOSED_DAYS + (10**12,))
