"""The plugin in a Backstage that configures none of its extensions: the compact card beside the content, remedies, and a second Keeptrusts."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
import yaml
from playwright.async_api import Browser, Route, expect

from tests.e2e.harness.backstage import CONFIGURATION, Backstage
from tests.e2e.harness.card import STATUS, find_card, go_to_card
from tests.e2e.harness.picture import take_picture
from tests.e2e.harness.service import Service
from tests.e2e.harness.window import open_window

USER = "search-engineer"
OVER = "knowledge-search"
REMEDY = {"template": "template:default/ai-team-onboard", "parameters": {"teamName": "search-team", "dailyBudget": 120}}
STAGED = "staged-search"
"""A component of another Keeptrusts, which a service of its own knows. Its key has the name of one that both have."""

STAGED_CATALOG = f"""
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: {STAGED}
  annotations:
    keeptrusts.dev/gateway-key-name: search-team-gw-key
    keeptrusts.dev/instance: staging
spec: {{type: service, lifecycle: production, owner: search-team}}
"""
pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plain_backstage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Backstage]:
    """A Backstage whose configuration has no extension of the plugin, with the services of two Keeptrusts behind its proxy."""
    folder = tmp_path_factory.mktemp("defaults")
    token = secrets.token_urlsafe(24)
    service = Service(token=token, log=folder / "service.log")
    staging = Service(token=token, log=folder / "staging.log", settings={"BFF_INSTANCE": "staging"})
    (folder / "staged.yaml").write_text(STAGED_CATALOG)
    catalog, documented = (yaml.safe_load(file.read_text()) for file in CONFIGURATION[:2])
    # Backstage replaces lists, so that the other locations are named again.
    locations = [*catalog["catalog"]["locations"], {"type": "file", "target": str(folder / "staged.yaml")}]
    endpoint = documented["proxy"]["endpoints"]["/keeptrusts"] | {"target": staging.url}
    overlay = folder / "app-config.yaml"
    overlay.write_text(
        yaml.safe_dump(
            {
                "app": {"extensions": []},
                "catalog": {"locations": locations},
                "proxy": {"endpoints": {"/keeptrusts-staging": endpoint}},
                "keeptrusts": {"instances": {"staging": "/keeptrusts-staging"}},
            }
        )
    )
    backstage = Backstage(
        bff_url=service.url, token=token, log=folder / "backstage.log", configuration=(*CONFIGURATION, overlay)
    )
    for each in (service, staging):
        each.serve_for(backstage.url)
    async with backstage, service, staging:
        await backstage.ingested(*(f"component:default/{name}" for name in (OVER, STAGED, "billing-service")))
        yield backstage


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_compact_card_shows_what_matters(
    scheme: str, tmp_path: Path, plain_backstage: Backstage, browser: Browser
) -> None:
    """Beside the content stand the worst finding, the money and the key, and nothing runs out of the card."""
    window = await open_window(
        browser, plain_backstage, user=USER, colour_scheme="dark" if scheme == "dark" else "light"
    )
    try:
        card = await go_to_card(window.page, OVER)
        await expect(card.get_by_role("meter")).to_be_visible()
        await expect(card.locator("[data-finding]")).to_have_count(1)
        await expect(card.get_by_role("region", name="Team wallet")).to_have_count(0)
        assert not await card.evaluate("card => card.scrollWidth > card.clientWidth")
        assert await take_picture(card, f"card-compact-{scheme}", tmp_path)
        assert window.complaints == []
    finally:
        await window.context.close()


async def test_what_names_no_key_has_no_card(plain_backstage: Backstage, browser: Browser) -> None:
    """A component that neither names a key nor uses the gateway is left in peace."""
    window = await open_window(browser, plain_backstage, user=USER)
    try:
        await window.page.goto("/catalog/default/component/billing-service")
        await expect(window.page.get_by_text("billing-service").first).to_be_visible()
        await window.page.wait_for_load_state("networkidle")
        await expect(find_card(window.page, STATUS)).to_have_count(0)
    finally:
        await window.context.close()


async def test_a_remedy_opens_its_template_filled_in(
    tmp_path: Path, plain_backstage: Backstage, browser: Browser
) -> None:
    """The button of a finding leads, without a page load, to the form of its template, which has the parameters in it."""
    window = await open_window(browser, plain_backstage, user=USER)
    page = window.page

    async def with_remedy(route: Route) -> None:
        reply = await route.fetch()
        status = await reply.json()
        for place, finding in enumerate(status["findings"]):
            finding["remedy"] = None if place else REMEDY
        await route.fulfill(response=reply, json=status)

    try:
        await page.route("**/governance", with_remedy)
        card = await go_to_card(page, OVER)
        await page.evaluate("window.isTheSamePage = true")
        mend = card.get_by_role("link", name="Fix this with a template")
        await expect(mend).to_be_visible()
        assert await take_picture(card, "card-remedy", tmp_path)
        await mend.click()

        await expect(page.get_by_text("Onboard Team to AI Platform").first).to_be_visible()
        address = urlsplit(page.url)
        assert address.path == "/create/templates/default/ai-team-onboard"
        assert json.loads(parse_qs(address.query)["formData"][0]) == REMEDY["parameters"]
        await expect(page.get_by_label("Team").first).to_be_visible()
        filled = await page.locator("input").evaluate_all("inputs => inputs.map(input => input.value)")
        # The picker of a group shows its reference.
        assert "group:default/search-team" in filled, filled
        assert await page.evaluate("window.isTheSamePage")
    finally:
        await window.context.close()


async def test_each_entity_is_asked_for_at_its_own_keeptrusts(plain_backstage: Backstage, browser: Browser) -> None:
    """Card and spend of an entity come from the service of the instance that it names, those of the others from the first one."""
    window = await open_window(browser, plain_backstage, user=USER)
    page = window.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    try:
        for name, endpoint in ((OVER, "keeptrusts"), (STAGED, "keeptrusts-staging")):
            asked.clear()
            card = await go_to_card(page, name)
            await expect(card).to_contain_text("search-team-gw-key")
            await card.get_by_role("link", name="Show AI spend").click()
            await page.get_by_role("grid", name="By model").wait_for()
            of_ours = [path for path in asked if path.startswith("/api/proxy/")]
            assert {path.split("/")[3] for path in of_ours} == {endpoint}
            assert {path.rpartition("/")[2] for path in of_ours} == {"governance", "spend"}
        assert window.complaints == []
    finally:
        await window.context.close()
