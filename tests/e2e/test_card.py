"""The AI Governance card in a real Backstage and a real browser: each state, its numbers, its button, its looks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Route, expect

from tests.e2e.harness.answers import PROXY, answer, money, requests_of, share, words_of
from tests.e2e.harness.axe import grave_findings
from tests.e2e.harness.backstage import Backstage
from tests.e2e.harness.card import find_card, go_to_card, selector_of
from tests.e2e.harness.picture import take_picture
from tests.e2e.harness.service import Service
from tests.e2e.harness.switch import Switch
from tests.e2e.harness.window import Window

Open = Callable[..., Awaitable[Window]]
Status = dict[str, Any]

BOT = "customer-support-bot"
USER = "support-engineer"
LABELS = {
    "ok": "In order",
    "warning": "Needs attention",
    "error": "Action required",
    "unconfigured": "Not set up",
    "unknown": "Unknown",
}
EXAMPLES = {
    "billing-service": (None, "keeptrusts.dev/gateway-key-name: finance-team-gw-key"),
    "translation-service": ("annotation-invalid", "keeptrusts.dev/daily-budget"),
    "api-docs-helper": ("key-not-found", "Not found"),
    "platform-chat": ("key-revoked", "Revoked"),
    "release-notes-writer": ("key-expired", "Expired"),
    "incident-copilot": ("key-expiring", "Expires soon"),
    "lead-scorer": (
        "owner-mismatch",
        "Withheld, since the key is not the owner\N{RIGHT SINGLE QUOTATION MARK}s: Spent today, Wallet, Requests today.",
    ),
    "brand-checker": ("tier-undeclared", "Not declared"),
    "campaign-writer": ("tier-drift", "Enforced: tier-"),
    "paper-reader": ("tier-unenforced", "Not enforced"),
    "onboarding-guide": ("wallet-missing", "Requests today"),
    "invoice-reader": ("wallet-low", "Low"),
    "route-planner": ("wallet-depleted", "Depleted"),
    "ticket-summarizer": ("budget-near", "of $40.00"),
    "knowledge-search": ("budget-exceeded", "Used up"),
    "customer-support-bot": (None, "of $500.00"),
}
"""Each example of the catalog, with the finding that it is there to show and words that stand on its card only then."""

SHOWN_WITHIN_MS = 300.0
_STALE_SECONDS = 40.0

# Notes when the content is on screen: in the frame after the one in which the budget's bar came into the page.
_WATCH = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('section[aria-label="AI Governance"] [role="meter"]')) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.cardShownAt = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""
_TIME_TO_SHOW = """
() => window.cardShownAt - performance.getEntriesByType('resource')
  .find(({ name }) => name.endsWith('/governance')).responseEnd
"""
_WIDER_THAN_ITSELF = "card => card.scrollWidth > card.clientWidth"


@pytest_asyncio.fixture(loop_scope="session")
async def ready(backstage: Backstage, service: Service) -> Service:
    """A service whose Backstage has all examples."""
    await backstage.ingested(*(f"component:default/{name}" for name in EXAMPLES))
    return service


async def status_of(backstage: Backstage, name: str, user: str = USER) -> Status:
    """What the service answers this user through the proxy."""
    status: Status = await answer(backstage, user, f"/v1/entities/component/default/{name}/governance")
    return status


async def until(true: Callable[[Status], bool], backstage: Backstage, name: str = BOT) -> Status:
    """Ask the service until its answer is so."""
    async with asyncio.timeout(_STALE_SECONDS):
        while not true(status := await status_of(backstage, name)):
            await asyncio.sleep(0.2)
    return status


async def recovered(backstage: Backstage) -> None:
    """Wait until the service has fresh and whole facts again."""
    await until(lambda status: not status["freshness"]["stale"] and status["state"] == "ok", backstage)


@pytest.mark.parametrize("name", EXAMPLES)
async def test_each_state_is_told_apart(name: str, backstage: Backstage, ready: Service, open_as: Open) -> None:
    """The card says in words which state an entity is in, lists the service's findings in its order, and the browser is content."""
    del ready
    code, words = EXAMPLES[name]
    window = await open_as(USER)
    card = await go_to_card(window.page, name)
    status = await status_of(backstage, name)

    await expect(card.get_by_text(LABELS[status["state"]], exact=True)).to_be_visible()
    await expect(card).to_contain_text(words)
    found = [finding["code"] for finding in status["findings"]]
    if code is not None:
        assert code in found
        shown = card.locator("[data-finding]")
        assert [await shown.nth(at).get_attribute("data-finding") for at in range(await shown.count())] == found
        for finding in status["findings"]:
            for said in words_of(finding):
                await expect(card.locator(f"[data-finding={finding['code']}]")).to_contain_text(said)
    assert window.complaints == []


