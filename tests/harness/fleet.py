"""Replicas of the service as processes of their own, in front of one sandbox that counts what it is asked."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bff.cli.demo import demo_timezone
from bff.sandbox import ADMIN_TOKEN, READ_TOKEN
from bff.sandbox.accounts import State
from bff.sandbox.control_plane import create_control_plane
from bff.sandbox.faults import Faults
from bff.sandbox.scenario import catalog_folder, seed_scenario
from tests.e2e.harness.ports import LOOPBACK, free_port
from tests.harness.forked import ForkedService
from tests.harness.served import served

COMMAND = str(Path(sys.executable).with_name("keeptrusts-bff"))
STARTS_WITHIN = 60.0
"""Seconds; it takes one, and many times that on a machine with other things to do."""

ROLES_WITHIN = 30.0
"""Seconds for a change of hands, whatever the refresh."""


class Replica:
    """One `keeptrusts-bff serve`."""

    def __init__(self, port: int, process: asyncio.subprocess.Process | ForkedService, log: IO[bytes]) -> None:
        self.port = port
        self.url = f"http://{LOOPBACK}:{port}"
        self.process = process
        self._log = log

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def log(self) -> str:
        """What it has logged so far."""
        self._log.seek(0)
        return self._log.read().decode()

    async def ended(self, *, within: float) -> float:
        """Wait for its end; the seconds that took. Raises `TimeoutError`."""
        began = time.perf_counter()
        async with asyncio.timeout(within):
            await self.process.wait()
        return time.perf_counter() - began


class Fleet:
    """Replicas, and the control plane that they read: `asked` counts its requests by path, `faults` are what it does wrong.

    `on_request` gets each path before its request is answered, and `on_reply` method and path once it was carried out, before the
    client gets the reply. All four are of no use with a control plane elsewhere.
    """

    def __init__(self, settings: dict[str, str], state: State) -> None:
        self.asked: Counter[str] = Counter()
        self.faults = Faults()
        self.state = state
        self.on_request: Callable[[str], None] = lambda _path: None
        self.on_reply: Callable[[str, str], None] = lambda _method, _path: None
        self.replicas: list[Replica] = []
        self.client = httpx.AsyncClient(trust_env=False, timeout=10)
        self._settings = settings

    async def begin(
        self, *words: str, port: int | None = None, ready: bool = True, forked: bool = False, **settings: str
    ) -> Replica:
        """One more replica, once it is ready. Raises `AssertionError` with its log when it does not get so far.

        A `forked` one is cheaper to start than the command, takes no `words`, and waits longer for replies.
        """
        port = port or free_port()
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("BFF_", "KEEPTRUSTS_", "BACKSTAGE_", "DATABASE_", "REDIS_"))
        }
        log = tempfile.NamedTemporaryFile()  # noqa: SIM115 - closed with the fleet
        environment = kept | self._settings | {"BFF_PORT": str(port)} | settings
        process: asyncio.subprocess.Process | ForkedService
        if forked:
            process = ForkedService(environment, Path(log.name))
        else:
            process = await asyncio.create_subprocess_exec(
                COMMAND, "serve", *words, env=environment, stdout=log, stderr=log
            )
        replica = Replica(port, process, log)
        self.replicas.append(replica)
        if ready:
            await self.until_ready(replica)
        return replica

    async def until_ready(self, replica: Replica) -> None:
        """Wait until a replica is ready."""
        until = time.monotonic() + STARTS_WITHIN
        while not await self.is_ready(replica.url):
            assert replica.process.returncode is None, replica.log()
            assert time.monotonic() < until, f"not ready within {STARTS_WITHIN} s\n{replica.log()}"
            await asyncio.sleep(0.05)

    async def is_ready(self, url: str) -> bool:
        """Whether `/readyz` says so."""
        try:
            return (await self.client.get(f"{url}/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async def metric(self, replica: Replica, name: str) -> float:
        """The sum of a metric's samples at one replica; `name` may have labels."""
        text = (await self.client.get(f"{replica.url}/metrics")).text
        return sum(float(value) for value in re.findall(rf"^{re.escape(name)}\S* (\S+)$", text, re.MULTILINE))

    async def role(self, replica: Replica) -> str:
        """What a replica says that it does: `leading`, `following`, `alone`, or nothing before its first reading."""
        text = (await self.client.get(f"{replica.url}/metrics")).text
        found = re.search(r'^keeptrusts_bff_replica_role\{role="(\w+)"\} 1\.0$', text, re.MULTILINE)
        return found[1] if found else ""

    async def until_roles(self, replicas: Iterable[Replica], *wanted: str, within: float = ROLES_WITHIN) -> None:
        """Wait until the replicas have these roles, in any order."""
        replicas, until = list(replicas), time.monotonic() + within
        while (found := sorted([await self.role(replica) for replica in replicas])) != sorted(wanted):
            logs = "\n".join(replica.log()[-2000:] for replica in replicas)
            assert time.monotonic() < until, f"{found} and not {sorted(wanted)} within {within} s\n{logs}"
            await asyncio.sleep(0.05)

    async def leader(self, among: Iterable[Replica] | None = None) -> Replica:
        """The replica that reads for all, once one does; `among` those that answer, by default all that run."""
        until = time.monotonic() + ROLES_WITHIN
        while time.monotonic() < until:
            for replica in self.replicas if among is None else among:
                if replica.process.returncode is None and await self.role(replica) == "leading":
                    return replica
            await asyncio.sleep(0.05)
        raise AssertionError(f"no replica leads within {ROLES_WITHIN} s")

    def counted(self, plane: ASGIApp) -> ASGIApp:
        """`plane`, counting."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            self.asked[scope["path"]] += 1
            self.on_request(scope["path"])

            async def reply(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self.on_reply(scope["method"], scope["path"])
                await send(message)

            await plane(scope, receive, reply)

        return app


@asynccontextmanager
async def fleet(**settings: str) -> AsyncIterator[Fleet]:
    """A fleet without replicas yet, in front of the example organisation unless `KEEPTRUSTS_API_URL` names another.

    The replicas are ended at the end, and their ports are free.
    """
    now = datetime.now(UTC)
    timezone, state = demo_timezone(now), State(lambda: datetime.now(UTC))
    given = {
        "KEEPTRUSTS_API_TOKEN": READ_TOKEN,
        "BFF_AUTH": "none",
        "BFF_CATALOG": "files",
        "BFF_CATALOG_FILES": str(catalog_folder()),
        "BFF_DATA_DIR": ":memory:",
        "BFF_TIMEZONE": timezone,
        "BFF_LOG_LEVEL": "info",
    }
    made = Fleet(given | settings, state)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(made.client)
        if "KEEPTRUSTS_API_URL" not in settings:
            seed_scenario(state, now=now, timezone=ZoneInfo(timezone))
            plane = create_control_plane(state, read_token=READ_TOKEN, admin_token=ADMIN_TOKEN, faults=made.faults)
            port = await stack.enter_async_context(served(made.counted(plane)))
            made._settings["KEEPTRUSTS_API_URL"] = f"http://{LOOPBACK}:{port}"
        try:
            yield made
        finally:
            for replica in made.replicas:
                if replica.process.returncode is None:
                    replica.signal(signal.SIGCONT)
                    replica.process.kill()
                await replica.process.wait()
                replica._log.close()
