"""A list that only grows, read a piece at a time and each record counted once.

A feed makes passes over its list. A pass begins at `since` and follows the list's pages to their end, over several
refreshes where there are many; what it has counted stands apart until then, so that a pass which has to begin anew (its
cursor has expired, say) takes nothing along. The next pass begins a little before the newest record, since a record may
be told late; what the two have in common is known by its ids. Passes need no particular order of the list.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, Self, TypeVar

from bff.keeptrusts.contract import LARGEST_PAGE
from bff.keeptrusts.errors import KeeptrustsError, UpstreamDeniedError, UpstreamRejectedError, UpstreamUnavailableError
from bff.keeptrusts.listing import Pages

MOST_PAGES = 25
"""Pages that a feed reads in one refresh: 5,000 records."""

OVERLAP = timedelta(minutes=15)
"""How late a record may be told, by its own time, and still be found by the next pass."""

MOST_OVERLAP = MOST_PAGES * LARGEST_PAGE // 2
"""Records that two passes may have in common: were a busy list's overlap more than a refresh reads, no pass would ever keep up."""

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
    newest: datetime | None = None
    oldest: datetime | None = None
    newest_first: bool = True
    ids: dict[str, datetime] = field(default_factory=dict)


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
    ) -> None:
        self._start = start
        self._end = end
        self._place = place
        self._empty = empty
        self._counted = empty()
        self._recent: dict[str, datetime] = {}
        self._since = start
        self._newest: datetime | None = None
        self._passed = False
        self._pass: _Pass[T] | None = None
        self._given_up: _Pass[T] | None = None
        self.complete = False
        """Whether the last refresh read everything that there was."""
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
        if self._passed:
            return self._start - timedelta.resolution
        if self._pass is None or not self._pass.newest_first:
            return None
        return self._pass.oldest

    async def refresh(self, fetch: Fetch[Record], now: datetime) -> None:
        """Read on. Raises `KeeptrustsError` when nothing could be read; what was counted before stays."""
        going_on = self._pass if self._pass is not None and self._pass.cursor is not None else None
        reading = going_on or _Pass(self._since, now, self._empty())
        try:
            try:
                pages = await fetch(reading.since, reading.cursor)
            except UpstreamRejectedError:
                if going_on is None:
                    raise
                # The cursor has expired: that says nothing of the list itself.
                reading = _Pass(self._since, now, self._empty())
                pages = await fetch(reading.since, None)
        except KeeptrustsError as error:
            self.complete, self.failure = False, error
            if going_on is not None:
                _set_back(going_on, error)
            raise
        if reading is not going_on:
            self._given_up, self._pass = self._longest_pass(), reading
        self._take(reading, pages.records)
        reading.cursor, reading.tries = pages.next_cursor, 0
        self.complete, self.failure = pages.complete, pages.failure
        if pages.complete:
            self._end_pass(reading)

    def _longest_pass(self) -> _Pass[T] | None:
        # A pass that begins anew repeats the one given up: the longer of the two is what is known.
        return max(filter(None, (self._pass, self._given_up)), key=lambda reading: reading.count, default=None)

    def _take(self, reading: _Pass[T], records: tuple[Record, ...]) -> None:
        fresh: dict[str, datetime] = {}
        for record in records:
            identity, moment = self._place(record)
            # Also for an upstream that pays no heed to `since`: what lies before was counted and its id forgotten.
            if not max(reading.since, self._start) <= moment < self._end:
                continue
            if identity in self._recent or identity in reading.ids or identity in fresh:
                continue
            fresh[identity] = moment
            reading.tally.add(record)
            reading.count += 1
            if reading.oldest is not None and moment > reading.oldest:
                reading.newest_first = False
            reading.oldest = moment if reading.oldest is None else min(moment, reading.oldest)
            reading.newest = moment if reading.newest is None else max(moment, reading.newest)
        # Ids of the page before stay: where a list is paged by position, what arrives meanwhile pushes records across.
        floor = self._floor(reading)
        reading.ids = {identity: moment for identity, moment in reading.ids.items() if moment >= floor} | fresh

    def _end_pass(self, reading: _Pass[T]) -> None:
        known = self._recent | reading.ids
        floor = self._fitting(self._floor(reading), known, reading)
        self._recent = {identity: moment for identity, moment in known.items() if moment >= floor}
        self._since = floor
        self._newest = max(filter(None, (self._newest, reading.newest)), default=None)
        self._counted.merge(reading.tally)
        self._passed = True
        self._pass = self._given_up = None

    def _floor(self, reading: _Pass[T]) -> datetime:
        """Where the next pass begins: before what either clock, ours or that of the records, would call now.

        It never goes back, however a clock jumps: ids of what lies before are forgotten.
        """
        newest = max(filter(None, (self._newest, reading.newest)), default=None)
        return reading.since if newest is None else max(min(newest, reading.started) - OVERLAP, reading.since)

    def _fitting(self, floor: datetime, known: dict[str, datetime], reading: _Pass[T]) -> datetime:
        """`floor`, or so much later that the next pass meets no more known records than it has room for.

        Never later than the start of this pass: what has come since may not have been on the pages that were read.
        """
        moments = sorted((moment for moment in known.values() if moment >= floor), reverse=True)
        if len(moments) <= MOST_OVERLAP:
            return floor
        return max(floor, min(moments[MOST_OVERLAP - 1], reading.started))


def _set_back(reading: _Pass[T], error: KeeptrustsError) -> None:
    if isinstance(error, UpstreamDeniedError):
        return
    reading.tries += 1
    if not isinstance(error, UpstreamUnavailableError) or reading.tries >= CURSOR_TRIES:
        reading.cursor = None
