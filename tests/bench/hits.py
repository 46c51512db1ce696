"""How much of a bare ASGI server's throughput is left on a cache hit: ratios, all measured in one run.

Each server runs on one core and wrk on another; the servers take turns, round after round, and each row is the median of its rounds.
Absolute numbers say something about this machine only; the ratios are the result.

Needs wrk and nginx, which `make bench` installs where it may.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bff.sandbox import READ_TOKEN

HERE = Path(__file__).parent
SERVERS = HERE / "servers"
BIN = Path(sys.executable).parent
PATH = "/v1/entities/component/default/customer-support-bot/governance"
SERVER_CORE, CLIENT_CORE = 0, 1
CONNECTIONS = 32
SECONDS = float(os.environ.get("BENCH_SECONDS", "3"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))


@dataclass
class Row:
    """One server, or one way of asking it, and what was measured of it."""

    name: str
    url: str
    pid: int
    headers: dict[str, str] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def main() -> None:
    """Start every server, measure them in turns, print the table."""
    for tool in ("wrk", "nginx"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing: install it with `apt-get install {tool if tool == 'wrk' else 'nginx-light'}`")
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("two cores are needed: one for the server, one for wrk")
    with contextlib.ExitStack() as stack:
        rows = [row for start in (raw, ours, ours_with_callers, fastapi, nginx) for row in stack.enter_context(start())]
        for row in rows:
            wrk(row, seconds=1)
        for _ in range(ROUNDS):
            for row in rows:
                measure(row)
        show(rows)


@contextlib.contextmanager
def raw() -> Iterator[list[Row]]:
    """The floor."""
    with uvicorn("raw_asgi:app") as (url, pid):
        yield [Row("raw ASGI, constant bytes", url + PATH, pid)]


@contextlib.contextmanager
def ours() -> Iterator[list[Row]]:
    """This service, with its log and metrics on, in front of the sandbox."""
    port = free_port()
    with sandbox() as sandbox_url, bff(port, sandbox_url) as pid:
        url = f"http://127.0.0.1:{port}{PATH}"
        with urllib.request.urlopen(url) as answer:
            etag = answer.headers["etag"]
        yield [
            Row("keeptrusts-bff, hit", url, pid),
            Row("keeptrusts-bff, 304", url, pid, {"If-None-Match": etag}),
        ]


@contextlib.contextmanager
def ours_with_callers() -> Iterator[list[Row]]:
    """This service as in production: it verifies each caller's token and sees the entity as Backstage shows it to them."""
    port = free_port()
    with sandbox() as sandbox_url, backstage_stub() as backstage_url:
        tokens = {name: fetched(f"{backstage_url}/bench/{name}") for name in ("token", "service")}
        settings = {
            "BFF_AUTH": "backstage",
            "BFF_CATALOG": "backstage",
            "BACKSTAGE_URL": backstage_url,
            "BACKSTAGE_TOKEN": tokens["service"],
        }
        authorization = {"Authorization": f"Bearer {tokens['token']}"}
        with bff(port, sandbox_url, asked_with=authorization, **settings) as pid:
            url = f"http://127.0.0.1:{port}{PATH}"
            with urllib.request.urlopen(urllib.request.Request(url, headers=authorization)) as answer:
                conditional = authorization | {"If-None-Match": answer.headers["etag"]}
            yield [
                Row("  with callers verified, hit", url, pid, authorization),
                Row("  with callers verified, 304", url, pid, conditional),
            ]


@contextlib.contextmanager
def backstage_stub() -> Iterator[str]:
    """A stand-in for Backstage, on the client's core."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        str(BIN / "uvicorn"),
        "backstage_stub:app",
        "--app-dir",
        str(SERVERS),
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    environment = {"ISSUER": f"{url}/api/auth", "PYTHONPATH": str(HERE.parents[1])}
    with process(command, core=CLIENT_CORE, **environment):
        wait_for(f"{url}/bench/service")
        yield url


def fetched(url: str) -> str:
    """The text at an address."""
    with urllib.request.urlopen(url) as answer:
        text: str = answer.read().decode()
        return text


@contextlib.contextmanager
def fastapi() -> Iterator[list[Row]]:
    """The tutorial's way."""
    port = free_port()
    with (
        sandbox() as sandbox_url,
        bff(port, sandbox_url),
        uvicorn("fastapi_ttlcache:app", UPSTREAM=f"http://127.0.0.1:{port}") as (url, pid),
    ):
        yield [Row("FastAPI with a TTLCache", url + PATH, pid)]


