"""Replicas that export amounts: the one that leads, and no other, also once another leads; coverage is the same at both."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any

import httpx

from bff.watch.spend_metrics import RENEWED_EVERY
from tests.harness.fleet import ROLES_WITHIN, Fleet, Replica, fleet

SPENT = "keeptrusts_bff_spent_today_usd"
WITHIN = ROLES_WITHIN + 4 * RENEWED_EVERY
"""Seconds for a change of hands and the renewal after it."""


async def test_the_leader_alone_exports_amounts(postgres_url: str) -> None:
    """With two replicas one has the amounts, which are those of its cards; when it ends the other has them."""
    async with fleet(
        DATABASE_URL=postgres_url, BFF_REFRESH_SECONDS="2", BFF_BACKFILL_DAYS="0", BFF_SPEND_METRICS="entity"
    ) as running:
        replicas = [await running.begin() for _ in range(2)]
        await running.until_roles(replicas, "leading", "following")
        leader = await running.leader()
        (other,) = [each for each in replicas if each is not leader]
        await until_exported(running, leader)
        assert SPENT not in await scraped(running, other)
        documents = [await coverage(running, each) for each in replicas]
        assert documents[0]["total"] == documents[1]["total"]
        assert documents[0]["catalog"]["entities"] == documents[1]["catalog"]["entities"] > 0

        leader.signal(signal.SIGTERM)
        await leader.ended(within=WITHIN)
        await until_exported(running, other)


async def scraped(running: Fleet, replica: Replica) -> str:
    """What a scrape of a replica reads."""
    return (await running.client.get(f"{replica.url}/metrics")).text


async def until_exported(running: Fleet, replica: Replica) -> None:
    """Wait until a replica exports amounts, the bot's among them."""
    until = time.monotonic() + WITHIN
    while 'entity="component:default/customer-support-bot"' not in (text := await scraped(running, replica)):
        assert time.monotonic() < until, f"no amounts within {WITHIN} s\n{replica.log()[-2000:]}"
        await asyncio.sleep(0.2)
    assert SPENT in text


async def coverage(running: Fleet, replica: Replica) -> dict[str, Any]:
    """What a replica answers of coverage."""
    reply = await running.client.get(f"{replica.url}/v1/coverage?days=1")
    assert reply.status_code == httpx.codes.OK, reply.text
    found: dict[str, Any] = reply.json()
    return found
