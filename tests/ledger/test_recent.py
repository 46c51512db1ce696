"""The sums of the last closed days are the ledger's own, by key, and each day is read once until an event of it comes late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from bff.keeptrusts.facts import RejectedRow, SpendDays
from bff.ledger.recent import CLOSED_DAYS, RecentDays
from bff.ledger.sums import Ledger

from .conftest import NOON, UTC_ZONE, Books

TODAY = NOON.date()
YESTERDAY = TODAY - timedelta(days=1)


class Counted:
    """A ledger that counts how often each day is read."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.reads: Counter[date] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    async def sums_of(self, days: Sequence[date]) -> Any:
        """The same as the ledger's."""
        self.reads.update(days)
        return await self._ledger.sums_of(days)


class Recent:
    """The last days of the books, read as the leader does."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.ledger = Counted(books.ledger)
        self.seconds = 0.0
        self.days = RecentDays(
            self.ledger,  # type: ignore[arg-type]
            UTC_ZONE,
            lag=timedelta(minutes=5),
            monotonic=self._tick,
            stands_out=lambda amounts: amounts[-1] > 50 * 10**12,
        )

    def _tick(self) -> float:
        self.seconds += 1
        return self.seconds

    async def read(self, *, seconds: float = 1_000) -> SpendDays | None:
        """The days, or None while they are being read."""
        now, progress = self.books.source.now, await self.books.ledger.progress()
        spend, _ = await self.books.ledger.today(now, progress)
        return await self.days.read(now, progress, spend, seconds=seconds)

    async def whole(self) -> SpendDays:
        """The days, which there must be."""
        found = await self.read()
        assert found is not None
        return found


async def filled(books: Books, *, days: int = CLOSED_DAYS + 3) -> Recent:
    """Books whose key has spent as many dollars on each day as it is days ago, and whose history is read."""
    books.backfill = timedelta(days=days)
    for ago in range(days):
        at = NOON - timedelta(days=ago)
        books.source.happens(str(ago), at=at, listed=at)
    books.start_again()
    for _ in range(8):
        await books.advance(30)
    return Recent(books)


async def test_closed_days_are_those_of_the_ledger(stored_books: Books) -> None:
    """Each key has its amount of each day in units of 1e-12 USD, oldest first, without today."""
    recent = await filled(stored_books)
    found = await recent.whole()
    assert (found.first, found.count, found.incomplete) == (TODAY - timedelta(days=CLOSED_DAYS), CLOSED_DAYS, ())
    assert found.by_key == {"tok_1": tuple(ago * 10**12 for ago in range(CLOSED_DAYS, 0, -1))}
    assert found.models == {}


async def test_a_day_is_read_once(books: Books) -> None:
    """A second snapshot reads no closed day again; after midnight the day that has ended is read, and no other."""
    recent = await filled(books)
    await recent.whole()
    assert set(recent.ledger.reads.values()) == {1}
    await recent.whole()
    assert set(recent.ledger.reads.values()) == {1}
    recent.ledger.reads.clear()
    await books.advance(13 * 3600)
    found = await recent.whole()
    assert recent.ledger.reads == {TODAY: 1}
    assert found.first == TODAY - timedelta(days=CLOSED_DAYS - 1)


async def test_a_late_event_has_its_day_read_again(books: Books) -> None:
    """Its cost counts with the next snapshot, and no other day is read."""
    recent = await filled(books)
    await recent.whole()
    recent.ledger.reads.clear()
    books.source.happens("7", at=NOON - timedelta(days=1))
    for _ in range(4):
        await books.advance(30)
    found = await recent.whole()
    assert recent.ledger.reads == {YESTERDAY: 1}
    assert found.by_key["tok_1"][-1] == 8 * 10**12


async def test_the_first_reading_is_bounded(books: Books) -> None:
    """Days are read newest first for a while at a time; until all are there nothing is said of any."""
    recent = await filled(books)
    assert await recent.read(seconds=1) is None
    assert 0 < len(recent.ledger.reads) < CLOSED_DAYS
    assert YESTERDAY in recent.ledger.reads
    while (found := await recent.read(seconds=1)) is None:
        pass
    assert set(recent.ledger.reads.values()) == {1}
    assert len(found.by_key["tok_1"]) == CLOSED_DAYS


async def test_what_was_forgotten_is_read_again(books: Books) -> None:
    """Another process may have counted events while this one did not lead."""
    recent = await filled(books)
    await recent.whole()
    recent.days.forget()
    await recent.whole()
    assert set(recent.ledger.reads.values()) == {2}


async def test_days_that_were_not_read_are_incomplete(books: Books) -> None:
    """A history of ten days leaves the others lower bounds."""
    found = await (await filled(books, days=10)).whole()
    assert len(found.incomplete) == CLOSED_DAYS - 10
    assert YESTERDAY not in found.incomplete


@pytest.mark.parametrize("trouble", ["no price", "an odd event", "a correction"])
async def test_a_days_trouble_of_one_key_is_its_own(books: Books, trouble: str) -> None:
    """Its sum of that day is a lower bound, and those of other keys and days are not."""
    at = NOON - timedelta(days=1)
    cost = {"no price": None, "a correction": "-3"}.get(trouble, "1")
    books.source.happens(cost, at=at, listed=at, key="tok_2")
    if trouble == "an odd event":
        known = {"timestamp": at.isoformat(), "token_id": "tok_2"}
        books.source.rejected = (RejectedRow("events.3", "cost", "must be a number", known),)
    recent = await filled(books)
    found = await recent.whole()
    assert found.incomplete_by_key == {"tok_2": (YESTERDAY,)}


async def test_spend_that_names_no_key_is_its_teams(books: Books) -> None:
    """It is kept apart from what names a key."""
    recent = await filled(books)
    books.source.happens("4", at=NOON - timedelta(days=1), key="")
    for _ in range(4):
        await books.advance(30)
    found = await recent.whole()
    assert found.unattributed_by_team == {"team_1": (*(0,) * (CLOSED_DAYS - 1), 4 * 10**12)}


async def test_models_are_read_where_a_day_stands_out(books: Books) -> None:
    """Of that key alone, as far back as its days, and for today as well."""
    recent = await filled(books)
    books.source.happens("2", key="tok_2", model="small")
    books.source.happens("60", key="tok_2", model="large", at=NOON - timedelta(days=1))
    for _ in range(4):
        await books.advance(30)
    found = await recent.whole()
    assert set(found.models) == {"tok_2"}
    assert found.models["tok_2"]["large"] == (*(0,) * (CLOSED_DAYS - 1), 60 * 10**12, 0)
    assert found.models["tok_2"]["small"] == (*(0,) * CLOSED_DAYS, 2 * 10**12)
