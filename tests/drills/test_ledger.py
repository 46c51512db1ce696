"""Drills of the ledger as a process, against a large organisation: every sum is exact at the end, whatever was done.

Each load ends by itself, so that what the ledger must come to is known to the last digit.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import func, select

from bff.cli.demo import demo_timezone
from bff.ledger.feed import PAGES_AT_ONCE
from bff.ledger.progress import Progress, decoded, instant
from bff.sandbox.event_log import EventListing
from bff.sandbox.faults import Rule
from bff.sandbox.load import LoadProfile
from bff.settings import Settings
from bff.store.amounts import joined
from bff.store.database import Database, StoreError
from bff.store.tables import events, ledgers, sums
from tests.drills.conftest import Figure
from tests.harness.fleet import Fleet, Replica, fleet
from tests.harness.upstream import Upstream, upstream

PAGE = 200
DEFAULT_REFRESH = Settings.model_fields["bff_refresh_seconds"].default
"""Seconds between two readings in production."""

WITHIN = 40.0
"""Seconds for what has no promise of its own: a load that ends meanwhile, and a machine with other things to do."""

COLD_EVENTS, COLD_SECONDS = 500_000, 60.0
"""A first start is whole within these seconds where today has these events."""

SOME_EVENTS = 40_000
"""As many are read to see what one costs; the environment's `DRILL_COLD_EVENTS` is another number."""

EXPIRES_AFTER = 1.5
"""Seconds for which a cursor is good, where they expire."""

ENTITIES = 3
"""Entities of the catalog: each claims the first key of the team that owns it."""


# --- the whole organisation ------------------------------------------------------------------------------------------


@pytest.mark.extended
async def test_ten_minutes_without_keeptrusts_are_made_up_within_five_refreshes(
    postgres_url: str, tmp_path: Path, figure: Figure
) -> None:
    """5,000 keys in 2,000 teams at 100 events a second: after the outage all is read within 5 refreshes, and each sum is exact."""
    # The outage is noticed sooner than with the default interval, whose multiple is allowed for making it up.
    refresh, rate, outage, more = 10, 100, 600, 40
    begins_at = datetime.now(UTC) - timedelta(seconds=outage)
    before = LoadProfile(
        teams=2_000,
        keys=5_000,
        # Twins are revoked in the middle of a history, which is a longer one after the outage.
        revoked_twins=0,
        history=60 * rate,
        history_seconds=60,
        rate=0,
        begins_at=begins_at,
        late=0.01,
        late_seconds=6,
        disordered=0.05,
        corrections=0.01,
    )
    after = {
        "history": before.history + (outage + more) * rate,
        "history_seconds": before.history_seconds + outage + more,
        "begins_at": begins_at + timedelta(seconds=outage + more),
    }
    with upstream(before) as keeptrusts:
        async with _ledger(keeptrusts, tmp_path, refresh=refresh, url=postgres_url) as drill:
            replica = await drill.running.begin()
            await drill.until_exact()
            keeptrusts.kill()
            await drill.until(lambda: _is_stale(drill, replica))
            keeptrusts.profile = keeptrusts.profile.model_copy(update=after)
            keeptrusts.start()
            began, pages = time.monotonic(), 0
            end = begins_at + timedelta(seconds=outage)
            await drill.until(lambda: drill.has_read(end), within=5 * DEFAULT_REFRESH)
            seconds, pages = time.monotonic() - began, keeptrusts.requests()["GET /v1/events"]
            await drill.until_exact(within=more + WITHIN)
            await drill.assert_reports(replica)
    figure(
        f"{pages} pages within {seconds:.1f} s of {5 * DEFAULT_REFRESH} allowed: {pages * PAGE / seconds:,.0f} events a second"
    )


