"""A team's access from its first key to its last: every template, with a real scaffolder, browser and Vault."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect

from bff.sandbox import ADMIN_TOKEN
from tests.e2e.harness.backstage import Backstage
from tests.e2e.harness.card import go_to_card
from tests.e2e.harness.picture import take_picture
from tests.e2e.harness.scaffolder import Task, run_template
from tests.e2e.harness.service import Service
from tests.e2e.harness.switch import Switch
from tests.e2e.harness.window import Window
from tests.harness.openbao import ROOT_TOKEN, OpenBao, running_openbao

TEMPLATE = "template:default/ai-team-onboard"
RETURNS = "returns-team"
RETURNS_BOT = "component:default/returns-bot"
SHORT_GRACE_HOURS = 0.0005
"""1.8 seconds."""
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
    folder = tmp_path_factory.mktemp("provisioning")
    settings = {
        "KEEPTRUSTS_ADMIN_TOKEN": ADMIN_TOKEN,
        "VAULT_ADDR": openbao.url,
        "VAULT_TOKEN": ROOT_TOKEN,
        "BFF_PLATFORM_GROUPS": "platform-team",
        "BFF_DATA_DIR": str(folder / "data"),
    }
    log = folder / "service.log"
    async with Service(backstage_url=backstage.url, token=backstage.token, log=log, settings=settings) as service:
        yield service


@pytest.fixture
def kept(provisioning: Service) -> Callable[[], list[bytes]]:
    """Gives what the service has written: its log, and the files of its database."""

    def read() -> list[bytes]:
        return [file.read_bytes() for file in sorted(provisioning.log.parent.rglob("*")) if file.is_file()]

    return read


@dataclass
class Journey:
    """Everything that a journey meets."""

    backstage: Backstage
    service: Service
    openbao: OpenBao

    async def run(self, template: str, values: dict[str, Any], *, user: str) -> Task:
        """Run a template by its name."""
        token = await self.backstage.user_token(user)
        return await run_template(self.backstage, f"template:default/{template}", values, token=token)

    async def onboard(self, team: str, *, user: str = "platform-engineer") -> Task:
        """Run the template for a team, as the form does."""
        values = {"teamName": team, "policyTier": "tier-2-internal", "dailyBudget": 100, "fundingDays": 30}
        return await run_template(self.backstage, TEMPLATE, values, token=await self.backstage.user_token(user))

    async def listed(self, path: str, **fields: object) -> list[dict[str, Any]]:
        """What Keeptrusts has with these fields."""
        reply = await self.service.as_admin("GET", f"{path}{'&' if '?' in path else '?'}limit=200")
        reply.raise_for_status()
        return [item for item in reply.json()["data"] if all(item[name] == value for name, value in fields.items())]

    async def chat(self, secret: str) -> int:
        """The status code of a chat completion with this key."""
        async with httpx.AsyncClient(base_url=self.service.gateway_url, trust_env=False) as gateway:
            body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Good morning"}]}
            headers = {"authorization": f"Bearer {secret}"}
            return (await gateway.post("/v1/chat/completions", json=body, headers=headers)).status_code

    async def call(self, method: str, path: str, body: object = None, *, user: str) -> httpx.Response:
        """A call of the service through Backstage's proxy."""
        headers = {"authorization": f"Bearer {await self.backstage.user_token(user)}"}
        return await self.backstage.client.request(method, f"/api/proxy/keeptrusts{path}", json=body, headers=headers)

    async def status(self, bot: str, *, requests: int, user: str) -> dict[str, Any]:
        """The governance status of a component once so many of its requests have been read."""
        async with asyncio.timeout(40):
            while True:
                reply = await self.call("GET", f"/v1/entities/component/default/{bot}/governance", user=user)
                found: dict[str, Any] = reply.json()
                if found.get("activity") and found["activity"]["requests"] >= requests:
                    return found
                await asyncio.sleep(0.3)

    async def settled(self, bot: str, team_id: str, *, user: str) -> dict[str, Any]:
        """The governance status of a component once all that its team's requests have cost has been read."""
        async with asyncio.timeout(40):
            while True:
                found = await self.status(bot, requests=1, user=user)
                if Decimal(found["budget"]["spent"]["amount"]) == await self.truth(team_id):
                    return found
                await asyncio.sleep(0.3)

    async def truth(self, team_id: str) -> Decimal:
        """What the requests of a team have cost, by whichever key."""
        rows = (await self.service.as_admin("GET", "/_sandbox/truth")).json()["rows"]
        return sum((Decimal(row["spent"]) for row in rows if row["team_id"] == team_id), Decimal(0))

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
    await backstage.ingested(
        BOT, NEWCOMERS, RETURNS_BOT, "user:default/platform-engineer", "user:default/platform-lead"
    )
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

    assert await journey.chat(secret) == 200
    status = await journey.status("newcomers-bot", requests=1, user="newcomer")
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
    """A user who does not belong to the team's group gets a reason, and nothing is made."""
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


