"""Read an organisation once for all replicas: the leader asks Keeptrusts, the followers load what it has published.

The leader holds a lease in the database. It lists teams, keys, configurations and wallets, adds when the old keys of
rotations are to be revoked, reads the feed of events into the ledger, and publishes the snapshot; when it stops, another
process continues from the stored progress. A follower never asks Keeptrusts for any of this: it loads the newest snapshot,
and asks the leader to read when a caller insists.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from sqlalchemy import and_, select, update

from bff.keeptrusts.client import MOST_REJECTED_KEPT, KeeptrustsClient
from bff.keeptrusts.directory import Directory, Listed, cause_of
from bff.keeptrusts.errors import KeeptrustsError, UpstreamUnavailableError
from bff.keeptrusts.events import EventFeed
from bff.keeptrusts.facts import (
    Cause,
    Facts,
    GatewayKey,
    LedgerDay,
    OrganisationSpend,
    Reading,
    SpendHistory,
    SpendOfKeys,
    Wallet,
)
from bff.ledger.checksum import Balance
from bff.ledger.feed import Feed, Turn
from bff.ledger.progress import Progress, instant, micros
from bff.ledger.recent import RecentDays
from bff.ledger.sums import Ledger
from bff.status.snapshot_store import Look, ReadFacts, SnapshotStore, UnreadableSnapshotError
from bff.status.unusual import stands_out
from bff.store.database import Database, LeaseLostError, StoreError
from bff.store.lease import Held, Leases
from bff.store.tables import PENDING_ACT, acts, ledgers, organisations
from bff.telemetry.logs import logger
from bff.values import USD, Money

log = logger("organisation")

FIRST_READING_SECONDS = 0.3
"""Seconds for which the feed is read before teams and keys are published for the first time."""

READING_SECONDS = 2.0
"""Seconds for which the feed is read at a time while there is more; what was read is published in between."""

FOLLOWER_WAITS = 5.0
"""Seconds for which a follower waits for the leader when a caller insists, or when there is nothing to show."""

LEAST_SECONDS_BETWEEN_LISTS = 5.0
"""The least time between two listings of Keeptrusts, also for callers that insist and after a short failure."""

LONGEST_LEASE = 20.0
LEAST_LEASE = 1.5


_OF_A_TOKEN = "token:"  # noqa: S105 - what a ledger's name begins with where the organisation's id is not known


class FactsUnreadableError(Exception):
    """The facts could not be read, although Keeptrusts may be well. The message says why, in one sentence."""


class Role(StrEnum):
    """What a process does for the others that share its database."""

    LEADING = "leading"
    """Reads Keeptrusts for all of them."""
    FOLLOWING = "following"
    """Loads what another process has read."""
    ALONE = "alone"
    """Cannot use the database: shows what was last read, and reads nothing."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How often Keeptrusts is read, and how long its data is kept."""

    refresh: timedelta
    stale_limit: timedelta
    history: timedelta
    backfill: timedelta


