"""The plugin's cards on entity pages: how to get to them, and pictures of them."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Locator, Page

from tests.e2e.harness.backstage import CHECKOUT

STATUS = "AI Governance"
GATEWAY = "AI gateway"

_PICTURES = CHECKOUT / "plugin-frontend/docs"
_LARGEST_PICTURE = 120_000
"""In bytes: pictures are kept with the code."""


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


async def take_picture(shown: Locator | Page, name: str, folder: Path) -> bytes:
    """A picture of an element, or of what a window shows of a page: into `folder`, and with `UPDATE_PICTURES=1` where the READMEs show it from."""
    target = (_PICTURES if os.environ.get("UPDATE_PICTURES") == "1" else folder) / f"{name}.png"
    picture = await shown.screenshot(path=target, animations="disabled")
    assert len(picture) < _LARGEST_PICTURE, f"{target.name} has {len(picture)} bytes"
    return picture
