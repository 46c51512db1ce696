"""A thousand callers at once want what was never asked for: what the slowest waits, and what it costs other systems."""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import time
from urllib.parse import urlsplit

import uvloop

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
                herds.append(uvloop.run(herd(url, caller, f"bench-{number}")))
                spent.append(cpu_seconds(pid) - spent_before)
            del herds[0], spent[0]
            warm = uvloop.run(alone(url, caller, f"bench-{ROUNDS}"))
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


class Client(asyncio.Protocol):
    """One connection, as cheap as Python has it: what a herd waits for is the service's work and not its clients'."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._read = b""
        self._whole: asyncio.Future[float] | None = None
        self._ended = asyncio.Event()

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]  # as asyncio's own protocols have it
        """The connection is there."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """A part of the answer has come; the last one ends the wait."""
        self._read += data
        head, end, body = self._read.partition(b"\r\n\r\n")
        if not end or self._whole is None:
            return
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if not head.startswith(b"HTTP/1.1 200 ") or length is None:
            self._whole.set_exception(AssertionError(f"the answer is no status: {head.decode()}"))
        elif len(body) >= int(length[1]):
            self._whole.set_result(time.perf_counter())

    def ask(self, question: bytes) -> asyncio.Future[float]:
        """Send `question`; when its answer is there, the result is the moment of its last byte."""
        assert self._transport
        self._read = b""
        self._whole = asyncio.get_running_loop().create_future()
        self._transport.write(question)
        return self._whole

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        del exc
        self._ended.set()

    async def close(self) -> None:
        """End the connection."""
        assert self._transport
        self._transport.close()
        await self._ended.wait()


async def herd(url: str, headers: dict[str, str], name: str) -> tuple[float, int]:
    """The seconds after which the last of the callers had its answer, and the calls that were made for all of them."""
    calls = attempts(url)
    clients = [await connected(url) for _ in range(CALLERS)]
    question = asked(url, headers, name)
    began = time.perf_counter()
    ends = await asyncio.gather(*[client.ask(question) for client in clients])
    await asyncio.gather(*[client.close() for client in clients])
    return max(ends) - began, attempts(url) - calls


async def alone(url: str, headers: dict[str, str], name: str) -> float:
    """The median of the seconds that one caller waits who asks again and again."""
    client = await connected(url)
    seconds = []
    for _ in range(WARM):
        began = time.perf_counter()
        seconds.append(await client.ask(asked(url, headers, name)) - began)
    await client.close()
    return statistics.median(seconds)


def asked(url: str, headers: dict[str, str], name: str) -> bytes:
    """The request for an entity's status."""
    lines = {"host": urlsplit(url).netloc, **headers}
    head = "".join(f"{field}: {value}\r\n" for field, value in lines.items())
    return f"GET /v1/entities/component/default/{name}/governance HTTP/1.1\r\n{head}\r\n".encode()


async def connected(url: str) -> Client:
    """A connection of its own."""
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    _, client = await asyncio.get_running_loop().create_connection(Client, address.hostname, address.port)
    return client


def attempts(url: str) -> int:
    """How many calls to other systems the service has made."""
    found = re.findall(r"^keeptrusts_bff_upstream_attempts_total\S* (\S+)$", fetched(f"{url}/metrics"), re.MULTILINE)
    return round(sum(map(float, found)))
