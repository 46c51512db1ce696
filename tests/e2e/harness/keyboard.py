"""Getting about with the keyboard alone."""

from __future__ import annotations

from playwright.async_api import Locator, Page

_MOST_STOPS = 60


async def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the keyboard is at `target` or within it, as somebody without a mouse does."""
    for _ in range(_MOST_STOPS):
        await page.keyboard.press("Tab")
        if await target.evaluate("element => element.contains(document.activeElement)"):
            return
    raise AssertionError(f"{_MOST_STOPS} presses of Tab do not lead to {target}")
