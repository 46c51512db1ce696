"""The organisation's spend in the database: each event counts once by its id; sums are by day, key, team and model.

Events of the last days are rows, so that an event that is published twice, late or with a new price is recognised; older
days are sums alone. Whatever is written is one transaction with the progress of the reading, so that a process that stops
in the middle has either counted a page and moved on, or done neither.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Executable, and_, bindparam, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bff.keeptrusts.facts import (
    UNPAID_VERDICTS,
    Activity,
    ActivityToday,
    KeyDays,
    KeySpend,
    LedgerDay,
    LedgerRow,
    ModelSpend,
    OrganisationSpend,
    SpendEvent,
    SpendHistory,
    SpendOfKeys,
    SpendTally,
    SpendToday,
)
from bff.ledger.progress import OVERLAP, Progress, decoded, encoded, instant, micros
from bff.store.amounts import PICO, added, joined, split
from bff.store.database import Database
from bff.store.lease import Held
from bff.store.tables import events, ledgers, sums, wallet_marks
from bff.telemetry.logs import logger
from bff.values import BudgetWindow, Money

log = logger("ledger")

KEPT = timedelta(hours=96)
"""How long an event stays a row. A day is frozen 72 hours after its end."""

_IDS_AT_ONCE = 250
_HOUR = 3_600_000_000
_PURGED_AT_ONCE = _HOUR
_PURGED_EVERY = 60_000_000
_PROTECTED = 6 * _HOUR
_NOTHING = Money.zero()

_OVERCORRECTED = "corrections take away more than events add, so the sum cannot be right"

_BLOCK, _REDACT, _ESCALATE = "block", "redact", "escalate"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What of a batch of events was new: how many, and what they cost in USD, new prices of known ones included.

    `cost` is of those since the baseline of the checksum, `earlier` of those before it.
    """

    events: int = 0
    cost: Money = _NOTHING
    earlier: Money = _NOTHING


@dataclass(slots=True)
class _Sum:
    amount: Money = _NOTHING
    requests: int = 0
    unpriced: int = 0
    blocked: int = 0
    redacted: int = 0
    escalated: int = 0
    last_at: int | None = None


_SumKey = tuple[int, str, str, str]


def day_number(day: date) -> int:
    """Return a day as a number, as the database stores it: 20261127."""
    return day.year * 10_000 + day.month * 100 + day.day


