"""Timelines: order, pages and bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bff.sandbox.wallets import Timeline

START = datetime(2026, 1, 1, tzinfo=UTC)
Item = tuple[datetime, int]


def timeline(items: list[Item]) -> Timeline[Item]:
    made: Timeline[Item] = Timeline(lambda item: item)
    for item in items:
        made.add(item)
    return made


def hours(*values: float) -> list[Item]:
    return [(START + timedelta(hours=value), serial) for serial, value in enumerate(values)]


def walk(line: Timeline[Item], limit: int) -> list[Item]:
    page = line.newest_first(limit=limit)
    found = list(page.items)
    while page.next is not None:
        page = line.newest_first(limit=limit, before=page.next)
        found += page.items
    return found


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 10))
def test_all_pages_together_are_everything_newest_first(offsets: list[int], limit: int) -> None:
    """Whatever the order of arrival and the page size, following the pages gives each item once, newest first."""
    items = hours(*offsets)
    assert walk(timeline(items), limit) == sorted(items, reverse=True)


@given(st.lists(st.integers(0, 50), min_size=3, max_size=40), st.lists(st.integers(0, 50), max_size=10))
def test_pages_hold_still_while_items_arrive(offsets: list[int], late: list[int]) -> None:
    """What was there before the first page is seen exactly once, even if others arrive between two pages."""
    items = hours(*offsets)
    line = timeline(items)
    first = line.newest_first(limit=2)
    for serial, offset in enumerate(late, start=1000):
        line.add((START + timedelta(hours=offset), serial))
    rest = line.newest_first(limit=200, before=first.next).items if first.next else ()
    seen = [item for item in (*first.items, *rest) if item[1] < 1000]
    assert seen == sorted(items, reverse=True)


def test_since_is_inclusive_and_until_exclusive() -> None:
    """A period holds its first instant and not its last."""
    items = hours(0, 1, 2, 3)
    page = timeline(items).newest_first(limit=10, since=items[1][0], until=items[3][0])
    assert page.items == (items[2], items[1])


def test_a_full_last_page_promises_no_further_one() -> None:
    """A cursor is only given when something that matches comes after it."""
    items = hours(0, 1, 2, 3)
    page = timeline(items).newest_first(limit=2, matches=lambda item: item[1] >= 2)
    assert page.items == (items[3], items[2])
    assert page.next is None


def test_the_oldest_days_are_dropped_whole() -> None:
    """A day is there or gone, so that no day shows a part of its sum."""
    items = hours(0, 1, 2, 24, 25, 48)
    line = timeline(items)
    assert line.drop_oldest(keep=5) == items[:3]
    assert list(line) == items[3:]


def test_one_endless_day_is_cut_within() -> None:
    """The bound holds even if one day alone is more than the bound."""
    items = hours(0, 1, 2, 3)
    line = timeline(items)
    assert line.drop_oldest(keep=2) == items[:2]
    assert len(line) == 2


def test_what_fits_stays() -> None:
    """Nothing is dropped before the bound is passed."""
    line = timeline(hours(0, 24))
    assert line.drop_oldest(keep=2) == []
    assert len(line) == 2
