"""The ledger at size: a million events of one day, reports of one key out of a year, and the closed days of all keys."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from bff.keeptrusts.facts import Facts, Reading, SpendDays
from bff.ledger.progress import Progress, encoded, micros
from bff.ledger.recent import RecentDays
from bff.ledger.sums import Ledger, day_number
from bff.sandbox.load import LoadProfile
from bff.status import snapshot_store
from bff.status.snapshot_store import ReadFacts
from bff.status.unusual import stands_out
from bff.store.database import Database
from bff.store.tables import ledgers, sums
from tests.harness.postgres import postgres_server
from tests.harness.upstream import upstream

EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
DAYS, KEYS, MODELS = 400, 5_000, 3
REPORTED = 90
REPORTS = 40


def run() -> None:
    """Read the events, then ask for reports."""
    _reading()
    _reports()


def _reading() -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    elapsed = max((datetime.now(UTC) - midnight).total_seconds() - 5, 1.0)
    profile = LoadProfile(history=EVENTS, history_seconds=elapsed, rate=0)
    print(f"\nLedger: {EVENTS:,} events of today, {profile.keys:,} keys, {profile.teams:,} teams, SQLite in a file\n")
    with upstream(profile) as keeptrusts, tempfile.TemporaryDirectory() as folder:
        environ = os.environ | {
            "KEEPTRUSTS_API_URL": keeptrusts.api_url,
            "KEEPTRUSTS_API_TOKEN": keeptrusts.token,
            "BFF_DATA_DIR": folder,
            "BFF_BACKFILL_DAYS": "0",
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.reading"], env=environ, check=True, capture_output=True, text=True
        )
    found = json.loads(done.stdout.splitlines()[-1])
    seconds = found["whole_after"]
    print(f"{'keys are shown after':34} {found['first_after']:8.1f} s")
    print(f"{'today is whole after':34} {seconds:8.1f} s, {EVENTS / seconds:,.0f} events a second")
    print(f"{'processor time an event':34} {found['processor'] / EVENTS * 1e6:8.1f} µs")
    print(f"{'longest wait of the event loop':34} {found['longest_wait'] * 1000:8.0f} ms ({found['waits']} over 50 ms)")
    print(f"{'resident memory at the most':34} {found['resident'] / 2**20:8.0f} MiB")


def _reports() -> None:
    print(
        f"\n{REPORTED} days of {KEYS:,} keys, {REPORTED * KEYS * MODELS:,} sums; {REPORTS} reports of one key with {DAYS} days\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_ask(Database.at(None, folder=Path(folder))))
    with postgres_server() as server, server.database() as url:
        asyncio.run(_ask(Database.at(url, folder=None)))


async def _ask(database: Database) -> None:
    now = datetime.now(UTC)
    try:
        await database.migrate()
        await fill(database, now)
        ledger = Ledger(database, 1, ZoneInfo("UTC"), history=timedelta(days=400), lag=timedelta(minutes=5))
        seconds, processor = [], []
        for number in range(REPORTS + 1):
            began, used = time.perf_counter(), time.process_time()
            history = await ledger.history(
                key_ids=frozenset({f"tok_{_reported(number)}"}),
                team_id="team_1",
                days=REPORTED,
                now=now,
                earlier=DAYS - REPORTED,
            )
            seconds.append(time.perf_counter() - began)
            processor.append(time.process_time() - used)
            assert len(history.key.by_day) == DAYS
        closed = await _closed_days(ledger, now)
    finally:
        await database.close()
    # The first makes the connection and compiles the query.
    median, slowest = statistics.median(seconds[1:]), max(seconds[1:])
    here = statistics.median(processor[1:])
    print(
        f"{f'{database.kind}: a report':34} {median * 1000:8.1f} ms, slowest {slowest * 1000:.1f} ms; {here * 1000:.1f} ms here"
    )
    for what, figure in closed.items():
        print(f"{f'{database.kind}: {what}':34} {figure}")


async def _closed_days(ledger: Ledger, now: datetime) -> dict[str, str]:
    """What the closed days of all keys cost the leader: at first, with each snapshot, and after a late event."""
    recent = RecentDays(
        ledger, ZoneInfo("UTC"), lag=timedelta(minutes=5), monotonic=time.monotonic, stands_out=stands_out
    )
    progress = await ledger.progress()
    spend, _ = await ledger.today(now, progress)
    found: dict[str, str] = {}

    async def read() -> SpendDays:
        made = await recent.read(now, progress, spend, seconds=600)
        assert made is not None
        return made

    tracemalloc.start()
    days = await read()
    found["kept in memory"] = f"{tracemalloc.get_traced_memory()[0] / 2**20:8.1f} MiB"
    tracemalloc.stop()
    recent.forget()
    for name, changed in (("first reading", ()), ("next snapshot", ()), ("after a late event", (days.first,))):
        ledger._changed.update(changed)
        began, processor = time.perf_counter(), time.process_time()
        await read()
        elapsed, used = time.perf_counter() - began, time.process_time() - processor
        found[name] = f"{elapsed * 1000:8.0f} ms, {used * 1000:.0f} ms here"
    nothing: Reading[Any] = Reading(None)
    facts = Facts(nothing, nothing, nothing, nothing, nothing, nothing, Reading(days, now))
    began = time.process_time()
    body = snapshot_store.encoded(ReadFacts(facts, now))
    packed = time.process_time() - began
    began = time.process_time()
    snapshot_store.decoded(body)
    unpacked = time.process_time() - began
    found["in the stored snapshot"] = (
        f"{len(body) / 2**20:8.2f} MiB, {packed * 1000:.0f} ms to pack and {unpacked * 1000:.0f} ms to unpack"
    )
    return found


def _reported(number: int) -> int:
    return number * 117 % KEYS


async def fill(database: Database, now: datetime, *, days: int = DAYS) -> None:
    """Give a new ledger `days` days of sums, all of which have been read."""
    progress = Progress(covered_from=micros(now - timedelta(days=days + 1)), mark=micros(now), read_at=micros(now))
    row = {"id": 1, "organisation": "org", "zone": "UTC", "created_at": 0, "used_at": 0, "state": encoded(progress)}
    async with database.write() as connection:
        await connection.execute(insert(ledgers).values(**row))
    adding = database.prepared(insert(sums))
    reported = [_reported(number) for number in range(REPORTS + 1)]
    for ago in range(days):
        day = day_number((now - timedelta(days=ago)).date())
        rows = [
            {
                "ledger_id": 1,
                "day": day,
                "key_id": f"tok_{key}",
                "team_id": f"team_{key % 2_000}",
                "model": f"model-{model}",
                "usd": 1,
                "pico": (key * 7_919 + ago * 104_729 + model) % 1_000_000 * 1_000_000,
                "requests": 10,
                "unpriced": 0,
                "blocked": 0,
                "redacted": 0,
                "escalated": 0,
                "last_at": 0,
            }
            # Of the days before those that are shown by day the reported keys alone: to write six million sums takes long.
            for key in (range(KEYS) if ago < REPORTED else reported)
            for model in range(MODELS)
        ]
        async with database.write() as connection:
            await adding.run(connection, rows)
