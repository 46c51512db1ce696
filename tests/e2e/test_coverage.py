"""Coverage in a real Backstage and a real browser: for platform groups, of what the service reads with its own token."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.harness.answers import answer, asked, money, requests_of
from tests.e2e.harness.axe import grave_findings
from tests.e2e.harness.backstage import Backstage
from tests.e2e.harness.keyboard import tab_to
from tests.e2e.harness.picture import take_picture
from tests.e2e.harness.service import Service
from tests.e2e.harness.window import Window

Open = Callable[..., Awaitable[Window]]

OPERATOR, STRANGER = "support-engineer", "outsider"
PATH = "/v1/coverage?days=30"
ADDRESS = "/ai-governance?view=coverage"

_FITS = """
[document.documentElement, ...document.querySelectorAll('[role=gridcell], [role=rowheader]')].every(
  each => each.scrollWidth <= each.clientWidth)
"""


async def go_to_coverage(page: Page) -> None:
    """Open the view, and wait for what it shows."""
    await page.goto(ADDRESS)
    await page.get_by_role("region", name="Coverage").get_by_text("Claimed by entities").wait_for()


async def test_a_platform_group_sees_what_the_service_has_read(
    backstage: Backstage, service: Service, open_as: Open
) -> None:
    """The two sides are the service's and add up; each claim that means no key leads to its entity; it is one request."""
    del service
    await backstage.ingested("component:default/api-docs-helper", "component:default/lead-scorer")
    window = await open_as(OPERATOR)
    page, made = window.page, requests_of(window.page)
    await page.goto("/ai-governance")
    await page.get_by_role("radio", name="Coverage").click()
    region = page.get_by_role("region", name="Coverage")
    await region.get_by_text("Claimed by entities").wait_for()
    found = await answer(backstage, OPERATOR, PATH)

    claimed, unclaimed, total = (Decimal(found[side]["amount"]) for side in ("claimed", "unclaimed", "total"))
    assert claimed + unclaimed == total > 0
    assert found["catalog"]["complete"]
    for side in ("claimed", "unclaimed", "total"):
        await expect(region.get_by_text(money(found[side]), exact=True).first).to_be_visible()
    unknown = page.get_by_role("grid", name="Claims that mean no key")
    refs = [each["entityRef"] for each in found["unknownKeys"]]
    assert await unknown.get_by_role("rowheader").all_inner_texts() == refs
    assert {"component:default/api-docs-helper", "component:default/lead-scorer"} <= set(refs)
    assert asked(made).count(PATH) == 1
    await expect(unknown.get_by_role("link", name="component:default/api-docs-helper")).to_have_attribute(
        "href", "/catalog/default/component/api-docs-helper"
    )
    assert window.complaints == []


async def test_others_read_for_whom_it_is(service: Service, open_as: Open) -> None:
    """A person of no platform group gets no amount, and a sentence in place of an error."""
    del service
    window = await open_as(STRANGER)
    await window.page.goto(ADDRESS)
    await expect(window.page.get_by_role("heading", name="Coverage is for the platform groups")).to_be_visible()
    await expect(window.page.get_by_role("grid")).to_have_count(0)
    await expect(window.page.get_by_text("$")).to_have_count(0)


PATCHY = Path(__file__).with_name("coverage.json")
"""An answer with something of each kind, which the example organisation has not."""


async def with_something_of_each_kind(page: Page) -> None:
    """Let the page get that answer, as of now."""
    document = json.loads(PATCHY.read_text(encoding="utf-8"))
    document["freshness"]["observedAt"] = document["freshness"]["assessedAt"] = datetime.now(UTC).isoformat()
    await page.route(f"**{PATH}", lambda route: route.fulfill(json=document))


async def test_the_keyboard_is_enough(service: Service, open_as: Open) -> None:
    """The view is chosen, and the line to paste is reached and copied, without a mouse."""
    del service
    window = await open_as(OPERATOR)
    page = window.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await with_something_of_each_kind(page)
    await page.goto("/ai-governance")
    await tab_to(page, page.get_by_role("radio", name="Entities"))
    await page.keyboard.press("ArrowRight")
    if not await page.get_by_role("region", name="Coverage").count():
        await page.keyboard.press("Space")
    grid = page.get_by_role("grid", name="Keys that no entity claims")
    await grid.wait_for()
    button = grid.get_by_role("button", name="Copy").first
    await tab_to(page, grid)
    for _ in range(12):
        if await button.evaluate("it => it === document.activeElement"):
            break
        await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(grid.get_by_role("button", name="Copied")).to_be_visible()
    line = await page.evaluate("navigator.clipboard.readText()")
    assert line == "    keeptrusts.dev/gateway-key-name: search-team-indexer-key"
    assert window.complaints == []


@pytest.mark.parametrize(
    ("picture", "scheme", "width"),
    [
        ("coverage-light", "light", 1400),
        ("coverage-dark", "dark", 1400),
        ("coverage-narrow-light", "light", 600),
    ],
)
async def test_it_fits_and_can_be_read(
    picture: str, scheme: str, width: int, tmp_path: Path, service: Service, open_as: Open
) -> None:
    """In either theme, wide and narrow, nothing runs out of the page and axe finds nothing serious; a picture is taken of it."""
    del service
    window = await open_as(OPERATOR, colour_scheme=scheme, width=width, height=1000 if width > 600 else 1400)
    await with_something_of_each_kind(window.page)
    await go_to_coverage(window.page)

    assert await grave_findings(window.page, "#root") == []
    assert await take_picture(window.page, picture, tmp_path)
    assert await window.page.evaluate(_FITS)
    assert window.complaints == []