async def test_a_cold_start_reads_a_day_of_half_a_million_events_within_a_minute(
    postgres_url: str, tmp_path: Path, figure: Figure
) -> None:
    """Starting up and so little work for each event that 500,000 of them are whole within 60 s, and each sum is exact."""
    count = int(os.environ.get("DRILL_COLD_EVENTS", SOME_EVENTS))
    profile = LoadProfile(teams=2_000, keys=5_000, history=count, history_seconds=7_200, rate=0)
    with upstream(profile) as keeptrusts:
        async with _ledger(keeptrusts, tmp_path, refresh=30, url=postgres_url) as drill:
            began = time.monotonic()
            replica = await drill.running.begin(ready=False)
            await drill.until(lambda: drill.has_counted_more_than(0))
            first, starting = await drill.counted(), _processor_seconds(replica.process.pid)
            await drill.until(drill.is_caught_up, within=max(WITHIN, 4 * COLD_SECONDS * count / COLD_EVENTS))
            seconds, work = time.monotonic() - began, _processor_seconds(replica.process.pid)
            await drill.until_exact()
            await drill.assert_reports(replica)
    # Wall time would say how busy the machine is: this is the time for which the process had a processor.
    whole = starting + (work - starting) / (count - first) * COLD_EVENTS
    figure(
        f"{count:,} events whole after {seconds:.1f} s, {count / PAGE / seconds:.0f} pages a second;"
        f" {work:.1f} s of work, which makes {whole:.0f} s for {COLD_EVENTS:,} events"
    )
    assert whole <= COLD_SECONDS


# --- whatever the feed is like ---------------------------------------------------------------------------------------

Order = Literal["newest-first", "oldest-first"]
Cursors = Literal["stable", "position", "expiring"]
Until = Literal["honoured", "ignored"]
Settles = Literal["at-once", "when-listed"]


@pytest.mark.parametrize(
    ("order", "cursors", "until", "late_settles"),
    [
        pytest.param("newest-first", "stable", "honoured", "at-once", marks=pytest.mark.extended),
        pytest.param("newest-first", "position", "ignored", "when-listed", marks=pytest.mark.extended),
        ("newest-first", "expiring", "honoured", "when-listed"),
        ("oldest-first", "expiring", "ignored", "at-once"),
    ],
)
async def test_every_sum_is_exact_however_events_are_listed(
    tmp_path: Path, order: Order, cursors: Cursors, until: Until, late_settles: Settles, figure: Figure
) -> None:
    """Events that come late, out of order, without a price, as corrections and in bursts are each counted once, in any listing."""
    profile = LoadProfile(
        teams=50,
        keys=200,
        history=3_000,
        history_seconds=150,
        rate=0,
        burst=3,
        begins_at=datetime.now(UTC) + timedelta(seconds=15),
        late=0.03,
        late_seconds=8,
        late_settles=late_settles,
        disordered=0.1,
        disorder_seconds=3,
        unpriced=0.02,
        priced_after_seconds=3,
        corrections=0.02,
        keyless=0.02,
        teamless=0.01,
        order=order,
        cursors=cursors,
        expires_after_seconds=EXPIRES_AFTER,
        until=until,
    )
    with upstream(profile) as keeptrusts:
        async with _ledger(keeptrusts, tmp_path, refresh=1) as drill:
            keeptrusts.fail(Rule(kind="delay", path="/v1/events", seconds=0.2))
            replica = await drill.running.begin(ready=False)
            await drill.until(drill.is_within_a_reading)
            # The place that was reached is of no use when the feed answers again, where cursors expire.
            keeptrusts.pause()
            paused = time.monotonic()
            await drill.until(lambda: _has_passed(paused + EXPIRES_AFTER))
            keeptrusts.resume()
            keeptrusts.fail()
            began = time.monotonic()
            await drill.until_exact()
            await drill.assert_reports(replica)
            seconds = time.monotonic() - began
    figure(f"exact after {seconds:.1f} s")


