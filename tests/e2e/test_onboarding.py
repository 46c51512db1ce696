"""From the template in Backstage to a first AI request: the whole journey, with a real scaffolder and a real Vault."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect

from bff.sandbox import ADMIN_TOKEN
from tests.e2e.harness.backstage import Backstage
from tests.e2e.harness.scaffolder import Task, run_template
from tests.e2e.harness.service import Service
from tests.e2e.harness.switch import Switch
from tests.e2e.harness.window import Window
from tests.harness.openbao import ROOT_TOKEN, OpenBao, running_openbao

TEMPLATE = "template:default/ai-team-onboard"
NEWCOMERS = "group:default/newcomers"
BOT = "component:default/newcomers-bot"


@pytest.fixture(scope="module")
def openbao() -> Iterator[OpenBao]:
    """A real Vault."""
    with running_openbao() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def provisioning(
    backstage: Backstage, openbao: OpenBao, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service that may provision."""
    settings = {
        "KEEPTRUSTS_ADMIN_TOKEN": ADMIN_TOKEN,
        "VAULT_ADDR": openbao.url,
        "VAULT_TOKEN": ROOT_TOKEN,
        "BFF_PLATFORM_GROUPS": "platform-team",
    }
    log = tmp_path_factory.mktemp("provisioning") / "service.log"
    async with Service(backstage_url=backstage.url, token=backstage.token, log=log, settings=settings) as service:
        yield service


@dataclass
class Journey:
    """Everything that a journey meets."""

    backstage: Backstage
    service: Service
    openbao: OpenBao

    async def onboard(self, team: str, *, user: str = "platform-engineer") -> Task:
        """Run the template for a team, as the form does."""
        values = {"teamName": team, "policyTier": "tier-2-internal", "dailyBudget": 100, "fundingDays": 30}
        return await run_template(self.backstage, TEMPLATE, values, token=await self.backstage.user_token(user))

    async def listed(self, path: str, **fields: object) -> list[dict[str, Any]]:
        """What Keeptrusts has with these fields."""
        reply = await self.service.as_admin("GET", f"{path}{'&' if '?' in path else '?'}limit=200")
        reply.raise_for_status()
        return [item for item in reply.json()["data"] if all(item[name] == value for name, value in fields.items())]

    def secret(self, team: str) -> str:
        """The gateway key that Vault holds for a team."""
        entry = self.openbao.entry(f"ai/{team}/{team}-gw-key")
        assert entry is not None
        return entry["key"]


@pytest_asyncio.fixture(loop_scope="session")
async def journey(
    backstage: Backstage, provisioning: Service, openbao: OpenBao, switch: Switch
) -> AsyncIterator[Journey]:
    """The service behind the proxy, and a catalog that is complete."""
    await backstage.ingested(BOT, NEWCOMERS, "group:default/platform-team", "user:default/platform-engineer")
    with switch.to(provisioning.port):
        yield Journey(backstage, provisioning, openbao)


async def test_the_whole_journey(journey: Journey, open_as: Callable[..., Awaitable[Window]]) -> None:
    """A member fills in the form in the browser; then the key works, and the request is on the card of their service."""
    window = await open_as("newcomer")
    page = window.page
    await page.goto("/create/templates/default/ai-team-onboard")
    await page.get_by_role("textbox").first.fill("newcomers")
    await page.keyboard.press("Escape")
    await page.get_by_label("Tier 2, internal", exact=False).check()
    await page.get_by_role("button", name="Next").click()
    await page.get_by_role("button", name="Review").click()
    await page.get_by_role("button", name="Provision access").click()
    await expect(page.get_by_text("secret/ai/newcomers/newcomers-gw-key")).to_be_visible(timeout=60_000)
    secret = journey.secret("newcomers")
    assert secret not in await page.content()

    [team] = await journey.listed("/v1/teams", name="newcomers")
    [key] = await journey.listed("/v1/tokens?type=gateway", name="newcomers-gw-key", team_id=team["id"])
    [configuration] = await journey.listed("/v1/configurations", team_id=team["id"])
    [wallet] = await journey.listed("/v1/wallets", team_id=team["id"])
    assert (key["status"], configuration["template_id"], wallet["balance"]) == ("active", "tier-2-internal", 3000)

    async with httpx.AsyncClient(base_url=journey.service.gateway_url, trust_env=False) as gateway:
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Good morning"}]}
        reply = await gateway.post("/v1/chat/completions", json=body, headers={"authorization": f"Bearer {secret}"})
    assert reply.status_code == 200

    token = await journey.backstage.user_token("newcomer")
    path = "/api/proxy/keeptrusts/v1/entities/component/default/newcomers-bot/governance"
    async with asyncio.timeout(40):
        while True:
            status = (await journey.backstage.client.get(path, headers={"authorization": f"Bearer {token}"})).json()
            if status.get("activity") and status["activity"]["requests"]:
                break
            await asyncio.sleep(0.3)
    assert status["state"] == "ok", status
    assert float(status["budget"]["spent"]["amount"]) > 0
    await page.goto("/catalog/default/component/newcomers-bot")
    await expect(page.get_by_text("newcomers-gw-key").first).to_be_visible()
    await expect(page.get_by_text("In order").first).to_be_visible()


