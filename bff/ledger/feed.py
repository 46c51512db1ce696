"""Read the organisation's events into the ledger: what is new, then what may have been published late, then older days.

One reading is a `Span` that continues over many calls: pages are counted as they arrive, and the place that was reached
is stored with them, so that another process continues from there. Nothing is assumed of the feed's order, of how its cursors
work, or of how punctual it is: an event counts once by its id, and the wallets say whether any is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bff.keeptrusts.errors import KeeptrustsError, UpstreamContractError, UpstreamRejectedError
from bff.keeptrusts.events import EventPages, EventSource, event_id
from bff.keeptrusts.facts import RejectedRow, SpendEvent
from bff.ledger.checksum import DEPTHS, Balance, Checksum
from bff.ledger.progress import OVERLAP, Progress, Span, UnreadEvent, instant, micros
from bff.ledger.sums import Ledger, Recorded
from bff.store.database import StoreError
from bff.store.lease import Held
from bff.telemetry.logs import logger
from bff.values import BudgetWindow, Money

log = logger("feed")

PAGES_AT_ONCE = 5
"""Pages that are counted in one transaction: 1,000 events, whose sums are made without a pause."""

BACKFILL_PAGES_A_SECOND = 5.0
"""Pages of older days that are read per second on average, to keep the load on Keeptrusts low."""

MOST_BACKFILL_PAGES = 50
"""The most pages of older days that are read in one turn, however long the pause before it."""

LOOKBACK_SECONDS = 2.0
"""Seconds for which one turn reads what may have been published late; the next turn continues."""

MOST_RESTARTS = 5
"""How often a reading restarts without progress before it fails because the feed's cursors expire too soon."""

Totals = Callable[[], Awaitable[Mapping[str, Money] | None]]
"""Reads what each wallet has spent in all, in USD, by wallet id; None where not every wallet can be read."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The result of one turn: the progress, the error that ended it early, and whether it `found` late events."""

    progress: Progress
    failure: KeeptrustsError | None = None
    found: bool = False