async def test_a_feed_that_changes_its_ways_while_it_is_read_stays_exact(tmp_path: Path) -> None:
    """Order and cursors change between two refreshes, as with a new release of Keeptrusts: nothing is lost or counted twice."""
    profile = LoadProfile(
        teams=20,
        keys=50,
        history=6_000,
        history_seconds=60,
        rate=0,
        begins_at=datetime.now(UTC) + timedelta(seconds=12),
        disordered=0.1,
    )
    ways = [
        EventListing(order="oldest-first"),
        EventListing(order="newest-first", cursors="position"),
        EventListing(order="oldest-first", cursors="expiring", until="ignored"),
        EventListing(),
    ]
    with upstream(profile) as keeptrusts:
        async with _ledger(keeptrusts, tmp_path, refresh=1) as drill:
            replica = await drill.running.begin()
            for way in ways:
                keeptrusts.list_events(way)
                before = drill.refreshes()
                await drill.until(lambda before=before: drill.has_refreshed(before))
            await drill.until_exact()
            await drill.assert_reports(replica)


# --- a process that dies ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["newest-first", pytest.param("oldest-first", marks=pytest.mark.extended)])
async def test_a_write_that_is_cut_off_costs_nothing(
    postgres_url: str, tmp_path: Path, order: Order, figure: Figure
) -> None:
    """SIGKILL within a transaction, again and again: each start reads only what is not counted, and the last is whole within 2 refreshes."""
    refresh, kills = 10, 2
    profile = LoadProfile(teams=50, keys=200, history=10_000, history_seconds=7_200, rate=0, order=order)
    with upstream(profile) as keeptrusts:
        async with _ledger(keeptrusts, tmp_path, refresh=refresh, url=postgres_url) as drill:
            lines = []
            for _ in range(kills):
                counted = await drill.counted()
                keeptrusts.clear_requests()
                replica = await drill.running.begin(ready=False)
                await drill.until(lambda counted=counted: drill.has_counted_more_than(counted))
                await asyncio.to_thread(_wait_for_a_write, postgres_url)
                replica.signal(signal.SIGKILL)
                await replica.ended(within=WITHIN)
                now = await drill.counted()
                pages = keeptrusts.requests()["GET /v1/events"]
                # What is being counted and what is read meanwhile is lost with the process.
                assert pages <= (now - counted) / PAGE + 2 * PAGES_AT_ONCE + 1
                lines.append(f"{pages} pages for {now - counted} events")
            counted = await drill.counted()
            assert 0 < counted < profile.history
            keeptrusts.clear_requests()
            replica = await drill.running.begin()
            began = time.monotonic()
            await drill.until_exact(within=2 * refresh)
            seconds = time.monotonic() - began
            pages = keeptrusts.requests()["GET /v1/events"]
            await drill.assert_reports(replica)
            # And a page or two for each refresh since.
            assert pages <= (profile.history - counted) / PAGE + 8 < profile.history / PAGE
    figure(f"{'; '.join(lines)}; then {pages} pages for {profile.history - counted} events in {seconds:.1f} s")


async def test_a_crash_of_the_database_within_a_write_costs_nothing(
    postgres_url: str, postgres_server: Any, tmp_path: Path
) -> None:
    """The server of the database is killed within a transaction and started again: the same process goes on to exact sums."""
    profile = LoadProfile(teams=50, keys=200, history=10_000, history_seconds=7_200, rate=0)
    with upstream(profile) as keeptrusts:
        async with _ledger(keeptrusts, tmp_path, refresh=1, url=postgres_url) as drill:
            replica = await drill.running.begin(ready=False)
            await asyncio.to_thread(_wait_for_a_write, postgres_url)
            await asyncio.to_thread(postgres_server.kill)
            await asyncio.to_thread(postgres_server.start)
            assert await drill.counted() < profile.history
            await drill.until_exact()
            await drill.assert_reports(replica)


