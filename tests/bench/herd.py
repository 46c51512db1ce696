"""A thousand callers at once want what was never asked for: what the slowest waits, and what it costs other systems."""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import time
from urllib.parse import urlsplit

from tests.bench.machine import CLIENT_CORE, ROUNDS, cpu_seconds, fetched
from tests.bench.services import bff_with_callers, sandbox

CALLERS = 1_000
WARM = 200


def run() -> None:
    """Let herds loose on entities that were not read before, and ask for the last one again, alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, CLIENT_CORE)
    try:
        with sandbox() as sandbox_url, bff_with_callers(sandbox_url) as (url, pid, caller):
            # The first herd pays for what a service pays for once; it is not of the rounds.
            herds, spent = [], []
            for number in range(ROUNDS + 1):
                spent_before = cpu_seconds(pid)
                herds.append(asyncio.run(herd(url, caller, f"bench-{number}")))
                spent.append(cpu_seconds(pid) - spent_before)
            del herds[0], spent[0]
            warm = asyncio.run(alone(url, caller, f"bench-{ROUNDS}"))
    finally:
        os.sched_setaffinity(0, before)
    slowest = statistics.median(seconds for seconds, _ in herds)
    calls = [calls for _, calls in herds]
    print(f"\nHerd: {CALLERS:,} connections ask at once for one entity that was not read before; {ROUNDS} herds\n")
    print(f"{'slowest answer':30} {slowest * 1000:8.1f} ms, {slowest / warm:,.0f} times one warm answer")
    print(f"{'one warm answer':30} {warm * 1000:8.2f} ms, of one connection alone")
    print(f"{'slowest answer / callers':30} {slowest / CALLERS * 1e6:8.1f} µs")
    print(f"{'processor time of the service':30} {statistics.median(spent) * 1000:8.0f} ms a herd, to 10 ms")
    print(f"{'calls to other systems':30} {statistics.median(calls):8.0f} a herd, at most {max(calls)}")


async def herd(url: str, headers: dict[str, str], name: str) -> tuple[float, int]:
    """The seconds after which the last of the callers had its answer, and the calls that were made for all of them."""
    calls = attempts(url)
    connections = [await connected(url) for _ in range(CALLERS)]
    question = asked(url, headers, name)
    began = time.perf_counter()
    for _, writer in connections:
        writer.write(question)
    await asyncio.gather(*(answered(reader) for reader, _ in connections))
    seconds = time.perf_counter() - began
    for _, writer in connections:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer in connections))
    return seconds, attempts(url) - calls


async def alone(url: str, headers: dict[str, str], name: str) -> float:
    """The median of the seconds that one caller waits who asks again and again."""
    reader, writer = await connected(url)
    seconds = []
    for _ in range(WARM):
        began = time.perf_counter()
        writer.write(asked(url, headers, name))
        await answered(reader)
        seconds.append(time.perf_counter() - began)
    writer.close()
    await writer.wait_closed()
    return statistics.median(seconds)


def asked(url: str, headers: dict[str, str], name: str) -> bytes:
    """The request for an entity's status."""
    lines = {"host": urlsplit(url).netloc, **headers}
    head = "".join(f"{field}: {value}\r\n" for field, value in lines.items())
    return f"GET /v1/entities/component/default/{name}/governance HTTP/1.1\r\n{head}\r\n".encode()


async def connected(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection of its own."""
    address = urlsplit(url)
    return await asyncio.open_connection(address.hostname, address.port)


async def answered(reader: asyncio.StreamReader) -> None:
    """Read one answer, which must be a status."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert length, head
    await reader.readexactly(int(length[1]))


def attempts(url: str) -> int:
    """How many calls to other systems the service has made."""
    found = re.findall(r"^keeptrusts_bff_upstream_attempts_total\S* (\S+)$", fetched(f"{url}/metrics"), re.MULTILINE)
    return round(sum(map(float, found)))
