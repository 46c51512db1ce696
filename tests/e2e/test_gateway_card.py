"""The AI gateway card in a real Backstage: whether it is us or the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.e2e.harness.axe import grave_findings
from tests.e2e.harness.backstage import Backstage
from tests.e2e.harness.card import GATEWAY, go_to_card, selector_of
from tests.e2e.harness.picture import take_picture
from tests.e2e.harness.service import Service
from tests.e2e.harness.window import Window

Open = Callable[..., Awaitable[Window]]

ENTITY = "keeptrusts-gateway"
PROXY = "/api/proxy/keeptrusts"
USER = "support-engineer"
_TURN_SECONDS = 40.0


@pytest_asyncio.fixture(loop_scope="session")
async def ready(backstage: Backstage, service: Service) -> Service:
    """A service whose Backstage has the gateway's entity."""
    await backstage.ingested(f"component:default/{ENTITY}")
    return service


async def platform(backstage: Backstage) -> dict[str, Any]:
    """What the service answers about the platform."""
    headers = {"authorization": f"Bearer {await backstage.user_token(USER)}"}
    reply = await backstage.client.get(f"{PROXY}/v1/gateway", headers=headers)
    assert reply.status_code == 200, reply.text
    document: dict[str, Any] = reply.json()
    return document


async def until(part: str, state: str, backstage: Backstage) -> None:
    """Ask the service until it says that this part of the platform is so."""
    async with asyncio.timeout(_TURN_SECONDS):
        while (await platform(backstage))[part]["state"] != state:
            await asyncio.sleep(0.2)


def fact(card: Locator, label: str) -> Locator:
    """What stands under this label."""
    return card.locator("dt", has_text=label).locator("xpath=following-sibling::dd").first


async def test_a_healthy_platform_is_shown_working(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """The card says that all is well, and shows what the service knows of providers, policies and version, for one request."""
    del ready
    await until("gateway", "healthy", backstage)
    window = await open_as(USER)
    made: list[str] = []
    window.page.on("request", lambda request: made.append(request.url) if PROXY in request.url else None)
    card = await go_to_card(window.page, ENTITY, GATEWAY)
    gateway = (await platform(backstage))["gateway"]

    await expect(card.get_by_text("Working", exact=True)).to_be_visible()
    await expect(fact(card, "Gateway")).to_contain_text("Healthy")
    await expect(fact(card, "Control plane")).to_contain_text("Ready")
    await expect(fact(card, "Version")).to_have_text(gateway["version"])
    await expect(fact(card, "Policies loaded")).to_have_text(str(gateway["policiesLoaded"]))
    for provider in gateway["providers"]:
        await expect(card.get_by_role("listitem").filter(has_text=provider["name"])).to_contain_text("Reachable")
    await window.page.wait_for_load_state("networkidle")
    assert [url.partition(PROXY)[2] for url in made] == ["/v1/gateway"]
    assert window.complaints == []


async def test_a_gateway_that_fails_is_shown_failing(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """A gateway that answers 503 is shown so, while the control plane is not blamed; the button shows when it is back."""
    await ready.faults({"kind": "status", "code": 503, "surface": "gateway"})
    try:
        async with asyncio.timeout(_TURN_SECONDS):
            while (failing := await platform(backstage))["state"] == "ok":
                await asyncio.sleep(0.2)
        window = await open_as(USER)
        card = await go_to_card(window.page, ENTITY, GATEWAY)
        await expect(card.get_by_text("Failing", exact=True)).to_be_visible()
        await expect(fact(card, "Gateway")).to_contain_text(failing["gateway"]["state"], ignore_case=True)
        await expect(fact(card, "Gateway")).to_contain_text("Un")
        await expect(fact(card, "Control plane")).to_contain_text("Ready")
        assert window.complaints == []
    finally:
        await ready.faults()
        await until("gateway", "healthy", backstage)
    await card.get_by_role("button", name="Refresh", exact=True).click()
    await expect(card.get_by_text("Working", exact=True)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_read_it(scheme: str, tmp_path: Path, ready: Service, open_as: Open) -> None:
    """An audit by axe finds nothing serious in either theme; a picture is taken of each."""
    del ready
    window = await open_as(USER, colour_scheme=scheme)
    card = await go_to_card(window.page, ENTITY, GATEWAY)
    await expect(card.get_by_text("Model providers")).to_be_visible()

    assert await grave_findings(window.page, selector_of(GATEWAY)) == []
    assert await take_picture(card, f"gateway-{scheme}", tmp_path)
