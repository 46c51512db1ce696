"""Drills of stopping: no request fails because a replica stops, and stopping takes no longer than documented."""

from __future__ import annotations

import asyncio
import re
import signal
import time

from bff.cli.server import CLOSE_SECONDS
from tests.drills.conftest import Figure
from tests.drills.stage import BOT
from tests.harness.balancer import PROBE_SECONDS, balancer
from tests.harness.fleet import fleet

DRAIN = 2


async def test_no_request_fails_when_a_replica_stops_under_load(figure: Figure) -> None:
    """SIGTERM to one of two replicas while wrk asks: every request of more than a thousand is answered with 200."""
    async with fleet(BFF_DRAIN_SECONDS=str(DRAIN)) as running:
        replicas = [await running.begin() for _ in range(2)]
        async with balancer([replica.port for replica in replicas]) as front:
            while len(front.ready) < 2:
                await asyncio.sleep(PROBE_SECONDS)
            command = ["wrk", "-t1", "-c8", f"-d{DRAIN + 3}s", f"http://127.0.0.1:{front.port}{BOT}"]
            load = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
            while await running.metric(replicas[0], "keeptrusts_bff_http_requests_total") < 200:
                await asyncio.sleep(0.05)
            replicas[0].signal(signal.SIGTERM)
            seconds = await replicas[0].ended(within=DRAIN + CLOSE_SECONDS + 5)
            output = (await load.communicate())[0].decode()
    found = re.search(r"(\d+) requests in", output)
    assert found, output
    assert int(found[1]) >= 1000
    assert "Socket errors" not in output, output
    assert "Non-2xx" not in output, output
    assert replicas[0].process.returncode == 0
    figure(f"{found[1]} requests, none failed; the replica ended after {seconds:.1f} s of {DRAIN} s drain")


async def test_a_replica_that_stops_says_so_and_serves_on(figure: Figure) -> None:
    """After SIGTERM readiness is 503 at once, requests are answered with `Connection: close`, and then it ends within its bound."""
    async with fleet(BFF_DRAIN_SECONDS=str(DRAIN)) as running:
        replica = await running.begin()
        # A client that never ends its request must not hold the process.
        _, dawdler = await asyncio.open_connection("127.0.0.1", replica.port)
        dawdler.write(b"GET /livez HTTP/1.1\r\nhost: x\r\n")
        began = time.perf_counter()
        replica.signal(signal.SIGTERM)
        while await running.is_ready(replica.url):
            await asyncio.sleep(0.01)
        not_ready = time.perf_counter() - began
        reply = await running.client.get(f"{replica.url}{BOT}")
        assert (reply.status_code, reply.headers["connection"]) == (200, "close")
        assert time.perf_counter() - began < DRAIN
        await replica.ended(within=DRAIN + CLOSE_SECONDS + 2)
        seconds = time.perf_counter() - began
        dawdler.close()
    assert not_ready < 0.5
    assert seconds >= DRAIN
    assert replica.process.returncode == 0
    figure(f"not ready after {not_ready * 1000:.0f} ms, ended after {seconds:.1f} s")


async def test_a_second_signal_ends_it_at_once(figure: Figure) -> None:
    """A second signal ends the process without waiting for the drain."""
    async with fleet(BFF_DRAIN_SECONDS="300") as running:
        replica = await running.begin()
        replica.signal(signal.SIGTERM)
        while await running.is_ready(replica.url):
            await asyncio.sleep(0.01)
        replica.signal(signal.SIGTERM)
        seconds = await replica.ended(within=5)
    assert seconds < 2
    figure(f"ended {seconds * 1000:.0f} ms after the second signal, of 300 s drain")
