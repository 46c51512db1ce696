"""A feed of events in this process that lists what a test says, and the ledger that reads it into a real database."""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from bff.keeptrusts.contract import LARGEST_PAGE
from bff.keeptrusts.errors import KeeptrustsError, UpstreamRejectedError, UpstreamUnavailableError
from bff.keeptrusts.events import EventPages, event_id
from bff.keeptrusts.facts import RejectedRow, SpendEvent, SpendHistory, SpendToday
from bff.ledger.feed import Feed, Turn
from bff.ledger.progress import instant, micros
from bff.ledger.sums import Ledger
from bff.store.amounts import joined
from bff.store.database import Database
from bff.store.lease import Held, Leases
from bff.store.tables import ledgers, sums
from bff.values import Money

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")


def usd(amount: str | int | Decimal) -> Money:
    """So many US dollars."""
    return Money(Decimal(amount))


def total(amounts: Iterable[Money]) -> Money:
    """What `amounts` add up to."""
    return sum(amounts, Money.zero())


@dataclass(frozen=True)
class Listed:
    """An event, and when the feed begins to list it (by the feed's clock, epoch microseconds)."""

    event: SpendEvent
    from_: int


@dataclass
class FakeFeed:
    """Lists its events as upstream might: in either order, with cursors of several kinds, and with failures.

    `now` is its clock. `cursors` is `stable`, `position` or `expiring` (each is refused once, when it is `expire_after`
    calls old). `fail` holds errors for the next calls, None for one that goes well. `page` is the size of a page.
    """

    now: datetime = NOON
    order: Literal["newest", "oldest", "published"] = "newest"
    cursors: Literal["stable", "position", "expiring"] = "stable"
    expire_after: int = 2
    honours_until: bool = True
    honours_since: bool = True
    page: int = LARGEST_PAGE
    entries: list[Listed] = field(default_factory=list)
    fail: list[KeeptrustsError | None] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    rejected: tuple[RejectedRow, ...] = ()
    paid: Money = field(default_factory=Money.zero)
    _made: int = 0
    _issued: dict[str, int] = field(default_factory=dict)

    def happens(
        self,
        cost: str | None = "1",
        *,
        at: datetime | None = None,
        listed: datetime | None = None,
        key: str = "tok_1",
        team: str = "team_1",
        model: str = "gpt-4o",
        verdict: str = "allow",
        name: str | None = None,
        paid: str | None = None,
    ) -> SpendEvent:
        """An event at `at` (now), listed from `listed` (now) on; the wallet pays its cost now, or what `paid` says."""
        at = at or self.now
        self._made += 1
        amount = None if cost is None else usd(cost)
        event = SpendEvent(
            event_id(name or f"evt_{self._made}"), micros(at), key, team, model, amount, verdict, is_request=True
        )
        self.entries.append(Listed(event, micros(listed or self.now)))
        self.paid += usd(paid) if paid is not None else amount or usd(0)
        return event

    def priced(self, event: SpendEvent, cost: str) -> None:
        """The feed lists `event` with another cost from now on; the wallet has paid it at the time."""
        self.entries = [
            replace(each, event=replace(event, cost=usd(cost))) if each.event.id == event.id else each
            for each in self.entries
        ]

    async def events(
        self, *, since: datetime, until: datetime | None, cursor: str | None, most_pages: int
    ) -> EventPages:
        """As `EventSource.events`."""
        found: list[SpendEvent] = []
        for number in range(most_pages):
            self.calls["events"] += 1
            try:
                self._maybe_fail(cursor)
            except KeeptrustsError as error:
                if number == 0:
                    raise
                return EventPages(tuple(found), cursor, error)
            listed = self._listed(since, until)
            start = self._start(listed, cursor)
            page = listed[start : start + self.page]
            self.pages += 1
            found += page
            cursor = self._cursor(start + len(page), page) if start + len(page) < len(listed) else None
            if cursor is None:
                break
        rejected, self.rejected = self.rejected, ()
        return EventPages(tuple(found), cursor, None, rejected, len(rejected))

    def _maybe_fail(self, cursor: str | None) -> None:
        if self.fail and (error := self.fail.pop(0)) is not None:
            raise error
        if cursor is not None and self.cursors == "expiring":
            issued = self._issued.pop(cursor, None)
            if issued is None or self.calls["events"] - issued > self.expire_after:
                raise UpstreamRejectedError("GET", "/v1/events", "answered 404", status=404, code="cursor_expired")

    def _listed(self, since: datetime, until: datetime | None) -> list[SpendEvent]:
        now = micros(self.now)
        visible = [each for each in self.entries if each.from_ <= now]
        if self.honours_since:
            visible = [each for each in visible if each.event.at >= micros(since)]
        if until is not None and self.honours_until:
            visible = [each for each in visible if each.event.at < micros(until)]
        if self.order == "published":
            visible.sort(key=lambda each: (each.from_, each.event.id), reverse=True)
        else:
            visible.sort(key=lambda each: (each.event.at, each.event.id), reverse=self.order == "newest")
        return [each.event for each in visible]

    def _start(self, listed: list[SpendEvent], cursor: str | None) -> int:
        if cursor is None:
            return 0
        kind, _, place = base64.b64decode(cursor).decode().partition(":")
        if kind == "position":
            return int(place)
        ids = [event.id.hex() for event in listed]
        return ids.index(place) + 1 if place in ids else 0

    def _cursor(self, position: int, page: list[SpendEvent]) -> str:
        text = f"position:{position}" if self.cursors == "position" else f"after:{page[-1].id.hex()}"
        cursor = base64.b64encode(text.encode()).decode()
        self._issued[cursor] = self.calls["events"]
        return cursor

    def truth(self, zone: ZoneInfo = UTC_ZONE) -> dict[tuple[int, str, str, str], Money]:
        """What all events that are listed now add up to, by day, key, team and model; events without cost left out."""
        totals: defaultdict[tuple[int, str, str, str], Money] = defaultdict(Money.zero)
        for each in self.entries:
            if each.from_ <= micros(self.now):
                event = each.event
                day = instant(event.at).astimezone(zone).date()
                number = day.year * 10_000 + day.month * 100 + day.day
                totals[number, event.key_id, event.team_id, event.model] += event.cost or usd(0)
        return dict(totals)


