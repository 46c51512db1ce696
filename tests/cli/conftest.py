"""The command as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("keeptrusts-bff")
BOT = "component:default/customer-support-bot"


@dataclass
class Process:
    """A command that goes on until it is stopped, and what it has printed so far."""

    popen: subprocess.Popen[str]
    printed: str
    seconds: float

    def address(self, label: str) -> str:
        """The address that was printed after a label."""
        found = re.search(rf"{label}\s+(http://127\.0\.0\.1:\d+)", self.printed)
        assert found, self.printed
        return found[1]


Run = Callable[..., subprocess.CompletedProcess[str]]
Begin = Callable[..., Process]


def environment(**changes: str) -> dict[str, str]:
    """The environment without settings but that no database is kept, and with these."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("BFF_", "KEEPTRUSTS_", "BACKSTAGE_"))
    }
    return kept | {"BFF_DATA_DIR": ":memory:"} | changes


@pytest.fixture(scope="session")
def run() -> Run:
    """Runs a command to its end."""

    def run(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *words], env=environment(**settings), capture_output=True, text=True, timeout=60, check=False
        )

    return run


@pytest.fixture(scope="session")
def begin() -> Iterator[Begin]:
    """Begins a command and reads what it prints up to a line; what still runs at the end is stopped."""
    processes: list[subprocess.Popen[str]] = []

    def begin(*words: str, until: str, **settings: str) -> Process:
        started = time.monotonic()
        popen = subprocess.Popen([COMMAND, *words], env=environment(**settings), stdout=subprocess.PIPE, text=True)
        processes.append(popen)
        assert popen.stdout
        printed = ""
        for line in popen.stdout:
            printed += line
            if until in line:
                return Process(popen, printed, time.monotonic() - started)
        raise AssertionError(f"it ended with {popen.wait()} before it printed {until!r}: {printed}")

    yield begin
    for popen in processes:
        if popen.poll() is None:
            popen.terminate()
            popen.wait(30)
        assert popen.stdout
        popen.stdout.close()


@pytest.fixture(scope="session")
def demo(begin: Begin) -> Process:
    """A demo on free ports."""
    return begin("demo", "--port", "0", "--sandbox-port", "0", "--gateway-port", "0", "--no-traffic", until="Ctrl-C")