async def test_the_key_is_in_no_task(journey: Journey) -> None:
    """Neither the task's events, nor its state, nor its output, nor the service's log holds the key; Vault does."""
    team = f"searched-{secrets.token_hex(3)}"
    task = await journey.onboard(team)
    assert task.status == "completed", task.log
    secret = journey.secret(team)
    token = await journey.backstage.user_token("platform-engineer")
    headers = {"authorization": f"Bearer {token}"}
    said = [
        task.log,
        repr(task.output),
        (await journey.backstage.client.get(f"/api/scaffolder/v2/tasks/{task.id}", headers=headers)).text,
        (await journey.backstage.client.get(f"/api/scaffolder/v2/tasks/{task.id}/events", headers=headers)).text,
        journey.service.log.read_text(),
    ]
    assert all(secret not in text for text in said)
    assert team in said[4]


async def test_twice_and_at_once_is_once(journey: Journey) -> None:
    """Two tasks at once, and one more after them, make one team, one key and one configuration, and fund the wallet once."""
    team = f"twice-{secrets.token_hex(3)}"
    tasks = list(await asyncio.gather(journey.onboard(team), journey.onboard(team)))
    tasks.append(await journey.onboard(team))
    assert {task.status for task in tasks} == {"completed"}, [task.log for task in tasks]
    [made] = await journey.listed("/v1/teams", name=team)
    assert len(await journey.listed("/v1/tokens?type=gateway", team_id=made["id"])) == 1
    assert len(await journey.listed("/v1/configurations", team_id=made["id"])) == 1
    assert journey.openbao.versions(f"ai/{team}/{team}-gw-key") == 1
    [wallet] = await journey.listed("/v1/wallets", team_id=made["id"])
    assert wallet["balance"] == wallet["total_allocated"] == 3000


async def test_a_stranger_makes_nothing(journey: Journey) -> None:
    """Whoever does not belong to the team's group gets a reason, and nothing is made."""
    team = f"strange-{secrets.token_hex(3)}"
    task = await journey.onboard(team, user="outsider")
    assert task.status == "failed"
    assert "belongs neither to a group that owns the team" in task.log
    assert await journey.listed("/v1/teams", name=team) == []


async def test_the_guides_own_steps_run(journey: Journey) -> None:
    """The guide's paths below `/v1`, its methods and its bodies work through the proxy as they stand."""
    team = f"guide-{secrets.token_hex(3)}"
    token = await journey.backstage.user_token("platform-engineer")
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    async def step(path: str, body: dict[str, object]) -> dict[str, Any]:
        reply = await journey.backstage.client.post(f"/api/proxy/keeptrusts/v1/{path}", json=body, headers=headers)
        assert reply.status_code == 201, reply.text
        document: dict[str, Any] = reply.json()
        return document

    made = await step("teams", {"name": team})
    key = await step("tokens", {"name": f"{team}-gw-key", "token_type": "gateway", "team_id": made["id"]})
    await step("configurations", {"name": f"{team}-config", "team_id": made["id"], "template_id": "tier-2-internal"})
    assert "key" not in key
    assert key["vault_path"] == f"ai/{team}/{team}-gw-key"