class OrganisationReader:
    """Reads the facts of the organisation that the token of `client` belongs to, in budget days of `zone`.

    `identity` is a hash of the token and the address; `holder` names this process among all that share the database.
    `background` is True when `rest` is called between readings; otherwise `read` does all that is due.
    """

    def __init__(
        self,
        client: KeeptrustsClient,
        database: Database,
        *,
        zone: ZoneInfo,
        timing: Timing,
        identity: str,
        holder: str,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        changed: Callable[[Role], None] = lambda _role: None,
        background: bool = True,
    ) -> None:
        refresh = timing.refresh.total_seconds()
        self._client = client
        self._database = database
        self._zone = zone
        self._timing = timing
        self._refresh = refresh
        self._identity = identity
        self._leases = Leases(database, holder=holder, ttl=min(max(refresh * 0.75, LEAST_LEASE), LONGEST_LEASE))
        self._pause = min(max(refresh / 10, 0.05), 1.0)
        self._clock = clock
        self._monotonic = monotonic
        self._changed = changed
        self._background = background
        self._directory = Directory(client, stale_limit=timing.stale_limit)
        self._turn = asyncio.Lock()
        self._preparing = asyncio.Lock()
        self._renewed_at = 0.0
        self._organisation_id = ""
        self._ledger_id: int | None = None
        self._ledger: Ledger | None = None
        self._feed: Feed | None = None
        self._recent: RecentDays | None = None
        self._snapshots: SnapshotStore | None = None
        self._listed: Listed | None = None
        self._listed_at: float | None = None
        self._known = 0
        self._published = False
        self._wanted = 0
        self._asked = False
        self._leading: tuple[Held, Held | None] | None = None
        self.organisation_name = ""
        """What Keeptrusts calls the organisation; empty where this process could not ask."""
        self.role: Role | None = None
        self.progress: Progress | None = None
        """How far the feed was read, where this process leads."""
        self.trouble: str | None = None
        """What is wrong with reading late events or older days, in one sentence; today is not concerned."""
        self.database_trouble: str | None = None

    async def read(self, now: datetime, *, insist: bool = False) -> ReadFacts | None:
        """Read the facts as of `now`. Return None when there is nothing newer than what was read before.

        With `insist` Keeptrusts is asked again. Raises `FactsUnreadableError`.
        """
        try:
            async with self._turn:
                return await self._read(now, insist=insist)
        except StoreError as error:
            self._is(Role.ALONE, str(error))
            raise FactsUnreadableError(f"The database cannot be used: {error}.") from None

    async def rest(self, seconds: float) -> None:
        """Wait until the next reading is due, at most `seconds`; meanwhile read late events and older days where we lead."""
        until = _loop_time() + seconds
        while (left := until - _loop_time()) > 0:
            try:
                async with self._turn:
                    if await self._news():
                        return
            except StoreError as error:
                self._is(Role.ALONE, str(error))
            await asyncio.sleep(min(self._pause, left))

    async def history(
        self, *, key_ids: frozenset[str], team_id: str | None, days: int, now: datetime, earlier: int = 0
    ) -> SpendHistory:
        """Spend of the keys over the last `days` budget days, the running one included, and over `earlier` more before them.

        Raises `FactsUnreadableError`.
        """
        try:
            ledger, _, _ = await self._prepared(now)
            return await ledger.history(key_ids=key_ids, team_id=team_id, days=days, now=now, earlier=earlier)
        except (StoreError, ValueError) as error:
            raise FactsUnreadableError(f"The database cannot be used: {error}.") from None

    async def spend_of_organisation(self, *, days: int, now: datetime) -> OrganisationSpend:
        """Spend of every key over the last `days` budget days, the running one included. Raises `FactsUnreadableError`."""
        try:
            ledger, _, _ = await self._prepared(now)
            return await ledger.of_organisation(days=days, now=now)
        except (StoreError, ValueError) as error:
            raise FactsUnreadableError(f"The database cannot be used: {error}.") from None

    async def spend_of_keys(
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
        """Spend of many keys, as `Ledger.of_keys` has it. Raises `FactsUnreadableError`."""
        try:
            ledger, _, _ = await self._prepared(now)
            return await ledger.of_keys(
                key_ids,
                teams=teams,
                whole_teams=whole_teams,
                days=days,
                previous=previous,
                earlier=earlier,
                now=now,
            )
        except (StoreError, ValueError) as error:
            raise FactsUnreadableError(f"The database cannot be used: {error}.") from None

    async def spend_of_day(
        self, day: date, *, key_ids: frozenset[str] | None, nameless_of: frozenset[str] = frozenset(), now: datetime
    ) -> LedgerDay:
        """The sums of one day, as `Ledger.of_day` has them. Raises `FactsUnreadableError`."""
        try:
            ledger, _, _ = await self._prepared(now)
            return await ledger.of_day(day, key_ids=key_ids, nameless_of=nameless_of, now=now)
        except (StoreError, ValueError) as error:
            raise FactsUnreadableError(f"The database cannot be used: {error}.") from None

    @property
    def organisation_id(self) -> str:
        """The organisation's own id; empty before it was read, and where Keeptrusts does not say it."""
        return "" if self._organisation_id.startswith(_OF_A_TOKEN) else self._organisation_id

    @property
    def stored_as(self) -> str | None:
        """The name under which what belongs to the organisation is stored; None before it is known."""
        return self._organisation_id or None

    def difference(self) -> float:
        """What the wallets have paid beyond what the events add up to, in USD, where this process leads; else 0."""
        return float(self.progress.checksum.difference.amount) if self.progress is not None else 0.0

    def backlog(self) -> float:
        """Seconds up to now whose events have not been read, where this process leads; -1 elsewhere and before the first."""
        unread = self.progress.backlog(micros(self._clock())) if self.progress is not None else None
        return -1.0 if unread is None else unread / 1_000_000

    def database_up(self) -> bool:
        """Whether the database could be used at the last reading; False before the first."""
        return self.role is not None and self.database_trouble is None

    def is_short(self) -> bool:
        """Whether the wallets say that events are missing, where this process leads; else False."""
        return self.progress is not None and self.progress.checksum.balance is Balance.SHORT

    async def aclose(self) -> None:
        """Give the leases back, so that another process takes over at once."""
        if self._leading is None:
            return
        for held in filter(None, self._leading):
            with contextlib.suppress(StoreError):
                await self._leases.release(held)
        self._leading = None

    # --- leading and following ---

    async def _read(self, now: datetime, *, insist: bool) -> ReadFacts | None:
        try:
            _, _, snapshots = await self._prepared(now)
        except KeeptrustsError as error:
            # Whose facts these are is not known, so nothing that is stored may be shown.
            return ReadFacts(_unread(error), max(now, self._clock()))
        if self._leading is not None or (await snapshots.look()).leaderless:
            held = await self._leases.acquire(snapshots.lease)
            if held is not None:
                if self._listed is None and not self._known:
                    await self._load(snapshots)
                return await self._lead(now, held, insist=insist)
        return await self._follow(now, snapshots, insist=insist)

    async def _lead(self, now: datetime, held: Held, *, insist: bool) -> ReadFacts | None:
        ledger, feed, snapshots = await self._prepared(now)
        try:
            async with self._kept(held):
                totals = None
                if self._lists_due(insist=insist):
                    self._wanted, self._asked = await self._leases.wanted(snapshots.lease), False
                    self._listed = await self._directory.read(now)
                    self._listed_at = self._monotonic()
                    totals = _totals(self._listed.wallets)
                listed = self._listed
                assert listed is not None  # noqa: S101 - the lists are due where there are none
                writing = await self._leases.acquire(f"ledger:{self._ledger_id}")
                recent = self._recent
                assert recent is not None  # noqa: S101 - prepared with the ledger
                if self._leading is None or None in {writing, self._leading[1]}:
                    # Another process has counted events meanwhile, or does so now.
                    recent.forget()
                self._leading = (held, writing)
                turn = await self._read_feed(now, ledger, feed, writing, totals)
                facts = await self._facts(now, ledger, recent, listed, turn)
                read = ReadFacts(facts, max(now, self._clock()))
                self._known = await snapshots.publish(read, held)
        except LeaseLostError:
            # This process paused past its lease. Follow the one that took over; if there is none, read again.
            self._leading = None
            self._is(Role.FOLLOWING)
            return await self._follow(now, snapshots, insist=False)
        self._published = True
        self._is(Role.LEADING)
        if not self._background:
            await self._further(now, writing, usable=_totals(listed.wallets) is not None)
        return read

    async def _read_feed(
        self, now: datetime, ledger: Ledger, feed: Feed, writing: Held | None, totals: Mapping[str, Money] | None
    ) -> Turn:
        if writing is None:
            # A process of another release holds the ledger's lease, and counts the events for both.
            return Turn(await ledger.progress())
        seconds = READING_SECONDS if self._published else FIRST_READING_SECONDS
        async with self._kept(writing):
            return await feed.turn(now, writing, totals=totals, read_totals=self._totals_again, seconds=seconds)

    async def _totals_again(self) -> Mapping[str, Money] | None:
        return _totals(await self._directory.read_wallets(self._clock()))

    async def _facts(self, now: datetime, ledger: Ledger, recent: RecentDays, listed: Listed, turn: Turn) -> Facts:
        self.progress = turn.progress
        # Side by side: with a slow database each wait of its own brings the end of the lease nearer.
        (spend, activity), revocations = await asyncio.gather(ledger.today(now, turn.progress), self._revocations())
        seconds = READING_SECONDS if self._published else FIRST_READING_SECONDS
        days = await recent.read(now, turn.progress, spend, seconds=seconds)
        return Facts(
            teams=listed.teams,
            keys=_with_revocations(listed.keys, revocations),
            configurations=listed.configurations,
            wallets=listed.wallets,
            spend=_with_rejected(self._reading(spend, turn, now), turn.progress),
            activity=self._reading(activity, turn, now),
            days=self._reading(days, turn, now),
        )

    async def _revocations(self) -> Mapping[str, datetime]:
        """When the old keys of rotations are to be revoked, by the id of the key."""
        # Of the acts that have not ended, those alone are due at a time.
        due = and_(
            acts.c.organisation == self._organisation_id, acts.c.state == PENDING_ACT, acts.c.due_at.is_not(None)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(select(acts.c.previous, acts.c.due_at).where(due))).all()
        return {row.previous: instant(row.due_at) for row in rows}

    def _reading(self, value: Any, turn: Turn, now: datetime) -> Reading[Any]:
        if turn.failure is None:
            return Reading(value, now)
        cause, detail = cause_of(turn.failure), turn.failure.reason
        read_at = instant(turn.progress.read_at) if turn.progress.read_at is not None else None
        # A denial replaces older values: they must not hide it.
        if cause is Cause.DENIED or read_at is None or now - read_at > self._timing.stale_limit:
            return Reading(None, cause=cause, detail=detail)
        return Reading(value, read_at, cause, detail=detail)

    async def _follow(self, now: datetime, snapshots: SnapshotStore, *, insist: bool) -> ReadFacts | None:
        self._leading, self.progress = None, None
        if insist:
            await self._leases.want(snapshots.lease)
        until = _loop_time() + (FOLLOWER_WAITS if insist or not self._known else 0.0)
        while True:
            seen = await snapshots.look()
            if seen.version not in {0, self._known}:
                taken = await self._take(snapshots)
                if taken is not None:
                    return taken
            if _loop_time() >= until:
                break
            if seen.leaderless:
                held = await self._leases.acquire(snapshots.lease)
                if held is not None:
                    return await self._lead(now, held, insist=insist)
            await asyncio.sleep(self._pause)
        if not self._known:
            raise FactsUnreadableError("Another process reads Keeptrusts, and has not published anything yet.")
        if seen.age > 3 * self._refresh + FOLLOWER_WAITS:
            # The leader holds its lease and cannot publish, or the database is too slow for any process to lead.
            reason = f"no process has published what it reads of Keeptrusts for {seen.age:.0f} s"
            self._is(Role.FOLLOWING, reason)
            raise FactsUnreadableError(f"{reason[0].upper()}{reason[1:]}.")
        self._is(Role.FOLLOWING)
        return None

    async def _load(self, snapshots: SnapshotStore) -> tuple[ReadFacts, Look] | None:
        """The newest snapshot, from which the lists go on: where Keeptrusts cannot be reached, they stay as they were."""
        try:
            loaded = await snapshots.load()
        except UnreadableSnapshotError as error:
            log.warning("snapshot cannot be used", reason=str(error))
            return None
        if loaded is not None:
            facts = loaded[0].facts
            self._directory.adopt(Listed(facts.teams, facts.keys, facts.configurations, facts.wallets))
        return loaded

    async def _take(self, snapshots: SnapshotStore) -> ReadFacts | None:
        loaded = await self._load(snapshots)
        if loaded is None:
            return None
        read, seen = loaded
        self._known, self._published = seen.version, True
        self._is(Role.FOLLOWING)
        return read

    async def _news(self) -> bool:
        """Whether to read now rather than when it is due: something was found, asked for, published, or no process leads."""
        if self._snapshots is None:
            return False
        if self._leading is None:
            seen = await self._snapshots.look()
            return seen.leaderless or seen.version not in {0, self._known}
        held, writing = self._leading
        if _loop_time() - self._renewed_at >= held.ttl / 3:
            self._renewed_at = _loop_time()
            renewed = [await self._leases.renew(each) for each in self._leading if each is not None]
            if not all(renewed):
                self._leading = None
                return True
        usable = self._listed is not None and _totals(self._listed.wallets) is not None
        if await self._further(self._clock(), writing, usable=usable):
            return True
        if self._since_listed() < LEAST_SECONDS_BETWEEN_LISTS:
            return False
        self._asked = await self._leases.wanted(self._snapshots.lease) != self._wanted
        return self._asked

    async def _further(self, now: datetime, writing: Held | None, *, usable: bool) -> bool:
        """Read late events and older days as far as is due; whether that changes what is shown of today."""
        if writing is None or self._feed is None:
            return False
        try:
            async with self._kept(writing):
                turn = await self._feed.further(now, writing, usable=usable)
        except LeaseLostError:
            self._leading = None
            return True
        self.progress = turn.progress
        self.trouble = None if turn.failure is None else f"older events could not be read: {turn.failure.reason}"
        return turn.found

    def _lists_due(self, *, insist: bool) -> bool:
        if self._listed is None or insist or self._asked:
            return True
        parts = (self._listed.teams, self._listed.keys, self._listed.configurations, self._listed.wallets)
        failed = any(part.cause is Cause.UNAVAILABLE for part in parts)
        due = min(self._refresh, LEAST_SECONDS_BETWEEN_LISTS) if failed else self._refresh
        return self._since_listed() >= due * 0.95

    def _since_listed(self) -> float:
        return float("inf") if self._listed_at is None else self._monotonic() - self._listed_at

    # --- what is read, and for whom ---

    async def _prepared(self, now: datetime) -> tuple[Ledger, Feed, SnapshotStore]:
        """The ledger of this organisation, in tables of this release's form. Raises `StoreError` and `KeeptrustsError`."""
        async with self._preparing:
            if self._ledger is None or self._feed is None or self._snapshots is None:
                if done := await self._database.migrate():
                    log.info(done)
                self._organisation_id = await self._organisation()
                self._ledger_id = ledger_id = await self._ledger_of(self._organisation_id, now)
                lag = max(3 * self._timing.refresh, timedelta(minutes=5))
                self._ledger = Ledger(self._database, ledger_id, self._zone, history=self._timing.history, lag=lag)
                self._feed = Feed(
                    EventFeed(self._client),
                    self._ledger,
                    zone=self._zone,
                    backfill=self._timing.backfill,
                    monotonic=self._monotonic,
                )
                self._recent = RecentDays(
                    self._ledger, self._zone, lag=lag, monotonic=self._monotonic, stands_out=stands_out
                )
                self._snapshots = SnapshotStore(self._database, ledger_id)
            return self._ledger, self._feed, self._snapshots

    async def _organisation(self) -> str:
        """The organisation's own id. Raises `KeeptrustsError` while it cannot be asked for and was never known."""
        known = select(organisations.c.organisation).where(organisations.c.identity == self._identity)
        try:
            known_as = (await self._client.whoami()).organization
            organisation, self.organisation_name = known_as.id, known_as.name
        except UpstreamUnavailableError:
            async with self._database.read() as connection:
                found = await connection.scalar(known)
            if found is None:
                raise
            return str(found)
        except KeeptrustsError as error:
            # Without an id, each token has a ledger of its own, so that no organisation sees another's.
            log.warning("organisation is not known by its id", reason=error.reason)
            return f"{_OF_A_TOKEN}{self._identity}"
        statement = self._database.upsert(organisations).values(identity=self._identity, organisation=organisation)
        async with self._database.write() as connection:
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["identity"], set_={"organisation": statement.excluded.organisation}
                )
            )
        return organisation

    async def _ledger_of(self, organisation: str, now: datetime) -> int:
        """The id of the organisation's ledger in this zone: another zone has other days, and so a ledger of its own."""
        mine = and_(ledgers.c.organisation == organisation, ledgers.c.zone == self._zone.key)
        row = {"organisation": organisation, "zone": self._zone.key, "created_at": micros(now), "used_at": micros(now)}
        async with self._database.write() as connection:
            before = (
                await connection.execute(select(ledgers.c.zone).where(ledgers.c.organisation == organisation))
            ).all()
            statement = self._database.upsert(ledgers).values(**row)
            await connection.execute(statement.on_conflict_do_nothing(index_elements=["organisation", "zone"]))
            await connection.execute(update(ledgers).where(mine).values(used_at=micros(now)))
            ledger_id = await connection.scalar(select(ledgers.c.id).where(mine))
        zones = sorted({str(each.zone) for each in before})
        if zones and self._zone.key not in zones:
            log.warning("sums are made again for another time zone", zone=self._zone.key, before=", ".join(zones))
        return int(ledger_id or 0)

    @contextlib.asynccontextmanager
    async def _kept(self, held: Held) -> AsyncIterator[None]:
        """Renew the lease while the body waits for Keeptrusts."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(held.ttl / 3)
                # The next write checks the lease, and so reports what goes wrong here.
                with contextlib.suppress(StoreError):
                    await self._leases.renew(held)

        renewing = asyncio.ensure_future(renew())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    def _is(self, role: Role, reason: str | None = None) -> None:
        self.database_trouble = reason
        if role is self.role:
            return
        if role is Role.ALONE:
            log.warning("database cannot be used", reason=reason)
        else:
            log.info("role", role=role)
        self.role = role
        self._changed(role)


def _loop_time() -> float:
    # Leases, and waits for other processes, run in real time, whichever clock the caller passes.
    return asyncio.get_running_loop().time()


def identity_of(api_url: str, token: SecretStr) -> str:
    """Return a hash of the token and the address: it identifies them without showing either."""
    text = f"{api_url}\n{token.get_secret_value()}".encode()
    return hashlib.blake2b(text, key=b"keeptrusts-bff organisation", digest_size=16).hexdigest()


def _totals(wallets: Reading[tuple[Wallet, ...]]) -> Mapping[str, Money] | None:
    """What each wallet has spent in all; None where they cannot all be read, or one is in another currency than events."""
    if wallets.value is None or wallets.cause is not None or not wallets.complete or wallets.rejected_count:
        return None
    if any(wallet.spent.currency != USD for wallet in wallets.value):
        return None
    return {wallet.id: wallet.spent for wallet in wallets.value}


def _with_rejected(reading: Reading[Any], progress: Progress) -> Reading[Any]:
    """`reading` with the events of open days that could not be read, the newest of them by name."""
    unread = progress.unread_lately
    rejected = tuple(event.row() for event in unread[-MOST_REJECTED_KEPT:])
    return replace(reading, rejected=rejected, rejected_count=len(unread))


def _with_revocations(
    reading: Reading[tuple[GatewayKey, ...]], revocations: Mapping[str, datetime]
) -> Reading[tuple[GatewayKey, ...]]:
    """`reading` with the moments at which this service is to revoke keys, instead of those that it had before."""
    if reading.value is None:
        return reading
    keys = tuple(
        key if key.revokes_at == (at := revocations.get(key.id)) else replace(key, revokes_at=at)
        for key in reading.value
    )
    return replace(reading, value=keys)


def _unread(error: KeeptrustsError) -> Facts:
    def nothing() -> Reading[Any]:
        return Reading(None, cause=cause_of(error), detail=error.reason)

    return Facts(*(nothing() for _ in fields(Facts)))
