"""A group's card and tab in a real Backstage and a real browser: members, sums, what is missing of them, and files."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route, expect

from tests.e2e.harness.answers import answer, asked, money, requests_of, share
from tests.e2e.harness.axe import grave_findings
from tests.e2e.harness.backstage import Backstage
from tests.e2e.harness.card import find_card, selector_of
from tests.e2e.harness.download import download
from tests.e2e.harness.keyboard import tab_to
from tests.e2e.harness.picture import take_picture
from tests.e2e.harness.service import Service
from tests.e2e.harness.switch import Switch
from tests.e2e.harness.window import Window

Open = Callable[..., Awaitable[Window]]

USER, MEMBER = "support-engineer", "search-engineer"
"""One of a platform group, who sees all amounts, and one of one of the department's two teams."""

DEPARTMENT = "/catalog/default/group/customer-department"
CARD, TAB = "AI Governance summary", "AI spend of the members"
NOTHING = "–"  # noqa: RUF001 - the dash that stands for what is not known
LABELS = {
    "error": "Action required",
    "warning": "Needs attention",
    "unknown": "Unknown",
    "unconfigured": "Not set up",
    "ok": "In order",
}

_FITS = """
view => [document.documentElement, ...view.querySelectorAll('[role=gridcell], [role=rowheader]')].every(
    each => each.scrollWidth <= each.clientWidth)
  && [...view.querySelectorAll('.recharts-surface')].every(
    chart => chart.getBoundingClientRect().right <= view.getBoundingClientRect().right)
"""


@pytest_asyncio.fixture(loop_scope="session")
async def ready(backstage: Backstage, service: Service) -> Service:
    """A service whose Backstage has the department, its teams and what they own."""
    members = (
        "customer-support-bot",
        "ticket-summarizer",
        "translation-service",
        "knowledge-search",
        "semantic-indexer",
    )
    await backstage.ingested(
        "group:default/customer-department",
        "system:default/ai-platform",
        *(f"component:default/{name}" for name in members),
    )
    return service


def path_of(days: int, query: str = "") -> str:
    """Where the service has the roll-up of the department."""
    return f"/v1/entities/group/default/customer-department/rollup?days={days}{query}"


async def go_to_card(page: Page, address: str = DEPARTMENT) -> Locator:
    """Open the page of an entity, and give the card, with whatever it shows at first."""
    await page.goto(address)
    card = find_card(page, CARD)
    await card.wait_for()
    return card


async def go_to_tab(page: Page, query: str = "") -> Locator:
    """Open the tab of the department, and give it, with whatever it shows at first."""
    await page.goto(f"{DEPARTMENT}/ai-roll-up{query}")
    tab = page.get_by_role("region", name=TAB)
    await tab.wait_for()
    return tab


async def rows_of(grid: Locator) -> list[list[str]]:
    """The rows of a table below its head, cell by cell."""
    rows = await grid.get_by_role("row").all()
    return [await row.locator('[role="rowheader"], [role="gridcell"]').all_inner_texts() for row in rows[1:]]


def states_of(roll_up: dict[str, Any]) -> list[str]:
    """How many members are in each state, as the views say it."""
    return [f"{label}: {roll_up['states'][state]}" for state, label in LABELS.items() if roll_up["states"].get(state)]


def name_of(member: dict[str, Any]) -> str:
    """The name of a member."""
    return member["entityRef"].rpartition("/")[2]


