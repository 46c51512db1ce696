"""How far the ledger has read the organisation's events, and which days are therefore incomplete.

Times are epoch microseconds of the events' own clock, unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from pydantic import TypeAdapter, ValidationError

from bff.keeptrusts.contract import LARGEST_PAGE
from bff.keeptrusts.facts import RejectedRow, SpendEvent
from bff.ledger.checksum import Balance, Checksum
from bff.values import BudgetWindow
from bff.wording import clock_time

OVERLAP = 4_000_000
"""Microseconds by which two readings overlap: events of one moment may be listed in any order."""

MOST_UNREAD = 200
"""The most events that could not be read and are stored one by one; of more, only the days are stored."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Return an aware instant as epoch microseconds, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def instant(at: int) -> datetime:
    """Return epoch microseconds as an instant in UTC."""
    return _EPOCH + timedelta(microseconds=at)


@dataclass(frozen=True, slots=True)
class Span:
    """One reading of the feed from `since` (inclusive) to `until` (exclusive; None: to its end), over many pages.

    cursor        where to go on; None at the beginning
    newest_first  the order in which the feed lists; None until a page shows it
    reached       everything on this side of it has been read: from here up when the feed is newest first, else up to here
    top           the newest event that was seen
    asked_from    where Keeptrusts is asked to begin, when that is not `since`: a feed that is oldest first began again
    restarts      how often it began again without coming further, since its cursor had expired
    found         whether it has found an event that was not in the ledger
    """

    since: int
    until: int | None = None
    cursor: str | None = None
    newest_first: bool | None = None
    reached: int | None = None
    top: int | None = None
    asked_from: int | None = None
    restarts: int = 0
    found: bool = False

    def read(self, times: Sequence[int], cursor: str | None) -> Span:
        """Return the span after consecutive pages with events at `times`, which continue at `cursor`."""
        if not times:
            return replace(self, cursor=cursor)
        newest_first = self.newest_first
        if newest_first is None and times[0] != times[-1]:
            newest_first = times[0] > times[-1]
        # The feed may list by the time of publication, so that a late event stands among newer ones: the newest of the
        # last page is surely read up to, whichever of the two it is.
        last = times[-LARGEST_PAGE:]
        reached = self.reached
        if newest_first:
            reached = max(last) if reached is None else min(reached, max(last))
        elif newest_first is False:
            reached = min(last) if reached is None else max(reached, min(last))
        restarts = 0 if reached != self.reached else self.restarts
        top = max(times) if self.top is None else max(self.top, *times)
        return replace(self, cursor=cursor, newest_first=newest_first, reached=reached, top=top, restarts=restarts)

    def is_past(self, times: Sequence[int]) -> bool:
        """Whether the last page lies beyond the span, as with a feed that ignores `since` or `until`."""
        last = times[-LARGEST_PAGE:]
        if not last or self.newest_first is None:
            return False
        if self.newest_first:
            return max(last) < self.since
        return self.until is not None and min(last) >= self.until

    def restarted(self) -> Span:
        """Return a span without a cursor over what is left of this one."""
        left = replace(self, cursor=None, restarts=self.restarts + 1)
        if self.reached is None:
            return left
        if self.newest_first:
            return replace(left, until=self.reached + 1)
        # The part before `reached` has been read and still belongs to the span.
        return replace(left, asked_from=max(self.since, self.reached))


@dataclass(frozen=True, slots=True)
class UnreadEvent:
    """An event of a form that is not understood: the hex digest of its id, its time and its key ('' where unknown).

    `field` is the member at fault and `reason` what is wrong with it; `name` is the id as Keeptrusts gives it ('' where
    unknown).
    """

    id: str
    at: int
    key_id: str
    reason: str
    field: str = ""
    name: str = ""

    def row(self) -> RejectedRow:
        """Return the event as a row of the feed that was left out."""
        field = ".".join(filter(None, ("events", self.field)))
        return RejectedRow("events", field, self.reason, {"event_id": self.name} if self.name else {})


