"""How much of a bare ASGI server's throughput is left on a cache hit.

Each server runs on one core and wrk on another; the servers take turns, round after round, and each row is the median of its rounds.
Absolute numbers say something about this machine only; the ratios are the result.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.machine import CONNECTIONS, ROUNDS, SECONDS, cpu_seconds, free_port, process, wait_for, wrk
from tests.bench.services import PATH, SERVERS, bff, bff_with_callers, bff_with_many_callers, sandbox, uvicorn

CALLERS = 20
ENTITIES = 1_000

CLOSE = {"Connection": "close"}
"""What Backstage's proxy sends with every request."""

BROWSER = {
    "Accept": "application/json, text/plain, */*",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "de-DE,de;q=0.9,en;q=0.8",
    "Origin": "https://backstage.example.com",
    "Priority": "u=1, i",
    "Referer": "https://backstage.example.com/catalog/default/component/customer-support-bot",
    "Sec-Ch-Ua": '"Chromium";v="140", "Not=A?Brand";v="24"',
    "Sec-Ch-Ua-Mobile": "?0",
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "same-origin",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
}
"""Twelve headers that a browser adds, and a proxy passes on."""

_PAIRS = """
local tokens = { TOKENS }
request = function()
  local path = "/v1/entities/component/default/bench-" .. math.random(0, ENTITIES - 1) .. "/governance"
  return wrk.format("GET", path, { ["Authorization"] = tokens[math.random(#tokens)] })
end
"""


@dataclass
class Row:
    """One server, or one way of asking it, and what was measured of it.

    `floor` is the row with whose rounds this one's are compared, the first one's unless given. `prepare` runs before each
    round and does not count.
    """

    name: str
    url: str
    pid: int
    headers: dict[str, str] = field(default_factory=dict)
    floor: Row | None = None
    connections: int = CONNECTIONS
    script: Path | None = None
    prepare: Callable[[], object] = lambda: None
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def measure(self) -> None:
        """One round: requests a second, and processor time a request."""
        self.prepare()
        before = cpu_seconds(self.pid)
        load = wrk(self.url, headers=self.headers, connections=self.connections, script=self.script)
        self.rates.append(load.rate)
        self.cpu.append((cpu_seconds(self.pid) - before) / load.requests * 1e6)


Started = contextlib.AbstractContextManager[list[Row]]


def run() -> None:
    """A hit with callers verified, metrics and log on: the short way, the long way, and what a request may carry."""
    with contextlib.ExitStack() as stack:
        url, pid = stack.enter_context(uvicorn("raw_asgi:app"))
        floor = Row("raw ASGI, constant bytes", url + PATH, pid)
        closing = Row("raw, connection: close", url + PATH, pid, CLOSE)
        browsing = Row("raw, a browser's headers", url + PATH, pid, BROWSER)
        address, pid, caller = stack.enter_context(bff_with_callers(stack.enter_context(sandbox())))
        url = address + PATH
        with urllib.request.urlopen(urllib.request.Request(url, headers=caller)) as answer:
            conditional = caller | {"If-None-Match": answer.headers["etag"]}
        measured(
            [
                floor,
                Row("hit", url, pid, caller),
                Row("304", url, pid, conditional),
                # A query means nothing to this route, and goes the long way.
                Row("hit, the long way", f"{url}?", pid, caller),
                Row("304, the long way", f"{url}?", pid, conditional),
                closing,
                Row("hit, connection: close", url, pid, caller | CLOSE, floor=closing),
                browsing,
                Row("hit, a browser's headers", url, pid, caller | BROWSER, floor=browsing),
            ]
        )


def run_pairs() -> None:
    """Hits of 20,000 pairs of caller and entity at random, against one pair."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        floor = stack.enter_context(raw())[0]
        sandbox_url = stack.enter_context(sandbox())
        address, pid, callers = stack.enter_context(bff_with_many_callers(sandbox_url, CALLERS))
        tokens = ", ".join(f'"{caller["Authorization"]}"' for caller in callers)
        script = folder / "pairs.lua"
        script.write_text(_PAIRS.replace("TOKENS", tokens).replace("ENTITIES", str(ENTITIES)))
        body = json.dumps({"entityRefs": [f"component:default/bench-{number}" for number in range(ENTITIES)]}).encode()

        def look() -> None:
            # What a caller may see is remembered for half a minute: each looks at all of it before each round.
            for caller in callers:
                headers = caller | {"Content-Type": "application/json"}
                asked = urllib.request.Request(f"{address}/v1/governance/by-refs", data=body, headers=headers)
                with urllib.request.urlopen(asked) as answer:
                    answer.read()

        # The same script asks for one pair too, so that it weighs alike.
        one = folder / "one.lua"
        one.write_text(_PAIRS.replace("TOKENS", f'"{callers[0]["Authorization"]}"').replace("ENTITIES", "1"))
        measured(
            [
                floor,
                Row("hit, one pair", address, pid, script=one),
                Row(f"hit, {CALLERS * ENTITIES:,} pairs", address, pid, script=script, prepare=look),
            ]
        )


def run_connections() -> None:
    """A hit at 1, 32 and 512 connections, each against the floor at as many."""
    with (
        sandbox() as sandbox_url,
        bff_with_callers(sandbox_url) as (address, pid, caller),
        raw() as (floor,),
    ):
        rows = []
        for number in (32, 1, 512):
            base = Row(f"raw, {number} connections", floor.url, floor.pid, connections=number)
            hit = Row(f"hit, {number} connections", address + PATH, pid, caller, base, number)
            rows += [base, hit]
        measured(rows)


def run_peers() -> None:
    """Other ways to do it, and this service where it verifies no callers."""
    with contextlib.ExitStack() as stack:
        measured([row for start in (raw, ours, fastapi, nginx) for row in stack.enter_context(start())])


def measured(rows: list[Row]) -> None:
    """Measure rows in turns, and print the table."""
    for row in rows:
        row.prepare()
        wrk(row.url, headers=row.headers, seconds=1, connections=row.connections, script=row.script)
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
    """This service without callers, with its log and metrics on, in front of the sandbox."""
    with sandbox() as sandbox_url, bff(sandbox_url) as (address, pid):
        yield [Row("keeptrusts-bff, no callers", address + PATH, pid)]


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
        ratios = [rate / base for rate, base in zip(row.rates, (row.floor or floor).rates, strict=True)]
        middle: Callable[[list[float]], float] = statistics.median
        print(
            f"{row.name:30} {middle(ratios):6.2f} {min(ratios):6.2f} {max(ratios):6.2f} {middle(row.cpu):15.1f} {middle(row.rates):12,.0f}"
        )
