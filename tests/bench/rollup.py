"""Roll-ups of a thousand members, and the file of a month in which each day has 15,000 sums."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import insert

from bff.backstage.caller import LOCAL, Caller
from bff.backstage.entities import Entity, Members
from bff.keeptrusts.facts import Facts, GatewayKey, LedgerDay, Reading, Team
from bff.ledger.sums import Ledger, day_number
from bff.spend.exports import SpendExports
from bff.status.claims import GATEWAY_KEY_NAME
from bff.status.findings import Rules
from bff.status.organisation import Organisation
from bff.status.organisation_cache import Snapshot
from bff.store.database import Database
from bff.store.tables import sums
from bff.values import EntityRef
from tests.backstage.stub import SERVICE_TOKEN, URL, StubBackstage
from tests.bench.ledger import KEYS, MODELS, fill
from tests.conftest import NOON, _running
from tests.harness.postgres import postgres_server

MEMBERS, TEAMS = 1_000, 20
ROUNDS = 30
MONTH = 30
ROOT = "group:default/everyone"
OPERATOR = "user:default/operator"


def run() -> None:
    """Roll up, then write a month."""
    asyncio.run(_roll_up())
    print(f"\nThe file of a month: {MONTH} days with {KEYS * MODELS:,} sums each\n")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_month(lambda: Database.at(None, folder=Path(folder))))
    with postgres_server() as server, server.database() as url:
        asyncio.run(_month(lambda: Database.at(url, folder=None)))


# --- roll-ups ---


async def _roll_up() -> None:
    stub = _backstage()
    settings: dict[str, Any] = {
        "bff_auth": "backstage",
        "bff_catalog": "backstage",
        "backstage_url": URL,
        "backstage_token": SERVICE_TOKEN,
        "bff_platform_groups": "operators",
    }
    async with _running(seeded=False, backstage=httpx.MockTransport(stub._answer), **settings) as running:
        for number in range(TEAMS):
            team = running.state.create_team(f"team-{number}")
            for member in range(number, MEMBERS, TEAMS):
                running.state.create_key(f"key-{member}", team.id)
        token = stub.user_token(OPERATOR, exp=int(NOON.timestamp()) + 86_400)
        headers = {"authorization": f"Bearer {token}"}
        path = "/v1/entities/group/default/everyone/rollup?days=30"

        async def ask() -> tuple[float, httpx.Response]:
            began = time.process_time()
            # On a busy machine the first one may take longer than a request waits: it is made all the same.
            while (reply := await running.client.get(path, headers=headers)).status_code == 503:
                await asyncio.sleep(0.1)
            seconds = time.process_time() - began
            assert reply.status_code == 200, reply.text
            return seconds, reply

        # The first reading makes the tables.
        await running.client.get("/v1/gateway", headers=headers)
        await running.app.service.cache.current()
        await _spend(running.app.service.rollups._reader, [key.id for key in running.state.keys])
        first, reply = await ask()
        warm = [(await ask())[0] for _ in range(ROUNDS)]
        cold = []
        for _ in range(3):
            running.time.pass_(31)
            stub.clock.now += 31
            await running.app.service.cache.current(insist=True)
            await running.client.get("/v1/entities/group/default/everyone/governance", headers=headers)
            cold.append((await ask())[0])
    document = reply.json()
    assert len(document["members"]) == MEMBERS
    print(
        f"\nA roll-up of {MEMBERS:,} members with as many keys over 30 days, {len(reply.content) / 1024:,.0f} KiB of JSON\n"
    )
    print(
        f"{'from memory, processor time':44} {statistics.median(warm) * 1000:8.1f} ms, most {max(warm) * 1000:.1f} ms"
    )
    print(f"{'members read again, a new snapshot':44} {statistics.median(cold) * 1000:8.0f} ms")
    print(f"{'the first':44} {first * 1000:8.0f} ms")


def _backstage() -> StubBackstage:
    stub = StubBackstage()
    stub.clock.now = NOON.timestamp()
    stub.add(ROOT)
    stub.add("group:default/operators")
    stub.join("group:default/operators", user=OPERATOR)
    for number in range(TEAMS):
        stub.add(f"group:default/team-{number}")
        stub.relate(f"group:default/team-{number}", "childOf", ROOT)
    for number in range(MEMBERS):
        ref, owner = f"component:default/bot-{number}", f"group:default/team-{number % TEAMS}"
        stub.add(ref, owner=owner, gateway_key_name=f"key-{number}", policy_tier="tier-2-internal", daily_budget="50")
        stub.relate(ref, "ownedBy", owner)
    return stub


async def _spend(reader: Any, key_ids: Sequence[str]) -> None:
    """Give each key sums of 60 days, three models each."""
    adding = reader._database.prepared(insert(sums))
    for ago in range(60):
        rows = [
            {
                "ledger_id": reader._ledger_id,
                "day": day_number((NOON - timedelta(days=ago)).date()),
                "key_id": key_id,
                "team_id": "",
                "model": f"model-{model}",
                "usd": 1,
                "pico": number,
                "requests": 10,
                "unpriced": 0,
                "blocked": 0,
                "redacted": 0,
                "escalated": 0,
                "last_at": 0,
            }
            for number, key_id in enumerate(key_ids)
            for model in range(3)
        ]
        async with reader._database.write() as connection:
            await adding.run(connection, rows)


# --- the month ---


@dataclass
class _Reader:
    """The ledger alone."""

    ledger: Ledger
    organisation_id: str = "org_1"
    organisation_name: str = "Acme"

    async def spend_of_day(self, day: date, **asked: Any) -> LedgerDay:
        """The sums of one day."""
        return await self.ledger.of_day(day, **asked)


class _Catalog:
    """A component for each key, owned by the group of the key's team."""

    def __init__(self) -> None:
        self.entities = tuple(
            Entity(
                EntityRef("component", "default", f"bot-{key}"),
                {GATEWAY_KEY_NAME: f"key-{key}"},
                EntityRef("group", "default", f"team-{key % 2_000}"),
            )
            for key in range(KEYS)
        )

    async def claiming(self, caller: Caller) -> Members:
        """All of them."""
        del caller
        return Members((), self.entities)

    async def group(self, ref: EntityRef) -> Entity:
        """A group."""
        return Entity(ref)


