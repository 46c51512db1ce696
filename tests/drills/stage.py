"""Where drills take place: the whole service, with a network that can fail before each system that it needs.

The service is in this process and its time is real; only its deadlines are shorter than in production, so that a drill
takes seconds. What is promised in seconds of production is promised here in the same multiples of a deadline.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from bff.app import App, create_app
from bff.app_connections import World
from bff.cli.demo import demo_timezone
from bff.sandbox import ADMIN_TOKEN, READ_TOKEN
from bff.sandbox.accounts import State
from bff.sandbox.control_plane import create_control_plane
from bff.sandbox.faults import Faults
from bff.sandbox.scenario import catalog_folder, seed_scenario
from bff.settings import Settings
from bff.telemetry import logs
from bff.telemetry.logs import AccessLog
from bff.upstream import Limits
from tests.backstage.stub import SERVICE_TOKEN, URL, StubBackstage
from tests.harness.fault_proxy import FaultProxy, fault_proxy
from tests.harness.faults import HEALTHY, Fault
from tests.harness.served import served
from tests.harness.stub_backstage import BackstageOverHttp

BOT = "/v1/entities/component/default/customer-support-bot/governance"
LIMITS = Limits(deadline=0.8, attempt=0.3, connect=0.2)
LONGEST_WAIT = 1.0
"""Seconds that a request waits for a reading."""

SLACK = 1.0
"""Seconds that a machine with other things to do may add."""

REFRESH = 1.0
"""Seconds; the shortest there is."""


@dataclass(frozen=True)
class Asked:
    """One request: its status (0: it did not end), how long it took, and its answer."""

    status: int
    seconds: float
    document: Any


@dataclass
class Stage:
    """A running service, and the network around it."""

    app: App
    client: httpx.AsyncClient
    keeptrusts: FaultProxy
    backstage: FaultProxy | None
    plugins: BackstageOverHttp
    state: State
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def stub(self) -> StubBackstage:
        """What Backstage holds."""
        return self.plugins.stub

    async def ask(self, path: str = BOT, **headers: str) -> Asked:
        """One request, as this stage's caller."""
        began = time.perf_counter()
        try:
            async with asyncio.timeout(LONGEST_WAIT + LIMITS.deadline + SLACK):
                reply = await self.client.get(path, headers=self.headers | headers)
        except TimeoutError:
            return Asked(0, time.perf_counter() - began, None)
        return Asked(reply.status_code, time.perf_counter() - began, _document(reply))

    async def ask_for(self, seconds: float, path: str = BOT, *, at_once: int = 5) -> list[Asked]:
        """Several callers who ask, wait a tenth of a second, and ask again."""
        until = time.perf_counter() + seconds

        async def caller() -> list[Asked]:
            mine: list[Asked] = []
            while time.perf_counter() < until:
                mine.append(await self.ask(path))
                await asyncio.sleep(0.1)
            return mine

        return [asked for mine in await asyncio.gather(*(caller() for _ in range(at_once))) for asked in mine]

    async def until_asked(self, wanted: Any, path: str = BOT, *, within: float) -> float:
        """Ask until an answer is as `wanted(asked)` says; the seconds that took. Fails when it takes longer."""
        began = time.perf_counter()
        asked = await self.ask(path)
        while not wanted(asked):
            assert time.perf_counter() - began < within, f"not within {within} s: {asked}"
            await asyncio.sleep(0.05)
            asked = await self.ask(path)
        return time.perf_counter() - began

    async def health(self) -> dict[str, Any]:
        """The checks of `/health` by name, and the overall status under an empty name."""
        document = (await self.client.get("/health")).json()
        return {"": document["status"]} | {name: checks[0] for name, checks in document["checks"].items()}

    async def metric(self, name: str, **labels: str) -> float:
        """The sum of all samples of a metric that have these labels."""
        text = (await self.client.get("/metrics")).text
        rows = re.findall(rf"^keeptrusts_bff_{name}(?:\{{(.*)\}})? (\S+)$", text, re.MULTILINE)
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(float(value) for given, value in rows if all(pair in given for pair in wanted))


@asynccontextmanager
async def stage(
    *,
    callers: bool = False,
    keeptrusts_fault: Fault = HEALTHY,
    backstage_fault: Fault = HEALTHY,
    refresh: float = REFRESH,
    limits: Limits = LIMITS,
    **settings: Any,
) -> AsyncIterator[Stage]:
    """A service in front of the sandbox; with `callers` also in front of a Backstage, which it asks who they are.

    The faults are there from the start.
    """
    logs.configure("error", final=False)
    now = datetime.now(UTC)
    timezone, state = demo_timezone(now), State(lambda: datetime.now(UTC))
    seed_scenario(state, now=now, timezone=ZoneInfo(timezone))
    plane = create_control_plane(state, read_token=READ_TOKEN, admin_token=ADMIN_TOKEN, faults=Faults())
    async with AsyncExitStack() as stack:
        keeptrusts = await stack.enter_async_context(fault_proxy(await stack.enter_async_context(served(plane))))
        keeptrusts.fault = keeptrusts_fault
        given: dict[str, Any] = {
            "keeptrusts_api_url": keeptrusts.url,
            "keeptrusts_api_token": READ_TOKEN,
            "bff_auth": "none",
            "bff_catalog": "files",
            "bff_catalog_files": str(catalog_folder()),
            "bff_refresh_seconds": refresh,
            "bff_timezone": timezone,
        }
        plugins, backstage, headers = BackstageOverHttp(StubBackstage()), None, {}
        if callers:
            plugins.stub.clock.now = now.timestamp()
            backstage = await stack.enter_async_context(fault_proxy(await stack.enter_async_context(served(plugins))))
            backstage.fault = backstage_fault
            given |= {
                "backstage_url": f"{backstage.url}/portal",
                "backstage_public_url": URL,
                "backstage_token": SERVICE_TOKEN,
                "bff_auth": "backstage",
                "bff_catalog": "backstage",
            }
            _furnish(plugins.stub)
            headers["authorization"] = f"Bearer {plugins.stub.user_token()}"
        world = World(limits=limits, longest_wait=LONGEST_WAIT, access=AccessLog(lambda _line: None))
        app = create_app(Settings.load(**(given | settings)), world)
        await stack.enter_async_context(app.lifespan())
        transport = httpx.ASGITransport(app.asgi, raise_app_exceptions=False)
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://bff"))
        yield Stage(app, client, keeptrusts, backstage, plugins, state, headers)


def _furnish(stub: StubBackstage) -> None:
    stub.add(
        "component:default/customer-support-bot",
        owner="group:default/support-team",
        gateway_key_name="support-team-gw-key",
        policy_tier="tier-3-customer-facing",
        daily_budget="500",
    )
    stub.add("group:default/support-team")
    stub.join("group:default/support-team")


def numbers(asked: Asked) -> dict[str, Any]:
    """What a card says of money and rights, which no fault may change: only that it is older."""
    card = asked.document
    return {
        "team": card["team"],
        "key": card["gatewayKey"],
        "daily": card["budget"]["daily"],
        "spent": card["budget"]["spent"],
        "wallet": card["wallet"],
        "tier": card["policyTier"],
        "requests": card["activity"]["requests"],
    }


def _document(reply: httpx.Response) -> Any:
    return reply.json() if "json" in reply.headers.get("content-type", "") else reply.text
