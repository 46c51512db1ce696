"""A whole organisation for tests of the watch: the sandbox, a Backstage that keeps inboxes, and services on one database."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
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
from bff.sandbox.records import Charge, Cost, Key, Team
from bff.settings import Settings
from bff.status.organisation_cache import FactsUnavailableError
from bff.telemetry.logs import AccessLog
from tests.backstage.stub import SERVICE_TOKEN, URL, StubBackstage
from tests.conftest import API_URL, NOON, Time

NOTIFICATIONS = "/api/notifications/notifications"
PLATFORM = "group:default/platform-team"
OPERATOR = "user:default/operator"


@dataclass
class Entry:
    """One notification in an inbox, as the user sees it; `times` is how often it was new or unread again."""

    payload: dict[str, Any]
    times: int = 1


class NotifyingBackstage(StubBackstage):
    """Backstage with its notifications backend, as a real one was seen to behave: an entry a user and scope."""

    def __init__(self) -> None:
        super().__init__()
        self.inboxes: dict[str, dict[str, Entry]] = {}
        self.kept: list[str] = []
        """The titles of all notifications that reached a user, in order."""
        self.down = False
        self.silent = False
        """Whether the notifications backend alone is down."""
        self.taken_then_lost = 0
        """So many notifications are kept, and the connection then breaks before the answer."""

    def titles(self, user: str) -> list[str]:
        """What a user finds."""
        return [entry.payload["title"] for entry in self.inboxes.get(user, {}).values()]

    def posts(self) -> int:
        """How often notifications were sent."""
        return self.calls[NOTIFICATIONS]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down")
        path = request.url.path.removeprefix("/portal")
        if path != NOTIFICATIONS:
            return await super()._answer(request)
        self.calls[path] += 1
        if self.silent:
            return httpx.Response(503)
        if request.headers.get("authorization") != f"Bearer {SERVICE_TOKEN}":
            return httpx.Response(401, json={"error": {"name": "AuthenticationError", "message": "no"}})
        body = json.loads(request.content)
        if not body["payload"]["title"]:
            return httpx.Response(400, json={"error": {"name": "InputError", "message": "missing title"}})
        users = self._users(body["recipients"])
        for user in users:
            inbox = self.inboxes.setdefault(user, {})
            scope, before = body["payload"]["scope"], inbox.get(body["payload"]["scope"])
            inbox[scope] = Entry(body["payload"], 1 + (before.times if before else 0))
            self.kept.append(body["payload"]["title"])
        if self.taken_then_lost:
            self.taken_then_lost -= 1
            raise httpx.ReadError("lost")
        return httpx.Response(200, json=[{"id": user, "user": user} for user in users])

    def _users(self, recipients: dict[str, Any]) -> list[str]:
        found: set[str] = set()
        for ref in recipients["entityRef"]:
            found |= {ref} if ref.startswith("user:") else self._members(ref)
        return sorted(found - set(recipients.get("excludeEntityRef", [])))

    def _members(self, group: str) -> set[str]:
        children = [child for child, parents in self.parents.items() if group in parents]
        own = {ref for ref, each in self.documents.items() if group in self._groups_of(each)}
        return own.union(*(self._members(child) for child in children))

    def _groups_of(self, document: dict[str, Any]) -> set[str]:
        return {each["targetRef"] for each in document.get("relations", []) if each["type"] == "memberOf"}

    def _queried(self, user: str, params: httpx.QueryParams) -> dict[str, Any]:
        parts = [part for text in params.get_list("filter") for part in text.split(",")]
        (group,) = {part.partition("=")[2] for part in parts if "memberof=" in part} or {""}
        if not group:
            return super()._queried(user, params)
        users = [each for each in self.documents.values() if group in self._groups_of(each)]
        below = [self.documents[child] for child, parents in self.parents.items() if group in parents]
        return {"items": [*users, *below], "totalItems": len(users) + len(below), "pageInfo": {}}


@dataclass
class Stage:
    """Teams with a member and bots each; everything outlives the services. `folder` holds the database."""

    folder: Path
    time: Time = field(default_factory=lambda: Time(NOON))
    faults: Faults = field(default_factory=Faults)
    backstage: NotifyingBackstage = field(default_factory=NotifyingBackstage)
    hooks: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = State(self.time.now)
        self.teams: dict[str, Team] = {}
        self.keys: dict[str, Key] = {}
        self.backstage.clock.now = self.time.now().timestamp()
        self.backstage.add(PLATFORM)
        self.backstage.join(PLATFORM, user=OPERATOR)

    def pass_(self, seconds: float) -> None:
        """Let time pass, everywhere."""
        self.time.pass_(seconds)
        self.backstage.clock.now += seconds

    def add_team(self, name: str, *, funds: int = 100_000) -> None:
        """A team with its group, whose one member is `user:default/<name>`."""
        self.teams[name] = team = self.state.create_team(name)
        self.state.create_configuration("c", team.id, "tier-2-internal")
        self.state.wallets.allocate(team, Decimal(funds))
        self.backstage.add(f"group:default/{name}")
        self.backstage.join(f"group:default/{name}", user=f"user:default/{name}")

    def add_bot(self, name: str, team: str, *, budget: str | None = "100", expires_in: timedelta | None = None) -> None:
        """A bot of a team with a key of its own."""
        expires_at = self.time.now() + expires_in if expires_in is not None else None
        self.keys[name], _ = self.state.create_key(
            f"{name}-key", self.teams[team].id, created_at=self.time.now() - timedelta(days=60), expires_at=expires_at
        )
        claims = {"gateway_key_name": f"{name}-key", "policy_tier": "tier-2-internal"}
        self.backstage.add(
            f"component:default/{name}", owner=team, **claims, **({"daily_budget": budget} if budget else {})
        )

    def annotate(self, name: str, **annotations: str) -> None:
        """Change annotations of a bot."""
        written = self.backstage.documents[f"component:default/{name}"]["metadata"]["annotations"]
        written |= {f"keeptrusts.dev/{key.replace('_', '-')}": text for key, text in annotations.items()}

    def spend(self, name: str, cost: str) -> None:
        """A request of a bot: its cost is booked, and its event is published at once."""
        key = self.keys[name]
        account = self.state.wallets.of_team(str(key.team_id))
        assert account is not None
        charge = Charge(None, key.id, "gpt-4o", "openai")
        self.state.wallets.settle_late(account.id, Decimal(cost), created_at=self.time.now(), charge=charge)
        self.state.decide(key, "allow", charge, at=self.time.now(), cost=Cost(Decimal(cost)))

    @asynccontextmanager
    async def service(self, **settings: Any) -> AsyncIterator[App]:
        """One replica, which shares the database with the others. It makes a round when `round` is called."""
        plane = create_control_plane(self.state, read_token=READ_TOKEN, admin_token=ADMIN_TOKEN, faults=self.faults)
        world = World(
            clock=self.time.now,
            monotonic=self.time.monotonic,
            random=lambda: 0.5,
            sleep=self.time.sleep,
            control_plane=httpx.ASGITransport(plane),
            backstage=httpx.MockTransport(self.backstage._answer),
            webhook=httpx.MockTransport(self._hook),
            access=AccessLog(lambda _line: None),
        )
        defaults: dict[str, Any] = {
            "keeptrusts_api_url": API_URL,
            "keeptrusts_api_token": READ_TOKEN,
            "backstage_url": URL,
            "backstage_token": SERVICE_TOKEN,
            "bff_platform_groups": "platform-team",
            "bff_notify": "on",
            "bff_data_dir": self.folder / "data",
            "bff_backfill_days": 0,
            "bff_log_level": "error",
        }
        app = create_app(Settings.load(**(defaults | settings)), world, background=False)
        async with app.lifespan():
            yield app

    async def _hook(self, request: httpx.Request) -> httpx.Response:
        self.hooks.append(request)
        return httpx.Response(204, stream=httpx.ByteStream(b""))

    async def round(self, app: App, *, seconds: float = 300) -> bool:
        """Let time pass, read Keeptrusts, and make a round of the watch."""
        self.pass_(seconds)
        with contextlib.suppress(FactsUnavailableError):
            await app.service.cache.current(insist=True)
        return await app.watcher.turn()


def outcomes(app: App, channel: str = "backstage") -> Counter[str]:
    """How many alerts ended in which way, by the metrics of one service."""
    found: Counter[str] = Counter()
    for outcome in ("sent", "failed", "refused", "dropped", "summarised"):
        found[outcome] = int(value(app, "alerts_total", channel=channel, outcome=outcome) or 0)
    return +found


def value(app: App, name: str, **labels: str) -> float | None:
    """What one service exports as a metric, whose name is given without the prefix."""
    return app.service.metrics.registry.get_sample_value(f"keeptrusts_bff_{name}", labels)
