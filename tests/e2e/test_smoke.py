"""The ground that the end-to-end tests stand on: Backstage, its catalog, its users, its proxy, its pages."""

import json
from collections.abc import Awaitable, Callable, Iterator

import jwt
import pytest
from playwright.async_api import expect

from tests.e2e.harness.backstage import Backstage, BackstageError
from tests.e2e.harness.echo import echo
from tests.e2e.harness.scaffolder import run_template
from tests.e2e.harness.switch import Switch
from tests.e2e.harness.window import Window

BOT = "component:default/customer-support-bot"
RESTRICTED = "component:default/restricted-bot"


@pytest.fixture
def target(switch: Switch) -> Iterator[None]:
    """An echo stands where the service will."""
    with echo() as port, switch.to(port):
        yield


async def test_catalog_holds_the_projects_entities(backstage: Backstage) -> None:
    """Backstage reads the files under catalog/, and the entity of the guide is there with its annotations."""
    [bot] = await backstage.entities(BOT)

    assert bot is not None
    assert bot["metadata"]["annotations"]["keeptrusts.dev/gateway-key-name"] == "support-team-gw-key"


async def test_one_user_may_not_read_one_entity(backstage: Backstage) -> None:
    """What the permission policy denies to the outsider is not there for them, and is there for another user."""
    outsider, guest = await backstage.user_token("outsider"), await backstage.user_token()

    [hidden, seen] = await backstage.entities(RESTRICTED, BOT, token=outsider)
    [shown] = await backstage.entities(RESTRICTED, token=guest)

    assert hidden is None
    assert seen is not None
    assert shown is not None


async def test_only_users_of_the_catalog_sign_in(backstage: Backstage) -> None:
    """A name without a User entity gets no token."""
    with pytest.raises(BackstageError, match="no token for the user 'stranger'"):
        await backstage.user_token("stranger")


async def test_services_token_reads_the_catalog_only(backstage: Backstage) -> None:
    """The static token is restricted to reading the catalog: any other plugin refuses it."""
    headers = {"authorization": f"Bearer {backstage.token}"}

    [bot] = await backstage.entities(BOT)
    refused = await backstage.client.get("/api/scaffolder/v2/actions", headers=headers)

    assert bot is not None
    assert refused.status_code == 403


@pytest.mark.usefixtures("target")
async def test_proxy_asks_for_a_token(backstage: Backstage, switch: Switch) -> None:
    """Without a token the proxy answers 401 and the target is not asked."""
    before = switch.connections

    reply = await backstage.client.get("/api/proxy/keeptrusts/v1/gateway")

    assert reply.status_code == 401
    assert switch.connections == before


@pytest.mark.usefixtures("target")
async def test_proxy_forwards_the_users_token(backstage: Backstage) -> None:
    """The target gets the caller's Authorization unchanged, at the path below the proxy's."""
    token = await backstage.user_token("support-engineer")

    reply = await backstage.client.get(
        "/api/proxy/keeptrusts/v1/gateway?x=1", headers={"authorization": f"Bearer {token}"}
    )

    received = reply.json()
    assert (received["method"], received["path"]) == ("GET", "/v1/gateway?x=1")
    assert received["headers"]["authorization"] == f"Bearer {token}"


@pytest.mark.usefixtures("target")
async def test_proxy_passes_named_headers_only(backstage: Backstage) -> None:
    """Conditional and idempotent requests work through the proxy, and what is not named stays behind, both ways."""
    reply = await backstage.client.post(
        "/api/proxy/keeptrusts/v1/teams",
        json={"name": "support-team"},
        headers={
            "authorization": f"Bearer {await backstage.user_token()}",
            "idempotency-key": "task-1",
            "if-none-match": '"old"',
            "cookie": "session=1",
            "x-forwarded-host": "elsewhere",
        },
    )

    received = reply.json()["headers"]
    assert (received["idempotency-key"], received["if-none-match"]) == ("task-1", '"old"')
    assert {"cookie", "x-forwarded-host"}.isdisjoint(received)
    assert (reply.headers["etag"], reply.headers["age"]) == ('"echo"', "7")
    assert "x-unlisted" not in reply.headers
    assert reply.json()["body"] == '{"name":"support-team"}'


@pytest.mark.usefixtures("target")
async def test_proxy_refuses_other_methods(backstage: Backstage) -> None:
    """The proxy answers a method that the service does not have itself."""
    reply = await backstage.client.delete(
        "/api/proxy/keeptrusts/v1/tokens/tok_1", headers={"authorization": f"Bearer {await backstage.user_token()}"}
    )

    assert reply.status_code == 404


async def test_a_missing_service_is_a_gateway_error(backstage: Backstage) -> None:
    """While the service is away the proxy says so, instead of hanging."""
    reply = await backstage.client.get(
        "/api/proxy/keeptrusts/v1/gateway", headers={"authorization": f"Bearer {await backstage.user_token()}"}
    )

    assert reply.status_code in {502, 504}


@pytest.mark.usefixtures("target")
async def test_scaffolder_step_reaches_the_service(backstage: Backstage) -> None:
    """A step of a template calls through the proxy with a token of the scaffolder, which says for whom it calls."""
    task = await run_template(
        backstage, "template:default/knock", {"path": "/v1/gateway"}, token=await backstage.user_token()
    )

    received = json.loads(task.text("Body"))
    token = received["headers"]["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False})
    on_behalf_of = jwt.decode(claims["obo"], options={"verify_signature": False})
    assert (task.status, task.text("Code")) == ("completed", "200")
    assert (received["path"], received["headers"]["idempotency-key"]) == ("/v1/gateway", task.id)
    assert (claims["sub"], claims["aud"], on_behalf_of["sub"]) == ("scaffolder", "proxy", "user:default/guest")


async def test_restart_brings_new_keys(backstage: Backstage) -> None:
    """A restarted Backstage has the same address and the same catalog, and signs with new keys."""
    before = jwt.get_unverified_header(await backstage.user_token())

    await backstage.restart()

    after = jwt.get_unverified_header(await backstage.user_token())
    assert before["kid"] != after["kid"]


async def test_entity_page_opens(open_as: Callable[..., Awaitable[Window]]) -> None:
    """The guest is signed in without a click and sees the entity's page, of which the browser complains nothing."""
    window = await open_as()

    await window.page.goto("/catalog/default/component/customer-support-bot")

    await expect(window.page.get_by_role("heading", name="customer-support-bot")).to_be_visible()
    assert window.complaints == []


async def test_window_belongs_to_the_user_it_was_opened_for(open_as: Callable[..., Awaitable[Window]]) -> None:
    """A window opened for the outsider does not show them the entity that is hidden from them."""
    window = await open_as("outsider")

    await window.page.goto("/catalog/default/component/restricted-bot")

    await expect(window.page.get_by_text("Entity not found")).to_be_visible()
