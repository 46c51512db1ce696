"""Drills of numbers: how much an outage costs Keeptrusts, what one probe is, a clock that jumps, and strangers without end."""

from __future__ import annotations

import asyncio
import gc
import resource
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import orjson
import pytest

from bff.breaker import BreakerState
from bff.keeptrusts.client import KEEPTRUSTS
from bff.keeptrusts.errors import KeeptrustsError
from bff.upstream import Call, Upstream
from tests.conftest import Start
from tests.drills.conftest import Figure
from tests.drills.stage import BOT, numbers, stage

TEAMS = Call("GET", "/v1/teams", "teams")


class Keeptrusts:
    """Answers with `status`, and counts."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.attempts = 0

    async def answer(self, _request: httpx.Request) -> httpx.Response:
        """One attempt."""
        self.attempts += 1
        await asyncio.sleep(0)
        return httpx.Response(self.status, stream=httpx.ByteStream(b'{"data":[]}'))


class Seconds:
    """A clock that a test moves, and on which waits pass at once."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let them pass."""
        self.now += seconds


def transport_to(keeptrusts: Keeptrusts, clock: Seconds) -> Upstream:
    """A client as the service has it."""
    return Upstream(
        "http://keeptrusts.test",
        KEEPTRUSTS,
        system="keeptrusts",
        transport=httpx.MockTransport(keeptrusts.answer),
        monotonic=clock,
        random=lambda: 0.5,
        sleep=clock.sleep,
    )


async def fails(transport: Upstream) -> bool:
    """Whether a call does."""
    try:
        await transport.ask(TEAMS, lambda reply: reply)
    except KeeptrustsError:
        return True
    return False


async def test_two_hundred_failing_misses_are_at_most_243_attempts(figure: Figure) -> None:
    """200 calls that fail make at most 240 + 3 attempts, even where no breaker opens in between."""
    upstream, clock = Keeptrusts(503), Seconds()
    transport = transport_to(upstream, clock)
    for _ in range(200):
        assert await fails(transport)
        # Ten seconds a call: the breaker never sees twenty of them in its window.
        clock.now += 10
    assert transport.breaker_state is BreakerState.CLOSED
    alone = upstream.attempts
    assert 200 < alone <= 243
    upstream, clock = Keeptrusts(503), Seconds()
    transport = transport_to(upstream, clock)
    assert all(await asyncio.gather(*(fails(transport) for _ in range(200))))
    assert upstream.attempts <= 243
    figure(f"{alone} attempts one after the other, {upstream.attempts} at once with the breaker")
    await transport.aclose()


async def test_an_open_breaker_lets_one_probe_through(figure: Figure) -> None:
    """After its sleep 100 concurrent callers make exactly one attempt; it fails, all fail; it succeeds, all go on."""
    upstream, clock = Keeptrusts(503), Seconds()
    transport = transport_to(upstream, clock)
    while transport.breaker_state is not BreakerState.OPEN:
        await fails(transport)
    probes = []
    for status in (503, 200):
        clock.now += 5
        upstream.status, upstream.attempts = status, 0
        await asyncio.gather(*(fails(transport) for _ in range(100)))
        probes.append(upstream.attempts)
    assert probes == [1, 1]
    assert not await fails(transport)
    figure(f"100 callers made {probes[0]} attempt, twice")
    await transport.aclose()


async def test_a_clock_that_jumps_changes_no_number(start: Start, figure: Figure) -> None:
    """The wall clock jumps an hour ahead and back: nothing is due for it, no age is below zero, and money stays what it is."""
    ages = []
    async with start() as running:
        card = await running.status_of("customer-support-bot")
        for jump in (timedelta(hours=1), timedelta(hours=-2), timedelta(hours=1)):
            running.time.start += jump
            asked = len(running.upstream.paths)
            reply = await running.get(f"{BOT.removesuffix('/governance')}/governance")
            ages.append(int(reply.headers["age"]))
            assert reply.json()["budget"]["spent"] == card["budget"]["spent"]
            assert len(running.upstream.paths) == asked
            assert (await running.refreshed()).json()["wallet"]["available"] == card["wallet"]["available"]
            assert (await running.get("/readyz")).status_code == 200
        running.time.pass_(31)
        assert (await running.status_of("customer-support-bot"))["budget"]["spent"] == card["budget"]["spent"]
    assert all(0 <= age < 7200 for age in ages)
    figure(f"ages shown after each jump: {ages} s")


@pytest.mark.extended
async def test_a_million_strangers_leave_nothing_behind(figure: Figure) -> None:
    """A million distinct references, all hostile and none of an entity, by a thousand at a time: memory stays flat."""
    async with stage(refresh=3600) as running:
        await running.until_asked(lambda asked: asked.status == 200, within=10)
        good = numbers(await running.ask())
        began, resident = time.perf_counter(), []
        for number, body in enumerate(_hostile_bodies(1_000)):
            reply = await running.client.post(
                "/v1/governance/by-refs", content=body, headers={"content-type": "application/json"}
            )
            assert reply.status_code == 200
            assert b'"status":{' not in reply.content
            if number % 100 == 99:
                resident.append(_resident_mib())
        seconds = time.perf_counter() - began
        assert numbers(await running.ask()) == good
    # What is bounded fills within the first tenths; from there on nothing may grow. The allocator breathes: lows are compared.
    growth = min(resident[6:]) - min(resident[2:6])
    assert growth < 16, [round(each) for each in resident]
    assert seconds < 60
    figure(
        f"1,000,000 references in {seconds:.0f} s; lowest resident {min(resident[2:6]):.0f} MiB up to 600,000, {min(resident[6:]):.0f} MiB after"
    )


def _hostile_bodies(batches: int) -> Iterator[bytes]:
    shapes = (
        "component:default/n-{}",
        "x{}:default/a",
        "component:ns-{}/a",
        "component:default/{}..%2f..%2fetc",
        "component:default/\N{FULLWIDTH SOLIDUS}{}",
        "::{}",
        "a" * 60 + ":b/{}",
        "{}" + "/" * 20,
    )
    for batch in range(batches):
        refs = [shapes[number % len(shapes)].format(batch * 1_000 + number) for number in range(1_000)]
        yield orjson.dumps({"entityRefs": refs})


def _resident_mib() -> float:
    # What waits for the collector is no leak.
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - a file of the kernel, read a thousand times
        return int(statm.read().split()[1]) * resource.getpagesize() / 2**20
