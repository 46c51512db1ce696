"""The plugin's cards on entity pages: how to get to them."""

from __future__ import annotations

from playwright.async_api import Locator, Page

STATUS = "AI Governance"
GATEWAY = "AI gateway"


def selector_of(title: str = STATUS) -> str:
    """The CSS selector of the card with this title."""
    return f'section[aria-label="{title}"]'


def find_card(page: Page, title: str = STATUS) -> Locator:
    """The card with this title on the page that is open."""
    return page.locator(selector_of(title))


async def go_to_card(page: Page, name: str, title: str = STATUS) -> Locator:
    """Open the page of the component `name`, and give its card, with whatever it shows at first."""
    await page.goto(f"/catalog/default/component/{name}")
    card = find_card(page, title)
    await card.wait_for()
    return card