async def test_the_card_sums_up_the_members(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """States, month and who needs attention are those of the service, for one request, which the tab shares."""
    del ready
    window = await open_as(USER)
    page, made = window.page, requests_of(window.page)
    card = await go_to_card(page)
    states = card.get_by_role("list", name="Members by state")
    await states.wait_for()
    roll_up = await answer(backstage, USER, path_of(30))

    assert await states.get_by_role("listitem").all_inner_texts() == states_of(roll_up)
    month = roll_up["month"]
    await expect(card.locator("dt", has_text="Spent in").locator("xpath=following-sibling::dd")).to_contain_text(
        money(month["spent"])
    )
    likely = card.locator("dt", has_text="Likely at the month").locator("xpath=following-sibling::dd")
    await expect(likely).to_contain_text(re.compile(r"^\$[\d,.]+ to \$[\d,.]+"))
    await expect(likely).to_contain_text(f"({month['forecast']['basedOnDays']} are known)")
    pressing = [it for it in roll_up["members"] if it["state"] in {"error", "warning", "unknown"}]
    items = card.get_by_role("list", name="Members that need attention").get_by_role("listitem")
    worst_first = sorted(pressing, key=lambda it: ["error", "warning", "unknown"].index(it["state"]))
    assert await items.get_by_role("link").all_inner_texts() == [name_of(it) for it in worst_first[:3]]

    await card.get_by_role("link", name="Show AI spend by member").click()
    tab = page.get_by_role("region", name=TAB)
    await expect(tab.get_by_role("grid", name="By member")).to_be_visible()
    await page.wait_for_load_state("networkidle")
    assert asked(made) == [path_of(30)]
    assert window.complaints == []


async def test_the_tab_shows_the_numbers_of_the_service(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """Sum, members, days and shared keys are what the service answers the same user, and a period is one request."""
    del ready
    window = await open_as(USER)
    page, made = window.page, requests_of(window.page)
    tab = await go_to_tab(page, "?days=7&view=table")
    members = tab.get_by_role("grid", name="By member")
    await members.wait_for()
    roll_up = await answer(backstage, USER, path_of(7))

    total = tab.locator("dt", has_text="Spent in 7 days").locator("xpath=following-sibling::dd")
    await expect(total).to_contain_text(money(roll_up["total"]))
    shown = {row[0].split("\n")[0]: row for row in await rows_of(members)}
    assert [*shown] == [name_of(it) for it in roll_up["members"]]
    for member in roll_up["members"]:
        spent = member["spent"]
        elsewhere = member["shared"] and Decimal(spent["amount"]) == 0
        _, state, cell, _, part, keys = shown[name_of(member)]
        assert state.startswith(LABELS[member["state"]])
        assert cell == (NOTHING if elsewhere else money(spent)), member["entityRef"]
        assert part == (NOTHING if elsewhere else share(spent, roll_up["total"])), member["entityRef"]
        assert keys.startswith(member["keys"][0])

    days = await rows_of(tab.get_by_role("grid", name="By day"))
    assert [row[1] for row in days] == [money(day["spent"]) for day in reversed(roll_up["byDay"])]
    first = roll_up["members"][0]
    assert [row[2] for row in days] == [
        money({"amount": amount, "currency": "USD"}) for amount in reversed(first["byDay"])
    ]
    shared = await rows_of(tab.get_by_role("grid", name="Keys that several members name"))
    assert [row[0] for row in shared] == [it["key"] for it in roll_up["sharedKeys"]]
    await tab.get_by_role("radio", name="30 days").click()
    await expect(tab.locator("dt", has_text="Spent in 30 days")).to_be_visible()
    assert asked(made) == [path_of(7), path_of(30)]
    assert window.complaints == []


async def test_amounts_of_others_are_named_and_not_shown(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """Who is of one of two teams sees the states of both, the amounts of one, how many are missing, and a lower bound."""
    del ready
    window = await open_as(MEMBER)
    tab = await go_to_tab(window.page)
    members = tab.get_by_role("grid", name="By member")
    await members.wait_for()
    mine, whole = await answer(backstage, MEMBER, path_of(30)), await answer(backstage, USER, path_of(30))
    withheld = {name_of(it) for it in mine["members"] if it["withheld"]}
    assert withheld
    assert len(withheld) == mine["withheld"] < len(mine["members"])

    await expect(tab.locator("[data-note=withheld]")).to_have_text(
        f"The amounts of {len(withheld)} members are not for you."
    )
    total = tab.locator("dt", has_text="Spent in 30 days").locator("xpath=following-sibling::dd")
    await expect(total).to_contain_text(f"at least {money(mine['total'])}")
    rows = await rows_of(members)
    assert {row[0].split("\n")[0] for row in rows if row[2] == "Not for you"} == withheld
    text = await tab.inner_text()
    for member in whole["members"]:
        if name_of(member) in withheld and Decimal(member["spent"]["amount"]):
            assert money(member["spent"]) not in text
    assert window.complaints == []


async def test_a_file_is_saved_as_the_viewer(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """A click saves the rows of the roll-up in either form, under the service's name, and they add up to the sum on screen."""
    del ready
    window = await open_as(USER)
    tab = await go_to_tab(window.page, "?days=7")
    for form, column in (("CSV", "spent"), ("FOCUS", "BilledCost")):
        saved = await download(tab, form)
        assert saved.name.startswith("rollup_"), saved.name
        roll_up = await answer(backstage, USER, path_of(7))
        assert sum(Decimal(row[column]) for row in saved.rows) == Decimal(roll_up["total"]["amount"])
        await expect(tab.get_by_text(f"The file {saved.name} is downloaded")).to_be_attached()
    assert window.complaints == []


async def test_without_members_there_is_a_quiet_card(ready: Service, open_as: Open) -> None:
    """A system of which nothing names a key says so in one sentence, without sums of nothing."""
    del ready
    window = await open_as(USER)
    card = await go_to_card(window.page, "/catalog/default/system/ai-platform")

    await expect(card).to_contain_text("No member uses AI through the gateway")
    await expect(card).not_to_contain_text("$")
    assert window.complaints == []


async def test_an_unreachable_service_can_be_retried(
    backstage: Backstage, running_service: Service, switch: Switch, open_as: Open
) -> None:
    """Without a service behind the proxy the card says so, and its button brings the members once there is one."""
    await backstage.ingested("group:default/customer-department")
    window = await open_as(USER)
    card = await go_to_card(window.page)
    alert = card.get_by_role("alert")
    await expect(alert).to_contain_text("The governance service cannot be reached")

    with switch.to(running_service.port):
        await alert.get_by_role("button", name="Try again").click()
        await expect(card.get_by_role("list", name="Members by state")).to_be_visible()
    await expect(alert).to_have_count(0)


async def test_the_keyboard_is_enough(ready: Service, open_as: Open) -> None:
    """Download, days of the chart, its table and the order of the members are reached with Tab, arrows, Space and Enter."""
    del ready
    window = await open_as(USER)
    page = window.page
    tab = await go_to_tab(page, "?days=7")
    await expect(tab.get_by_role("grid", name="By member")).to_be_visible()

    await tab_to(page, tab.get_by_role("button", name="Download"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="CSV")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem", name="FOCUS")).to_be_focused()
    await page.keyboard.press("Escape")

    await tab_to(page, tab.get_by_label("Spend by member over 7 days"))
    seen = set()
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
        words = tab.locator(".recharts-tooltip-wrapper").get_by_role("status")
        await expect(words).to_contain_text("customer-support-bot")
        seen.add(await words.inner_text())
    assert len(seen) == 3, seen
    grid = tab.get_by_role("grid", name="By member")
    head = grid.get_by_role("columnheader", name="Member")
    await tab_to(page, grid)
    await page.keyboard.press("Home")
    for _ in range(3):
        if await head.evaluate("it => it === document.activeElement"):
            break
        await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(head).to_have_attribute("aria-sort", "ascending")


@pytest.mark.parametrize(
    ("picture", "user", "scheme", "width", "height"),
    [
        ("roll-up-light", USER, "light", 1400, 1060),
        ("roll-up-dark", MEMBER, "dark", 1400, 1060),
        ("roll-up-narrow-light", USER, "light", 600, 1500),
    ],
)
async def test_the_tab_fits_and_everybody_can_read_it(
    picture: str, user: str, scheme: str, width: int, height: int, tmp_path: Path, ready: Service, open_as: Open
) -> None:
    """In either theme, wide and narrow, nothing runs out of the tab and axe finds nothing serious; a picture is taken of it."""
    del ready
    window = await open_as(user, colour_scheme=scheme, width=width, height=height)
    tab = await go_to_tab(window.page, "?days=7")
    await expect(tab.get_by_label("Spend by member over 7 days").locator("path[data-partial]").first).to_be_visible()

    assert await tab.evaluate(_FITS)
    selector = f'section[aria-label="{TAB}"]'
    assert await grave_findings(window.page, selector) == []
    assert await take_picture(window.page, picture, tmp_path)
    await tab.get_by_role("radio", name="Table").click()
    await expect(tab.get_by_role("grid", name="By day")).to_be_visible()
    assert await tab.evaluate(_FITS)
    assert window.complaints == []


def stale(roll_up: dict[str, Any]) -> dict[str, Any]:
    """The same answer, while Keeptrusts has not answered for a while."""
    return roll_up | {"freshness": roll_up["freshness"] | {"stale": True}}


def incomplete(roll_up: dict[str, Any]) -> dict[str, Any]:
    """The same answer, when not all of it has been read."""
    finding = {"code": "spend-incomplete", "severity": "warning", "message": "Not all has been read.", "params": {}}
    month = roll_up["month"] | {"complete": False, "forecast": None, "forecastMissing": "incomplete", "change": None}
    return roll_up | {"complete": False, "month": month, "findings": [finding]}


@pytest.mark.parametrize(
    ("picture", "scheme", "change", "words"),
    [
        ("roll-up-card-light", "light", None, "Likely at the month"),
        ("roll-up-card-stale-light", "light", stale, "Out of date"),
        ("roll-up-card-incomplete-dark", "dark", incomplete, "No forecast"),
    ],
)
async def test_the_card_can_be_read_in_each_state(
    picture: str,
    scheme: str,
    change: Callable[[dict[str, Any]], dict[str, Any]] | None,
    words: str,
    tmp_path: Path,
    ready: Service,
    open_as: Open,
) -> None:
    """In order, out of date and incomplete, axe finds nothing serious and nothing runs out of the card; a picture is taken of each."""
    del ready
    window = await open_as(USER, colour_scheme=scheme)

    async def changed(route: Route) -> None:
        reply = await route.fetch()
        roll_up = await reply.json()
        await route.fulfill(response=reply, json=change(roll_up) if change else roll_up)

    await window.page.route("**/rollup?*", changed)
    card = await go_to_card(window.page)
    await expect(card).to_contain_text(words)

    assert await card.evaluate(_FITS)
    assert await grave_findings(window.page, selector_of(CARD)) == []
    assert await take_picture(card, picture, tmp_path)
    assert window.complaints == []
