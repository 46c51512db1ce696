"""Drills with several replicas as processes around a real Redis: one asks Keeptrusts, and no death is noticed for long."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator

import pytest

from bff.sandbox import READ_TOKEN
from tests.drills.conftest import Figure
from tests.drills.stage import BOT
from tests.harness.fleet import Fleet, Replica, fleet
from tests.harness.redis_server import RedisServer, redis_server

REFRESH = 2.0
LISTS = ("/v1/teams", "/v1/tokens", "/v1/configurations", "/v1/wallets", "/v1/events")


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A server of this drill's own."""
    with redis_server() as server:
        yield server


@pytest.mark.parametrize("count", [2, 4])
async def test_more_replicas_ask_no_more(redis: RedisServer, count: int, figure: Figure) -> None:
    """Over several refreshes the lists are read as often as by one replica, every replica shows the same bytes, and no secret is shared."""
    async with fleet(REDIS_URL=redis.url, BFF_REFRESH_SECONDS=f"{REFRESH:g}") as running:
        replicas = await asyncio.gather(*(running.begin() for _ in range(count)))
        running.asked.clear()
        began = time.monotonic()
        while running.asked["/v1/teams"] < 4:
            await asyncio.sleep(0.05)
        seconds = time.monotonic() - began
        counts = {path: running.asked[path] for path in LISTS}
        # A reading may be under way: its calls are not all made at the same moment.
        assert max(counts.values()) <= 4
        assert seconds / REFRESH + 1 >= 4
        bodies = await _until_same(running, replicas)
        assert len(bodies) == 1
        held = b"".join(redis.keys().values())
        assert b"support-team" in held
        assert READ_TOKEN.encode() not in held
        assert b"Bearer" not in held
    figure(f"4 readings by {count} replicas in {seconds:.1f} s made {counts['/v1/teams']} calls of each list")


@pytest.mark.parametrize("count", [2, 4])
async def test_who_reads_for_all_is_replaced_within_two_refreshes(
    redis: RedisServer, count: int, figure: Figure
) -> None:
    """SIGKILL of the replica that reads: another does within two intervals, and the others answer all the while."""
    async with fleet(REDIS_URL=redis.url, BFF_REFRESH_SECONDS=f"{REFRESH:g}") as running:
        replicas = await asyncio.gather(*(running.begin() for _ in range(count)))
        leader = await running.leader()
        reads = running.asked["/v1/teams"]
        while running.asked["/v1/teams"] == reads:
            await asyncio.sleep(0.01)
        reads = running.asked["/v1/teams"]
        leader.signal(signal.SIGKILL)
        began = time.monotonic()
        others = [replica for replica in replicas if replica is not leader]
        answers = 0
        while running.asked["/v1/teams"] == reads:
            assert time.monotonic() - began < 2 * REFRESH, "nobody has taken over"
            for replica in others:
                assert (await running.client.get(replica.url + BOT)).status_code == 200
                answers += 1
            await asyncio.sleep(0.02)
        seconds = time.monotonic() - began
    figure(f"taken over after {seconds:.1f} s of {2 * REFRESH:g} allowed, {answers} answers meanwhile")


async def test_a_cold_replica_starts_warm(redis: RedisServer, figure: Figure) -> None:
    """A replica that begins while Keeptrusts is not to be reached is ready and shows what the others know."""
    async with fleet(REDIS_URL=redis.url, BFF_REFRESH_SECONDS="60") as running:
        first = await running.begin()
        asked = running.asked.total()
        began = time.perf_counter()
        second = await running.begin(KEEPTRUSTS_API_TOKEN="no-longer-valid")
        seconds = time.perf_counter() - began
        bodies = await _until_same(running, [first, second])
        assert len(bodies) == 1
        assert running.asked.total() == asked
    figure(f"ready {seconds:.1f} s after its start, without a call")


async def test_redis_comes_and_goes(redis: RedisServer, figure: Figure) -> None:
    """Redis stopped, killed and begun anew: replicas answer all the while, say so, read alone, and share again by themselves."""
    async with fleet(REDIS_URL=redis.url, BFF_REFRESH_SECONDS="1") as running:
        replicas = await asyncio.gather(*(running.begin() for _ in range(2)))
        slowest = 0.0
        for fault, mend in ((redis.stop, redis.go_on), (redis.kill, redis.begin)):
            fault()
            slowest = max(slowest, await _until_roles(running, replicas, alone=2))
            health = (await running.client.get(f"{replicas[0].url}/health")).json()
            assert health["status"] == "warn"
            assert health["checks"]["redis:calls"][0]["output"]
            reply = (await running.client.get(replicas[0].url + BOT)).json()
            assert reply["freshness"]["stale"] is False
            await asyncio.to_thread(mend)
            slowest = max(slowest, await _until_roles(running, replicas, leading=1, following=1))
            assert (await running.client.get(f"{replicas[0].url}/health")).json()["status"] == "pass"
    figure(f"slowest answer meanwhile {slowest * 1000:.0f} ms")


async def _until_same(running: Fleet, replicas: list[Replica]) -> set[bytes]:
    """The answers of all replicas, once they rest on the same reading; between two readings they differ for a moment."""
    bodies: set[bytes] = set()
    for _ in range(100):
        bodies = {(await running.client.get(replica.url + BOT)).content for replica in replicas}
        if len(bodies) == 1:
            break
        await asyncio.sleep(0.05)
    return bodies


async def _until_roles(running: Fleet, replicas: list[Replica], **wanted: int) -> float:
    """Wait until so many replicas have these roles, asking all the while; the slowest answer's seconds."""
    slowest, until = 0.0, time.monotonic() + 15
    while True:
        found = {
            role: sum([await running.metric(one, f'keeptrusts_bff_replica_role{{role="{role}"}}') for one in replicas])
            for role in wanted
        }
        if found == wanted:
            return slowest
        assert time.monotonic() < until, (found, [replica.log()[-2000:] for replica in replicas])
        for replica in replicas:
            began = time.perf_counter()
            assert (await running.client.get(replica.url + BOT)).status_code == 200
            slowest = max(slowest, time.perf_counter() - began)
        await asyncio.sleep(0.05)
