"""Two real processes around one PostgreSQL: racing for each act makes it once, and a killed one leaves nothing half done."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from bff.provisioning.acts import LEASE_SECONDS
from bff.sandbox import ADMIN_TOKEN
from tests.backstage.stub import URL, StubBackstage
from tests.harness.fleet import Fleet, Replica, fleet
from tests.harness.openbao import ROOT_TOKEN, OpenBao
from tests.harness.served import served
from tests.harness.stub_backstage import BackstageOverHttp

TEAM = "new-team"
KEY = f"{TEAM}-gw-key"
PATH = f"ai/{TEAM}/{KEY}"


@dataclass
class Two:
    """Two replicas, and a platform member who calls them without a template."""

    fleet: Fleet
    replicas: list[Replica]
    token: str

    async def post(self, replica: Replica, path: str, body: object, **headers: str) -> httpx.Response:
        """One request to one of them."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        authorization = {"authorization": f"Bearer {self.token}"}
        url = f"{replica.url}{path}"
        return await self.fleet.client.post(url, json=body, headers=authorization | named, timeout=60)

    async def race(self, path: str, body: object, **headers: str) -> list[dict[str, Any]]:
        """The same request to both at once: one of them does it, and the other one finds it."""
        replies = await self.at_once(path, body, **headers)
        assert sorted(reply.status_code for reply in replies) == [200, 201], [reply.text for reply in replies]
        return [reply.json() for reply in replies]

    async def race_to_end(self, path: str, body: object, *, ended: str) -> Any:
        """The same request to both at once to end something: what one of them says has `ended`, where the other one found nothing."""
        replies = await self.at_once(path, body)
        assert [reply.status_code for reply in replies] == [200, 200], [reply.text for reply in replies]
        [by_one] = filter(None, [reply.json()[ended] for reply in replies])
        return by_one

    async def at_once(self, path: str, body: object, **headers: str) -> list[httpx.Response]:
        """The same request to both at once."""
        return await asyncio.gather(*(self.post(replica, path, body, **headers) for replica in self.replicas))

    def living(self) -> list[str]:
        """The ids of the team's living keys."""
        return [key.id for key in self.fleet.state.keys if key.name == KEY and key.revoked_at is None]


@asynccontextmanager
async def two(postgres_url: str, openbao: OpenBao) -> AsyncIterator[Two]:
    """Both, ready."""
    stub = StubBackstage()
    stub.clock.now = time.time()
    async with served(BackstageOverHttp(stub)) as port:
        settings = {
            "DATABASE_URL": postgres_url,
            "KEEPTRUSTS_ADMIN_TOKEN": ADMIN_TOKEN,
            "BFF_AUTH": "backstage",
            "BACKSTAGE_URL": f"http://127.0.0.1:{port}/portal",
            "BACKSTAGE_PUBLIC_URL": URL,
            "BFF_PLATFORM_GROUPS": "platform-team",
            "BFF_REFRESH_SECONDS": "3600",
            "BFF_STALE_LIMIT_SECONDS": "3600",
            "BFF_BACKFILL_DAYS": "0",
            "VAULT_ADDR": openbao.url,
            "VAULT_TOKEN": ROOT_TOKEN,
        }
        async with fleet(**settings) as running:
            replicas = list(await asyncio.gather(running.begin(), running.begin()))
            yield Two(running, replicas, stub.user_token("user:default/platform-engineer"))


async def test_replicas_race_and_one_is_killed(postgres_url: str, openbao: OpenBao) -> None:
    """Each act is made once by two replicas at once; after SIGKILL between Keeptrusts and Vault a repeat ends with one key."""
    async with two(postgres_url, openbao) as running:
        state = running.fleet.state
        team = (await running.race("/v1/teams", {"name": TEAM}))[0]["id"]
        of_team = {"team_id": team}
        for replies in (
            await running.race("/v1/tokens", {"name": KEY, **of_team}),
            await running.race(
                "/v1/configurations", {"name": f"{TEAM}-config", "template_id": "tier-2-internal", **of_team}
            ),
            await running.race(f"/v1/tokens/{KEY}/rotate", of_team, idempotency_key="rotation"),
        ):
            assert replies[0]["id"] == replies[1]["id"]
        await running.race("/v1/wallets/allocate", {"amount": 3000, **of_team}, idempotency_key="funding")
        await running.race("/v1/wallets/reclaim", {"amount": 1000, **of_team}, idempotency_key="return")
        wallet = state.wallets.of_team(team)
        assert wallet is not None
        assert wallet.balance == Decimal(2000)
        assert len(running.living()) == 2
        assert openbao.versions(PATH) == 2
        bystander = state.create_key(f"{TEAM}-other-gw-key", team)[0]
        living = running.living()
        revoked = await running.race_to_end(f"/v1/tokens/{KEY}/revoke", of_team, ended="revoked")
        assert (sorted(revoked), running.living()) == (sorted(living), [])
        [configuration] = [each for each in state.configurations if each.team_id == team]
        disabled = await running.race_to_end(f"/v1/configurations/{TEAM}-config/disable", of_team, ended="disabled")
        assert disabled == configuration.id
        assert [each for each in state.configurations if each.team_id == team and each.enabled] == []
        assert state.key(bystander.id).revoked_at is None
        first, second = running.replicas

        def kill(method: str, path: str) -> None:
            if (method, path) == ("POST", "/v1/tokens") and first.process.returncode is None:
                first.signal(signal.SIGKILL)

        running.fleet.on_reply = kill
        began = time.monotonic()
        lost = asyncio.ensure_future(running.post(first, "/v1/tokens", {"name": KEY, **of_team}))
        await first.ended(within=30)
        await asyncio.gather(lost, return_exceptions=True)
        orphan = running.living()[0]
        reply = await running.post(second, "/v1/tokens", {"name": KEY, **of_team})
        assert reply.status_code == 201, reply.text
        assert running.living() == [reply.json()["id"]]
        assert state.key(orphan).revoked_at is not None
        assert (openbao.entry(PATH) or {})["id"] == reply.json()["id"]
        assert time.monotonic() - began < LEASE_SECONDS + 20
