"""A real Prometheus that scrapes one target on loopback with the rules of `deploy/`, for as long as a test lasts."""

from __future__ import annotations

import asyncio
import math
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.deploy.conftest import RULES, program

JOB = "keeptrusts-bff"
PATIENCE = 30.0
"""Seconds after which what has not come will not come."""


class Prometheus:
    """Answers queries."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that `expression` gives now and that have a number."""
        reply = await self._client.get("/api/v1/query", params={"query": expression})
        assert reply.status_code == 200, f"{expression}: {reply.text}"
        found: list[dict[str, Any]] = reply.json()["data"]["result"]
        return [series for series in found if not math.isnan(float(series["value"][1]))]

    async def has(self, expression: str) -> bool:
        """Whether `expression` gives a number within the time that patience lasts."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not await self.query(expression):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            return False
        return True

    async def scraped_again(self, times: int = 2) -> None:
        """Wait until the target was scraped that many times more."""
        count = f'count_over_time(up{{job="{JOB}"}}[10m])'
        before = await self.query(count)
        target = (float(before[0]["value"][1]) if before else 0) + times
        assert await self.has(f"{count} >= {target}"), "Prometheus does not scrape"


@asynccontextmanager
async def prometheus(target: str, folder: Path) -> AsyncIterator[Prometheus]:
    """A Prometheus that scrapes `target` (host and port) and evaluates the rules many times a second."""
    port = free_port()
    process = _begun(target, port, folder)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            await _ready(client, process, folder / "log")
            yield Prometheus(client)
    finally:
        process.terminate()
        process.wait(30)


def _begun(target: str, port: int, folder: Path) -> subprocess.Popen[bytes]:
    binary = program("prometheus", "prometheus")
    config = folder / "prometheus.yml"
    settings = {
        "global": {"scrape_interval": "250ms", "scrape_timeout": "250ms", "evaluation_interval": "500ms"},
        "rule_files": [_hurried(path, folder) for path in RULES],
        "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": [target]}]}],
    }
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    listen, data = f"--web.listen-address=127.0.0.1:{port}", f"--storage.tsdb.path={folder / 'data'}"
    with (folder / "log").open("wb") as log:
        return subprocess.Popen([binary, f"--config.file={config}", data, listen], stdout=log, stderr=subprocess.STDOUT)


def _hurried(path: Path, folder: Path) -> str:
    copy = folder / f"rules-{path.name}"
    copy.write_text(path.read_text(encoding="utf-8").replace("interval: 30s", "interval: 500ms"), encoding="utf-8")
    return str(copy)


async def _ready(client: httpx.AsyncClient, process: subprocess.Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            assert process.poll() is None, f"Prometheus ended, see {log}"
            try:
                if (await client.get("/-/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # It does not listen yet.
            await asyncio.sleep(0.1)


def free_port() -> int:
    """A port of loopback on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
