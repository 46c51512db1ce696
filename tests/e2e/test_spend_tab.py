"""The AI spend tab in a real Backstage and a real browser: its numbers, its periods, its looks, its hands-off use."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route, expect

from tests.e2e.harness.answers import PROXY, answer, asked, money, requests_of, share, statuses
from tests.e2e.harness.axe import grave_findings
from tests.e2e.harness.backstage import Backstage
from tests.e2e.harness.download import download
from tests.e2e.harness.keyboard import tab_to
from tests.e2e.harness.picture import take_picture
from tests.e2e.harness.service import Service
from tests.e2e.harness.switch import Switch
from tests.e2e.harness.window import Window

Open = Callable[..., Awaitable[Window]]

BOT = "customer-support-bot"
USER = "support-engineer"
TITLE = "AI spend"
_TURN_SECONDS = 40.0

_FITS = """
tab => [document.documentElement, ...tab.querySelectorAll('[role=gridcell], [role=rowheader]')].every(
    each => each.scrollWidth <= each.clientWidth)
  && [...tab.querySelectorAll('.recharts-surface')].every(
    chart => chart.getBoundingClientRect().right <= tab.getBoundingClientRect().right)
"""


@pytest_asyncio.fixture(loop_scope="session")
async def ready(backstage: Backstage, service: Service) -> Service:
    """A service whose Backstage has the entities of these tests."""
    names = (BOT, "knowledge-search", "lead-scorer", "paper-reader")
    await backstage.ingested(*(f"component:default/{name}" for name in names))
    return service


def path_of(name: str, days: int) -> str:
    """Where the service has the spend of a component."""
    return f"/v1/entities/component/default/{name}/spend?days={days}"


async def go_to_tab(page: Page, name: str, query: str = "") -> Locator:
    """Open the tab of the component `name`, and give it, with whatever it shows at first."""
    await page.goto(f"/catalog/default/component/{name}/ai-spend{query}")
    tab = page.get_by_role("region", name=TITLE)
    await tab.wait_for()
    return tab


async def days_as_table(tab: Locator) -> None:
    """Choose the table in place of the chart of the days."""
    await tab.get_by_role("radiogroup", name="Show the days as").get_by_role("radio", name="Table").click()
    await expect(tab.get_by_role("grid", name="By day")).to_be_visible()


async def key_of(service: Service, name: str) -> str:
    """The id of a gateway key."""
    keys = (await service.as_admin("GET", "/v1/tokens?limit=200")).json()["data"]
    (key_id,) = [key["id"] for key in keys if key["name"] == name]
    assert isinstance(key_id, str)
    return key_id


def feed_with(key_id: str, cost: str) -> dict[str, object]:
    """One answer of the feed with an event of this key that costs `cost`, which may be no amount, and one of no key."""
    now = datetime.now(UTC).isoformat()

    def event(name: str, key: str | None, cost: str) -> dict[str, object]:
        attribution = {"total_cost_usd": cost}
        named = {"event_id": name, "timestamp": now, "event_type": "policy.changed", "token_id": key}
        return {**named, "event_cost_attribution": attribution}

    events = [event("evt_odd", key_id, cost), event("evt_even", None, "0")]
    text = json.dumps({"events": events, "next_cursor": None})
    return {"kind": "body", "path": "/v1/events", "text": text, "times": 1}


async def rows_of(grid: Locator) -> list[list[str]]:
    """The rows of a table below its head, cell by cell."""
    rows = await grid.get_by_role("row").all()
    return [await row.locator('[role="rowheader"], [role="gridcell"]').all_inner_texts() for row in rows[1:]]


def day_in_full(day: str) -> str:
    """A day as an app in English writes it, but for its commas: `Monday, November 23, 2026`."""
    parsed = date.fromisoformat(day)
    return f"{parsed:%A} {parsed:%B} {parsed.day} {parsed.year}"


async def test_numbers_are_those_of_the_service(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """Chart, table, sums and models show what the service answers the same user, for one request, with today marked."""
    del ready
    window = await open_as(USER)
    made = requests_of(window.page)
    tab = await go_to_tab(window.page, BOT)
    report = await answer(backstage, USER, path_of(BOT, 30))
    budget, days = report["dailyBudget"], report["byDay"]

    chart = tab.get_by_label("Spend by day over 30 days")
    await expect(chart.locator("path[data-partial]")).to_have_count(1)
    spent_on = [day for day in days if float(day["spent"]["amount"]) > 0]
    await expect(chart.locator("path:not([data-partial]).recharts-rectangle")).to_have_count(len(spent_on) - 1)
    await expect(tab.get_by_role("list", name="Legend").first).to_contain_text("Today so far")
    total = tab.locator("dt", has_text="Spent in 30 days").locator("xpath=following-sibling::dd")
    await expect(total).to_contain_text(money(report["total"]))
    await expect(total).to_contain_text(f"Today so far {money(days[-1]['spent'])}")

    assert await rows_of(tab.get_by_role("grid", name="By model")) == [
        [model["model"], money(model["spent"]), share(model["spent"], report["total"]), f"{model['requests']:,}"]
        for model in report["byModel"]
    ]
    await days_as_table(tab)
    shown = await rows_of(tab.get_by_role("grid", name="By day"))
    assert [[day.replace(",", ""), *others] for day, *others in shown] == [
        [
            day_in_full(day["date"]),
            money(day["spent"]),
            share(day["spent"], budget),
            "Today so far" if day["partial"] else "",
        ]
        for day in reversed(days)
    ]
    await window.page.wait_for_load_state("networkidle")
    assert asked(made) == [path_of(BOT, 30)]
    assert window.complaints == []


async def test_the_period_is_in_the_address(ready: Service, open_as: Open) -> None:
    """A period is one request, stands in the address, and is there again after a reload and on the way back."""
    del ready
    window = await open_as(USER)
    page, made = window.page, requests_of(window.page)
    tab = await go_to_tab(page, BOT)

    for days in (7, 90):
        await tab.get_by_role("radio", name=f"{days} days").click()
        await expect(tab.locator("dt", has_text=f"Spent in {days} days")).to_be_visible()
        await expect(page).to_have_url(re.compile(rf"\?days={days}$"))
    assert asked(made) == [path_of(BOT, days) for days in (30, 7, 90)]

    await page.reload()
    await expect(tab.locator("dt", has_text="Spent in 90 days")).to_be_visible()
    await page.get_by_role("tab", name="Overview").or_(page.get_by_role("link", name="Overview")).first.click()
    await expect(tab).to_have_count(0)
    await page.go_back()
    await expect(tab.get_by_role("radio", name="90 days")).to_be_checked()
    await expect(tab.locator("dt", has_text="Spent in 90 days")).to_be_visible()
    assert window.complaints == []


async def test_an_incomplete_total_is_a_lower_bound(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """While an event of the key cannot be read, sums say that they are at least what they are, and a finding says why."""
    user, name = "research-scientist", "paper-reader"
    key_id = await key_of(ready, "research-team-gw-key")
    await ready.faults(feed_with(key_id, "many"))
    try:
        async with asyncio.timeout(_TURN_SECONDS):
            while (await statuses(backstage, user, name))[name]["budget"]["complete"]:
                await asyncio.sleep(0.2)
        window = await open_as(user)
        tab = await go_to_tab(window.page, name, "?days=90&view=table")
        await expect(tab.locator("[data-finding=spend-incomplete]")).to_contain_text("lower bound")
        report = await answer(backstage, user, path_of(name, 90))
        assert not report["complete"]
        total = tab.locator("dt", has_text="Spent in 90 days").locator("xpath=following-sibling::dd")
        await expect(total).to_contain_text(f"at least {money(report['total'])}")
        unread = sum(not day["complete"] for day in report["byDay"])
        marked = tab.get_by_role("grid", name="By day").get_by_role("row").filter(has_text="Lower bound")
        assert await marked.count() == unread > 0
        assert window.complaints == []
    finally:
        await ready.faults(feed_with(key_id, "0"))
        async with asyncio.timeout(_TURN_SECONDS):
            while not (await statuses(backstage, user, name))[name]["budget"]["complete"]:
                await asyncio.sleep(0.2)


async def test_months_and_the_period_before_are_those_of_the_service(
    backstage: Backstage, ready: Service, open_as: Open
) -> None:
    """Months, month to date, forecast and the days before are what the service answers, in words, as a table and drawn."""
    del ready
    window = await open_as(USER)
    tab = await go_to_tab(window.page, BOT, "?months=table")
    await expect(tab.get_by_label("Spend by day over 30 days").locator(".recharts-line path").first).to_be_visible()
    report = await answer(backstage, USER, path_of(BOT, 30))
    months, month = report["months"], report["month"]

    def figure(label: str) -> Locator:
        return tab.locator("dt", has_text=label).locator("xpath=following-sibling::dd")

    shown = await rows_of(tab.get_by_role("grid", name="By month"))
    assert [row[0] for row in shown] == [f"{date.fromisoformat(it['month'] + '-01'):%B %Y}" for it in reversed(months)]
    assert [row[1].removeprefix("at least ") for row in shown] == [money(it["spent"]) for it in reversed(months)]
    assert [row[1].startswith("at least ") for row in shown] == [not it["complete"] for it in reversed(months)]
    assert "Month so far" in shown[0][3]
    await expect(figure("Spent in 30 days")).to_contain_text(money(report["previous"]["total"]))
    this_month = f"{date.fromisoformat(month['month'] + '-01'):%B %Y}"
    await expect(figure(f"Spent in {this_month}")).to_contain_text(money(month["spent"]))
    await expect(tab.get_by_role("list", name="Legend").first).to_contain_text("Period before")
    await tab.get_by_role("radiogroup", name="Show the months as").get_by_role("radio", name="Chart").click()
    chart = tab.get_by_label(re.compile(f"Spend by month over {len(months)} month"))
    await expect(chart.locator("[data-forecast]")).to_have_count(1 if month["forecast"] else 0)
    assert window.complaints == []


async def test_an_unusual_day_is_marked_with_its_model(ready: Service, open_as: Open) -> None:
    """A day that the service calls unusual has a sign in the chart, and its model in the table."""
    del ready
    window = await open_as(USER)

    async def unusual(route: Route) -> None:
        reply = await route.fetch()
        report = await reply.json()
        day = report["byDay"][-2]
        usual = {"amount": "10", "currency": "USD"}
        more = {"usual": usual, "times": 12.34, "model": "gpt-4o", "partial": False}
        report["unusualDays"] = [{"date": day["date"], "spent": day["spent"], **more}]
        await route.fulfill(response=reply, json=report)

    await window.page.route("**/spend?*", unusual)
    tab = await go_to_tab(window.page, BOT)
    await expect(tab.locator("[data-unusual]")).to_have_count(1)
    await expect(tab.get_by_role("list", name="Legend").first).to_contain_text("Unusual day")
    await days_as_table(tab)
    row = tab.get_by_role("grid", name="By day").get_by_role("row").nth(2)
    await expect(row).to_contain_text("12.3 times the usual $10.00; most of the rest is gpt-4o")
    assert window.complaints == []


async def test_the_numbers_are_saved_as_a_file(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """A click saves the rows of the tab's period, and they add up to the sum on screen."""
    del ready
    window = await open_as(USER)
    tab = await go_to_tab(window.page, BOT, "?days=7")
    saved = await download(tab, "CSV")
    report = await answer(backstage, USER, path_of(BOT, 7))

    assert sum(Decimal(row["spent"]) for row in saved.rows) == Decimal(report["total"]["amount"])
    assert window.complaints == []


