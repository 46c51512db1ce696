"""How long Backstage waits for the list of actions: every step of every template of a company waits for it.

The list is asked for at a fixed rate, each time on a new connection, while other clients keep the service as busy as they can. An answer counts
from the moment at which it was due, so that a slow one does not hide those that wait behind it. `/livez`, a constant of three bytes, is asked for
in turn with it: what it takes is the machine's and the server's part.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bff.actions.endpoints import LIST
from tests.bench.machine import CLIENT_CORE, CONNECTIONS, cpu_seconds, wrk
from tests.bench.services import PATH, bff_with_actions, sandbox

SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
RATE = 50
"""Lists a second: a Backstage that runs some twenty templates and as many agents at once."""

LIMIT = 0.05
"""Seconds within which 99 of 100 lists are to come."""

LIVEZ = "/livez"

_INVOKE = """
wrk.method = "POST"
wrk.path = "LIST/keeptrusts%3Acheck-ai-budget/invoke"
wrk.body = BODY
wrk.headers["Content-Type"] = "application/json"
"""


def run() -> None:
    """Ask for the list of a service that is idle, that answers hits, and that answers invocations."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, CLIENT_CORE)
    try:
        with sandbox() as sandbox_url, bff_with_actions(sandbox_url) as (url, pid, caller, agent):
            print(
                f"\nActions: the list, {RATE} times a second, beside {CONNECTIONS} connections that ask without a pause\n"
            )
            print(f"{'beside':32} {'half within':>12} {'99 % within':>12} {'slowest':>12} {'99 % of /livez':>16}")
            rows = [("nothing", contextlib.nullcontext())]
            rows += [
                ("hits of one status", busy(f"{url}{PATH}", caller)),
                ("invocations of check-ai-budget", busy(url, agent, invoking())),
            ]
            for name, load in rows:
                with load:
                    waits = asyncio.run(asked(url))
                late, probe = (percentile(waits[path], 0.99) for path in (LIST, LIVEZ))
                cells = " ".join(ms(each) for each in (statistics.median(waits[LIST]), late, max(waits[LIST])))
                said = "" if late < LIMIT else f"   above the {LIMIT * 1000:.0f} ms that Backstage should wait"
                print(f"{name:32} {cells} {ms(probe):>16}{said}")
            print()
            for name, headers, script in (("a list", {}, ""), ("an invocation of check-ai-budget", agent, invoking())):
                print(f"{name:32} {processor_time(url, pid, headers, script) * 1e6:9.0f} µs of processor time")
    finally:
        os.sched_setaffinity(0, before)


def ms(seconds: float) -> str:
    """Seconds as a cell."""
    return f"{seconds * 1000:9.1f} ms"


def invoking() -> str:
    """The script with which wrk invokes an action."""
    body = json.dumps(json.dumps({"entityRef": "component:default/customer-support-bot"}))
    return _INVOKE.replace("LIST", LIST).replace("BODY", body)


@contextlib.contextmanager
def busy(url: str, headers: dict[str, str], script: str = "") -> Iterator[None]:
    """Ask as fast as answers come, meanwhile. Raises `RuntimeError` where an answer was an error."""
    with tempfile.TemporaryDirectory() as folder:
        options = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        if script:
            file = Path(folder) / "load.lua"
            file.write_text(script)
            options += ["-s", str(file)]
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS + 2:g}s", *options, url]
        load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            time.sleep(0.5)
            yield
        finally:
            printed, _ = load.communicate(timeout=SECONDS + 30)
        if "Non-2xx" in printed or "Requests/sec" not in printed:
            raise RuntimeError(printed)
        print(next(line for line in printed.splitlines() if "Requests/sec" in line))


def processor_time(url: str, pid: int, headers: dict[str, str], script: str) -> float:
    """Seconds that one answer costs the service, as wrk gets it on open connections."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "load.lua"
        file.write_text(script or f'wrk.path = "{LIST}"\n')
        before = cpu_seconds(pid)
        load = wrk(url, headers=headers, script=file, seconds=SECONDS / 2)
        return (cpu_seconds(pid) - before) / load.requests


async def asked(url: str) -> dict[str, list[float]]:
    """The seconds of each answer by its path, counted from when it was due."""
    due = [
        (path, time.perf_counter() + number / RATE) for number in range(int(SECONDS * RATE)) for path in (LIST, LIVEZ)
    ]
    seconds = await asyncio.gather(*(_answered(url, path, moment) for path, moment in due))
    waits: dict[str, list[float]] = {LIST: [], LIVEZ: []}
    for (path, _), wait in zip(due, seconds, strict=True):
        waits[path].append(wait)
    return waits


def percentile(seconds: list[float], share: float) -> float:
    """The time within which this share of the answers came."""
    return sorted(seconds)[int(len(seconds) * share)]


async def _answered(url: str, path: str, due: float) -> float:
    await asyncio.sleep(max(0.0, due - time.perf_counter()))
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(f"GET {path} HTTP/1.1\r\nhost: {address.netloc}\r\nconnection: close\r\n\r\n".encode())
    answer = await reader.read()
    seconds = time.perf_counter() - due
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
    writer.close()
    await writer.wait_closed()
    return seconds
