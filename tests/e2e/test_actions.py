"""The service's answers as MCP tools and template steps of a real Backstage, by its own packages and the official MCP client."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from bff.actions.endpoints import KEYS, LIST
from bff.actions.governance_actions import ACTIONS
from tests.e2e.harness.backstage import Backstage
from tests.e2e.harness.mcp import McpError, Session, ask
from tests.e2e.harness.scaffolder import run_template
from tests.e2e.harness.service import Service
from tests.e2e.harness.switch import Switch

BOT = "component:default/customer-support-bot"
RESTRICTED = "component:default/restricted-bot"
PRICES = "component:default/price-checker"
GATE = "template:default/deploy-within-ai-budget"
STATUS, CHECK, SPEND, FINDINGS, HEALTH = (
    f"keeptrusts.{name}"
    for name in (
        "get-ai-governance-status",
        "check-ai-budget",
        "get-ai-spend",
        "list-ai-findings",
        "get-ai-platform-health",
    )
)


def new_store_key() -> str:
    """A key for `BFF_STORE_KEY`."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def acting_service(backstage: Backstage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service whose actions are on."""
    folder = tmp_path_factory.mktemp("actions")
    settings = {
        "BFF_ACTIONS": "on",
        "BFF_STORE_KEY": new_store_key(),
        "BFF_DATA_DIR": str(folder),
        "BFF_SPEND_PERMISSION": "on",
    }
    log = folder / "service.log"
    async with Service(backstage_url=backstage.url, token=backstage.token, log=log, settings=settings) as service:
        await backstage.ingested(BOT, RESTRICTED, PRICES, "group:default/support-team", GATE)
        yield service


@pytest.fixture
def acting(acting_service: Service, switch: Switch) -> Iterator[Service]:
    """That service where Backstage looks for it."""
    with switch.to(acting_service.port):
        yield acting_service


async def card(backstage: Backstage, token: str, ref: str = BOT, resource: str = "governance") -> dict[str, Any]:
    """What the page shows to the bearer of a token."""
    kind, _, rest = ref.partition(":")
    reply = await backstage.client.get(
        f"/api/proxy/keeptrusts/v1/entities/{kind}/{rest}/{resource}", headers={"authorization": f"Bearer {token}"}
    )
    assert reply.status_code == 200, reply.text
    document: dict[str, Any] = reply.json()
    return document


def facts(status: Any) -> dict[str, Any]:
    """What of a status does not move with the time of day: the sandbox is without traffic."""
    steady = ("entityRef", "state", "gatewayKey", "policyTier", "team", "wallet", "activity", "tightestLimit", "links")
    budget = {name: status["budget"][name] for name in ("daily", "spent", "usedRatio", "resetsAt")}
    return {name: status[name] for name in steady} | {"budget": budget}


async def test_the_tools_are_listed_and_called(backstage: Backstage, acting: Service) -> None:
    """A signed-in user's MCP client lists all tools with their descriptions, and gets the numbers of the page from them."""
    del acting
    token = await backstage.user_token("support-engineer")
    session = await ask(
        backstage,
        (STATUS, {"entityRef": BOT}),
        (CHECK, {"entityRef": BOT, "cost": "0.01"}),
        (SPEND, {"entityRef": BOT, "days": 7}),
        (FINDINGS, {}),
        (HEALTH, {}),
        token=token,
    )
    assert set(session.tools) == {f"keeptrusts.{each.name}" for each in ACTIONS}
    assert session.tools[CHECK]["annotations"]["readOnlyHint"] is True
    assert "check-ai-budget" in session.instructions
    assert not [result for result in session.results if result.get("isError")], session.results
    status, check, spend, findings, health = (result["structuredContent"] for result in session.results)
    page = await card(backstage, token)
    assert facts(status) == facts(page)
    assert check["dailyBudget"] == page["budget"]["daily"]
    assert check["spentToday"] == page["budget"]["spent"]
    assert spend["total"] == (await card(backstage, token, resource="spend?days=7"))["total"]
    assert sum(findings["states"].values()) >= len(findings["entities"]) > 0
    assert health["controlPlane"]["state"] == "ready"


async def test_a_stranger_gets_what_the_page_gives_them(backstage: Backstage, acting: Service) -> None:
    """A user of no team gets no numbers for what is not theirs, and "not found" for what policy denies."""
    del acting
    token = await backstage.user_token("outsider")
    session = await ask(
        backstage,
        (STATUS, {"entityRef": BOT}),
        (STATUS, {"entityRef": RESTRICTED}),
        (CHECK, {"entityRef": RESTRICTED}),
        token=token,
    )
    seen, denied, check = session.results
    assert seen["structuredContent"]["budget"] is None
    assert "numbers-withheld" in [finding["code"] for finding in seen["structuredContent"]["findings"]]
    assert denied["isError"]
    assert said(denied).startswith("NotFoundError: ")
    assert (check["structuredContent"]["allowed"], check["structuredContent"]["reason"]) == (False, "not-found")


