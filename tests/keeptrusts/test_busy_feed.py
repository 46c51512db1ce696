"""A feed keeps up with a list that grows faster than its overlap could be read again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bff.keeptrusts.contract import LARGEST_PAGE
from bff.keeptrusts.feed import MOST_PAGES, OVERLAP, SWEEP_EVERY, Feed
from bff.keeptrusts.listing import Pages

START = datetime(2026, 3, 10, tzinfo=UTC)
REFRESH = timedelta(seconds=30)


@dataclass(frozen=True)
class Event:
    """A record of the list."""

    id: str
    at: datetime


class Ids:
    """Which records were counted, and how often."""

    def __init__(self) -> None:
        self.counted: list[str] = []

    def add(self, event: Event) -> None:
        """Count one."""
        self.counted.append(event.id)

    def merge(self, other: Ids) -> None:
        """Count those of another."""
        self.counted += other.counted


class Growing:
    """A list, newest first, to which `rate` records a second are added; `late` ones carry an earlier time."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.now = START
        self.late: list[Event] = []

    def pass_(self, time: timedelta) -> None:
        """Let it grow."""
        self.now += time

    @property
    def events(self) -> list[Event]:
        """All of it."""
        number = int((self.now - START).total_seconds() * self.rate)
        regular = [Event(f"evt_{n}", START + timedelta(seconds=n / self.rate)) for n in range(number)]
        return sorted([*regular, *self.late], key=lambda event: event.at, reverse=True)

    async def fetch(self, since: datetime, cursor: str | None) -> Pages[Event]:
        """As many pages as a refresh reads, from where the cursor says."""
        wanted = [event for event in self.events if event.at >= since]
        if cursor is not None:
            begin = next(n for n, event in enumerate(wanted) if event.id == cursor)
            wanted = wanted[begin:]
        most = MOST_PAGES * LARGEST_PAGE
        return Pages(tuple(wanted[:most]), wanted[most].id if len(wanted) > most else None)


def feed_of() -> Feed[Event, Ids]:
    """A feed of a day's events."""
    return Feed(start=START, end=START + timedelta(days=1), place=lambda event: (event.id, event.at), empty=Ids)


@pytest.mark.parametrize("rate", [1, 20, 60])
async def test_it_keeps_up(rate: int) -> None:
    """Though a quarter of an hour of records is more than one refresh reads, each refresh reads all there is, once."""
    growing, feed = Growing(rate), feed_of()
    for _ in range(12):
        growing.pass_(REFRESH)
        await feed.refresh(growing.fetch, growing.now)
        assert feed.complete
    counted = [identity for tally in feed.tallies for identity in tally.counted]
    assert len(counted) == len(set(counted)) == len(growing.events)


@pytest.mark.parametrize(("rate", "lateness"), [(1, OVERLAP - REFRESH), (60, timedelta(seconds=20))])
async def test_late_records_are_found_at_once_if_they_are_not_very_late(rate: int, lateness: timedelta) -> None:
    """A quiet list is looked back into for the whole overlap at each refresh, a busy one for the last seconds of it."""
    growing, feed = Growing(rate), feed_of()
    growing.pass_(OVERLAP if rate == 1 else REFRESH * 4)
    while not feed.complete:
        await feed.refresh(growing.fetch, growing.now)
    growing.late.append(Event("late", growing.now - lateness))
    growing.pass_(REFRESH)
    await feed.refresh(growing.fetch, growing.now)
    assert [identity for tally in feed.tallies for identity in tally.counted].count("late") == 1


async def test_memory_is_bounded() -> None:
    """No more ids are kept than of the overlap and the time between two sweeps, however long the day."""
    growing, feed = Growing(3), feed_of()
    for _ in range(40):
        growing.pass_(4 * REFRESH)
        await feed.refresh(growing.fetch, growing.now)
        assert len(feed._recent) <= 3 * (OVERLAP + SWEEP_EVERY + 4 * REFRESH).total_seconds()


async def test_late_records_of_a_busy_list_are_found_by_the_next_sweep() -> None:
    """However busy a list, what is told late within the overlap is counted some minutes later, once."""
    growing, feed = Growing(20), feed_of()
    growing.pass_(OVERLAP)
    while not feed.complete:
        await feed.refresh(growing.fetch, growing.now)
    growing.late.append(Event("late", growing.now - OVERLAP + REFRESH))
    for _ in range(SWEEP_EVERY // REFRESH + 5):
        growing.pass_(REFRESH)
        await feed.refresh(growing.fetch, growing.now)
        assert feed.complete
    assert [identity for tally in feed.tallies for identity in tally.counted].count("late") == 1


async def test_many_records_of_one_instant_are_counted_once() -> None:
    """Where more records than fit carry the same time, all their ids are kept: none is counted twice."""
    feed = feed_of()
    events = tuple(Event(f"evt_{n}", START + timedelta(hours=1)) for n in range(4000))

    async def fetch(_since: datetime, _cursor: str | None) -> Pages[Event]:
        return Pages(events)

    for seconds in range(3):
        await feed.refresh(fetch, START + timedelta(hours=1, seconds=seconds))
    assert sum(len(tally.counted) for tally in feed.tallies) == 4000
