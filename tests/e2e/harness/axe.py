"""What axe-core, the accessibility checker, finds in a page."""

from __future__ import annotations

from functools import cache

from playwright.async_api import Page

from tests.e2e.harness.backstage import CHECKOUT

_SOURCE = CHECKOUT / "node_modules/axe-core/axe.min.js"
_GRAVE = ("serious", "critical")
_LOOKS, _BETWEEN_LOOKS_MS = 4, 500

_RUN = """
async ([selector, impacts]) => {
  // Halfway from one colour to another nothing has the contrast that it will have. Endless ones have no end to go to.
  document.getAnimations()
    .filter(it => it.effect.getComputedTiming().endTime !== Infinity)
    .forEach(it => it.finish());
  const { violations } = await axe.run(selector, { resultTypes: ['violations'] });
  return violations
    .filter(({ impact }) => impacts.includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}
"""


async def grave_findings(page: Page, selector: str) -> list[str]:
    """What is seriously or critically wrong within the element at the CSS `selector`, one sentence an element.

    What is found is looked at again: on a busy machine a page still fades in when its words are there already.
    """
    await page.evaluate(_source())
    found: list[str] = []
    for _ in range(_LOOKS):
        found = await page.evaluate(_RUN, [selector, list(_GRAVE)])
        if not found:
            break
        await page.wait_for_timeout(_BETWEEN_LOOKS_MS)
    return found


@cache
def _source() -> str:
    return _SOURCE.read_text()
