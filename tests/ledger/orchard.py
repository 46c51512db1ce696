"""A small organisation for tests of the ledger: the team orchard, whose key `orchard-key` the component pear-bot claims.

The sandbox, the clock and the database's folder outlive the services, so that a service can be started again or beside another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from bff.app import App, create_app
from bff.app_connections import World
from bff.sandbox import ADMIN_TOKEN, READ_TOKEN
from bff.sandbox.accounts import State
from bff.sandbox.control_plane import create_control_plane
from bff.sandbox.faults import Faults
from bff.sandbox.records import Charge, Cost, Key
from bff.settings import Settings
from bff.telemetry.logs import AccessLog
from tests.conftest import API_URL, NOON, Counted, Time

EVENTS = "/v1/events"
BUDGET = Decimal(100)

_CATALOG = f"""
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {{name: orchard}}
spec: {{type: team, children: []}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: pear-bot
  annotations:
    keeptrusts.dev/gateway-key-name: orchard-key
    keeptrusts.dev/policy-tier: tier-2-internal
    keeptrusts.dev/daily-budget: "{BUDGET}"
spec: {{type: service, lifecycle: production, owner: orchard}}
"""

_ENTITY = "/v1/entities/component/default/pear-bot"


class Upstream(Counted):
    """The sandbox' control plane: `before_page` is called with the number of each page of events before it is made."""

    def __init__(self, app: Any, before_page: Callable[[int], None]) -> None:
        super().__init__(app)
        self._before_page = before_page

    @property
    def pages(self) -> int:
        """How many pages of events were asked for."""
        return self.paths.count(EVENTS)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Remember, let happen what is to happen before a page of events, and pass on."""
        if request.url.path == EVENTS:
            self._before_page(self.pages + 1)
        return await super().handle_async_request(request)


@dataclass
class Service:
    """A running service."""

    app: App
    client: httpx.AsyncClient
    upstream: Upstream
    time: Time

    async def card(self) -> dict[str, Any]:
        """The status of pear-bot, from what was last read."""
        return await self._get(f"{_ENTITY}/governance")

    async def report(self, days: int = 30) -> dict[str, Any]:
        """The spend of pear-bot over some days, from what was last read."""
        return await self._get(f"{_ENTITY}/spend?days={days}")

    async def refreshed(self, times: int = 1) -> dict[str, Any]:
        """The status of pear-bot after so many readings of Keeptrusts, each 31 seconds after the one before."""
        card: dict[str, Any] = {}
        for _ in range(times):
            self.time.pass_(31)
            card = await self._get(f"{_ENTITY}/governance", cache_control="no-cache")
        return card

    async def read_in_background(self) -> None:
        """Wait for readings that requests have started."""
        await asyncio.gather(*self.app.service.cache._background)

    async def _get(self, path: str, **headers: str) -> dict[str, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = await self.client.get(path, headers=named)
        assert reply.status_code == 200, reply.text
        document: dict[str, Any] = reply.json()
        return document


@dataclass
class Orchard:
    """The organisation as the sandbox has it. `folder` holds the catalog's file and the database's."""

    folder: Path
    read_token: str = READ_TOKEN
    time: Time = field(default_factory=lambda: Time(NOON))
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self.state = State(self.time.now)
        self.team = self.state.create_team("orchard")
        self.state.create_configuration("c", self.team.id, "tier-2-internal")
        self.key = self.new_key(created_at=NOON - timedelta(days=60))
        self.state.wallets.allocate(self.team, Decimal(100_000))
        self.catalog = self.folder / "catalog.yaml"
        self.catalog.write_text(_CATALOG)

    @property
    def wallet_id(self) -> str:
        """The team's wallet."""
        account = self.state.wallets.of_team(self.team.id)
        assert account is not None
        return account.id

    def new_key(self, created_at: datetime | None = None) -> Key:
        """Another key of the same name; the one before must be revoked, as Keeptrusts wants it."""
        key, _ = self.state.create_key("orchard-key", self.team.id, created_at=created_at)
        return key

    def pay(self, cost: str, *, at: datetime | None = None, key: Key | None = None) -> None:
        """Book the cost of a request, whose event may come later, on the team's wallet."""
        moment, charge = at or self.time.now(), self._charge(key)
        self.state.wallets.settle_late(self.wallet_id, Decimal(cost), created_at=moment, charge=charge)

    def publish(self, cost: str | None, *, at: datetime | None = None, key: Key | None = None) -> None:
        """Publish the event of a request of the team; a cost of None is a price that is not known yet."""
        price = Cost(None if cost is None else Decimal(cost))
        moment, charge = at or self.time.now(), self._charge(key)
        self.state.decide(key or self.key, "allow", charge, at=moment, cost=price)

    def spend(self, cost: str, *, at: datetime | None = None, key: Key | None = None) -> None:
        """A request: its cost is booked, and its event is published at once."""
        self.pay(cost, at=at, key=key)
        self.publish(cost, at=at, key=key)

    def _charge(self, key: Key | None) -> Charge:
        return Charge(None, (key or self.key).id, "gpt-4o", "openai")

    @asynccontextmanager
    async def service(
        self,
        *,
        before_page: Callable[[int], None] = lambda _page: None,
        via: Callable[[Any, Callable[[int], None]], Upstream] = Upstream,
        **settings: Any,
    ) -> AsyncIterator[Service]:
        """A service in front of this organisation, which shares the database in `folder` with others."""
        app = create_control_plane(self.state, read_token=self.read_token, admin_token=ADMIN_TOKEN, faults=self.faults)
        upstream = via(app, before_page)
        world = World(
            clock=self.time.now,
            monotonic=self.time.monotonic,
            random=lambda: 0.5,
            sleep=self.time.sleep,
            control_plane=upstream,
            access=AccessLog(lambda _line: None),
        )
        defaults: dict[str, Any] = {
            "keeptrusts_api_url": API_URL,
            "keeptrusts_api_token": self.read_token,
            "bff_auth": "none",
            "bff_catalog": "files",
            "bff_catalog_files": str(self.catalog),
            "bff_data_dir": self.folder / "data",
            "bff_log_level": "error",
        }
        made = create_app(Settings.load(**(defaults | settings)), world, background=False)
        transport = httpx.ASGITransport(made.asgi, raise_app_exceptions=False)
        async with made.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://bff") as client:
            yield Service(made, client, upstream, self.time)


def spent(card: dict[str, Any]) -> Decimal:
    """What a card says was spent today."""
    return Decimal(card["budget"]["spent"]["amount"])


def codes(document: dict[str, Any]) -> set[str]:
    """The codes of its findings."""
    return {finding["code"] for finding in document["findings"]}


def total(report: dict[str, Any]) -> Decimal:
    """What a report says was spent in all of its days."""
    return sum((Decimal(day["spent"]["amount"]) for day in report["byDay"]), Decimal(0))
