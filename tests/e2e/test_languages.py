"""The plugin in other languages, in a real Backstage and a real browser: German, and a right-to-left language for tests."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.e2e.harness.backstage import CHECKOUT, Backstage
from tests.e2e.harness.service import Service
from tests.e2e.harness.window import Window

Open = Callable[..., Awaitable[Window]]

BOT = "customer-support-bot"
USER = "support-engineer"
GERMAN, PSEUDO = "de", "ar-XB"
VIEWS = {
    "card": (f"/catalog/default/component/{BOT}", "section:has([role=meter])"),
    "guide": ("/catalog/default/component/billing-service", "section:has(pre)"),
    "tab": (f"/catalog/default/component/{BOT}/ai-spend", "section:has(.recharts-surface):has([role=grid])"),
    "roll-up-card": ("/catalog/default/group/customer-department", "section:has(dl)"),
    "roll-up": (
        "/catalog/default/group/customer-department/ai-roll-up",
        "section:has(.recharts-surface):has([role=grid])",
    ),
    "gateway": ("/catalog/default/component/keeptrusts-gateway", "section:has(dl)"),
    "page": ("/ai-governance", "[role=grid]"),
    "coverage": ("/ai-governance?view=coverage", "section:has(dl):has([role=grid])"),
}
"""Each view of the plugin: its address, and what is there once its content is."""

_LONGER_THAN_A_NAME = 8
_ENGLISH = CHECKOUT / "plugin-frontend/src/translations/en.ts"

# What is a pixel wide is for screen readers.
_CUT_OFF = """
view => [...view.querySelectorAll('*')]
  .filter(each => each.clientWidth > 1 && getComputedStyle(each).overflowX === 'hidden')
  .filter(each => each.scrollWidth > each.clientWidth + 1)
  .map(each => each.textContent.trim()).filter(Boolean)
"""

# What is inside something that cuts or scrolls does not widen the view.
_RUNS_OUT = """
view => {
  if (view.scrollWidth <= view.clientWidth) return [];
  const {left, right} = view.getBoundingClientRect();
  const out = [...view.querySelectorAll('*')].filter(each => {
    const range = document.createRange();
    range.selectNodeContents(each);
    return each.children.length === 0 && [...range.getClientRects()].some(it => it.left < left - 1 || it.right > right + 1);
  });
  return [`${view.scrollWidth} > ${view.clientWidth}`, ...out.map(each => `${each.tagName} ${each.textContent}`)];
}
"""

# The widest that text may be set without a loss, by WCAG 2.2, 1.4.12: also what another font may come to.
_SPACED = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"


@pytest_asyncio.fixture(loop_scope="session")
async def ready(backstage: Backstage, service: Service) -> Service:
    """A service whose Backstage has the entities of these tests."""
    names = (BOT, "billing-service", "keeptrusts-gateway")
    await backstage.ingested("group:default/customer-department", *(f"component:default/{name}" for name in names))
    return service


async def open_in(language: str, open_as: Open, width: int = 1400) -> Page:
    """A page of an app that is in this language."""
    window = await open_as(USER, width=width)
    await window.context.add_init_script(f"window.localStorage.setItem('language', {json.dumps(language)})")
    return window.page


async def go_to(page: Page, view: str) -> Locator:
    """Open a view, and give it with its content."""
    address, selector = VIEWS[view]
    await page.goto(address)
    shown = page.locator(selector).first
    await shown.wait_for()
    return shown


def english_messages() -> set[str]:
    """The parts of the plugin's messages that are longer than a name, without what is put into them."""
    messages = re.findall(r"'((?:[^'\\\n]){8,})'", _ENGLISH.read_text())
    parts = {part.strip() for message in messages for part in re.split(r"{{\w+}}", message)}
    return {part for part in parts if len(part) >= _LONGER_THAN_A_NAME and " " in part}


@pytest.mark.parametrize("language", [GERMAN, PSEUDO])
@pytest.mark.parametrize("view", VIEWS)
async def test_no_english_is_left(view: str, language: str, ready: Service, open_as: Open) -> None:
    """No message of the plugin stands in English on a view in another language, not even for screen readers."""
    del ready
    shown = await go_to(await open_in(language, open_as), view)

    said = await shown.evaluate("view => view.textContent")
    labels = await shown.evaluate(
        "view => [...view.querySelectorAll('[aria-label], [title]')].map(it => it.ariaLabel ?? it.title)"
    )
    left = {message for message in english_messages() if message in said or message in labels}
    assert left == set()


async def test_numbers_and_dates_are_german_too(ready: Service, open_as: Open) -> None:
    """In German money and shares are written as in German, whatever the browser's language is; it is British here."""
    del ready
    card = await go_to(await open_in(GERMAN, open_as), "card")

    await expect(card).to_contain_text("500,00 $")
    await expect(card).to_contain_text(re.compile(r"\d\s% verbraucht"))
    await expect(card).not_to_contain_text("$500.00")


@pytest.mark.parametrize("language", [GERMAN, PSEUDO])
@pytest.mark.parametrize("view", VIEWS)
async def test_nothing_is_cut_off(view: str, language: str, tmp_path: Path, ready: Service, open_as: Open) -> None:
    """At 600 pixels, in words a third longer and from right to left, no word is cut off and nothing runs out of the page.

    Right to left it is also in the widest spacing that readers may set.
    """
    del ready
    page = await open_in(language, open_as, width=600)
    if language == PSEUDO:
        await page.add_init_script("document.addEventListener('DOMContentLoaded', () => { document.dir = 'rtl' })")
    shown = await go_to(page, view)
    if language == PSEUDO:
        await page.add_style_tag(content=_SPACED)

    # For people to look at, and not kept with the code as other pictures are.
    await shown.screenshot(path=tmp_path / f"{view}-{language}.png", animations="disabled")
    assert await shown.evaluate(_CUT_OFF) == []
    assert await shown.evaluate(_RUNS_OUT) == []