@pytest_asyncio.fixture(loop_scope="session")
async def onboarded(journey: Journey) -> str:
    """The returns team with a key, tier 2 and 300 USD; its id in Keeptrusts. Onboarded again after a test has ended its access."""
    await journey.backstage.ingested(RETURNS_BOT, "user:default/returns-clerk", "user:default/platform-lead")
    teams = await journey.listed("/v1/teams", name=RETURNS)
    active = {"status": "active", "team_id": teams[0]["id"]} if teams else None
    if active is None or not await journey.listed("/v1/tokens?type=gateway", **active):
        values = {"teamName": RETURNS, "policyTier": "tier-2-internal", "dailyBudget": 10, "fundingDays": 30}
        task = await journey.run("ai-team-onboard", values, user="returns-clerk")
        assert task.status == "completed", task.log
    [team] = await journey.listed("/v1/teams", name=RETURNS)
    team_id: str = team["id"]
    return team_id


async def test_a_rotation_from_the_form(
    journey: Journey,
    onboarded: str,
    open_as: Callable[..., Awaitable[Window]],
    kept: Callable[[], list[bytes]],
    tmp_path: Path,
) -> None:
    """The form of a finding's button makes a successor; both keys work and are on the card, spend does not jump, no page holds one."""
    old = journey.secret(RETURNS)
    assert await journey.chat(old) == 200
    before = await journey.settled("returns-bot", onboarded, user="returns-clerk")

    window = await open_as("returns-clerk")
    page = window.page
    filled = {"team": RETURNS, "keyName": f"{RETURNS}-gw-key", "entityRef": RETURNS_BOT}
    await page.goto(f"/create/templates/default/ai-key-rotate?formData={quote(json.dumps(filled))}")
    await expect(page.get_by_label("Gateway Key")).to_have_value(f"{RETURNS}-gw-key")
    await page.get_by_role("button", name="Next").click()
    await page.get_by_role("button", name="Review").click()
    await page.get_by_role("button", name="Rotate the key").click()
    await expect(page.get_by_text("has a new version in Vault")).to_be_visible(timeout=60_000)

    new = journey.secret(RETURNS)
    assert new != old
    assert [await journey.chat(key) for key in (old, new)] == [200, 200]
    requests = before["activity"]["requests"] + 2
    assert (await journey.status("returns-bot", requests=requests, user="returns-clerk"))["activity"][
        "requests"
    ] == requests
    after = await journey.settled("returns-bot", onboarded, user="returns-clerk")
    assert Decimal(after["budget"]["spent"]["amount"]) > Decimal(before["budget"]["spent"]["amount"])
    assert after["budget"]["daily"] == before["budget"]["daily"]
    assert after["gatewayKey"]["state"] == "active"
    shown = await page.content()
    previous = after["gatewayKey"]["previous"]
    assert previous["revokesAt"] is not None
    card = await go_to_card(page, "returns-bot")
    line = card.get_by_text("Previous key").locator("..")
    await expect(line).to_contain_text(f"Previous key {previous['prefix']}… still works")
    await expect(line).to_contain_text("last used ")
    await expect(line).to_contain_text("to be revoked, at the earliest ")
    await take_picture(card, "card-during-a-rotation", tmp_path)
    shown += await page.content()
    assert not any(key in shown for key in (old, new))
    assert not any(key.encode() in content for key in (old, new) for content in kept())