@dataclass
class Books:
    """A ledger in a database, and the feed that it reads."""

    database: Database
    source: FakeFeed
    zone: ZoneInfo = UTC_ZONE
    backfill: timedelta = timedelta(0)
    wallets: bool = True
    holder: str = "reader"

    def __post_init__(self) -> None:
        self.elapsed = 0.0
        self.ledger = Ledger(self.database, 1, self.zone, history=timedelta(days=400), lag=timedelta(minutes=5))
        self.start_again()

    def start_again(self) -> None:
        """Another process with the same database: nothing is in memory."""
        self.feed = Feed(
            self.source, self.ledger, zone=self.zone, backfill=self.backfill, monotonic=lambda: self.elapsed
        )

    async def held(self) -> Held:
        """The ledger's lease."""
        held = await Leases(self.database, holder=self.holder, ttl=60).acquire("ledger:1")
        assert held is not None
        return held

    async def totals(self) -> Mapping[str, Money] | None:
        """What the one wallet has spent in all."""
        return {"wal_1": self.source.paid} if self.wallets else None

    async def turn(self, *, seconds: float = 1_000, further: bool = True) -> Turn:
        """One refresh: what is new, and what else is due."""
        held = await self.held()
        turn = await self.feed.turn(
            self.source.now, held, totals=await self.totals(), read_totals=self.totals, seconds=seconds
        )
        if turn.failure is None and further:
            self.elapsed += 30
            turn = await self.feed.further(self.source.now, held, usable=self.wallets)
        return turn

    async def advance(self, seconds: float, *, turn: bool = True) -> None:
        """Let time pass, and refresh at its end."""
        self.source.now += timedelta(seconds=seconds)
        if turn:
            await self.turn()

    async def today(self) -> SpendToday:
        """Spend of the day of the feed's clock."""
        spend, _ = await self.ledger.today(self.source.now, await self.ledger.progress())
        return spend

    async def history(self, *keys: str, days: int = 7, team: str | None = "team_1") -> SpendHistory:
        """Spend of keys over some days."""
        return await self.ledger.history(
            key_ids=frozenset(keys or ("tok_1",)), team_id=team, days=days, now=self.source.now
        )

    async def sums(self) -> dict[tuple[int, str, str, str], Money]:
        """Every sum in the database."""
        async with self.database.read() as connection:
            rows = (await connection.execute(select(sums))).all()
        return {(row.day, row.key_id, row.team_id, row.model): joined(row.usd, row.pico) for row in rows}


@asynccontextmanager
async def books_in(database: Database, source: FakeFeed | None = None, **options: object) -> AsyncIterator[Books]:
    """Books in `database`, which is closed at the end."""
    try:
        await database.migrate()
        async with database.write() as connection:
            row = {"id": 1, "organisation": "org_1", "zone": "UTC", "created_at": 0, "used_at": 0}
            await connection.execute(insert(ledgers).values(**row))
        yield Books(database, source or FakeFeed(), **options)  # type: ignore[arg-type]
    finally:
        await database.close()


@pytest.fixture
async def books() -> AsyncIterator[Books]:
    """Books in memory."""
    async with books_in(Database.at(None, folder=None, in_memory=True)) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
async def stored_books(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Books]:
    """Books in a file, and in PostgreSQL."""
    postgresql = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url") if postgresql else None
    async with books_in(Database.at(url, folder=tmp_path)) as made:
        yield made


def unavailable() -> UpstreamUnavailableError:
    """A page that fails."""
    return UpstreamUnavailableError("GET", "/v1/events", "answered 503", status=503)
