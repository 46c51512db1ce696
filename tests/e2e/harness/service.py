"""The service and its sandbox as processes, wired to the Backstage of the tests as it is in production."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from bff.sandbox import ADMIN_TOKEN, READ_TOKEN
from tests.e2e.harness.ports import LOOPBACK, free_port

COMMAND = Path(sys.executable).with_name("keeptrusts-bff")

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_OURS = ("BFF_", "KEEPTRUSTS_", "BACKSTAGE_", "VAULT_")


class Service:
    """`keeptrusts-bff serve` in front of `keeptrusts-bff sandbox`, both on free ports, callers verified by `backstage_url`.

    `log` takes the service's output; with `traffic` chat completions keep going. `settings` are added to those that it needs, or win over
    them; each start of the service takes them as they are then.
    """

    def __init__(
        self,
        *,
        backstage_url: str = "",
        token: str,
        log: Path,
        settings: Mapping[str, str] | None = None,
        traffic: bool = False,
    ) -> None:
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.log = log
        self.api_url = ""
        self.gateway_url = ""
        self.sandbox = httpx.AsyncClient(timeout=30, trust_env=False)
        self.client = httpx.AsyncClient(base_url=self.url, timeout=30, trust_env=False)
        self.settings = {
            "BACKSTAGE_URL": backstage_url,
            "BACKSTAGE_TOKEN": token,
            "BFF_PORT": str(self.port),
            "BFF_REFRESH_SECONDS": "2",
            # The people who look at most pages are of these teams, and see the amounts of all.
            "BFF_PLATFORM_GROUPS": "support-team,platform-team",
            "KEEPTRUSTS_API_TOKEN": READ_TOKEN,
            "KEEPTRUSTS_CONSOLE_URL": "https://console.keeptrusts.internal",
            **(settings or {}),
        }
        self._traffic = "--traffic" if traffic else "--no-traffic"
        self._sandbox: asyncio.subprocess.Process | None = None
        self._bff: asyncio.subprocess.Process | None = None

    def serve_for(self, backstage_url: str) -> None:
        """Verify callers with the Backstage at this address, which may need ours before it has one."""
        self.settings["BACKSTAGE_URL"] = backstage_url

    async def start(self) -> None:
        """Start the sandbox and then the service, and wait until it is ready."""
        self._sandbox = await asyncio.create_subprocess_exec(
            COMMAND,
            "sandbox",
            "--port",
            "0",
            "--gateway-port",
            "0",
            self._traffic,
            env=_environment({}),
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._sandbox.stdout
        line = (await asyncio.wait_for(self._sandbox.stdout.readline(), _START_SECONDS)).decode()
        self.api_url, self.gateway_url = re.findall(r"http://[0-9.:]+", line)
        await self.start_bff()

    async def start_bff(self) -> None:
        """Start the service alone."""
        addresses = {"KEEPTRUSTS_API_URL": self.api_url, "KEEPTRUSTS_GATEWAY_URL": self.gateway_url}
        with self.log.open("ab") as log:
            self._bff = await asyncio.create_subprocess_exec(
                COMMAND, "serve", env=_environment(addresses | self.settings), stdout=log, stderr=log
            )
        async with asyncio.timeout(_START_SECONDS):
            while not await self._ready():
                if self._bff.returncode is not None:
                    raise RuntimeError(
                        f"the service ended with {self._bff.returncode}:\n{self.log.read_text()[-2000:]}"
                    )
                await asyncio.sleep(0.1)

    async def stop_bff(self) -> None:
        """Stop the service alone: nothing answers behind the proxy then."""
        await _stop(self._bff)
        self._bff = None

    async def stop(self) -> None:
        """Stop both."""
        await self.stop_bff()
        await _stop(self._sandbox)

    async def faults(self, *rules: dict[str, Any]) -> None:
        """Let the sandbox fail in these ways; without any, in none."""
        (await self.sandbox.put(f"{self.api_url}/_sandbox/faults", json=list(rules))).raise_for_status()

    async def as_admin(self, method: str, path: str, body: object | None = None) -> httpx.Response:
        """A request to the sandbox's control plane that may do everything."""
        headers = {"authorization": f"Bearer {ADMIN_TOKEN}"}
        return await self.sandbox.request(method, f"{self.api_url}{path}", json=body, headers=headers)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        await self.sandbox.aclose()
        await self.client.aclose()

    async def _ready(self) -> bool:
        try:
            return (await self.client.get("/readyz")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)} | dict(settings)


async def _stop(process: asyncio.subprocess.Process | None) -> None:
    if process is None or process.returncode is not None:
        return
    # Twice: the first signal begins a drain, the second one ends it.
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