class Feed:
    """Reads the feed of one organisation for `ledger`, whose days are of `zone`."""

    def __init__(
        self,
        source: EventSource,
        ledger: Ledger,
        *,
        zone: ZoneInfo,
        backfill: timedelta,
        monotonic: Callable[[], float],
    ) -> None:
        self._source = source
        self._ledger = ledger
        self._zone = zone
        self._backfill = backfill
        self._monotonic = monotonic
        self._progress: Progress | None = None
        self._fence = -1
        self._backfilled_at: float | None = None
        self._late = 0

    async def turn(
        self, now: datetime, held: Held, *, totals: Mapping[str, Money] | None, read_totals: Totals, seconds: float
    ) -> Turn:
        """Read what is new for about `seconds`, and compare with the wallets once nothing new is left.

        `totals` are the wallets' as they were just listed, None where they were not; `read_totals` lists them once more.
        Raises `StoreError`; trouble with Keeptrusts is part of what it gives.
        """
        progress = await self._current(held)
        deadline = self._monotonic() + seconds
        try:
            progress = await self._read_forward(now, held, progress, deadline)
            if progress.forward is None and totals is not None:
                progress = await self._compare(now, held, progress, totals, read_totals, deadline)
        except KeeptrustsError as error:
            return Turn(await self._current(held), error)
        except StoreError:
            # Whether the last transaction was committed is not known: read what is stored.
            self._progress = None
            raise
        return Turn(progress)

    async def further(self, now: datetime, held: Held, *, usable: bool) -> Turn:
        """Read late events and older days as far as is due, and delete what is too old.

        `usable` says whether the wallets can be compared with. Raises `StoreError`.
        """
        progress = await self._current(held)
        if not progress.caught_up:
            return Turn(progress)
        late = self._late
        try:
            progress = await self._look_back(now, held, progress, usable=usable)
            progress = await self._read_older(now, held, progress)
            self._progress = progress = await self._ledger.purge(now, progress, held)
        except KeeptrustsError as error:
            return Turn(await self._current(held), error, found=self._late > late)
        except StoreError:
            self._progress = None
            raise
        return Turn(progress, found=self._late > late)

    async def _current(self, held: Held) -> Progress:
        """Return the stored progress, from memory while no other process can have changed it."""
        if self._progress is None or self._fence != held.fence:
            try:
                self._progress = await self._ledger.progress()
            except ValueError as error:
                log.warning("ledger cannot be used", reason=str(error))
                self._progress = await self._ledger.reset(held)
            self._fence = held.fence
        return self._progress

    async def _read_forward(self, now: datetime, held: Held, progress: Progress, deadline: float) -> Progress:
        """Read what is new, to the end of the feed or until the deadline."""
        span = progress.forward
        if span is None:
            start = micros(BudgetWindow.containing(now, self._zone).start)
            span = Span(start if progress.mark is None else progress.mark - OVERLAP)
        started = micros(now)

        def settle(progress: Progress, span: Span, ended: bool) -> Progress:
            if not ended:
                return replace(progress, forward=span)
            # The newest event may have a time in the future: what is published until then must be read too.
            top = span.since + OVERLAP if span.top is None else min(span.top, started)
            mark = top if progress.mark is None else max(progress.mark, top)
            covered_from = span.since if progress.covered_from is None else progress.covered_from
            return replace(progress, forward=None, mark=mark, covered_from=covered_from, read_at=started)

        return await self._read(span, held, progress, settle, until=deadline)

    async def _compare(
        self,
        now: datetime,
        held: Held,
        progress: Progress,
        totals: Mapping[str, Money],
        read_totals: Totals,
        deadline: float,
    ) -> Progress:
        """Compare with the wallets; the first time, set the baseline."""
        if progress.checksum.baseline_at is None:
            return await self._begin_comparing(now, held, progress, read_totals, deadline)

        def settle(growth: Money) -> Progress:
            checksum = progress.checksum.checked(micros(now), growth)
            unexplained = checksum.unexplained
            if unexplained is None:
                return replace(progress, checksum=checksum)
            short_days = progress.short_days
            if checksum.balance is Balance.SHORT:
                reason = f"the wallets have paid {unexplained.plain()} {unexplained.currency} that are in no event"
                log.warning("wallets and events differ for good", usd=unexplained.plain())
                open_days = [(now - timedelta(days=ago)).astimezone(self._zone).date().isoformat() for ago in range(5)]
                short_days = short_days | dict.fromkeys(open_days, reason)
            return replace(progress, checksum=checksum.settled(), short_days=short_days)

        self._progress = after = await self._ledger.compare(totals, held, settle)
        return after

    async def _begin_comparing(
        self, now: datetime, held: Held, progress: Progress, read_totals: Totals, deadline: float
    ) -> Progress:
        # List the wallets between two readings of the feed, so that both sides start at nearly the same moment.
        totals = await read_totals()
        if totals is None:
            return progress
        compared = replace(progress, checksum=Checksum(baseline_at=micros(now)))
        self._progress = progress = await self._ledger.compare(totals, held, lambda _growth: compared)
        return await self._read_forward(now, held, progress, deadline)

    async def _look_back(self, now: datetime, held: Held, progress: Progress, *, usable: bool) -> Progress:
        """Read again what may have been published late, where the wallets say that something is missing."""
        if progress.lookback is None:
            depth = progress.checksum.depth_due(micros(now), usable=usable)
            if depth is None or progress.known_from is None or progress.mark is None:
                return progress
            since = max(micros(now) - DEPTHS[depth], progress.known_from)
            progress = replace(progress, lookback=Span(since, until=progress.mark + 1), lookback_depth=depth)

        def settle(progress: Progress, span: Span, ended: bool) -> Progress:
            self._late += span.found
            if not ended:
                return replace(progress, lookback=span)
            checksum = progress.checksum.tried(progress.lookback_depth, micros(now), found=span.found)
            return replace(progress, lookback=None, checksum=checksum)

        span = progress.lookback
        assert span is not None  # noqa: S101 - it was there or is made above
        return await self._read(span, held, progress, settle, until=self._monotonic() + LOOKBACK_SECONDS)

    async def _read_older(self, now: datetime, held: Held, progress: Progress) -> Progress:
        """Read older days, as many pages as are due by now."""
        elapsed = None if self._backfilled_at is None else self._monotonic() - self._backfilled_at
        pages = MOST_BACKFILL_PAGES if elapsed is None else int(elapsed * BACKFILL_PAGES_A_SECOND)
        if pages < PAGES_AT_ONCE:
            return progress
        first = BudgetWindow.containing(now - self._backfill, self._zone)
        floor = micros(first.start)
        covered_from = progress.covered_from
        if progress.backfill is None:
            if not self._backfill or covered_from is None or covered_from <= floor:
                return progress
            progress = replace(progress, backfill=Span(floor, until=covered_from))
        self._backfilled_at = self._monotonic()

        def settle(progress: Progress, span: Span, ended: bool) -> Progress:
            if ended:
                return replace(progress, backfill=None, covered_from=span.since)
            reached = span.reached if span.newest_first else None
            covered = progress.covered_from
            if reached is not None and covered is not None:
                covered = min(covered, max(reached, span.since))
            return replace(progress, backfill=span, covered_from=covered)

        span = progress.backfill
        assert span is not None  # noqa: S101 - as above
        pages = min(pages, MOST_BACKFILL_PAGES)
        return await self._read(span, held, progress, settle, pages=pages, backfill=True)

    async def _read(
        self,
        span: Span,
        held: Held,
        progress: Progress,
        settle: Callable[[Progress, Span, bool], Progress],
        *,
        until: float | None = None,
        pages: int | None = None,
        backfill: bool = False,
    ) -> Progress:
        """Continue reading `span`, count the events, and store the progress that `settle` makes of the span and its end.

        It stops at the monotonic second `until`, or after about so many `pages`, though not before it has read anything.
        """
        fetching = asyncio.ensure_future(self._fetch(span, progress))
        try:
            while True:
                try:
                    found = await fetching
                except UpstreamRejectedError as error:
                    span, progress = self._refused(span, progress, error, settle)
                    fetching = asyncio.ensure_future(self._fetch(span, progress))
                    continue
                times = [event.at for event in found.events]
                if span.until is not None and progress.until_honoured is None and times:
                    progress = replace(progress, until_honoured=max(times) < span.until)
                inside = [event for event in found.events if _inside(event, span)]
                read = span.read(times, found.next_cursor)
                ended = found.failure is None and (found.next_cursor is None or read.is_past(times))
                pages = None if pages is None else pages - PAGES_AT_ONCE
                stop = ended or found.failure is not None or (pages is not None and pages <= 0)
                stop = stop or (until is not None and self._monotonic() >= until)
                if not stop:
                    # Fetch the next pages while these are counted.
                    fetching = asyncio.ensure_future(self._fetch(read, progress))
                span, progress = await self._count(
                    inside, found, read, held, progress, settle, ended=ended, backfill=backfill
                )
                if isinstance(found.failure, UpstreamRejectedError):
                    span, progress = self._refused(span, progress, found.failure, settle)
                    fetching = asyncio.ensure_future(self._fetch(span, progress))
                elif found.failure is not None:
                    raise found.failure
                elif stop:
                    return progress
        finally:
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)

    async def _count(
        self,
        inside: list[SpendEvent],
        found: EventPages,
        span: Span,
        held: Held,
        progress: Progress,
        settle: Callable[[Progress, Span, bool], Progress],
        *,
        ended: bool,
        backfill: bool,
    ) -> tuple[Span, Progress]:
        counted = span

        def after(recorded: Recorded) -> Progress:
            nonlocal counted
            counted = replace(span, found=span.found or recorded.events > 0)
            known = progress.with_unread([_unread(row, span) for row in found.rejected], self._zone)
            known = known.without_unread(inside)
            if not backfill:
                checksum = known.checksum.add(recorded.cost, earlier=recorded.earlier)
                known = replace(known, checksum=checksum)
            return settle(known, counted, ended)

        progress = await self._ledger.record(inside, held, progress, after, backfill=backfill)
        self._progress = progress
        return counted, progress

    async def _fetch(self, span: Span, progress: Progress) -> EventPages:
        until = None if span.until is None or progress.until_honoured is False else instant(span.until)
        return await self._source.events(
            since=instant(span.since if span.asked_from is None else span.asked_from),
            until=until,
            cursor=span.cursor,
            most_pages=PAGES_AT_ONCE,
        )

    def _refused(
        self,
        span: Span,
        progress: Progress,
        error: UpstreamRejectedError,
        settle: Callable[[Progress, Span, bool], Progress],
    ) -> tuple[Span, Progress]:
        """Return what to read after a 4xx reply: the cursor has expired, or `until` is not supported. Raises `error` otherwise."""
        if span.cursor is None:
            if span.until is None or progress.until_honoured is not None:
                raise error
            return span, replace(progress, until_honoured=False)
        if span.restarts >= MOST_RESTARTS:
            # Let the next turn start without the cursor: the feed may work by then.
            self._progress = settle(progress, replace(span.restarted(), restarts=0), False)
            raise UpstreamContractError(
                error.method,
                error.path,
                "cursors expire before the pages that they lead to can be read",
                field="next_cursor",
            ) from None
        return span.restarted(), progress


def _inside(event: SpendEvent, span: Span) -> bool:
    # Checked here as well, for a feed that ignores `since` or `until`.
    return event.at >= span.since and (span.until is None or event.at < span.until)


def _unread(row: RejectedRow, span: Span) -> UnreadEvent:
    try:
        at = micros(datetime.fromisoformat(row.known.get("timestamp") or ""))
    except (ValueError, TypeError):
        # Its time is not known either: count it to the newest day that is being read.
        at = span.since if span.top is None else span.top
    field = row.field.removeprefix(row.place).removeprefix(".")
    # Without an id, its other fields identify it: its place in a page changes from reading to reading.
    nameless = f"{sorted((name, value or '') for name, value in row.known.items())} {field} {row.message}"
    identity = event_id(row.id if row.id is not None else nameless)
    return UnreadEvent(identity.hex(), at, row.known.get("token_id") or "", row.message, field, row.id or "")
