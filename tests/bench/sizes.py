"""What a hit costs by how much is remembered: one pair of caller and entity, many entities, many callers, many of both.

Without sockets, in one process: the short way is called with what a connection hands it. Time stands still, so that nothing
ends between two rounds. Each row is the least processor time of its rounds, which takes turns with the others: what other
programs of the machine do makes a round longer and never shorter.
"""

from __future__ import annotations

import asyncio
import time
from itertools import product
from random import Random
from typing import Any

import httpx

from tests.backstage.stub import SERVICE_TOKEN, URL, StubBackstage
from tests.bench.machine import ROUNDS
from tests.conftest import NOON, Running, _running

OWNER = "group:default/support-team"
ENTITIES, CALLERS = 10_000, 5_000
PAIRS = (20, 1_000)
"""Callers and entities of which every pair is asked for."""

CALLS = 20_000
"""A round: hits of pairs at random."""

IN_A_BATCH = 1_000
AT_ONCE = 50
_ROUNDS_EACH = 4

Question = tuple[bytes, dict[bytes, bytes]]


def run() -> None:
    """Measure each size, and print the table."""
    asyncio.run(_measured())


async def _measured() -> None:
    stub = StubBackstage()
    stub.clock.now = NOON.timestamp()
    stub.add(OWNER)
    for number in range(ENTITIES):
        stub.add(_ref(number), owner="support-team", gateway_key_name="support-team-gw-key")
    for number in range(CALLERS):
        stub.join(OWNER, user=f"user:default/u{number}")
    settings: dict[str, Any] = {
        "backstage": httpx.MockTransport(stub._answer),
        # Nothing that an earlier run has read.
        "bff_data_dir": ":memory:",
        "bff_auth": "backstage",
        "bff_catalog": "backstage",
        "backstage_url": URL,
        "backstage_token": SERVICE_TOKEN,
    }
    async with _running(**settings) as running:
        headers = [_headers(stub, number) for number in range(CALLERS)]
        rows = {
            "one pair": await _looked_at(running, headers[:1], 1),
            f"{ENTITIES:,} entities": await _looked_at(running, headers[:1], ENTITIES),
            f"{CALLERS:,} callers": await _looked_at(running, headers, 1),
            f"{PAIRS[0] * PAIRS[1]:,} pairs": await _looked_at(running, headers[: PAIRS[0]], PAIRS[1]),
        }
        least = dict.fromkeys(rows, float("inf"))
        for number in range(ROUNDS * _ROUNDS_EACH):
            for name, questions in rows.items():
                asked = Random(number).choices(questions, k=CALLS)
                least[name] = min(least[name], _round(running, asked))
                running.lines.clear()
    print(
        f"\nHits without sockets, {CALLS:,} a round at random; least processor time of {ROUNDS * _ROUNDS_EACH} rounds\n"
    )
    for name, seconds in least.items():
        print(f"{name:30} {seconds * 1e6:6.2f} µs, {seconds / least['one pair']:.2f} of one pair")


def _ref(number: int) -> str:
    return f"component:default/bench-{number}"


def _headers(stub: StubBackstage, number: int) -> dict[bytes, bytes]:
    now = int(stub.clock.now)
    token = stub.user_token(f"user:default/u{number}", exp=now + 3600, nbf=now - 1)
    return {b"host": b"bff", b"authorization": f"Bearer {token}".encode()}


async def _looked_at(running: Running, callers: list[dict[bytes, bytes]], entities: int) -> list[Question]:
    """A question for every pair of these callers and the first entities, all of which have been answered once."""
    refs = [_ref(number) for number in range(entities)]
    places = asyncio.Semaphore(AT_ONCE)

    async def look(caller: dict[bytes, bytes], some: list[str]) -> None:
        headers = {name.decode(): value.decode() for name, value in caller.items()}
        async with places:
            reply = await running.client.post("/v1/governance/by-refs", json={"entityRefs": some}, headers=headers)
        assert reply.status_code == 200, reply.text

    # One batch of a caller after the other: a third at once is refused.
    for first in range(0, entities, IN_A_BATCH):
        await asyncio.gather(*(look(caller, refs[first : first + IN_A_BATCH]) for caller in callers))
    paths = [f"/v1/entities/component/default/bench-{number}/governance".encode() for number in range(entities)]
    questions = list(product(paths, callers))
    _round(running, questions)
    return questions


def _round(running: Running, questions: list[Question]) -> float:
    """Ask each, which must be a hit; the processor time of one, in seconds."""
    short, written = running.app.short, bytearray()
    assert short is not None

    def write(answer: bytes) -> None:
        written[:] = answer

    began = time.process_time()
    answered = sum([short(path, fields, b"", write, b"\r\n") for path, fields in questions])
    seconds = time.process_time() - began
    assert answered == len(questions), f"{len(questions) - answered} of {len(questions)} were no hits"
    return seconds / len(questions)