def day_of(number: int) -> date:
    """Return the day that a number of the database stands for."""
    return date(number // 10_000, number // 100 % 100, number % 100)


class Ledger:
    """The ledger of one organisation with budget days in `zone`. Methods raise `StoreError`.

    `lag` is how old the last reading may be before the time since counts as not read.
    """

    def __init__(
        self, database: Database, ledger_id: int, zone: ZoneInfo, *, history: timedelta, lag: timedelta
    ) -> None:
        self._database = database
        self._id = ledger_id
        self._zone = zone
        self._history = history
        self._lag = lag // timedelta(microseconds=1)
        self._windows: list[tuple[int, int, int]] = []
        self._changed: set[date] = set()
        self._insert_events = database.prepared(insert(events))
        self._add_sums = database.prepared(self._adding())
        self._upsert_marks = database.prepared(self._marking())
        self._reprice = database.prepared(_REPRICED)
        self._find = database.prepared(_FOUND)

    async def progress(self) -> Progress:
        """Return how far the feed has been read."""
        async with self._database.read() as connection:
            text = await connection.scalar(select(ledgers.c.state).where(ledgers.c.id == self._id))
        return decoded(text or "")

    async def reset(self, held: Held) -> Progress:
        """Delete everything of this ledger: it was written in a form that this release does not know."""
        log.warning("ledger is read again from the start", ledger=self._id)
        progress = Progress()
        async with self._database.write(held) as connection:
            for table in (events, sums, wallet_marks):
                await connection.execute(delete(table).where(table.c.ledger_id == self._id))
            await self._save(connection, progress)
        return progress

    async def record(
        self,
        batch: Sequence[SpendEvent],
        held: Held,
        progress: Progress,
        settle: Callable[[Recorded], Progress],
        *,
        backfill: bool = False,
    ) -> Progress:
        """Count what is new in `batch`, and store the progress that `settle` makes of it, in one transaction.

        Without `backfill`, events of a time in which events are no longer known one by one are left out.
        """
        known_from = progress.known_from
        by_id: dict[bytes, SpendEvent] = {}
        for event in batch:
            countable = backfill or known_from is None or event.at >= known_from
            if countable and (event.id not in by_id or event.cost is not None):
                by_id[event.id] = event
        async with self._database.write(held) as connection:
            known = await self._known(connection, list(by_id))
            changes, rows, repriced, costs = self._changes(by_id, known)
            # Before the end of the transaction: where that is not known, the days are read again for nothing.
            self._changed |= {day_of(day) for day, _, _, _ in changes}
            if changes:
                await self._add(connection, changes)
            if rows:
                await self._insert_events.run(connection, rows)
            if repriced:
                await self._reprice.run(connection, repriced)
            baseline = progress.checksum.baseline_at or 0
            cost = sum((each for at, each in costs if at >= baseline), _NOTHING)
            earlier = sum((each for at, each in costs if at < baseline), _NOTHING)
            after = settle(Recorded(len(rows) + len(repriced), cost, earlier))
            await self._save(connection, after)
        return after

    async def compare(self, totals: Mapping[str, Money], held: Held, settle: Callable[[Money], Progress]) -> Progress:
        """Store the wallets' `totals` of spend, and the progress that `settle` makes of their growth, in one transaction.

        The growth is in USD since the last call; a wallet that is new counts from now on.
        """
        async with self._database.write(held) as connection:
            rows = await connection.execute(
                select(wallet_marks.c.wallet_id, wallet_marks.c.usd, wallet_marks.c.pico).where(
                    wallet_marks.c.ledger_id == self._id
                )
            )
            before = {row.wallet_id: joined(row.usd, row.pico) for row in rows}
            changed = {wallet: total for wallet, total in totals.items() if before.get(wallet) != total}
            if changed:
                marks = [
                    {"ledger_id": self._id, "wallet_id": wallet, **_pair(total)} for wallet, total in changed.items()
                ]
                await self._upsert_marks.run(connection, marks)
            growth = sum((total - before[wallet] for wallet, total in changed.items() if wallet in before), _NOTHING)
            after = settle(growth)
            await self._save(connection, after)
        return after

    async def purge(self, now: datetime, progress: Progress, held: Held) -> Progress:
        """Delete events that are older than `KEPT`, at most an hour of them, and sums that are older than the history."""
        if progress.mark is None or progress.covered_from is None:
            return progress
        until = min(micros(now - KEPT), progress.mark - OVERLAP)
        if progress.purged_before is not None:
            if until - progress.purged_before < _PURGED_EVERY:
                return progress
            until = min(until, progress.purged_before + _PURGED_AT_ONCE)
        if until <= max(progress.covered_from, progress.purged_before or 0):
            return progress
        # Keep the events around the place that a reading of older days has reached: it may read them again.
        protected = progress.covered_from + _PROTECTED if progress.backfill is not None else None
        start = micros(now - self._history)
        unread = tuple(event for event in progress.unread if event.at >= start)
        after = replace(progress, purged_before=until, unread=unread)
        async with self._database.write(held) as connection:
            condition = and_(events.c.ledger_id == self._id, events.c.at < until)
            if protected is not None:
                condition = and_(condition, events.c.at >= protected)
            await connection.execute(delete(events).where(condition))
            oldest = day_number(self.oldest_day(now))
            await connection.execute(delete(sums).where(and_(sums.c.ledger_id == self._id, sums.c.day < oldest)))
            await self._save(connection, after)
        return after

    async def today(self, now: datetime, progress: Progress) -> tuple[SpendToday, ActivityToday]:
        """Return spend and activity of the budget day of `now`, by key and by team."""
        window = BudgetWindow.containing(now, self._zone)
        columns = (
            sums.c.key_id,
            sums.c.team_id,
            func.sum(sums.c.usd).label("usd"),
            func.sum(sums.c.pico).label("pico"),
            func.sum(sums.c.requests).label("requests"),
            func.sum(sums.c.unpriced).label("unpriced"),
            func.sum(sums.c.blocked).label("blocked"),
            func.sum(sums.c.redacted).label("redacted"),
            func.sum(sums.c.escalated).label("escalated"),
            func.max(sums.c.last_at).label("last_at"),
        )
        query = (
            select(*columns)
            .where(and_(sums.c.ledger_id == self._id, sums.c.day == day_number(window.day)))
            .group_by(sums.c.key_id, sums.c.team_id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        # In a thread: with thousands of keys this would block the event loop.
        return await asyncio.to_thread(self._today_of, rows, window, now, progress)

    async def of_keys(
        self,
        key_ids: frozenset[str],
        *,
        teams: frozenset[str],
        whole_teams: frozenset[str] = frozenset(),
        days: Sequence[date],
        previous: Sequence[date],
        earlier: Sequence[date] = (),
        now: datetime,
    ) -> SpendOfKeys:
        """Return spend of keys over `days`, oldest first, with the sums of the `previous` period and of `earlier` days.

        `teams` are those whose events without a key may be these keys'. Of `whole_teams`, which are among them, every event
        of `days` is looked at.
        """
        before = sorted({*previous, *earlier} - {*days})
        async with self._database.read() as connection:

            async def read(columns: Sequence[Any], of_days: Sequence[date], *, having: Any = None) -> list[Any]:
                found: list[Any] = []
                for chunk in _chunks(sorted(key_ids)):
                    query = (
                        select(*columns, *_SUMMED)
                        .where(and_(self._of_days(of_days), sums.c.key_id.in_(chunk)))
                        .group_by(*columns)
                    )
                    found += (await connection.execute(query if having is None else query.having(having))).all()
                return found

            by_key = await read((sums.c.day, sums.c.key_id), days)
            by_model = await read((sums.c.model,), days)
            of_previous = await read((sums.c.key_id,), previous)
            by_day = await read((sums.c.day,), before)
            doubtful = await read((sums.c.day, sums.c.key_id), [*before, *days], having=_DOUBTFUL)
            of_teams = await self._of_teams(connection, teams, whole_teams, days)
            text = await connection.scalar(select(ledgers.c.state).where(ledgers.c.id == self._id))
        progress = decoded(text or "")
        kept_from = self._kept_from(progress, [*by_day, *by_key], oldest=min(*before, *days), today=days[-1])
        looked_at = [day for day in (*before, *days) if day >= min(kept_from, days[0])]
        incomplete = self._incomplete_days(looked_at, progress, now)
        of_key = self._unread_of_keys(progress, key_ids, {*before, *days})
        for row in doubtful:
            if reason := _doubt(row):
                of_key.setdefault(row.key_id, {}).setdefault(day_of(row.day), reason)
        # In a thread: with thousands of keys this would block the event loop.
        return await asyncio.to_thread(
            _spend_of_keys,
            days,
            by_key,
            by_model,
            of_previous,
            by_day,
            of_teams,
            teams - whole_teams,
            incomplete,
            of_key,
            kept_from,
        )

    async def of_day(
        self,
        day: date,
        *,
        key_ids: frozenset[str] | None,
        nameless_of: frozenset[str] = frozenset(),
        now: datetime,
    ) -> LedgerDay:
        """Return the sums of one day by key, team and model: of all keys, or of `key_ids` and what names none in some teams."""
        columns = (sums.c.key_id, sums.c.team_id, sums.c.model)
        that_day = self._of_days([day])
        conditions = [that_day]
        if key_ids is not None:
            conditions = [and_(that_day, sums.c.key_id.in_(chunk)) for chunk in _chunks(sorted(key_ids))]
        if nameless_of:
            conditions.append(and_(that_day, sums.c.key_id == "", sums.c.team_id.in_(sorted(nameless_of))))
        rows: list[Any] = []
        async with self._database.read() as connection:
            for condition in conditions:
                query = select(*columns, *_SUMMED).where(condition).group_by(*columns).order_by(*columns)
                rows += (await connection.execute(query)).all()
            text = await connection.scalar(select(ledgers.c.state).where(ledgers.c.id == self._id))
        progress = decoded(text or "")
        missing = self._incomplete_days([day], progress, now).get(day)
        named = frozenset(row.key_id for row in rows)
        doubted = {key_id for key_id, days in self._unread_of_keys(progress, named, {day}).items() if days}
        of_key: defaultdict[str, Money] = defaultdict(Money.zero)
        for row in rows:
            of_key[row.key_id] += joined(row.usd, row.pico)
            if row.unpriced:
                doubted.add(row.key_id)
        doubted |= {key_id for key_id, spent in of_key.items() if key_id and spent < _NOTHING}
        of_day = tuple(
            LedgerRow(
                row.key_id,
                row.team_id,
                row.model,
                joined(row.usd, row.pico),
                int(row.requests),
                missing is None and row.key_id not in doubted,
            )
            for row in rows
        )
        return LedgerDay(day, of_day, missing)

    def _kept_from(self, progress: Progress, rows: Sequence[Any], *, oldest: date, today: date) -> date:
        """The first day of which anything is known: it was read, or `rows` have a sum of it."""
        covered = instant(progress.covered_from).astimezone(self._zone).date() if progress.covered_from else today
        known = [day_of(min(row.day for row in rows))] if rows else []
        return max(oldest, min(covered, *known, today))

    def _of_days(self, days: Iterable[date]) -> Any:
        return and_(sums.c.ledger_id == self._id, sums.c.day.in_([day_number(day) for day in days]))

    async def _of_teams(
        self, connection: AsyncConnection, teams: frozenset[str], whole_teams: frozenset[str], days: Sequence[date]
    ) -> list[Any]:
        columns = (sums.c.key_id, sums.c.team_id)
        of_days = self._of_days(days)
        found: list[Any] = []
        for ids, nameless in ((whole_teams, False), (teams - whole_teams, True)):
            for chunk in _chunks(sorted(ids)):
                condition = and_(of_days, sums.c.team_id.in_(chunk))
                if nameless:
                    condition = and_(condition, sums.c.key_id == "")
                query = select(*columns, *_SUMMED).where(condition).group_by(*columns)
                found += (await connection.execute(query)).all()
        return found

    def _incomplete_days(self, days: Iterable[date], progress: Progress, now: datetime) -> dict[date, str]:
        """The days of which no sum is whole, each with the reason."""
        at = micros(now)
        reasons = {day: progress.missing(day, self._zone, now=at, lag=self._lag) for day in days}
        return {day: reason for day, reason in reasons.items() if reason is not None}

    def _unread_of_keys(
        self, progress: Progress, key_ids: Collection[str], days: Collection[date]
    ) -> dict[str, dict[date, str]]:
        """The days of single keys of which an event could not be read."""
        found: dict[str, dict[date, str]] = {}
        for event in progress.unread:
            day = BudgetWindow.containing(instant(event.at), self._zone).day
            if event.key_id and event.key_id in key_ids and day in days:
                found.setdefault(event.key_id, {})[day] = f"an event could not be read ({event.reason})"
        return found

    def changed_days(self) -> frozenset[date]:
        """Return the days of which this process has counted events since the last call."""
        changed, self._changed = frozenset(self._changed), set()
        return changed

    def oldest_day(self, now: datetime) -> date:
        """Return the oldest day whose sums are kept at `now`."""
        return (now - self._history).astimezone(self._zone).date()

    async def sums_of(self, days: Sequence[date]) -> Sequence[Any]:
        """Return the sums of some days: rows of day number, key, team, `usd`, `pico`, and how many requests have no price."""
        columns = (sums.c.day, sums.c.key_id, sums.c.team_id)
        query = (
            select(*columns, func.sum(sums.c.usd), func.sum(sums.c.pico), func.sum(sums.c.unpriced))
            .where(and_(sums.c.ledger_id == self._id, sums.c.day.in_([day_number(day) for day in days])))
            .group_by(*columns)
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).all()

    async def models_of(self, key_ids: Sequence[str], days: Sequence[date]) -> list[tuple[date, str, str, Money]]:
        """Return what some keys have spent by model on some days: day, key, model ('' for none) and amount."""
        columns = (sums.c.day, sums.c.key_id, sums.c.model)
        of_days = and_(sums.c.ledger_id == self._id, sums.c.day.in_([day_number(day) for day in days]))
        query = (
            select(*columns, func.sum(sums.c.usd), func.sum(sums.c.pico))
            .where(and_(of_days, sums.c.key_id.in_(key_ids)))
            .group_by(*columns)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [(day_of(day), key_id, model, joined(usd, pico)) for day, key_id, model, usd, pico in rows]

    async def history(
        self, *, key_ids: frozenset[str], team_id: str | None, days: int, now: datetime, earlier: int = 0
    ) -> SpendHistory:
        """Return spend of keys over the last `days` budget days with today, and what events of their team without a key cost.

        Of `earlier` more days before them there are those of which anything was read and is still kept: see `kept_from`.
        """
        today = BudgetWindow.containing(now, self._zone).day
        first = today - timedelta(days=days - 1)
        oldest = max(first - timedelta(days=earlier), min(self.oldest_day(now), first))
        wanted = [today - timedelta(days=ago) for ago in range((today - oldest).days + 1)]
        columns = (
            sums.c.day,
            sums.c.key_id,
            sums.c.model,
            func.sum(sums.c.usd).label("usd"),
            func.sum(sums.c.pico).label("pico"),
            func.sum(sums.c.requests).label("requests"),
            func.sum(sums.c.unpriced).label("unpriced"),
        )
        of_days = and_(sums.c.ledger_id == self._id, sums.c.day.in_([day_number(day) for day in wanted]))
        grouping = (sums.c.day, sums.c.key_id, sums.c.model)
        async with self._database.read() as connection:
            of_keys = and_(of_days, sums.c.key_id.in_(sorted(key_ids)))
            rows = list((await connection.execute(select(*columns).where(of_keys).group_by(*grouping))).all())
            nameless = []
            if team_id is not None:
                of_team = and_(of_days, sums.c.key_id == "", sums.c.team_id == team_id)
                nameless = list((await connection.execute(select(*columns).where(of_team).group_by(*grouping))).all())
            text = await connection.scalar(select(ledgers.c.state).where(ledgers.c.id == self._id))
        progress = decoded(text or "")
        at = micros(now)
        # Looking into each of 400 days takes longer than to read their sums.
        kept_from = self._kept_from(progress, [*rows, *nameless], oldest=oldest, today=today)
        missing = {
            day: reason
            for day in wanted
            if day >= min(kept_from, first)
            if (reason := progress.missing(day, self._zone, now=at, lag=self._lag, key_ids=key_ids)) is not None
        }
        by_key: defaultdict[tuple[int, str], Money] = defaultdict(Money.zero)
        for row in rows:
            by_key[row.day, row.key_id] += joined(row.usd, row.pico)
            if row.unpriced:
                missing.setdefault(day_of(row.day), _unpriced(int(row.unpriced)))
        for (day, _), amount in by_key.items():
            if amount < _NOTHING:
                missing.setdefault(day_of(day), _OVERCORRECTED)
        return SpendHistory(_tally(rows), _tally(nameless), missing, kept_from)

    async def of_organisation(self, *, days: int, now: datetime) -> OrganisationSpend:
        """Return what every key of every team has spent over the last `days` budget days with today."""
        today = BudgetWindow.containing(now, self._zone).day
        wanted = [today - timedelta(days=ago) for ago in range(days)]
        of_days = self._of_days(wanted)
        keys, days_of_keys = (sums.c.key_id, sums.c.team_id), (sums.c.day, sums.c.key_id)
        by_key = select(*keys, *_SUMMED).where(of_days).group_by(*keys)
        # The few days of a key whose sums are not what was spent, instead of a row for each day of each key.
        doubtful = select(*days_of_keys, *_SUMMED).where(of_days).group_by(*days_of_keys).having(_DOUBTFUL)
        async with self._database.read() as connection:
            rows = (await connection.execute(by_key)).all()
            doubts = (await connection.execute(doubtful)).all()
            text = await connection.scalar(select(ledgers.c.state).where(ledgers.c.id == self._id))
        progress = decoded(text or "")
        at = micros(now)
        # Each event that could not be read is of the organisation, of whichever key it is.
        key_ids = frozenset(event.key_id for event in progress.unread)
        missing = {
            day: reason
            for day in wanted
            if (reason := progress.missing(day, self._zone, now=at, lag=self._lag, key_ids=key_ids)) is not None
        }
        counts: defaultdict[int, int] = defaultdict(int)
        for row in doubts:
            counts[row.day] += int(row.unpriced)
            if row.key_id and joined(row.usd, row.pico) < _NOTHING:
                missing.setdefault(day_of(row.day), _OVERCORRECTED)
        for day, count in counts.items():
            if count:
                missing.setdefault(day_of(day), _unpriced(count))
        # In a thread: with thousands of keys this would block the event loop.
        spent = await asyncio.to_thread(_key_spend, rows)
        return OrganisationSpend(spent, missing)

    def _today_of(
        self, rows: Iterable[Any], window: BudgetWindow, now: datetime, progress: Progress
    ) -> tuple[SpendToday, ActivityToday]:
        by_key: dict[str, Money] = {}
        of_team: dict[str, Money] = {}
        activity: dict[str, Activity] = {}
        team_activity: dict[str, Activity] = {}
        missing_of_key: dict[str, str] = {}
        for row in rows:
            amount = joined(row.usd, row.pico)
            counts = Activity(
                requests=int(row.requests),
                blocked=int(row.blocked),
                redacted=int(row.redacted),
                escalated=int(row.escalated),
                last_request_at=instant(row.last_at) if row.last_at is not None else None,
            )
            key_id, team_id, unpriced = row.key_id, row.team_id, int(row.unpriced)
            if key_id:
                by_key[key_id] = by_key.get(key_id, _NOTHING) + amount
                activity[key_id] = activity[key_id].plus(counts) if key_id in activity else counts
                if unpriced:
                    missing_of_key[key_id] = _unpriced(unpriced)
            elif team_id:
                of_team[team_id] = amount
            if team_id:
                before = team_activity.get(team_id)
                team_activity[team_id] = counts if before is None else before.plus(counts)
        start = micros(window.start)
        for event in progress.unread:
            if event.key_id and event.at >= start:
                missing_of_key[event.key_id] = f"an event could not be read ({event.reason})"
        missing = progress.missing(window.day, self._zone, now=micros(now), lag=self._lag)
        for key_id, amount in by_key.items():
            if amount < _NOTHING:
                missing_of_key[key_id] = _OVERCORRECTED
        spend = SpendToday(
            window.day,
            by_key,
            of_team,
            missing,
            missing_of_key,
            catching_up=not progress.caught_up,
            read_share=progress.share(micros(now), start),
        )
        return spend, ActivityToday(window.start, activity, team_activity, complete=missing is None)

    async def _known(self, connection: AsyncConnection, ids: Sequence[bytes]) -> dict[bytes, tuple[Money | None]]:
        found: dict[bytes, tuple[Money | None]] = {}
        for start in range(0, len(ids), _IDS_AT_ONCE):
            part = ids[start : start + _IDS_AT_ONCE]
            # The statement has a fixed number of parameters: repeat the last id in those that are left.
            values = {f"id_{place}": part[min(place, len(part) - 1)] for place in range(_IDS_AT_ONCE)}
            for row in await self._find.run_once(connection, {"ledger": self._id, **values}):
                found[bytes(row.id)] = (None if row.usd is None else joined(row.usd, row.pico),)
        return found

    def _changes(
        self, batch: Mapping[bytes, SpendEvent], known: Mapping[bytes, tuple[Money | None]]
    ) -> tuple[dict[_SumKey, _Sum], list[dict[str, object]], list[dict[str, object]], list[tuple[int, Money]]]:
        """Return the sums to add, the rows to insert, those with a new price, and each cost with the time of its event."""
        changes: defaultdict[_SumKey, _Sum] = defaultdict(_Sum)
        rows: list[dict[str, object]] = []
        repriced: list[dict[str, object]] = []
        costs: list[tuple[int, Money]] = []
        for event in batch.values():
            cost = _NOTHING if event.cost is None and event.verdict in UNPAID_VERDICTS else event.cost
            key = (self._day(event.at), event.key_id, event.team_id, event.model)
            if event.id in known:
                (before,) = known[event.id]
                if cost is None or cost == before:
                    continue
                change = changes[key]
                change.amount += cost - (before or _NOTHING)
                change.unpriced -= before is None
                costs.append((event.at, cost - (before or _NOTHING)))
                repriced.append({"row_ledger": self._id, "row_id": event.id, **_pair(cost)})
                continue
            change = changes[key]
            if cost is None:
                change.unpriced += 1
            else:
                change.amount += cost
                costs.append((event.at, cost))
            if event.is_request:
                change.requests += 1
                change.blocked += event.verdict == _BLOCK
                change.redacted += event.verdict == _REDACT
                change.escalated += event.verdict == _ESCALATE
                change.last_at = event.at if change.last_at is None else max(change.last_at, event.at)
            usd_pico = {"usd": None, "pico": None} if cost is None else _pair(cost)
            rows.append({"ledger_id": self._id, "id": event.id, "at": event.at, **usd_pico})
        return changes, rows, repriced, costs

    async def _add(self, connection: AsyncConnection, changes: Mapping[_SumKey, _Sum]) -> None:
        rows = [
            {
                "ledger_id": self._id,
                "day": day,
                "key_id": key_id,
                "team_id": team_id,
                "model": model,
                **_pair(change.amount),
                "requests": change.requests,
                "unpriced": change.unpriced,
                "blocked": change.blocked,
                "redacted": change.redacted,
                "escalated": change.escalated,
                "last_at": change.last_at,
            }
            for (day, key_id, team_id, model), change in changes.items()
        ]
        await self._add_sums.run(connection, rows)

    def _adding(self) -> Executable:
        """An insert of sums that adds to those that are there."""
        statement = self._database.upsert(sums)
        excluded = statement.excluded
        usd, pico = added(sums.c.usd, sums.c.pico, excluded.usd, excluded.pico)
        counted = ("requests", "unpriced", "blocked", "redacted", "escalated")
        counts = {name: sums.c[name] + excluded[name] for name in counted}
        newer = func.coalesce(excluded.last_at, 0) > func.coalesce(sums.c.last_at, 0)
        last_at = case((newer, excluded.last_at), else_=sums.c.last_at)
        return statement.on_conflict_do_update(
            index_elements=["ledger_id", "day", "key_id", "team_id", "model"],
            set_={"usd": usd, "pico": pico, "last_at": last_at, **counts},
        )

    def _marking(self) -> Executable:
        """An insert of wallets' totals that replaces those that are there."""
        statement = self._database.upsert(wallet_marks)
        return statement.on_conflict_do_update(
            index_elements=["ledger_id", "wallet_id"],
            set_={"usd": statement.excluded.usd, "pico": statement.excluded.pico},
        )

    async def _save(self, connection: AsyncConnection, progress: Progress) -> None:
        await connection.execute(update(ledgers).where(ledgers.c.id == self._id).values(state=encoded(progress)))

    def _day(self, at: int) -> int:
        for start, end, number in self._windows:
            if start <= at < end:
                return number
        window = BudgetWindow.containing(instant(at), self._zone)
        number = day_number(window.day)
        # Few days are written at a time: today, and the one that a reading of older days has reached.
        self._windows = [(micros(window.start), micros(window.end), number), *self._windows[:3]]
        return number


_SUMMED = (
    func.sum(sums.c.usd).label("usd"),
    func.sum(sums.c.pico).label("pico"),
    func.sum(sums.c.requests).label("requests"),
    func.sum(sums.c.unpriced).label("unpriced"),
)

_DOUBTFUL = or_(func.sum(sums.c.unpriced) > 0, func.sum(sums.c.usd) < 0, func.sum(sums.c.pico) < 0)

_KEYS_AT_ONCE = 5_000
"""Ids in one query: SQLite takes 32,766 parameters at the most."""

_FOUND = select(events.c.id, events.c.usd, events.c.pico).where(
    and_(
        events.c.ledger_id == bindparam("ledger"),
        events.c.id.in_([bindparam(f"id_{place}") for place in range(_IDS_AT_ONCE)]),
    )
)

_REPRICED = (
    update(events)
    .where(and_(events.c.ledger_id == bindparam("row_ledger"), events.c.id == bindparam("row_id")))
    .values(usd=bindparam("usd"), pico=bindparam("pico"))
)


def _pair(amount: Money) -> dict[str, int]:
    usd, pico = split(amount)
    return {"usd": usd, "pico": pico}


def _unpriced(count: int) -> str:
    return f"{count} requests have no price yet" if count > 1 else "one request has no price yet"


def _chunks(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + _KEYS_AT_ONCE] for start in range(0, len(ids), _KEYS_AT_ONCE)]


def _doubt(row: Any) -> str | None:
    """Why the sum of a key's day is not what was spent; None where it is."""
    if row.unpriced:
        return _unpriced(int(row.unpriced))
    return _OVERCORRECTED if joined(row.usd, row.pico) < _NOTHING else None


def _spend_of_keys(
    period: Sequence[date],
    by_key: Iterable[Any],
    by_model: Iterable[Any],
    of_previous: Iterable[Any],
    by_day: Iterable[Any],
    of_teams: Iterable[Any],
    nameless_only: Collection[str],
    incomplete: Mapping[date, str],
    of_key: Mapping[str, Mapping[date, str]],
    kept_from: date,
) -> SpendOfKeys:
    places = {day_number(day): place for place, day in enumerate(period)}
    amounts: dict[str, list[int]] = {}
    requests: defaultdict[str, int] = defaultdict(int)
    for row in by_key:
        of_days = amounts.get(row.key_id)
        if of_days is None:
            of_days = amounts[row.key_id] = [0] * len(period)
        of_days[places[row.day]] = int(row.usd) * PICO + int(row.pico)
        requests[row.key_id] += int(row.requests)
    together = (sum(of_one) for of_one in zip(*amounts.values(), strict=True))
    days: defaultdict[date, Money] = defaultdict(Money.zero)
    days |= {day: joined(0, amount) for day, amount in zip(period, together, strict=False)}
    for row in by_day:
        days[day_of(row.day)] += joined(row.usd, row.pico)
    models: dict[str | None, ModelSpend] = {}
    for row in by_model:
        before = models.get(row.model or None, ModelSpend(_NOTHING, 0))
        spent = before.spent + joined(row.usd, row.pico)
        models[row.model or None] = ModelSpend(spent, before.requests + int(row.requests))
    teams: defaultdict[str, Money] = defaultdict(Money.zero)
    nameless: dict[str, Money] = {}
    for row in of_teams:
        spent = joined(row.usd, row.pico)
        if row.team_id not in nameless_only:
            teams[row.key_id] += spent
        if not row.key_id:
            nameless[row.team_id] = spent
    return SpendOfKeys(
        by_key={key_id: KeyDays(tuple(of_days), requests[key_id]) for key_id, of_days in amounts.items()},
        by_model=models,
        previous={row.key_id: joined(row.usd, row.pico) for row in of_previous},
        by_day=dict(days),
        of_teams=dict(teams),
        nameless=nameless,
        incomplete_days=incomplete,
        incomplete_of_key=of_key,
        kept_from=kept_from,
    )


def _tally(rows: Iterable[Any]) -> SpendTally:
    by_day: dict[date, dict[str | None, ModelSpend]] = {}
    for row in rows:
        models, model = by_day.setdefault(day_of(row.day), {}), row.model or None
        spend = ModelSpend(joined(row.usd, row.pico), int(row.requests))
        known = models.get(model)
        models[model] = spend if known is None else known.plus(spend)
    return SpendTally(by_day)


def _key_spend(rows: Iterable[Any]) -> tuple[KeySpend, ...]:
    return tuple(KeySpend(row.key_id, row.team_id, joined(row.usd, row.pico), int(row.requests)) for row in rows)
