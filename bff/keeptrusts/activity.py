"""What the policy did today, counted per key and per team from the policy's events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from bff.governance.budget_window import BudgetWindow
from bff.governance.facts import Activity, ActivityToday
from bff.keeptrusts.contract import EventRecord
from bff.keeptrusts.errors import KeeptrustsError
from bff.keeptrusts.feed import MOST_PAGES, Feed
from bff.keeptrusts.last_good import is_final
from bff.keeptrusts.listing import KeeptrustsLists, Pages

DECISION = "decision"
BLOCK = "block"
REDACT = "redact"
ESCALATE = "escalate"


@dataclass(slots=True)
class _Count:
    requests: int = 0
    blocked: int = 0
    redacted: int = 0
    escalated: int = 0
    last_request_at: datetime | None = None

    def add(self, other: _Count) -> None:
        self.requests += other.requests
        self.blocked += other.blocked
        self.redacted += other.redacted
        self.escalated += other.escalated
        self.last_request_at = max(filter(None, (self.last_request_at, other.last_request_at)), default=None)

    def told(self) -> Activity:
        return Activity(self.requests, self.blocked, self.redacted, self.escalated, self.last_request_at)


class Decisions:
    """Policy decisions, counted by verdict. A verdict that is none of the three, `allow` above all, is a request."""

    def __init__(self) -> None:
        self.by_key: dict[str, _Count] = {}
        self.by_team: dict[str, _Count] = {}

    def add(self, record: EventRecord) -> None:
        """Count one event, if it is a decision."""
        if record.event_type != DECISION:
            return
        count = _Count(
            1,
            int(record.verdict == BLOCK),
            int(record.verdict == REDACT),
            int(record.verdict == ESCALATE),
            record.timestamp,
        )
        if record.token_id is not None:
            self.by_key.setdefault(record.token_id, _Count()).add(count)
        if record.team_id is not None:
            self.by_team.setdefault(record.team_id, _Count()).add(count)

    def merge(self, other: Decisions) -> None:
        """Count all that `other` has counted."""
        for mine, others in ((self.by_key, other.by_key), (self.by_team, other.by_team)):
            for name, count in others.items():
                mine.setdefault(name, _Count()).add(count)


class ActivityCount:
    """The decisions of one budget day at a time, in `timezone`."""

    def __init__(self, client: KeeptrustsLists, *, timezone: tzinfo) -> None:
        self._client = client
        self._zone = timezone
        self._window: BudgetWindow | None = None
        self._feed: Feed[EventRecord, Decisions] | None = None

    @property
    def failure(self) -> KeeptrustsError | None:
        """What ended the last refresh before it had read everything, if anything did."""
        return self._feed.failure if self._feed is not None else None

    async def refresh(self, now: datetime) -> ActivityToday:
        """Read what is new. Raises `KeeptrustsError` when nothing could be read."""
        window = BudgetWindow.containing(now, self._zone)
        if self._feed is None or window != self._window:
            self._window = window
            self._feed = Feed(
                start=window.start,
                end=window.end,
                place=lambda record: (record.event_id, record.timestamp),
                empty=Decisions,
            )
        feed = self._feed
        try:
            await feed.refresh(self._events, now)
        except KeeptrustsError as error:
            if is_final(error):
                # What may not be read any more is not counted on from memory either.
                self._feed = None
            raise
        total = Decisions()
        for decisions in feed.tallies:
            total.merge(decisions)
        return ActivityToday(window.start, _told(total.by_key), _told(total.by_team), complete=feed.complete)

    async def _events(self, since: datetime, cursor: str | None) -> Pages[EventRecord]:
        return await self._client.events(since=since, cursor=cursor, most_pages=MOST_PAGES)


def _told(counts: dict[str, _Count]) -> dict[str, Activity]:
    return {name: count.told() for name, count in counts.items()}
