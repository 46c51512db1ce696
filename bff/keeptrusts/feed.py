"""A list that only grows, read a piece at a time and each record counted once.

A feed makes passes over its list. A pass begins at `since` and follows the list's pages to their end, over several
refreshes where there are many; what it has counted stands apart until then, so that a pass which has to begin anew (its
cursor has expired, say) takes nothing along. The next pass begins a little before the newest record, since a record may
be told late; what the two have in common is known by its ids. Passes need no particular order of the list.

Past 5.5 records a second a quarter of an hour is more than a refresh reads. Where the overlap is that large, a refresh
reads only what is newest, and a sweep goes through the overlap beside it: a record that is told late is found minutes later
and not missed. What it costs are the ids of the overlap and of the time between two sweeps, some 20 minutes of records.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, Self, TypeVar

from bff.keeptrusts.errors import KeeptrustsError, UpstreamDeniedError, UpstreamRejectedError, UpstreamUnavailableError
from bff.keeptrusts.listing import Pages

MOST_PAGES = 25
"""Pages that a feed reads in one refresh: 5,000 records."""

OVERLAP = timedelta(minutes=15)
"""How late a record may be told, by its own time, and still be found by the next pass."""

SHORT_OVERLAP = timedelta(seconds=20)
"""The same for a refresh that leaves the rest of the overlap to a sweep."""

SWEEP_EVERY = timedelta(minutes=5)
"""Least time between the beginnings of two sweeps."""

FEW = 1_000
"""Records in the overlap that are simply read each time: five pages."""

CURSOR_TRIES = 3
"""How often a pass tries to go on from where an unavailable Keeptrusts stopped it, before it begins anew."""

Record = TypeVar("Record")
Record_contra = TypeVar("Record_contra", contravariant=True)

Fetch = Callable[[datetime, str | None], Awaitable[Pages[Record]]]
"""Reads the list from an instant on (inclusive), at the cursor where one is given; raises as the client does."""


class Tally(Protocol[Record_contra]):
    """What records add up to."""

    def add(self, record: Record_contra, /) -> None:
        """Count one record."""

    def merge(self, other: Self, /) -> None:
        """Count all that `other` has counted."""


T = TypeVar("T", bound=Tally[Any])


@dataclass(slots=True)
class _Pass(Generic[T]):
    since: datetime
    started: datetime
    tally: T
    cursor: str | None = None
    tries: int = 0
    count: int = 0
    oldest: datetime | None = None
    newest_first: bool = True
    ids: dict[str, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class _Sweep:
    """On its way from the end of the list to its own beginning; `floor` is where the one after it will begin."""

    started: datetime
    floor: datetime
    cursor: str | None = None


class Feed(Generic[Record, T]):
    """The records of one list from `start` (inclusive) to `end` (exclusive), added up in tallies.

    `place` gives a record's id and its time, `empty` a tally of nothing.
    """

    def __init__(
        self,
        *,
        start: datetime,
        end: datetime,
        place: Callable[[Record], tuple[str, datetime]],
        empty: Callable[[], T],
        few: int = FEW,
    ) -> None:
        self._start = start
        self._end_of_range = end
        self._place = place
        self._empty = empty
        self._few = few
        self._counted = empty()
        self._recent: dict[str, datetime] = {}
        self._since = start
        self._newest = start
        self._begun_at = start
        self._pass: _Pass[T] | None = None
        self._given_up: _Pass[T] | None = None
        self._overrun = False
        self._sweep: _Sweep | None = None
        self._swept_at = start
        self.passed = False
        """Whether a pass has come to its end."""
        self.complete = False
        """Whether the last refresh has read what there was, but for what a sweep may still find."""
        self.settled = False
        """Whether it has read that too: nothing is left to look for until something new is told."""
        self.failure: KeeptrustsError | None = None
        """What ended the last refresh early; None as well when it merely reached its limit of pages."""

    @property
    def tallies(self) -> tuple[T, ...]:
        """What is counted so far: the sum of these. No record is in two of them."""
        unfinished = self._longest_pass()
        return (self._counted,) if unfinished is None else (self._counted, unfinished.tally)

    @property
    def whole_after(self) -> datetime | None:
        """Every record later than this has been counted (None: nothing can be said), as of the start of the last pass."""
        if self.passed:
            return self._start - timedelta.resolution
        if self._pass is None or not self._pass.newest_first:
            return None
        return self._pass.oldest

    async def refresh(self, fetch: Fetch[Record], now: datetime) -> None:
        """Read on. Raises `KeeptrustsError` when the list could not be read; what was counted before stays."""
        self.complete = self.settled = False
        self.failure = None
        try:
            if self._pass is not None:
                await self._go_on(fetch, now)
            if self._pass is None and not self.complete:
                # Also right after a long pass: what came while it lasted is not in it.
                await self._read_newest(fetch, now)
        except KeeptrustsError as error:
            self.complete, self.failure = False, error
            raise

    async def _go_on(self, fetch: Fetch[Record], now: datetime) -> None:
        reading = self._pass
        if reading is None or reading.cursor is None:
            await self._begin_pass(fetch, now)
            return
        try:
            pages = await fetch(reading.since, reading.cursor)
        except UpstreamRejectedError:
            # The cursor has expired: that says nothing of the list itself.
            reading.cursor = None
            await self._begin_pass(fetch, now)
        except KeeptrustsError as error:
            _set_back(reading, error)
            raise
        else:
            self._take(reading, pages)

    async def _begin_pass(self, fetch: Fetch[Record], now: datetime) -> None:
        pages = await fetch(self._since, None)
        self._given_up = self._longest_pass()
        self._pass = reading = _Pass(self._since, now, self._empty())
        self._take(reading, pages)
        self.complete = self.settled = pages.complete

    async def _read_newest(self, fetch: Fetch[Record], now: datetime) -> None:
        if self._overrun or len(self._recent) <= self._few:
            await self._begin_pass(fetch, now)
            return
        pages = await fetch(max(min(self._newest, self._begun_at) - SHORT_OVERLAP, self._since), None)
        self._count(pages.records)
        self._begun_at = now
        self.complete, self.failure = pages.complete, pages.failure
        # More has come than is read at once: a pass must find the rest of it.
        self._overrun = not pages.complete
        if self.complete:
            await self._read_sweep(fetch, now)

    async def _read_sweep(self, fetch: Fetch[Record], now: datetime) -> None:
        if self._sweep is None:
            if timedelta() <= now - self._swept_at < SWEEP_EVERY:
                return
            self._sweep = _Sweep(now, self._floor(now, self._since))
        # Kept again only if it has a place to go on from: begun anew, it counts nothing twice, since all ids are known.
        sweep, self._sweep = self._sweep, None
        try:
            pages = await fetch(self._since, sweep.cursor)
        except UpstreamRejectedError:
            if sweep.cursor is None:
                raise
            # The cursor has expired: the next refresh begins the sweep anew.
            return
        self._count(pages.records)
        if pages.failure is not None:
            self.complete, self.failure = False, pages.failure
        elif pages.next_cursor is not None:
            sweep.cursor, self._sweep = pages.next_cursor, sweep
        else:
            self._since, self._swept_at = sweep.floor, sweep.started
            self._recent = _from(sweep.floor, self._recent)
            self.settled = sweep.started == now

    def _longest_pass(self) -> _Pass[T] | None:
        # A pass that begins anew repeats the one given up: the longer of the two is what is known.
        return max(filter(None, (self._pass, self._given_up)), key=lambda reading: reading.count, default=None)

    def _count(self, records: tuple[Record, ...]) -> None:
        """Count for good what is not counted yet. Ids of all that was counted from `_since` on are known here."""
        for identity, moment, record in self._placed(records, self._since):
            if identity not in self._recent:
                self._recent[identity] = moment
                self._newest = max(moment, self._newest)
                self._counted.add(record)

    def _take(self, reading: _Pass[T], pages: Pages[Record]) -> None:
        """Count for this pass what is in none before it."""
        fresh: dict[str, datetime] = {}
        for identity, moment, record in self._placed(pages.records, reading.since):
            if identity in self._recent or identity in reading.ids or identity in fresh:
                continue
            fresh[identity] = moment
            reading.tally.add(record)
            reading.count += 1
            reading.newest_first &= reading.oldest is None or moment <= reading.oldest
            reading.oldest = moment if reading.oldest is None else min(moment, reading.oldest)
            self._newest = max(moment, self._newest)
        floor = self._floor(reading.started, reading.since)
        # Ids of the page before stay: where a list is paged by position, what arrives meanwhile pushes records across.
        reading.ids = _from(floor, reading.ids) | fresh
        reading.cursor, reading.tries, self.failure = pages.next_cursor, 0, pages.failure
        if pages.complete:
            self._end(reading, floor)

    def _end(self, reading: _Pass[T], floor: datetime) -> None:
        self._counted.merge(reading.tally)
        self._recent = _from(floor, self._recent | reading.ids)
        self._since = floor
        self._begun_at = self._swept_at = reading.started
        self._pass = self._given_up = self._sweep = None
        self._overrun, self.passed = False, True

    def _placed(self, records: tuple[Record, ...], since: datetime) -> Iterator[tuple[str, datetime, Record]]:
        for record in records:
            identity, moment = self._place(record)
            # Also for an upstream that pays no heed to `since`: what lies before was counted and its id forgotten.
            if since <= moment < self._end_of_range:
                yield identity, moment, record

    def _floor(self, begun: datetime, since: datetime) -> datetime:
        """Where the reading after one that began at `begun` begins: before what the records' clock or ours called now.

        It never goes back, however a clock jumps: ids of what lies before are forgotten.
        """
        return max(min(self._newest, begun) - OVERLAP, since)


def _from(floor: datetime, ids: dict[str, datetime]) -> dict[str, datetime]:
    return {identity: moment for identity, moment in ids.items() if moment >= floor}


def _set_back(reading: _Pass[T], error: KeeptrustsError) -> None:
    if isinstance(error, UpstreamDeniedError):
        return
    reading.tries += 1
    if not isinstance(error, UpstreamUnavailableError) or reading.tries >= CURSOR_TRIES:
        reading.cursor = None
