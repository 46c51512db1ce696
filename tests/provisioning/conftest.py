"""Provisioning against the sandbox and a real OpenBao, by people of the example catalog."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from bff.app import create_app
from bff.app_connections import World
from bff.backstage.caller import LOCAL, Caller
from bff.provisioning.acts import Act, Acts, recorded
from bff.sandbox import ADMIN_TOKEN
from bff.store.tables import leases
from bff.telemetry.logs import AccessLog
from bff.values import EntityRef
from tests.conftest import Running, Start
from tests.harness.openbao import ROOT_TOKEN, OpenBao

SETTINGS = {"keeptrusts_admin_token": ADMIN_TOKEN, "bff_platform_groups": "platform-team,finance-team"}
"""A service that may provision, and two of whose groups may do so for every team."""

_NUMBERS = count(1)


DIRECT = "direct/"
"""What the bearer token of a person begins with who calls without a template."""


class Bearer:
    """The person whom the bearer token names; the local caller without one."""

    async def caller(self, authorization: str | None) -> Caller:
        """The user of the catalog whose name is the token."""
        if authorization is None:
            return LOCAL
        token = authorization.removeprefix("Bearer ")
        via = None if token.startswith(DIRECT) else "scaffolder"
        return Caller(key=token, user=EntityRef("user", "default", token.removeprefix(DIRECT)), via=via)

    def known(self, authorization: bytes) -> Caller | None:
        """No caller: every request goes the long way."""
        del authorization
        return None


@dataclass
class Office:
    """A service that may provision, and what it provisions into. Its team is new in each test."""

    running: Running
    openbao: OpenBao
    team: str = field(default_factory=lambda: f"new-team-{next(_NUMBERS)}")
    replies: list[httpx.Response] = field(default_factory=list)

    async def post(
        self, path: str, body: object, *, user: str | None = "platform-engineer", **headers: str
    ) -> httpx.Response:
        """One request."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        authorization = {"authorization": f"Bearer {user}"} if user else {}
        reply = await self.running.client.post(path, json=body, headers=authorization | named)
        self.replies.append(reply)
        return reply

    async def make_team(self, **options: Any) -> httpx.Response:
        """The guide's first step."""
        return await self.post("/v1/teams", {"name": self.team}, **options)

    async def make_key(self, team_id: str, **options: Any) -> httpx.Response:
        """The guide's second step."""
        body = {"name": f"{self.team}-gw-key", "token_type": "gateway", "team_id": team_id}
        return await self.post("/v1/tokens", body, **options)

    async def make_configuration(self, team_id: str, tier: str = "tier-2-internal", **options: Any) -> httpx.Response:
        """The guide's third step."""
        body = {"name": f"{self.team}-config", "team_id": team_id, "template_id": tier}
        return await self.post("/v1/configurations", body, **options)

    async def fund(self, team_id: str, amount: float = 3000, key: str = "task-1", **options: Any) -> httpx.Response:
        """The fourth step."""
        body = {"team_id": team_id, "amount": amount, "currency": "USD", "note": "30 days"}
        return await self.post("/v1/wallets/allocate", body, idempotency_key=key, **options)

    async def team_id(self) -> str:
        """The id of the team, made if it is not there."""
        team_id: str = (await self.make_team()).json()["id"]
        return team_id

    @property
    def vault_path(self) -> str:
        """Where the key belongs."""
        return f"ai/{self.team}/{self.team}-gw-key"

    async def rotate(
        self, team_id: str, *, key: str | None = "rotation-1", grace: float = 24, **options: Any
    ) -> httpx.Response:
        """A successor of the team's key."""
        headers = {"idempotency_key": key} if key else {}
        body = {"team_id": team_id, "grace_hours": grace}
        return await self.post(f"/v1/tokens/{self.team}-gw-key/rotate", body, **(headers | options))

    @asynccontextmanager
    async def another(self) -> AsyncIterator[Office]:
        """Another process of the same service, before the same Keeptrusts, Vault and database: a replica, or a restart."""
        time = self.running.time

        async def moment(seconds: float) -> None:
            time.pass_(seconds)
            # The other process does something meanwhile.
            await asyncio.sleep(0.01)

        world = World(
            clock=time.now,
            monotonic=time.monotonic,
            random=lambda: 0.5,
            sleep=moment,
            control_plane=self.running.upstream,
            access=AccessLog(self.running.lines.append),
        )
        app = create_app(self.running.app.settings, world, background=False)
        app.service.identity = Bearer()
        transport = httpx.ASGITransport(app.asgi, raise_app_exceptions=False)
        async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://bff") as client:
            yield Office(replace(self.running, app=app, client=client), self.openbao, self.team)

    @property
    def acts(self) -> Acts:
        """The records of this service."""
        provisioner = self.running.app.service.provisioner
        assert provisioner is not None
        return provisioner._acts

    async def recorded(self) -> list[Act]:
        """The acts on this team, refusals too."""
        return list(await recorded(self.acts._database, team=self.team, since=self.running.time.start))

    async def lose_leases(self) -> None:
        """Let every lease run out, as for a process that was paused for longer."""
        async with self.acts._database.write() as connection:
            await connection.execute(update(leases).values(until=0))

    def living(self) -> list[Any]:
        """The team's keys in Keeptrusts that are not revoked."""
        return [key for key in self.running.state.keys if key.name == f"{self.team}-gw-key" and key.revoked_at is None]


@pytest.fixture
async def office(start: Start, openbao: OpenBao, tmp_path: Path) -> AsyncIterator[Office]:
    """A service that may provision, with a database that outlives it."""
    settings = SETTINGS | {"vault_addr": openbao.url, "vault_token": ROOT_TOKEN, "bff_data_dir": tmp_path / "state"}
    async with start(**settings) as running:
        running.app.service.identity = Bearer()
        yield Office(running, openbao)
