"""The ledger at size: a million events of one day, and the report of one key out of 90 days with 15,000 sums each."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from bff.ledger.progress import Progress, encoded, micros
from bff.ledger.sums import Ledger, day_number
from bff.sandbox.load import LoadProfile
from bff.store.database import Database
from bff.store.tables import ledgers, sums
from tests.harness.postgres import postgres_server
from tests.harness.upstream import upstream

EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
DAYS, KEYS, MODELS = 90, 5_000, 3
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
    print(f"\nA report of one key over {DAYS} days, of {DAYS * KEYS * MODELS:,} sums; {REPORTS} reports\n")
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
        seconds = []
        for number in range(REPORTS + 1):
            began = time.perf_counter()
            history = await ledger.history(
                key_ids=frozenset({f"tok_{number * 117 % KEYS}"}), team_id="team_1", days=DAYS, now=now
            )
            seconds.append(time.perf_counter() - began)
            assert len(history.key.by_day) == DAYS
    finally:
        await database.close()
    # The first makes the connection and compiles the query.
    median, slowest = statistics.median(seconds[1:]), max(seconds[1:])
    print(f"{database.kind:34} {median * 1000:8.1f} ms, slowest {slowest * 1000:.1f} ms")


async def fill(database: Database, now: datetime, *, days: int = DAYS) -> None:
    """Give a new ledger `days` days of sums, all of which have been read."""
    progress = Progress(covered_from=micros(now - timedelta(days=days + 1)), mark=micros(now), read_at=micros(now))
    row = {"id": 1, "organisation": "org", "zone": "UTC", "created_at": 0, "used_at": 0, "state": encoded(progress)}
    async with database.write() as connection:
        await connection.execute(insert(ledgers).values(**row))
    adding = database.prepared(insert(sums))
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
                "pico": key,
                "requests": 10,
                "unpriced": 0,
                "blocked": 0,
                "redacted": 0,
                "escalated": 0,
                "last_at": 0,
            }
            for key in range(KEYS)
            for model in range(MODELS)
        ]
        async with database.write() as connection:
            await adding.run(connection, rows)
