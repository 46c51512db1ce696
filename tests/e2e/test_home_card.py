"""The home card in a real Backstage and a real browser: what needs my attention, and only that."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.e2e.harness.answers import asked, requests_of, statuses, words_of
from tests.e2e.harness.axe import grave_findings
from tests.e2e.harness.backstage import Backstage
from tests.e2e.harness.picture import take_picture
from tests.e2e.harness.service import Service
from tests.e2e.harness.window import Window

Open = Callable[..., Awaitable[Window]]

USER = "platform-engineer"
MINE = ("api-docs-helper", "platform-chat", "release-notes-writer", "incident-copilot")
TITLE = "AI Governance: what needs my attention"
_RANKS = {"error": 0, "warning": 1, "unknown": 2}


@pytest_asyncio.fixture(loop_scope="session")
async def ready(backstage: Backstage, service: Service) -> Service:
    """A service whose Backstage has the entities of these tests."""
    await backstage.ingested(*(f"component:default/{name}" for name in (*MINE, "price-checker")))
    return service


async def go_home(page: Page) -> Locator:
    """Open the home page of the tests' app, and give the card, with whatever it shows at first."""
    await page.goto("/home")
    card = page.locator("main .MuiCard-root", has_text=TITLE)
    await card.wait_for()
    return card


async def test_what_needs_attention_comes_worst_first(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """The card lists those of my entities that have a finding, with the worst one's words, for one request, and leads to each."""
    del ready
    window = await open_as(USER)
    made = requests_of(window.page)
    card = await go_home(window.page)
    items = card.get_by_role("list", name="Entities that need attention").get_by_role("listitem")
    await items.first.wait_for()
    answers = await statuses(backstage, USER, *MINE)
    pressing = sorted(
        (name for name in MINE if answers[name]["state"] != "ok"),
        key=lambda name: (_RANKS[answers[name]["state"]], name),
    )

    assert await items.get_by_role("link").all_inner_texts() == pressing
    for at, name in enumerate(pressing):
        for words in words_of(answers[name]["findings"][0]):
            await expect(items.nth(at)).to_contain_text(words)
    await window.page.wait_for_load_state("networkidle")
    assert asked(made) == ["/v1/governance/by-refs"]

    await expect(card.get_by_role("link", name="Open AI Governance")).to_have_attribute("href", "/ai-governance")
    await items.get_by_role("link", name=pressing[0]).click()
    await expect(window.page).to_have_url(re.compile(rf"/catalog/default/component/{pressing[0]}$"))
    assert window.complaints == []


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("pricing-analyst", "Your 1 entity with a gateway key is in order."),
        ("outsider", "Nothing that you own has a gateway key."),
    ],
)
async def test_nothing_to_do_is_said(user: str, words: str, ready: Service, open_as: Open) -> None:
    """Where all of a viewer's entities are in order the card says so; to own none is something else, and it says that."""
    del ready
    window = await open_as(user)
    card = await go_home(window.page)

    await expect(card).to_contain_text(words)
    await expect(card.get_by_text("In order", exact=True)).to_have_count(int(user == "pricing-analyst"))
    await expect(card.get_by_role("listitem")).to_have_count(0)
    assert window.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_read_it(scheme: str, tmp_path: Path, ready: Service, open_as: Open) -> None:
    """Axe finds nothing serious in either theme; a picture is taken of each."""
    del ready
    window = await open_as(USER, colour_scheme=scheme)
    card = await go_home(window.page)
    await card.get_by_role("listitem").first.wait_for()

    assert await grave_findings(window.page, "main .MuiCard-root") == []
    assert await take_picture(card, f"home-{scheme}", tmp_path)
