"""A round of the watch over a catalog of 50,000 entities, 5,000 of which name a gateway key.

It prints how long sweep and assessment take, what they add to the memory of the process, and for how long the event loop
worked at most without a turn for others. The catalog is another process on another core.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from bff.backstage.catalog import BackstageCatalog
from bff.backstage.client import BackstageClient
from bff.backstage.watched import BackstageWatched
from bff.cli.server import spare_the_loop
from bff.keeptrusts.facts import ActivityToday, Configuration, Facts, GatewayKey, Reading, SpendToday, Team
from bff.secret_files import Secret
from bff.status.answers import FindingCounts
from bff.status.claims import GATEWAY_KEY_NAME
from bff.status.findings import Rules
from bff.status.organisation import Organisation
from bff.status.organisation_cache import Snapshot
from bff.values import Money
from bff.watch.sweep import GATEWAY_API, Sweep
from bff.watch.watcher import Channels, Watcher
from tests.bench.machine import CLIENT_CORE, SERVER_CORE, free_port, process, wait_for
from tests.bench.servers.catalog import ANNOTATED, ENTITIES, TEAMS

TICK = 0.002
MOST_SECONDS, MOST_MIB, MOST_BLOCKED = 30.0, 100.0, 0.05


def run() -> None:
    """Measure one round, and print it beside what is promised."""
    port = free_port()
    with process([sys.executable, "-m", "tests.bench.servers.catalog", str(port)], cores=CLIENT_CORE):
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/api/catalog/entities/by-query?limit=1")
        os.sched_setaffinity(0, SERVER_CORE)
        asyncio.run(_measured(url))


async def _measured(url: str) -> None:
    client = BackstageClient(url, deadline=30)
    token = Secret(SecretStr("token"))
    catalog = BackstageWatched(client, token=token, annotation=GATEWAY_KEY_NAME, apis=(GATEWAY_API,))
    groups = BackstageCatalog(client, service_token=token)
    sweep = Sweep(catalog, clock=lambda: datetime.now(UTC))
    rules = Rules(ZoneInfo("UTC"))
    nothing: Any = None
    watcher = Watcher(
        catalog,
        groups,
        nothing,
        nothing,
        nothing,
        sweep=sweep,
        rules=rules,
        channels=Channels(),
        platform_groups=(),
        every_viewer=False,
        muted=_nothing_muted,
        counts=FindingCounts(),
        metrics=nothing,
        holder="bench",
        interval=300,
        clock=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
    )
    snapshot = _snapshot()
    spare_the_loop()
    blocked: list[float] = []
    ticking = asyncio.ensure_future(_tick(blocked))
    await asyncio.sleep(0.1)
    blocked.clear()
    before, started, worked = _peak(), time.perf_counter(), time.process_time()
    result = await sweep.read()
    swept = time.perf_counter()
    found = await watcher._conditions(result.entities, snapshot, snapshot.assessed_at)
    ended, cpu, peak = time.perf_counter(), time.process_time() - worked, _peak()
    await asyncio.sleep(2 * TICK)
    ticking.cancel()
    await client.aclose()
    print(f"\nsweep: {ENTITIES:,} entities, {ANNOTATED:,} with a key; found {len(result.entities):,}\n")
    print(f"{'sweep':34}{swept - started:8.2f} s")
    print(f"{'assessment and rules':34}{ended - swept:8.2f} s, {len(found.holding):,} alerts")
    print(f"{'both (promised: below 30 s)':34}{ended - started:8.2f} s, {cpu:.2f} s of processor time")
    print(f"{'memory (promised: below 100 MiB)':34}{peak - before:8.1f} MiB")
    print(f"{'loop blocked at most (50 ms)':34}{max(blocked) * 1000:8.1f} ms of processor time")
    if ended - started > MOST_SECONDS or peak - before > MOST_MIB or max(blocked) > MOST_BLOCKED:
        print("a promise is not kept")


async def _nothing_muted() -> frozenset[str]:
    return frozenset()


async def _tick(blocked: list[float]) -> None:
    """Measure how much the loop's thread worked between two turns of this task.

    That is processor time: on a busy machine the thread also waits for the processor, which is no work of ours.
    """
    while True:
        before = time.thread_time()
        await asyncio.sleep(TICK)
        blocked.append(time.thread_time() - before)


def _peak() -> float:
    """The most memory that this process has used so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _snapshot() -> Snapshot:
    """An organisation with a key for each annotated entity, a tenth of which are over their budget."""
    now = datetime.now(UTC)
    numbers = range(0, ENTITIES, ENTITIES // ANNOTATED)
    keys = tuple(
        GatewayKey(f"tok_{n}", f"key-{n}", f"team_{n % TEAMS}", revoked=False, created_at=now) for n in numbers
    )
    spend = {f"tok_{n}": Money(Decimal(120 if n % 100 == 0 else 3)) for n in numbers}
    facts = Facts(
        Reading(tuple(Team(f"team_{n}", f"team-{n}") for n in range(TEAMS)), now),
        Reading(keys, now),
        Reading(
            tuple(Configuration(f"cfg_{n}", "c", f"team_{n}", "tier-2-internal", enabled=True) for n in range(TEAMS)),
            now,
        ),
        Reading((), now),
        Reading(SpendToday(now.date(), by_key=spend), now),
        Reading(ActivityToday(now), now),
    )
    return Snapshot(1, Organisation.of(facts), now, now, stale=False, unavailable=False, read_at=0.0, tried_at=0.0)