async def test_a_stranger_reads_for_whom_amounts_are(ready: Service, open_as: Open) -> None:
    """A person of another team sees state, key and tier, no amount anywhere, and in one quiet line whose the amounts are."""
    del ready
    window = await open_as("search-engineer")
    card = await go_to_card(window.page, BOT)
    await expect(card.get_by_text(LABELS["ok"], exact=True)).to_be_visible()
    await expect(card).to_contain_text("Amounts are for members of group:default/support-team")
    await expect(card).to_contain_text("Not shown here: Spent today, Wallet, Requests today.")
    await expect(card).to_contain_text("support-team-gw-key")
    await expect(card).not_to_contain_text("$")
    assert await card.locator("[data-finding]").count() == 0
    assert window.complaints == []


async def test_the_unannotated_are_not_asked_about(ready: Service, open_as: Open) -> None:
    """An entity that claims nothing costs no request and is no error: the card shows what to paste."""
    del ready
    window = await open_as(USER)
    made = requests_of(window.page)

    card = await go_to_card(window.page, "billing-service")

    await expect(card.get_by_role("button", name="Copy")).to_be_visible()
    await window.page.wait_for_load_state("networkidle")
    assert [request.url for request in made if "/governance" in request.url] == []


async def test_a_card_is_one_request(ready: Service, open_as: Open) -> None:
    """To show a card takes one request to the service, and no more while one looks at it."""
    del ready
    window = await open_as(USER)
    made = requests_of(window.page)

    card = await go_to_card(window.page, BOT)
    await expect(card.get_by_role("meter")).to_be_visible()
    await window.page.wait_for_load_state("networkidle")

    assert [request.url.partition(PROXY)[2] for request in made] == [f"/v1/entities/component/default/{BOT}/governance"]