@dataclass(frozen=True, slots=True)
class Progress:
    """What of the feed has been read.

    covered_from    every event from here to `mark` was counted that had been published when it was read
    mark            the newest event up to which the feed was read to its end
    read_at         when that was, by our clock
    purged_before   events before this are no longer known one by one: what is published late for that time is not counted
    forward, lookback, backfill   readings under way: of what is new, of what may have been published late, of older days
    lookback_depth  the index of the depth that `lookback` reads
    until_honoured  whether the feed applies `until`; None until a page has shown it
    short_days      days (ISO) that stay incomplete for every key, each with a sentence: a difference to the wallets that
                    nothing explained, or more events that could not be read than are remembered
    unread          events that could not be read, of all days in the history
    """

    covered_from: int | None = None
    mark: int | None = None
    read_at: int | None = None
    purged_before: int | None = None
    forward: Span | None = None
    lookback: Span | None = None
    lookback_depth: int = 0
    backfill: Span | None = None
    until_honoured: bool | None = None
    checksum: Checksum = field(default_factory=Checksum)
    short_days: dict[str, str] = field(default_factory=dict)
    unread: tuple[UnreadEvent, ...] = ()

    @property
    def caught_up(self) -> bool:
        """Whether the feed was read to its end, with nothing left of a long reading."""
        return self.mark is not None and self.forward is None

    @property
    def known_from(self) -> int | None:
        """From here on each counted event is known by its id; None before anything was read."""
        if self.covered_from is None:
            return None
        return max(self.covered_from, self.purged_before or self.covered_from)

    def with_unread(self, events: Sequence[UnreadEvent], zone: tzinfo) -> Progress:
        """Add `events` that could not be read, each once; beyond `MOST_UNREAD`, keep only the days in `zone` of the oldest."""
        known = {event.id for event in self.unread}
        new = [event for event in events if event.id not in known]
        if not new:
            return self
        unread = sorted((*self.unread, *new), key=lambda event: event.at)
        rest, kept = unread[:-MOST_UNREAD], unread[-MOST_UNREAD:]
        days = {
            instant(event.at).astimezone(zone).date().isoformat(): f"events could not be read ({event.reason})"
            for event in rest
        }
        return replace(self, unread=tuple(kept), short_days={**days, **self.short_days})

    def without_unread(self, events: Sequence[SpendEvent]) -> Progress:
        """Remove those of `events` that have been read since."""
        if not self.unread:
            return self
        read = {event.id.hex() for event in events}
        kept = tuple(event for event in self.unread if event.id not in read)
        return replace(self, unread=kept) if len(kept) != len(self.unread) else self

    @property
    def unread_lately(self) -> tuple[UnreadEvent, ...]:
        """The events that could not be read, without those of days that are closed."""
        return tuple(event for event in self.unread if event.at >= (self.known_from or 0))

    def missing(
        self, day: date, zone: tzinfo, *, now: int, lag: int, key_ids: frozenset[str] = frozenset()
    ) -> str | None:
        """Say why the sums of a day are lower bounds at `now`, in half a sentence; None when they are complete.

        Events that could not be read count where they are of one of `key_ids` or of no known key. `lag` is after how many
        microseconds the last reading is too old to say anything of the time since.
        """
        window = BudgetWindow.of(day, zone)
        start, end = micros(window.start), micros(window.end)
        gap = self._gap(start, end, zone)
        if gap is not None:
            return gap
        if self.read_at is not None and min(end, now) - self.read_at > lag:
            return f"events were last read at {clock_time(instant(self.read_at), zone)}"
        if day.isoformat() in self.short_days:
            return self.short_days[day.isoformat()]
        if self.checksum.balance is Balance.SHORT and end > (self.known_from or 0):
            difference = self.checksum.difference
            paid = f"{difference.plain()} {difference.currency}"
            return f"the wallets have paid {paid} more than the events that were published add up to"
        unread = [event for event in self.unread if start <= event.at < end and event.key_id in {"", *key_ids}]
        if unread:
            count = f"{len(unread)} events" if len(unread) > 1 else "one event"
            return f"{count} could not be read ({unread[0].reason})"
        return None

    def _gap(self, start: int, end: int, zone: tzinfo) -> str | None:
        """Say which part of the time from `start` to `end` has not been read; None when all has."""
        if self.covered_from is None or self.mark is None:
            return self._first_reading(start, zone)
        if start < self.covered_from:
            reached = self.backfill.reached if self.backfill is not None else None
            day = instant(max(reached or self.covered_from, start)).astimezone(zone).date()
            return f"events are read back to {day.isoformat()} so far"
        forward = self.forward
        if forward is None or forward.since >= end:
            return None
        if forward.newest_first and forward.reached is not None:
            back = clock_time(instant(forward.reached), zone)
            return f"events since {clock_time(instant(forward.since), zone)} are read back to {back} so far"
        if forward.reached is not None and forward.reached >= end:
            return None
        up_to = clock_time(instant(forward.reached or forward.since), zone)
        return f"events are read up to {up_to} so far"

    def _first_reading(self, start: int, zone: tzinfo) -> str:
        forward = self.forward
        if forward is None or forward.reached is None:
            return "no event has been read yet"
        moment = instant(max(forward.reached, start))
        if forward.newest_first:
            return f"today is read back to {clock_time(moment, zone)} so far"
        return f"today is read up to {clock_time(moment, zone)} so far"

    def backlog(self, now: int) -> int | None:
        """Microseconds of the time up to `now` whose events have not been read, older days aside; None before the first."""
        forward = self.forward
        if forward is None:
            return None if self.read_at is None else max(now - self.read_at, 0)
        if forward.reached is None:
            return max(now - forward.since, 0)
        # Read from the newest back, what is left ends where the reading is; read forward, it begins there.
        left = forward.reached - forward.since if forward.newest_first else now - forward.reached
        return max(left, 0)

    def share(self, now: int, day_start: int) -> float:
        """Return the share of the time since `day_start` whose events have been read, 0 to 1."""
        whole = max(now - day_start, 1)
        if self.mark is None or self.forward is not None:
            forward = self.forward
            if forward is None or forward.reached is None:
                read = 0 if self.mark is None else max(self.mark - day_start, 0)
            elif forward.newest_first:
                read = now - max(forward.reached, day_start) + max((self.mark or day_start) - day_start, 0)
            else:
                read = forward.reached - day_start
            return min(max(read / whole, 0.0), 1.0)
        return 1.0


_ADAPTER = TypeAdapter(Progress)


def encoded(progress: Progress) -> str:
    """Return `progress` as JSON."""
    return _ADAPTER.dump_json(progress, exclude_defaults=True).decode()


def decoded(text: str) -> Progress:
    """Read what `encoded` has written. Raises `ValueError` for a form of another release that this one does not know."""
    try:
        return _ADAPTER.validate_json(text or "{}")
    except ValidationError as error:
        raise ValueError(f"the ledger's progress is not of its form in {error.error_count()} places") from None
