"""How much of a bare ASGI server's throughput is left on a cache hit.

Each server runs on one core and wrk on another; the servers take turns, round after round, and each row is the median of its rounds.
Absolute numbers say something about this machine only; the ratios are the result.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.machine import CONNECTIONS, ROUNDS, SECONDS, cpu_seconds, free_port, process, wait_for, wrk
from tests.bench.services import PATH, SERVERS, bff, bff_with_callers, sandbox, uvicorn


@dataclass
class Row:
    """One server, or one way of asking it, and what was measured of it."""

    name: str
    url: str
    pid: int
    headers: dict[str, str] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def measure(self) -> None:
        """One round: requests a second, and processor time a request."""
        before = cpu_seconds(self.pid)
        load = wrk(self.url, headers=self.headers)
        self.rates.append(load.rate)
        self.cpu.append((cpu_seconds(self.pid) - before) / load.requests * 1e6)


def run() -> None:
    """Start every server, measure them in turns, print the table."""
    with contextlib.ExitStack() as stack:
        rows = [row for start in (raw, ours, ours_with_callers, fastapi, nginx) for row in stack.enter_context(start())]
        for row in rows:
            wrk(row.url, headers=row.headers, seconds=1)
        for _ in range(ROUNDS):
            for row in rows:
                row.measure()
        show(rows)


@contextlib.contextmanager
def raw() -> Iterator[list[Row]]:
    """The floor."""
    with uvicorn("raw_asgi:app") as (url, pid):
        yield [Row("raw ASGI, constant bytes", url + PATH, pid)]


@contextlib.contextmanager
def ours() -> Iterator[list[Row]]:
    """This service, with its log and metrics on, in front of the sandbox."""
    with sandbox() as sandbox_url, bff(sandbox_url) as (address, pid):
        url = address + PATH
        with urllib.request.urlopen(url) as answer:
            etag = answer.headers["etag"]
        yield [
            Row("keeptrusts-bff, hit", url, pid),
            Row("keeptrusts-bff, 304", url, pid, {"If-None-Match": etag}),
        ]


@contextlib.contextmanager
def ours_with_callers() -> Iterator[list[Row]]:
    """This service as in production."""
    with sandbox() as sandbox_url, bff_with_callers(sandbox_url) as (address, pid, caller):
        url = address + PATH
        with urllib.request.urlopen(urllib.request.Request(url, headers=caller)) as answer:
            conditional = caller | {"If-None-Match": answer.headers["etag"]}
        yield [
            Row("  with callers verified, hit", url, pid, caller),
            Row("  with callers verified, 304", url, pid, conditional),
        ]


@contextlib.contextmanager
def fastapi() -> Iterator[list[Row]]:
    """The tutorial's way."""
    with (
        sandbox() as sandbox_url,
        bff(sandbox_url) as (upstream, _),
        uvicorn("fastapi_ttlcache:app", UPSTREAM=upstream) as (url, pid),
    ):
        yield [Row("FastAPI with a TTLCache", url + PATH, pid)]


@contextlib.contextmanager
def nginx() -> Iterator[list[Row]]:
    """A cache that neither joins nor checks who asks."""
    port = free_port()
    with sandbox() as sandbox_url, bff(sandbox_url) as (upstream, _), tempfile.TemporaryDirectory() as prefix:
        template = (SERVERS / "nginx.conf").read_text()
        config = Path(prefix, "nginx.conf")
        config.write_text(template.replace("PREFIX", prefix).replace("PORT", str(port)).replace("UPSTREAM", upstream))
        with process(["nginx", "-c", str(config), "-p", prefix]) as pid:
            url = f"http://127.0.0.1:{port}{PATH}"
            wait_for(url)
            yield [Row("nginx proxy_cache", url, pid)]


def show(rows: list[Row]) -> None:
    """Print the table."""
    floor = rows[0]
    print(f"\n{CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS:g} s in turns, one core a server; medians\n")
    print(f"{'':30} {'ratio':>6} {'min':>6} {'max':>6} {'CPU µs/request':>15} {'requests/s':>12}")
    for row in rows:
        # Round by round against the floor's same round: a machine that slows down slows both.
        ratios = [rate / base for rate, base in zip(row.rates, floor.rates, strict=True)]
        middle: Callable[[list[float]], float] = statistics.median
        print(
            f"{row.name:30} {middle(ratios):6.2f} {min(ratios):6.2f} {max(ratios):6.2f} {middle(row.cpu):15.1f} {middle(row.rates):12,.0f}"
        )
