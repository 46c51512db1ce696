"""A real Backstage: the backend of tests/e2e/backstage as a process, with its app, its catalog and its proxy."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

from tests.e2e.harness.ports import LOOPBACK, free_port

CHECKOUT = Path(__file__).resolve().parents[3]
FOLDER = CHECKOUT / "tests/e2e/backstage"
CONFIGURATION = (
    FOLDER / "app-config.yaml",
    CHECKOUT / "catalog/backstage/app-config.keeptrusts.yaml",
    CHECKOUT / "catalog/backstage/app-config.keeptrusts-actions.yaml",
    FOLDER / "app-config.notifications.yaml",
)
EXPECTED = (
    "component:default/customer-support-bot",
    "component:default/restricted-bot",
    "group:default/support-team",
    "template:default/knock",
    "user:default/guest",
    "user:default/outsider",
)
"""Entities by whose presence the catalog counts as read."""

_BUILT = FOLDER / "packages/app/dist/index.html"
_NODE = CHECKOUT / "toolchain/node_modules/.bin/node"
_START_SECONDS = 90.0
_STOP_SECONDS = 10.0
_INGESTION_SECONDS = 30.0
_POLL_SECONDS = 0.2
_LOG_LINES_SHOWN = 20


class BackstageError(Exception):
    """Backstage did not do what a test needs of it; the message says what, with the end of its log."""


class Backstage:
    """One Backstage on a free port of loopback, with everything in memory.

    `bff_url` is the proxy's target and `token` the static token of the service; `log` is the file that takes its output;
    `configuration` are its files, of which a later one wins. Use it as `async with`, or call `start` and `stop`.
    """

    def __init__(self, *, bff_url: str, token: str, log: Path, configuration: Sequence[Path] = CONFIGURATION) -> None:
        self.token = token
        self.robot_token = secrets.token_urlsafe(24)
        self.url = f"http://{LOOPBACK}:{(port := free_port())}"
        self.client = httpx.AsyncClient(base_url=self.url, timeout=30, trust_env=False)
        self._log = log
        self._arguments = [str(FOLDER / "packages/backend/src/index.ts")]
        for file in (*configuration, _with_robot(log.with_name("robot.yaml"), configuration)):
            self._arguments += ["--config", str(file)]
        self._environment = _environment(
            BACKSTAGE_URL=self.url,
            BACKSTAGE_PORT=str(port),
            BFF_URL=bff_url,
            BFF_BACKSTAGE_TOKEN=token,
            AI_ROBOT_TOKEN=self.robot_token,
            # Asked for where dynamic plugins lie outside the checkout.
            NODE_PATH=str(CHECKOUT / "node_modules"),
        )
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process while it runs."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start, and wait until all its plugins are ready and its catalog is read."""
        if not (_NODE.exists() and _BUILT.exists()):
            raise BackstageError("the Backstage of the end-to-end tests is not built: run `make e2e-setup`")
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                _NODE,
                *self._arguments,
                cwd=CHECKOUT,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        await self._until(self._ready, seconds=_START_SECONDS, what="ready")
        await self.ingested(*EXPECTED)

    async def stop(self) -> None:
        """Stop the process; nothing when none runs."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def restart(self) -> None:
        """Stop and start at the same address: it comes back with new signing keys, and remembers nothing."""
        await self.stop()
        await self.start()

    async def user_token(self, name: str = "guest") -> str:
        """The token with which Backstage's own frontend would call for this user of the catalog."""
        provider = "guest" if name == "guest" else "test-user"
        reply = await self.client.get(f"/api/auth/{provider}/refresh", headers={"x-test-user": name})
        if reply.status_code != httpx.codes.OK:
            raise BackstageError(f"no token for the user {name!r}: {reply.status_code} {reply.text}")
        token: str = reply.json()["backstageIdentity"]["token"]
        return token

    async def entities(self, *refs: str, token: str | None = None) -> list[dict[str, Any] | None]:
        """The entities as the bearer of `token` sees them (None: the service itself); None for what is not there for them."""
        reply = await self.client.post(
            "/api/catalog/entities/by-refs",
            json={"entityRefs": refs},
            headers={"authorization": f"Bearer {token or self.token}"},
        )
        reply.raise_for_status()
        items: list[dict[str, Any] | None] = reply.json()["items"]
        return items

    async def ingested(self, *refs: str) -> None:
        """Wait until the catalog has these entities, and has made the relations of each."""

        async def all_there() -> bool:
            return all(item and item.get("relations") is not None for item in await self.entities(*refs))

        await self._until(all_there, seconds=_INGESTION_SECONDS, what=f"showing {', '.join(refs)} in its catalog")

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
        await self.client.aclose()

    async def _ready(self) -> bool:
        try:
            reply = await self.client.get("/.backstage/health/v1/readiness")
        except httpx.TransportError:
            return False
        return reply.status_code == httpx.codes.OK

    async def _until(self, true: Callable[[], Awaitable[bool]], *, seconds: float, what: str) -> None:
        """Ask again and again: the process has no other way to tell."""
        assert self._process is not None
        try:
            async with asyncio.timeout(seconds):
                while not await true():
                    if self._process.returncode is not None:
                        raise BackstageError(
                            f"Backstage ended with {self._process.returncode} before it was {what}\n{self._last_words()}"
                        )
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise BackstageError(f"Backstage was not {what} within {seconds:.0f} s\n{self._last_words()}") from None

    def _last_words(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:])


def _with_robot(file: Path, configuration: Sequence[Path]) -> Path:
    """Write the accesses that `configuration` comes to, and one of a robot that may use MCP and this service: lists replace lists."""
    access: list[Any] = []
    for each in configuration:
        auth = yaml.safe_load(each.read_text(encoding="utf-8")).get("backend", {}).get("auth", {})
        access = auth.get("externalAccess", access)
    robot = {
        "type": "static",
        "options": {"token": "${AI_ROBOT_TOKEN}", "subject": "ai-robot"},
        "accessRestrictions": [{"plugin": "mcp-actions"}, {"plugin": "keeptrusts"}],
    }
    file.write_text(yaml.safe_dump({"backend": {"auth": {"externalAccess": [*access, robot]}}}), encoding="utf-8")
    return file


def _environment(**ours: str) -> Mapping[str, str]:
    """Nothing of the tester's own settings: Backstage would take `APP_CONFIG_…`, and Node `NODE_OPTIONS`."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    path = os.pathsep.join([str(_NODE.parent), os.environ.get("PATH", os.defpath)])
    return {**kept, "PATH": path, "NODE_ENV": "production", **ours}