async def test_an_unreachable_service_can_be_retried(
    backstage: Backstage, running_service: Service, switch: Switch, open_as: Open
) -> None:
    """Without a service behind the proxy the tab says so, and its button brings the numbers once there is one."""
    await backstage.ingested(f"component:default/{BOT}")
    window = await open_as(USER)
    tab = await go_to_tab(window.page, BOT)
    alert = tab.get_by_role("alert")
    await expect(alert).to_contain_text("The governance service cannot be reached")

    with switch.to(running_service.port):
        await alert.get_by_role("button", name="Try again").click()
        await expect(tab.get_by_role("grid", name="By model")).to_be_visible()
    await expect(alert).to_have_count(0)


async def test_numbers_of_another_team_are_withheld(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """Of a key that is not the owner's no amount reaches the browser, and the tab says why."""
    del ready
    user, name = "account-executive", "lead-scorer"
    window = await open_as(user)
    answers: list[Awaitable[Any]] = []
    window.page.on("response", lambda reply: answers.append(reply.json()) if f"{PROXY}/v1/" in reply.url else None)
    tab = await go_to_tab(window.page, name)

    await expect(tab.locator("[data-finding=owner-mismatch]")).to_be_visible()
    await expect(tab.get_by_text("No numbers to show")).to_be_visible()
    await expect(tab).not_to_contain_text("$")
    (report,) = await asyncio.gather(*answers)
    assert (report["total"], report["byDay"], report["byModel"]) == (None, None, None)
    assert report == await answer(backstage, user, path_of(name, 30)) | {"freshness": report["freshness"]}
    assert window.complaints == []


async def test_the_keyboard_is_enough(ready: Service, open_as: Open) -> None:
    """Period, days of the chart and the table are reached with Tab, arrows and Space."""
    del ready
    window = await open_as(USER)
    page = window.page
    tab = await go_to_tab(page, BOT)
    await expect(tab.get_by_role("grid", name="By model")).to_be_visible()

    await tab_to(page, tab.get_by_role("radiogroup", name="Period"))
    while not await tab.get_by_role("radio", name="7 days").evaluate("it => it === document.activeElement"):
        await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("Space")
    await expect(tab.locator("dt", has_text="Spent in 7 days")).to_be_visible()

    await tab_to(page, tab.get_by_role("radiogroup", name="Show the days as"))
    chart = tab.get_by_label("Spend by day over 7 days")
    await tab_to(page, chart)
    seen = set()
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
        words = tab.locator(".recharts-tooltip-wrapper").get_by_role("status")
        await expect(words).to_contain_text("of $500.00")
        seen.add(await words.inner_text())
    assert len(seen) == 3, seen

    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Space")
    await expect(tab.get_by_role("grid", name="By day")).to_be_visible()
    await expect(page).to_have_url(re.compile("days=7&view=table$"))


@pytest.mark.parametrize(
    ("picture", "scheme", "width"),
    [("spend-light", "light", 1400), ("spend-dark", "dark", 1400), ("spend-narrow-light", "light", 600)],
)
async def test_it_fits_and_everybody_can_read_it(
    picture: str, scheme: str, width: int, tmp_path: Path, ready: Service, open_as: Open
) -> None:
    """In either theme, wide and narrow, nothing runs out of the page and axe finds nothing serious; a picture is taken of it."""
    del ready
    window = await open_as("search-engineer", colour_scheme=scheme, width=width, height=1050 if width > 600 else 1530)
    tab = await go_to_tab(window.page, "knowledge-search")
    await expect(tab.get_by_label("Spend by day over 30 days").locator("path[data-partial]").first).to_be_visible()

    assert await tab.evaluate(_FITS)
    selector = f'section[aria-label="{TITLE}"]'
    assert await grave_findings(window.page, selector) == []
    assert await take_picture(window.page, picture, tmp_path)
    await days_as_table(tab)
    assert await tab.evaluate(_FITS)
    assert await grave_findings(window.page, selector) == []
    assert window.complaints == []
