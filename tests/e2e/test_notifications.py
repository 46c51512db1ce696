"""Notifications of budgets in a real Backstage: who has which, and what a restart of the service changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from bff.cli.doctor_backstage import examine_notifications
from bff.cli.doctor_keeptrusts import Verdict
from bff.settings import Settings
from tests.e2e.harness.backstage import Backstage
from tests.e2e.harness.picture import take_picture
from tests.e2e.harness.service import Service
from tests.e2e.harness.window import Window

BOT, KEY, BUDGET = "customer-support-bot", "support-team-gw-key", Decimal(500)
MEMBER, STRANGER = "support-engineer", "outsider"
NEAR, OVER = f"{BOT}: most of its daily budget is spent", f"{BOT}: its daily budget is spent"
_PATIENCE = 60.0


async def inbox(backstage: Backstage, user: str) -> list[dict[str, Any]]:
    """All notifications of a user, newest first."""
    token = await backstage.user_token(user)
    reply = await backstage.client.get(
        "/api/notifications/notifications?limit=100", headers={"authorization": f"Bearer {token}"}
    )
    reply.raise_for_status()
    found: list[dict[str, Any]] = reply.json()["notifications"]
    return found


class Watched:
    """A service that watches a Backstage, every two seconds."""

    def __init__(self, backstage: Backstage, service: Service) -> None:
        self.backstage = backstage
        self.service = service

    async def notifications(self, user: str) -> list[dict[str, Any]]:
        """What a user finds about the bot, newest first."""
        return [each for each in await inbox(self.backstage, user) if each["payload"]["title"].startswith(f"{BOT}:")]

    async def titled(self, user: str, title: str) -> dict[str, Any]:
        """The one notification about the bot, once it has this title."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                found = await self.notifications(user)
                if [each["payload"]["title"] for each in found] == [title]:
                    return found[0]
                await asyncio.sleep(0.5)

    async def spend_up_to(self, share: str) -> None:
        """Let the feed have an event with which the bot has spent this share of its budget."""
        keys = (await self.service.as_admin("GET", "/v1/tokens?limit=200")).json()["data"]
        (key_id,) = [key["id"] for key in keys if key["name"] == KEY]
        token = await self.backstage.user_token(MEMBER)
        path = f"/v1/entities/component/default/{BOT}/governance"
        while True:
            card = (await self.service.client.get(path, headers={"authorization": f"Bearer {token}"})).json()
            if card.get("budget") and card["budget"]["complete"] is not None:
                break
            await asyncio.sleep(0.2)
        left = BUDGET * Decimal(share) - Decimal(card["budget"]["spent"]["amount"])
        event = {
            "event_id": f"evt_{share}",
            "timestamp": datetime.now(UTC).isoformat(),
            "event_type": "decision",
            "verdict": "allow",
            "model": "gpt-4o",
            "provider": "openai",
            "token_id": key_id,
            "event_cost_attribution": {"total_cost_usd": str(left)},
        }
        text = json.dumps({"events": [event], "next_cursor": None})
        await self.service.faults({"kind": "body", "path": "/v1/events", "text": text, "times": 1})

    async def rounds(self, number: int = 2) -> None:
        """Wait until the watch has swept so many times more."""
        before = await self._sweeps()
        async with asyncio.timeout(_PATIENCE):
            while await self._sweeps() < before + number:
                await asyncio.sleep(0.2)

    async def _sweeps(self) -> int:
        text = (await self.service.client.get("/metrics")).text
        (line,) = [line for line in text.splitlines() if line.startswith('keeptrusts_bff_sweeps_total{outcome="ok"}')]
        return int(float(line.rpartition(" ")[2]))


@pytest_asyncio.fixture(loop_scope="session")
async def watched(backstage: Backstage, tmp_path: Path) -> AsyncIterator[Watched]:
    """A service of the test's own, with a database that outlives it."""
    settings = {
        "BFF_NOTIFY": "on",
        "BFF_WATCH_SECONDS": "1",
        "BFF_REFRESH_SECONDS": "1",
        "BFF_BACKFILL_DAYS": "0",
        "BFF_DATA_DIR": str(tmp_path / "data"),
        "BFF_PLATFORM_GROUPS": "platform-team",
        "BFF_DRAIN_SECONDS": "0",
    }
    service = Service(
        backstage_url=backstage.url, token=backstage.token, log=tmp_path / "service.log", settings=settings
    )
    async with service:
        yield Watched(backstage, service)


async def test_a_budget_is_notified_step_by_step(
    watched: Watched, open_as: Callable[..., Awaitable[Window]], tmp_path: Path
) -> None:
    """At 80 % the owner's member has one notification, which becomes that of 100 % and is unread again; a restart repeats nothing."""
    assert await watched.notifications(MEMBER) == []
    await watched.spend_up_to("0.85")
    near = await watched.titled(MEMBER, NEAR)
    assert near["payload"]["severity"] == "high"
    assert "85 % of the daily budget of 500 USD" in near["payload"]["description"]
    await _read(watched, near["id"])

    await watched.spend_up_to("1.15")
    over = await watched.titled(MEMBER, OVER)
    assert (over["id"], over.get("read")) == (near["id"], None)
    assert await watched.notifications(STRANGER) == []

    window = await open_as(MEMBER)
    await window.page.goto("/notifications")
    link = window.page.get_by_role("link", name=OVER)
    await expect(link).to_have_attribute("href", f"/catalog/default/component/{BOT}/ai-spend")
    await expect(window.page.get_by_text("is 115 % of the daily budget of 500 USD").first).to_be_visible()
    await take_picture(window.page, "notifications", tmp_path)

    await _read(watched, over["id"])
    await watched.service.stop_bff()
    await watched.service.start_bff()
    await watched.rounds()
    (after,) = await watched.notifications(MEMBER)
    assert (after["id"], bool(after.get("read"))) == (near["id"], True)


@pytest.mark.parametrize(
    ("token", "url", "verdict", "said"),
    [
        (None, None, Verdict.OK, "may be sent; none was"),
        ("another-token", None, Verdict.FAIL, "the token is not accepted (401)"),
        (None, "/api/catalog", Verdict.FAIL, "is the notifications backend installed?"),
    ],
    ids=["in order", "another token", "no backend"],
)
async def test_doctor_tries_and_sends_nothing(
    backstage: Backstage, token: str | None, url: str | None, verdict: Verdict, said: str
) -> None:
    """The doctor says whether the token may send notifications, and no inbox has one more for it."""
    settings = Settings.load(
        backstage_url=f"{backstage.url}{url or ''}",
        backstage_token=token or backstage.token,
        bff_notify="on",
        bff_platform_groups="platform-team",
    )
    people = ("support-engineer", "platform-engineer", "outsider")
    before = {user: await inbox(backstage, user) for user in people}
    (trial,) = [trial async for trial in examine_notifications(settings)]
    assert trial.verdict is verdict
    assert said in trial.message
    assert {user: await inbox(backstage, user) for user in people} == before


async def _read(watched: Watched, notification: str) -> None:
    token = await watched.backstage.user_token(MEMBER)
    reply = await watched.backstage.client.post(
        "/api/notifications/notifications/update",
        json={"ids": [notification], "read": True},
        headers={"authorization": f"Bearer {token}"},
    )
    reply.raise_for_status()