async def test_numbers_are_those_of_the_service(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """Money, shares, counts, key, tier and team on the card are what the service answers the same user."""
    del ready
    window = await open_as(USER)
    card = await go_to_card(window.page, BOT)
    status = await status_of(backstage, BOT)
    budget, wallet, activity = status["budget"], status["wallet"], status["activity"]

    await expect(card.get_by_role("meter")).to_have_attribute(
        "aria-valuenow",
        f"{Decimal(str(budget['usedRatio'] * 100)).quantize(Decimal('0.1'), ROUND_HALF_UP):f}".removesuffix(".0"),
    )
    spending = card.get_by_role("region", name="Spent today")
    await expect(spending).to_contain_text(f"{money(budget['spent'])} of {money(budget['daily'])}")
    await expect(spending).to_contain_text(f"{share(budget['spent'], budget['daily'])} used")
    identity = card.get_by_role("region", name="Team, key and tier")
    for words in (status["team"]["name"], status["gatewayKey"]["declared"], status["gatewayKey"]["prefix"]):
        await expect(identity).to_contain_text(words)
    await expect(identity).to_contain_text(status["policyTier"]["declared"])
    await expect(identity.get_by_role("link", name="support-team")).to_have_attribute(
        "href", status["links"]["console"]
    )
    purse = card.get_by_role("region", name="Team wallet")
    for part in ("available", "reserved", "allocated"):
        await expect(purse).to_contain_text(f"{money(wallet[part])} {part}")
    counts = card.get_by_role("region", name="Requests today").locator("dd")
    assert [int((await counts.nth(at).inner_text()).replace(",", "")) for at in range(4)] == [
        activity[part] for part in ("requests", "blocked", "redacted", "escalated")
    ]


async def spend_a_little(service: Service, team: str) -> None:
    """One chat completion of the team for more than a cent, with a key made for it."""
    made = await service.as_admin(
        "POST", "/v1/tokens", {"name": "card-refresh-key", "token_type": "gateway", "team_id": team}
    )
    made.raise_for_status()
    reply = await service.sandbox.post(
        f"{service.gateway_url}/v1/chat/completions",
        json={"model": "gpt-4o", "messages": [{"role": "user", "content": "How late is it? " * 3_000}]},
        headers={"authorization": f"Bearer {made.json()['key']}"},
    )
    reply.raise_for_status()


async def test_refresh_brings_what_has_happened_since(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """Money that has gone since the card was opened is seen after a press of the button, which asks past every cache."""
    window = await open_as(USER)
    card = await go_to_card(window.page, BOT)
    purse = card.get_by_role("region", name="Team wallet")
    before = await status_of(backstage, BOT)
    await expect(purse).to_contain_text(money(before["wallet"]["available"]))
    made = requests_of(window.page)

    await spend_a_little(ready, before["team"]["id"])
    await until(lambda status: status["wallet"] != before["wallet"], backstage)
    await expect(purse).to_contain_text(money(before["wallet"]["available"]))
    await card.get_by_role("button", name="Refresh", exact=True).click()

    await expect(purse).not_to_contain_text(money(before["wallet"]["available"]))
    after = await status_of(backstage, BOT)
    await expect(purse).to_contain_text(money(after["wallet"]["available"]))
    assert [request.headers.get("cache-control") for request in made] == ["no-cache"]


async def test_refresh_is_bounded(ready: Service, open_as: Open) -> None:
    """Pressing again at once asks nothing: the button says that it has just been done."""
    del ready
    window = await open_as(USER)
    card = await go_to_card(window.page, BOT)
    made = requests_of(window.page)

    await card.get_by_role("button", name="Refresh", exact=True).click()
    resting = card.get_by_role("button", name="Refreshed just now")
    await expect(resting).to_be_visible()
    await resting.click(force=True)

    await window.page.wait_for_load_state("networkidle")
    # The card also asks by itself when its window gets the focus; what the button asks for goes past every cache.
    assert [request.headers.get("cache-control") for request in made].count("no-cache") == 1


async def test_the_keyboard_is_enough(ready: Service, open_as: Open) -> None:
    """By Tab one comes to the refresh button, by Enter it works, and the focus stays on it."""
    del ready
    window = await open_as(USER)
    card = await go_to_card(window.page, BOT)
    button = card.locator("button").last
    await expect(button).to_have_attribute("aria-label", "Refresh")
    made = requests_of(window.page)

    for _ in range(80):
        if await button.evaluate("button => button === document.activeElement"):
            break
        await window.page.keyboard.press("Tab")
    await expect(button).to_be_focused()
    await window.page.keyboard.press("Enter")

    await expect(button).to_have_attribute("aria-label", "Refreshed just now")
    await expect(button).to_be_focused()
    assert len(made) == 1


async def test_loading_is_shown_as_loading(ready: Service, open_as: Open) -> None:
    """Until the answer is there the card has a skeleton and says to screen readers that it loads; no number is shown."""
    del ready
    window = await open_as(USER)
    answer = asyncio.Event()

    async def hold(route: Route) -> None:
        await answer.wait()
        await route.continue_()

    await window.page.route("**/governance", hold)
    card = await go_to_card(window.page, BOT)
    await expect(card.get_by_role("status", name="Loading")).to_be_visible()
    await expect(card).not_to_contain_text("$")

    answer.set()
    await expect(card.get_by_role("meter")).to_be_visible()
    await expect(card.get_by_role("status", name="Loading")).to_have_count(0)


async def test_stale_numbers_are_shown_as_stale(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """While Keeptrusts is down the last numbers stay, marked as out of date."""
    await ready.faults({"kind": "status", "code": 503})
    try:
        status = await until(lambda status: status["freshness"]["stale"], backstage)
        window = await open_as(USER)
        card = await go_to_card(window.page, BOT)
        await expect(card.get_by_text("Out of date", exact=True)).to_be_visible()
        await expect(card.locator("[data-finding=data-stale]")).to_be_visible()
        await expect(card).to_contain_text(f"{money(status['budget']['spent'])} of $500.00")
        assert window.complaints == []
    finally:
        await ready.faults()
        await recovered(backstage)


async def test_a_partial_answer_names_what_is_missing(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """When the service may not read wallets, the card says so, shows the rest, and takes no absent wallet for an empty one."""
    await ready.faults({"kind": "denied", "path": "/v1/wallets"})
    try:
        await until(lambda status: status["wallet"] is None, backstage)
        window = await open_as(USER)
        card = await go_to_card(window.page, BOT)
        await expect(card.locator("[data-finding=upstream-denied]")).to_be_visible()
        await expect(card.locator("[data-missing=unavailable]")).to_contain_text("Wallet")
        await expect(card).to_contain_text("support-team-gw-key")
        assert window.complaints == []
    finally:
        await ready.faults()
        await recovered(backstage)


async def test_denied_facts_are_unknown(backstage: Backstage, ready: Service, open_as: Open) -> None:
    """When Keeptrusts refuses the service altogether, the card says unknown and why, and shows no number."""
    await ready.faults({"kind": "status", "code": 401})
    try:
        await until(lambda status: status["state"] == "unknown", backstage)
        window = await open_as(USER)
        card = await go_to_card(window.page, BOT)
        await expect(card.get_by_text("Unknown", exact=True).first).to_be_visible()
        await expect(card.locator("[data-finding=upstream-denied]")).to_be_visible()
        await expect(card.locator("[data-missing=unavailable]")).to_contain_text("Spent today")
        await expect(card).not_to_contain_text("$")
        assert window.complaints == []
    finally:
        await ready.faults()
        await recovered(backstage)


async def test_an_unreachable_service_can_be_retried(
    backstage: Backstage, running_service: Service, switch: Switch, open_as: Open
) -> None:
    """Without a service behind the proxy the card says so, and its button brings the numbers once there is one."""
    await backstage.ingested(f"component:default/{BOT}")
    window = await open_as(USER)
    card = await go_to_card(window.page, BOT)
    alert = card.get_by_role("alert")
    await expect(alert).to_contain_text("The governance service cannot be reached")

    with switch.to(running_service.port):
        await alert.get_by_role("button", name="Try again").click()
        await expect(card.get_by_role("meter")).to_be_visible()
    await expect(card.get_by_role("alert")).to_have_count(0)


async def test_content_stays_when_a_refresh_fails(
    backstage: Backstage, running_service: Service, switch: Switch, open_as: Open
) -> None:
    """A refresh without an answer leaves the numbers where they are, with a line that says so."""
    await backstage.ingested(f"component:default/{BOT}")
    window = await open_as(USER)
    with switch.to(running_service.port):
        card = await go_to_card(window.page, BOT)
        await expect(card.get_by_role("meter")).to_be_visible()

    await card.get_by_role("button", name="Refresh", exact=True).click()

    await expect(card.get_by_role("status")).to_contain_text("Could not be refreshed")
    await expect(card.get_by_role("meter")).to_be_visible()
    await expect(card).to_contain_text("of $500.00")


@pytest.mark.parametrize(
    ("bearer", "kind", "words"),
    [("outsider", "not-found", "Nothing here for you"), (None, "signed-out", "Your sign-in has ended")],
)
async def test_access_that_has_gone_has_its_own_words(
    bearer: str | None, kind: str, words: str, backstage: Backstage, ready: Service, open_as: Open
) -> None:
    """A viewer who may not see an entity (any more), or is signed out, reads which of both it is, and sees no number."""
    del ready
    token = await backstage.user_token(bearer) if bearer else None
    window = await open_as(USER)

    async def as_somebody_else(route: Route) -> None:
        headers = {name: value for name, value in route.request.headers.items() if name != "authorization"}
        await route.continue_(headers=headers | ({"authorization": f"Bearer {token}"} if token else {}))

    await window.page.route("**/governance", as_somebody_else)
    await backstage.ingested("component:default/restricted-bot")
    card = await go_to_card(window.page, "restricted-bot")

    await expect(card.locator(f"[data-failure={kind}]")).to_contain_text(words)
    await expect(card).not_to_contain_text("$")


async def test_a_proxy_without_the_endpoint_is_named(ready: Service, open_as: Open) -> None:
    """Where Backstage's proxy has no such endpoint, the card says that, with the address, and not that the service failed."""
    del ready
    window = await open_as(USER)

    async def elsewhere(route: Route) -> None:
        await route.continue_(url=route.request.url.replace(PROXY, "/api/proxy/not-there"))

    await window.page.route("**/governance", elsewhere)
    card = await go_to_card(window.page, BOT)

    await expect(card.locator("[data-failure=not-configured]")).to_contain_text(
        "Backstage has no proxy endpoint at /api"
    )


async def test_a_sign_in_that_has_ended_is_not_blamed_on_the_service(ready: Service, open_as: Open) -> None:
    """In a tab left open until its session cannot be renewed, no request leaves, and the card says that the sign-in has ended."""
    del ready
    window = await open_as(USER)
    page = window.page
    await page.clock.install()
    card = await go_to_card(page, BOT)
    await expect(card.get_by_role("meter")).to_be_visible()
    made = requests_of(page)

    await page.route("**/api/auth/test-user/refresh*", lambda route: route.fulfill(status=401, json={}))
    await page.clock.fast_forward("02:00:00")
    await (
        card.get_by_role("button", name="Refresh", exact=True)
        .or_(card.get_by_role("button", name="Try again"))
        .first.click()
    )

    await expect(card.locator("[data-failure=signed-out]")).to_contain_text("Reload the page to sign in again")
    await expect(card).not_to_contain_text("$")
    assert [request.url for request in made if request.headers.get("authorization")] == []


async def test_the_way_back_shows_at_once_what_was_there(ready: Service, open_as: Open) -> None:
    """From the card to the tab by its link and back again the card is there without a skeleton and without a request."""
    del ready
    window = await open_as(USER)
    page = window.page
    card = await go_to_card(page, BOT)
    await card.get_by_role("link", name="Show AI spend").click()
    await expect(page).to_have_url(re.compile(r"/ai-spend$"))
    await expect(page.get_by_role("grid", name="By model")).to_be_visible()
    made = requests_of(page)

    await page.get_by_role("tab", name="Overview").or_(page.get_by_role("link", name="Overview")).first.click()
    await expect(card.get_by_role("meter")).to_be_visible()

    await page.wait_for_load_state("networkidle")
    assert [request.url for request in made if "/governance" in request.url] == []
    assert window.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_read_it(scheme: str, ready: Service, open_as: Open) -> None:
    """Axe finds nothing serious in any kind of card, in either theme."""
    del ready
    window = await open_as(USER, colour_scheme=scheme)
    found = {}
    for name in (BOT, "ticket-summarizer", "knowledge-search", "lead-scorer", "billing-service", "campaign-writer"):
        card = await go_to_card(window.page, name)
        await expect(card.get_by_role("status", name="Loading")).to_have_count(0)
        found[name] = await grave_findings(window.page, selector_of())
    assert {name: grave for name, grave in found.items() if grave} == {}


async def test_shown_soon_after_its_answer(ready: Service, open_as: Open) -> None:
    """From the last byte of the answer to the content on screen it takes less than 300 ms, the best of three."""
    del ready
    took = []
    for _ in range(3):
        window = await open_as(USER)
        await window.page.add_init_script(_WATCH)
        await go_to_card(window.page, BOT)
        await window.page.wait_for_function("window.cardShownAt")
        took.append(await window.page.evaluate(_TIME_TO_SHOW))
    print(f"card shown {', '.join(f'{each:.0f}' for each in took)} ms after its answer")
    assert min(took) < SHOWN_WITHIN_MS, took


@pytest.mark.parametrize(
    ("picture", "name", "scheme", "width"),
    [
        ("card-light", BOT, "light", 1400),
        ("card-dark", BOT, "dark", 1400),
        ("card-near-light", "ticket-summarizer", "light", 1400),
        ("card-over-dark", "knowledge-search", "dark", 1400),
        ("card-mismatch-light", "lead-scorer", "light", 1400),
        ("card-not-annotated-dark", "billing-service", "dark", 1400),
        ("card-narrow-light", BOT, "light", 600),
        ("card-over-narrow-light", "knowledge-search", "light", 600),
    ],
)
async def test_it_fits_its_place(
    picture: str, name: str, scheme: str, width: int, tmp_path: Path, ready: Service, open_as: Open
) -> None:
    """On a wide and on a narrow page nothing runs out of the card; a picture is taken of it."""
    del ready
    window = await open_as(USER, colour_scheme=scheme, width=width)
    card = await go_to_card(window.page, name)
    await expect(card.get_by_role("status", name="Loading")).to_have_count(0)

    assert not await card.evaluate(_WIDER_THAN_ITSELF)
    assert await take_picture(card, picture, tmp_path)


async def test_a_hidden_entity_has_no_card(ready: Service, open_as: Open) -> None:
    """A viewer from whom the catalog hides an entity gets no card of it, and nothing is asked about it."""
    del ready
    window = await open_as("outsider")
    made = requests_of(window.page)

    await window.page.goto("/catalog/default/component/restricted-bot")

    await expect(window.page.get_by_text("Entity not found")).to_be_visible()
    await expect(find_card(window.page)).to_have_count(0)
    assert made == []