@contextlib.contextmanager
def nginx() -> Iterator[list[Row]]:
    """A cache that neither joins nor checks who asks."""
    upstream, port = free_port(), free_port()
    with sandbox() as sandbox_url, bff(upstream, sandbox_url), tempfile.TemporaryDirectory() as prefix:
        template = (SERVERS / "nginx.conf").read_text()
        config = Path(prefix, "nginx.conf")
        config.write_text(
            template.replace("PREFIX", prefix)
            .replace("PORT", str(port))
            .replace("UPSTREAM", f"http://127.0.0.1:{upstream}")
        )
        with process(["nginx", "-c", str(config), "-p", prefix]) as pid:
            url = f"http://127.0.0.1:{port}{PATH}"
            wait_for(url)
            yield [Row("nginx proxy_cache", url, pid)]


@contextlib.contextmanager
def sandbox() -> Iterator[str]:
    """The stand-in for Keeptrusts, beside the client's core: it is idle while answers come from memory."""
    port, gateway_port = free_port(), free_port()
    with process(
        [str(BIN / "keeptrusts-bff"), "sandbox", "--port", str(port), "--gateway-port", str(gateway_port)],
        core=CLIENT_CORE,
    ):
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def bff(port: int, sandbox_url: str, *, asked_with: dict[str, str] | None = None, **changes: str) -> Iterator[int]:
    """This service, with `changes` to its settings; its process id. `asked_with` are the headers that it wants to be asked with."""
    settings = {
        "BFF_AUTH": "none",
        "BFF_CATALOG": "files",
        "BFF_CATALOG_FILES": str(HERE.parents[1] / "catalog"),
        "BFF_PORT": str(port),
        # Long enough that a run sees one entity tag.
        "BFF_REFRESH_SECONDS": "3600",
        "KEEPTRUSTS_API_URL": sandbox_url,
        "KEEPTRUSTS_API_TOKEN": READ_TOKEN,
        **changes,
    }
    with process([str(BIN / "keeptrusts-bff"), "serve"], **settings) as pid:
        wait_for(f"http://127.0.0.1:{port}{PATH}", headers=asked_with)
        yield pid


@contextlib.contextmanager
def uvicorn(application: str, **environment: str) -> Iterator[tuple[str, int]]:
    """An application on uvicorn with uvloop and httptools, as ours runs."""
    port = free_port()
    command = [
        str(BIN / "uvicorn"),
        application,
        "--app-dir",
        str(SERVERS),
        "--port",
        str(port),
        "--loop",
        "uvloop",
        "--http",
        "httptools",
    ]
    with process([*command, "--no-access-log", "--no-server-header", "--log-level", "warning"], **environment) as pid:
        wait_for(f"http://127.0.0.1:{port}{PATH}")
        yield f"http://127.0.0.1:{port}", pid


@contextlib.contextmanager
def process(command: list[str], *, core: int = SERVER_CORE, **environment: str) -> Iterator[int]:
    """A process on one core, stopped by its id at the end. Its log goes to a file, as it would to a collector."""
    with tempfile.TemporaryFile() as log:
        started = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
            # One thread, so that nothing can hold a lock at the fork.
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509
        )
        try:
            yield started.pid
        finally:
            started.terminate()
            started.wait(timeout=30)


def measure(row: Row) -> None:
    """One round of one row: requests a second, and processor time a request."""
    before = cpu_seconds(row.pid)
    requests, rate = wrk(row, seconds=SECONDS)
    row.rates.append(rate)
    row.cpu.append((cpu_seconds(row.pid) - before) / requests * 1e6)


def wrk(row: Row, *, seconds: float) -> tuple[int, float]:
    """The number of requests and the rate that wrk saw; any failed request ends the run."""
    headers = [part for name, value in row.headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", *headers, row.url]
    output = subprocess.run(
        command, check=True, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {CLIENT_CORE})
    ).stdout
    if "Socket errors" in output or "Non-2xx" in output:
        sys.exit(f"{row.name}: requests failed\n{output}")
    requests = re.search(r"(\d+) requests in", output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert requests, output
    assert rate, output
    return int(requests[1]), float(rate[1])


def show(rows: list[Row]) -> None:
    """The table."""
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


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(url: str, *, seconds: float = 60, headers: dict[str, str] | None = None) -> None:
    """Return once `url` answers."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=2):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                sys.exit(f"{url} does not answer: {error}")
            time.sleep(0.05)


if __name__ == "__main__":
    main()