async def test_keeptrusts_dies_in_the_middle_of_a_reading(tmp_path: Path) -> None:
    """Keeptrusts is killed between two pages and starts again: the reading goes on from there to exact sums."""
    profile = LoadProfile(teams=50, keys=200, history=10_000, history_seconds=7_200, rate=0)
    with upstream(profile) as keeptrusts:
        async with _ledger(keeptrusts, tmp_path, refresh=1) as drill:
            replica = await drill.running.begin(ready=False)
            await drill.until(drill.is_within_a_reading)
            keeptrusts.kill()
            await drill.until(lambda: _is_stale(drill, replica))
            counted = await drill.counted()
            assert 0 < counted < profile.history
            before = await drill.readings(replica)
            keeptrusts.start()
            await drill.until_exact()
            calls = keeptrusts.requests()
            readings = await drill.readings(replica) - before
            await drill.assert_reports(replica)
            # What was not counted before, and a page or so for each reading since: a slow machine makes more of them.
            rest = -(-(profile.history - counted) // PAGE)
            assert calls["GET /v1/events"] <= rest + 2 * readings + 2


# --- the steady state ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("teams", "keys", "replicas"), [pytest.param(20, 50, 1, marks=pytest.mark.extended), (1_000, 2_500, 3)]
)
async def test_a_refresh_makes_few_calls(
    postgres_url: str, tmp_path: Path, teams: int, keys: int, replicas: int, figure: Figure
) -> None:
    """At a million events a day a refresh reads each page of the lists once and a page or two of events, whatever else there is."""
    refresh, refreshes = 4, 4
    rate = 1_000_000 / 86_400
    profile = LoadProfile(teams=teams, keys=keys, history=2_000, history_seconds=2_000 / rate, rate=rate)
    wanted = {"teams": teams, "tokens": keys, "configurations": teams, "wallets": teams + 1}
    pages = {f"GET /v1/{name}": -(-count // PAGE) for name, count in wanted.items()}
    with upstream(profile) as keeptrusts:
        async with _ledger(keeptrusts, tmp_path, refresh=refresh, url=postgres_url) as drill:
            started = await asyncio.gather(*(drill.running.begin() for _ in range(replicas)))
            await drill.until(drill.is_caught_up)
            await drill.until(drill.is_compared)
            viewing = asyncio.ensure_future(_view(drill.running, started))
            try:
                calls = await _calls_of(drill, refreshes * pages["GET /v1/teams"])
            finally:
                viewing.cancel()
                await asyncio.gather(viewing, return_exceptions=True)
    made = -(-calls["GET /v1/teams"] // pages["GET /v1/teams"])
    assert set(calls) == {*pages, "GET /v1/events"}
    for path, each in pages.items():
        # The calls of one reading are not all made at the same moment.
        assert (made - 1) * each <= calls[path] <= (made + 1) * each, path
    assert calls["GET /v1/events"] <= 2 * (made + 1)
    figure(f"{made} refreshes made {calls}")


async def _calls_of(drill: _Drill, teams: int) -> dict[str, int]:
    """The calls from now on, until so many pages of teams were read."""
    drill.keeptrusts.clear_requests()

    async def enough() -> bool:
        return drill.keeptrusts.requests().get("GET /v1/teams", 0) >= teams

    await drill.until(enough)
    return drill.keeptrusts.requests()


async def _view(running: Fleet, replicas: list[Replica]) -> None:
    while True:
        for number in range(1, ENTITIES + 1):
            for replica in replicas:
                await running.client.get(f"{replica.url}/v1/entities/component/default/bot-{number}/governance")
                await running.client.get(f"{replica.url}/v1/entities/component/default/bot-{number}/spend?days=30")
        await asyncio.sleep(0.05)


# --- what a drill looks at -------------------------------------------------------------------------------------------


@dataclass
class _Drill:
    """Replicas in front of an organisation, and the database that they share, of which it reads the ledger."""

    running: Fleet
    keeptrusts: Upstream
    database: Database
    zone: str

    async def until(self, condition: Callable[[], Awaitable[bool]], *, within: float = WITHIN) -> None:
        """Wait until `condition()`."""
        until = time.monotonic() + within
        while not await condition():
            if time.monotonic() > until:
                logs = "\n".join(replica.log()[-3000:] for replica in self.running.replicas)
                raise AssertionError(f"not within {within} s: {await self.progress()}\n{logs}")
            await asyncio.sleep(0.05)

    async def until_exact(self, *, within: float = WITHIN) -> None:
        """Wait until the load has ended and every sum is what Keeptrusts says, to the last digit."""
        until = time.monotonic() + within
        left = (self.keeptrusts.profile.begins_at or datetime.now(UTC)) - datetime.now(UTC)
        if left > timedelta(0):
            # Events of a load come until then, and what is read before says nothing.
            until += left.total_seconds()
        while True:
            truth = await asyncio.to_thread(self.keeptrusts.truth, zone=self.zone)
            wanted = {
                (int(row["day"].replace("-", "")), row["token_id"] or "", row["team_id"] or "", row["model"]): (
                    Decimal(row["spent"]),
                    row["requests"],
                )
                for row in truth["rows"]
            }
            found = await self.sums()
            ended = datetime.now(UTC) >= (self.keeptrusts.profile.begins_at or datetime.now(UTC))
            if ended and not truth["unpublished"] and found == wanted:
                return
            if time.monotonic() > until:
                differences = {
                    key: (found.get(key), wanted.get(key))
                    for key in {*found, *wanted}
                    if found.get(key) != wanted.get(key)
                }
                some = dict(list(differences.items())[:5])
                logs = "\n".join(replica.log()[-3000:] for replica in self.running.replicas)
                raise AssertionError(
                    f"not exact within {within} s: {len(differences)} of {len(wanted)} sums differ, such as {some};"
                    f" {await self.progress()}\n{logs}"
                )
            await asyncio.sleep(0.2)

    async def sums(self) -> dict[tuple[int, str, str, str], tuple[Decimal, int]]:
        """What each key has spent by day, key, team and model, and in how many requests."""
        columns = (sums.c.day, sums.c.key_id, sums.c.team_id, sums.c.model, sums.c.usd, sums.c.pico, sums.c.requests)
        try:
            async with self.database.read() as connection:
                rows = (await connection.execute(select(*columns))).all()
        except StoreError:
            return {}
        return {
            (row.day, row.key_id, row.team_id, row.model): (joined(row.usd, row.pico).amount, row.requests)
            for row in rows
        }

    async def progress(self) -> Progress:
        """How far the ledger is; nothing before its tables are there."""
        try:
            async with self.database.read() as connection:
                return decoded(await connection.scalar(select(ledgers.c.state)) or "")
        except StoreError:
            return Progress()

    async def counted(self) -> int:
        """How many events are in the ledger."""
        try:
            async with self.database.read() as connection:
                return int(await connection.scalar(select(func.count()).select_from(events)) or 0)
        except StoreError:
            return 0

    def refreshes(self) -> int:
        """How often teams have been listed; they fit on one page."""
        return self.keeptrusts.requests().get("GET /v1/teams", 0)

    async def readings(self, replica: Replica) -> int:
        """How many readings a replica has made, those that only went on with the events too."""
        return int(await self.running.metric(replica, "keeptrusts_bff_refreshes_total"))

    async def has_refreshed(self, before: int) -> bool:
        """Whether teams have been listed more often than that."""
        return self.refreshes() > before

    async def has_counted_more_than(self, events_before: int) -> bool:
        """Whether there are more events in the ledger than that."""
        return await self.counted() > events_before

    async def is_caught_up(self) -> bool:
        """Whether the feed was read to its end."""
        return (await self.progress()).caught_up

    async def is_compared(self) -> bool:
        """Whether the ledger has been compared with the wallets since its baseline."""
        return bool((await self.progress()).checksum.counted_before)

    async def is_within_a_reading(self) -> bool:
        """Whether some of a reading is counted, and not all of it."""
        progress = await self.progress()
        return progress.forward is not None and progress.forward.reached is not None

    async def has_read(self, moment: datetime) -> bool:
        """Whether the feed was read to its end, and that lies at or after `moment`."""
        progress = await self.progress()
        return progress.caught_up and progress.mark is not None and instant(progress.mark) >= moment

    async def assert_reports(self, replica: Replica) -> None:
        """Wait for spend reports of a few entities that call themselves complete, and find them exact.

        A report is of all keys of the claimed name, and of what in the events of their team names no key.
        """
        rows = (await asyncio.to_thread(self.keeptrusts.truth, zone=self.zone))["rows"]
        for number in range(1, ENTITIES + 1):
            report = await self._report(replica, number)
            keys, team = await self._claimed(number)
            of_keys = sum((Decimal(row["spent"]) for row in rows if row["token_id"] in keys), Decimal(0))
            nameless = [row for row in rows if row["token_id"] is None and row["team_id"] == team]
            of_team = sum((Decimal(row["spent"]) for row in nameless), Decimal(0))
            assert Decimal(report["total"]["amount"]) == of_keys + max(of_team, Decimal(0)), report

    async def _report(self, replica: Replica, number: int) -> dict[str, Any]:
        """The spend of an entity today, once it calls itself complete."""
        url = f"{replica.url}/v1/entities/component/default/bot-{number}/spend?days=1"
        until = time.monotonic() + WITHIN
        while True:
            report: dict[str, Any] = (await self.running.client.get(url)).json()
            if report.get("complete"):
                return report
            assert time.monotonic() < until, (report["findings"], await self.progress())
            await asyncio.sleep(0.1)

    async def _claimed(self, number: int) -> tuple[set[str], str]:
        """The ids of all keys of the name that an entity claims, and the id of their team."""
        name = f"load-team-{number:05d}-key-1"
        headers = {"authorization": f"Bearer {self.keeptrusts.token}"}
        found: list[dict[str, Any]] = []
        query: dict[str, str] | None = {"limit": str(PAGE)}
        while query is not None:
            url = f"{self.keeptrusts.api_url}/v1/tokens"
            page = (await self.running.client.get(url, params=query, headers=headers)).raise_for_status().json()
            found += [key for key in page["data"] if key["name"] == name]
            query = query | {"cursor": page["next_cursor"]} if page["next_cursor"] else None
        return {key["id"] for key in found}, found[0]["team_id"]


@asynccontextmanager
async def _ledger(
    keeptrusts: Upstream, folder: Path, *, refresh: float, url: str | None = None
) -> AsyncIterator[_Drill]:
    """A drill without replicas yet, in PostgreSQL at `url` or else in a file in `folder`."""
    zone = demo_timezone(datetime.now(UTC))
    catalog = folder / "catalog.yaml"
    catalog.write_text("---\n".join(_entities(number) for number in range(1, ENTITIES + 1)))
    state = folder / "state"
    settings = {
        "KEEPTRUSTS_API_URL": keeptrusts.api_url,
        "BFF_CATALOG_FILES": str(catalog),
        "BFF_REFRESH_SECONDS": f"{refresh:g}",
        "BFF_TIMEZONE": zone,
        "BFF_BACKFILL_DAYS": "0",
        **({"BFF_DATA_DIR": str(state)} if url is None else {"DATABASE_URL": url}),
    }
    # Every event of a drill is of today.
    assert datetime.now(ZoneInfo(zone)).hour >= 3 or zone == "UTC"
    database = Database.at(url, folder=state)
    try:
        async with fleet(**settings) as running:
            yield _Drill(running, keeptrusts, database, zone)
    finally:
        await database.close()


def _entities(number: int) -> str:
    return f"""apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {{name: load-team-{number:05d}}}
spec: {{type: team, children: []}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: bot-{number}
  annotations:
    keeptrusts.dev/gateway-key-name: load-team-{number:05d}-key-1
spec: {{type: service, lifecycle: production, owner: load-team-{number:05d}}}
"""


async def _has_passed(moment: float) -> bool:
    return time.monotonic() > moment


async def _is_stale(drill: _Drill, replica: Replica) -> bool:
    reply = await drill.running.client.get(f"{replica.url}/v1/entities/component/default/bot-1/governance")
    return reply.status_code != 200 or bool(reply.json()["freshness"]["stale"])


def _wait_for_a_write(url: str) -> None:
    """Wait until a replica is within a transaction in which it counts events."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'keeptrusts-bff' AND state <> 'idle'"
        " AND query LIKE 'INSERT INTO events%'"
    )
    until = time.monotonic() + WITHIN
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            found = connection.execute(query).fetchone()
            if found is not None and found[0]:
                return
            assert time.monotonic() < until, "no event is written"


def _processor_seconds(pid: int) -> float:
    """Seconds for which a process has had a processor, in all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