async def test_a_policy_by_name_withholds_amounts(backstage: Backstage, acting: Service) -> None:
    """An owner to whom the policy denies `keeptrusts.spend.read` sees no amounts of their own entity, on the page and from a tool."""
    del acting
    token = await backstage.user_token("pricing-analyst")
    session = await ask(backstage, (STATUS, {"entityRef": PRICES}), token=token)
    (seen,) = session.results
    for status in (seen["structuredContent"], await card(backstage, token, PRICES)):
        assert status["budget"] is None
        assert "numbers-withheld" in [finding["code"] for finding in status["findings"]]


async def test_wrong_input_is_explained(backstage: Backstage, acting: Service) -> None:
    """An agent that gives a wrong argument learns which one, by the message of the service."""
    del acting
    session = await ask(backstage, (SPEND, {"entityRef": BOT, "days": 900}), token=await backstage.user_token())
    (refused,) = session.results
    assert refused["isError"]
    assert said(refused).startswith("InputError: days")


async def test_a_robot_gets_no_answer(backstage: Backstage, acting: Service) -> None:
    """A static token, which stands for no person, sees our tools alone and is refused by each in words."""
    del acting
    calls = ((HEALTH, {}), (STATUS, {"entityRef": BOT}))
    session = await ask(backstage, *calls, token=backstage.robot_token, server="/api/mcp-actions/v1")
    assert set(session.tools) == {f"keeptrusts.{each.name}" for each in ACTIONS}
    for result in session.results:
        assert result["isError"]
        assert said(result).startswith("NotAllowedError: This is answered to people alone")


async def test_without_a_token_there_is_no_server(backstage: Backstage, acting: Service) -> None:
    """A client without a token does not get as far as a list."""
    del acting
    with pytest.raises(McpError):
        await ask(backstage, token=None)


async def test_template_steps_stop_or_go_on(backstage: Backstage, acting: Service) -> None:
    """A template's steps go on while the component may spend, and are skipped with the reason shown where it may not."""
    del acting
    token = await backstage.user_token("support-engineer")
    goes_on = await run_template(backstage, GATE, {"component": BOT}, token=token)
    stops = await run_template(backstage, GATE, {"component": BOT, "cost": "100000"}, token=token)
    assert (goes_on.status, stops.status) == ("completed", "completed"), goes_on.log + stops.log
    assert "Your own steps stand here" in goes_on.log
    assert "It may spend" in goes_on.text("Deployed")
    assert "Your own steps stand here" not in stops.log
    assert "are more than" in stops.text("Not deployed")


async def test_without_the_service_other_sources_live(backstage: Backstage, acting: Service) -> None:
    """While nothing answers at our address, a template without our steps runs, and the catalog's own tools are listed."""
    token = await backstage.user_token("support-engineer")
    await acting.stop_bff()
    try:
        task = await run_template(backstage, "template:default/knock", {"path": "/livez"}, token=token)
        session = await ask(backstage, token=token, server="/api/mcp-actions/v1")
    finally:
        await acting.start_bff()
    assert task.status == "completed", task.log
    assert without_ours(session)


async def test_a_new_key_is_taken_at_once(backstage: Backstage, acting: Service) -> None:
    """After a restart with a new signing key the next call works: Backstage reads the key that it does not know."""
    token = await backstage.user_token("support-engineer")
    await answered(backstage, token)
    before = await key_of(acting)
    await acting.stop_bff()
    acting.settings["BFF_STORE_KEY"] = new_store_key()
    await acting.start_bff()
    assert await key_of(acting) != before
    await answered(backstage, token)


async def test_a_service_without_actions_harms_no_source(
    backstage: Backstage, acting_service: Service, service: Service
) -> None:
    """A release without actions where Backstage looks for them is one source less, and no failure of the others."""
    # Backstage keeps connections open: to the end of the process that they lead to.
    await acting_service.stop_bff()
    try:
        assert (await service.client.get(LIST)).status_code == httpx.codes.NOT_FOUND
        session = await ask(backstage, token=await backstage.user_token(), server="/api/mcp-actions/v1")
    finally:
        await acting_service.start_bff()
    assert without_ours(session)


async def key_of(service: Service) -> str:
    """The id of the key that Backstage is given."""
    (key,) = (await service.client.get(KEYS)).json()["keys"]
    return str(key["kid"])


def without_ours(session: Session) -> bool:
    """Whether there are tools, and none of ours."""
    return bool(session.tools) and not [name for name in session.tools if name.startswith("keeptrusts.")]


async def answered(backstage: Backstage, token: str) -> Session:
    """A status that an agent gets."""
    session = await ask(backstage, (STATUS, {"entityRef": BOT}), token=token)
    assert not session.results[0].get("isError"), session.results
    return session


def said(result: Any) -> str:
    """The text of a result."""
    (content,) = result["content"]
    text: str = content["text"]
    return text