async def _month(opened: Any) -> None:
    # The last day of a month that is over, so that all of its days are there.
    last = datetime.now(UTC).date().replace(day=1) - timedelta(days=1)
    now = datetime.combine(last, time_of_day(12), UTC)
    database = opened()
    try:
        await database.migrate()
        await fill(database, now, days=last.day)
        ledger = Ledger(database, 1, ZoneInfo("UTC"), history=timedelta(days=400), lag=timedelta(minutes=5))
        exports = SpendExports(
            _Catalog(),  # type: ignore[arg-type]
            _Reader(ledger),  # type: ignore[arg-type]
            rules=Rules(ZoneInfo("UTC")),
            history=timedelta(days=400),
        )
        snapshot = _snapshot(now)
        for form in ("csv", "focus"):
            began, processor = time.perf_counter(), time.process_time()
            size, rows, total = await _written(exports, snapshot, last.replace(day=1), form)
            seconds, processor = time.perf_counter() - began, time.process_time() - processor
            tracemalloc.start()
            before, _ = tracemalloc.get_traced_memory()
            await _written(exports, snapshot, last.replace(day=1), form)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert total == _expected(last), (total, _expected(last))
            print(
                f"{database.kind:12} {form:6} {rows:9,} rows {size / 2**20:7.1f} MiB in {seconds:6.1f} s "
                f"({processor:5.1f} s of a core), {(peak - before) / 2**20:5.1f} MiB of memory at the most"
            )
    finally:
        await database.close()


async def _written(exports: SpendExports, snapshot: Snapshot, first: date, form: Any) -> tuple[int, int, Decimal]:
    export = await exports.of_month(LOCAL, first, snapshot, form=form)
    column = 5 if form == "csv" else 0
    size, rows, total = 0, -1, Decimal(0)
    async for part in export.parts:
        size += len(part)
        for line in part.decode().splitlines():
            rows += 1
            if rows:
                total += Decimal(line.split(",")[column])
    return size, rows, total


def _expected(last: date) -> Decimal:
    of_day = sum((1 + Decimal(key).scaleb(-12) for key in range(KEYS)), Decimal(0)) * MODELS
    return of_day * last.day


def _snapshot(now: datetime) -> Snapshot:
    def nothing() -> Reading[Any]:
        return Reading(None)

    facts = Facts(
        teams=Reading(tuple(Team(f"team_{number}", f"team-{number}") for number in range(2_000)), now),
        keys=Reading(
            tuple(GatewayKey(f"tok_{key}", f"key-{key}", f"team_{key % 2_000}", revoked=False) for key in range(KEYS)),
            now,
        ),
        configurations=nothing(),
        wallets=nothing(),
        spend=nothing(),
        activity=nothing(),
        days=nothing(),
    )
    return Snapshot(1, Organisation.of(facts), now, now, False, False, 0.0, tried_at=0.0)