async def test_the_old_key_ends_after_its_grace(journey: Journey, onboarded: str) -> None:
    """Once its grace is over and it is no longer used, the old key is revoked without anything being run; the new one works on."""
    old = journey.secret(RETURNS)
    path, body = f"/v1/tokens/{RETURNS}-gw-key/rotate", {"team_id": onboarded, "grace_hours": SHORT_GRACE_HOURS}
    key = {"idempotency-key": secrets.token_hex(8)}
    headers = {"authorization": f"Bearer {await journey.backstage.user_token('returns-clerk')}"} | key
    reply = await journey.backstage.client.post(f"/api/proxy/keeptrusts{path}", json=body, headers=headers)
    assert reply.status_code == 201, reply.text
    assert await journey.chat(old) == 200
    previous = reply.json()["previous"]["id"]
    async with asyncio.timeout(60):
        while (await journey.listed("/v1/tokens?type=gateway", id=previous))[0]["status"] != "revoked":
            await asyncio.sleep(0.3)
    assert [await journey.chat(each) for each in (old, journey.secret(RETURNS))] == [401, 200]


async def test_a_rotation_without_a_grace_ends_the_old_key_at_once(journey: Journey, onboarded: str) -> None:
    """With 0 hours the old key is refused when the task has ended."""
    old = journey.secret(RETURNS)
    values = {"team": f"group:default/{RETURNS}", "keyName": f"{RETURNS}-gw-key", "graceHours": 0}
    task = await journey.run("ai-key-rotate", values, user="returns-clerk")
    assert task.status == "completed", task.log
    assert f"secret/ai/{RETURNS}/{RETURNS}-gw-key" in task.text("Your new key")
    new = journey.secret(RETURNS)
    assert [await journey.chat(each) for each in (old, new)] == [401, 200]
    assert not any(key in f"{task.log}{task.output}" for key in (old, new))
    assert len(await journey.listed("/v1/tokens?type=gateway", team_id=onboarded, status="active")) >= 1


async def test_a_top_up_within_the_limit_and_beyond_it(journey: Journey, onboarded: str) -> None:
    """A member adds what is left of the month; beyond it nothing is added, and the log names the rule, the rest and whom to ask."""
    [before] = await journey.listed("/v1/wallets", team_id=onboarded)
    task = await journey.run("ai-wallet-top-up", {"team": RETURNS, "amount": 50.25}, user="returns-clerk")
    assert task.status == "completed", task.log
    refused = await journey.run("ai-wallet-top-up", {"team": RETURNS, "amount": 5000}, user="returns-clerk")
    assert refused.status == "failed"
    for part in ("funding.ownersMonthlyUsd", "2649.75 USD of that is left", "Ask the platform team"):
        assert part in refused.log, refused.log
    [after] = await journey.listed("/v1/wallets", team_id=onboarded)
    assert after["total_allocated"] - before["total_allocated"] == 50.25


async def test_an_approved_top_up_goes_beyond_the_limit(journey: Journey, onboarded: str) -> None:
    """A member of the platform group goes beyond the limit with another one's approval, and not with their own or a stranger's."""
    [before] = await journey.listed("/v1/wallets", team_id=onboarded)
    values = {"team": RETURNS, "amount": 5000}
    for approver in ("platform-engineer", "returns-clerk"):
        named = values | {"approvedBy": f"user:default/{approver}"}
        refused = await journey.run("ai-wallet-top-up", named, user="platform-engineer")
        assert refused.status == "failed"
        assert f"approvedBy: user:default/{approver} is not another person of a platform group" in refused.log
    named = values | {"approvedBy": "user:default/platform-lead"}
    approved = await journey.run("ai-wallet-top-up", named, user="platform-engineer")
    assert approved.status == "completed", approved.log
    [after] = await journey.listed("/v1/wallets", team_id=onboarded)
    assert after["total_allocated"] - before["total_allocated"] == 5000


