"""The machine that is measured on: which core does what, processes on it, and what they cost."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CORES = frozenset(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = frozenset({min(CORES)}), frozenset({max(CORES)})
SECONDS = float(os.environ.get("BENCH_SECONDS", "2"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
CONNECTIONS = 32


def require(*tools: str) -> None:
    """End here where the machine is too small, or a tool is missing."""
    for tool in tools:
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing: install it with `apt-get install {tool if tool == 'wrk' else 'nginx-light'}`")
    if len(CORES) < 2:
        sys.exit("two cores are needed: one for the server, one for its clients")


@contextlib.contextmanager
def process(command: list[str], *, cores: frozenset[int] = SERVER_CORE, **environment: str) -> Iterator[int]:
    """A process on its cores, stopped by its id at the end. Its log goes to a file, as it would to a collector."""
    with tempfile.TemporaryFile() as log:
        started = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
            # One thread, so that nothing can hold a lock at the fork.
            preexec_fn=lambda: os.sched_setaffinity(0, cores),  # noqa: PLW1509
        )
        try:
            yield started.pid
        finally:
            started.terminate()
            started.wait(timeout=30)


@dataclass(frozen=True)
class Load:
    """What wrk saw: requests in all, and per second."""

    requests: int
    rate: float


def wrk(
    url: str,
    *,
    seconds: float = SECONDS,
    headers: Mapping[str, str] | None = None,
    script: Path | None = None,
    connections: int = CONNECTIONS,
    cores: frozenset[int] = CLIENT_CORE,
) -> Load:
    """Ask as fast as answers come; any failed request ends the run."""
    options = [part for name, value in (headers or {}).items() for part in ("-H", f"{name}: {value}")]
    options += ["-s", str(script)] if script else []
    command = ["wrk", f"-t{len(cores)}", f"-c{connections}", f"-d{seconds:g}s", *options, url]
    output = subprocess.run(
        command, check=True, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cores)
    ).stdout
    if "Socket errors" in output or "Non-2xx" in output:
        sys.exit(f"{url}: requests failed\n{output}")
    requests = re.search(r"(\d+) requests in", output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert requests, output
    assert rate, output
    return Load(int(requests[1]), float(rate[1]))


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port that is free now."""
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


def fetched(url: str) -> str:
    """The text at an address."""
    with urllib.request.urlopen(url) as answer:
        text: str = answer.read().decode()
        return text