async def test_a_stricter_tier_and_a_lower_one(journey: Journey, onboarded: str) -> None:
    """The template and the values that a finding names mend it: the declared tier is the only one in force; a lower one is refused."""
    status = await journey.status("returns-bot", requests=0, user="returns-clerk")
    [remedy] = [finding["remedy"] for finding in status["findings"] if finding["code"] == "tier-drift"]
    assert remedy["template"] == "template:default/ai-tier-change"
    task = await journey.run("ai-tier-change", remedy["parameters"], user="returns-clerk")
    assert task.status == "completed", task.log
    async with asyncio.timeout(40):
        while any(finding["code"] == "tier-drift" for finding in status["findings"]):
            await asyncio.sleep(0.3)
            status = await journey.status("returns-bot", requests=0, user="returns-clerk")
    refused = await journey.run("ai-tier-change", {"team": RETURNS, "tier": "tier-1-exploration"}, user="returns-clerk")
    assert refused.status == "failed"
    assert "tiers.lower" in refused.log
    configurations = await journey.listed("/v1/configurations", team_id=onboarded, enabled=True)
    assert [each["template_id"] for each in configurations] == ["tier-3-customer-facing"]


DRY_RUNS = {
    "ai-key-rotate": {"keyName": f"{RETURNS}-gw-key", "graceHours": 24},
    "ai-wallet-top-up": {"amount": 1},
    "ai-tier-change": {"tier": "tier-3-customer-facing"},
    "ai-team-offboard": {"confirmation": RETURNS},
}


@pytest.mark.parametrize("template", DRY_RUNS)
async def test_a_dry_run_changes_nothing(journey: Journey, onboarded: str, template: str) -> None:
    """The template editor's dry run looks the team up, renders every step and result, and sends nothing that changes anything."""
    headers = {"authorization": f"Bearer {await journey.backstage.user_token('returns-clerk')}"}
    [entity] = await journey.backstage.entities(f"template:default/{template}")
    body = {"template": entity, "values": {"team": RETURNS} | DRY_RUNS[template], "directoryContents": []}
    before = await journey.service.as_admin("GET", "/_sandbox/requests")
    reply = await journey.backstage.client.post("/api/scaffolder/v2/dry-run", json=body, headers=headers)
    assert reply.status_code == 200, reply.text
    log = "\n".join(line["body"]["message"] for line in reply.json()["log"])
    assert "Skipping non dry-run safe method 'POST'" in log
    assert onboarded in str(reply.json()["output"]["links"])
    changing = [
        {call: n for call, n in counted.json()["control-plane"].items() if not call.startswith("GET")}
        for counted in (before, await journey.service.as_admin("GET", "/_sandbox/requests"))
    ]
    assert changing[0] == changing[1]


async def test_offboarding_needs_the_teams_name(journey: Journey, onboarded: str) -> None:
    """With another name typed nothing is done; with the right one no key, money or policy is left, and the last key is refused."""
    secret = journey.secret(RETURNS)
    wrong = await journey.run(
        "ai-team-offboard", {"team": RETURNS, "confirmation": "return-team"}, user="returns-clerk"
    )
    assert wrong.status == "failed"
    assert "'return-team'" in wrong.log
    assert await journey.chat(secret) == 200
    values = {"team": f"group:default/{RETURNS}", "confirmation": RETURNS}
    task = await journey.run("ai-team-offboard", values, user="returns-clerk")
    assert task.status == "completed", task.log
    assert await journey.chat(secret) == 401
    assert await journey.listed("/v1/tokens?type=gateway", team_id=onboarded, status="active") == []
    assert await journey.listed("/v1/configurations", team_id=onboarded, enabled=True) == []
    [wallet] = await journey.listed("/v1/wallets", team_id=onboarded)
    # Spend has more decimals than money is moved in.
    assert 0 <= wallet["balance"] < 0.000001
    again = await journey.run("ai-team-offboard", values, user="returns-clerk")
    assert again.status == "completed", again.log
