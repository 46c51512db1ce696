"""Who asks, and what they may see: the service behind the proxy of a real Backstage, with its tokens and its policy."""

from __future__ import annotations

import asyncio

import httpx
import pytest_asyncio
from pydantic import SecretStr

from bff.backstage.by_refs import ByRefs
from bff.backstage.client import BackstageClient
from bff.backstage.groups import CurrentMemberships, Groups
from bff.cli.doctor_backstage import examine_backstage
from bff.cli.doctor_keeptrusts import Verdict
from bff.secret_files import Secret
from bff.settings import Settings
from bff.values import EntityRef
from tests.e2e.harness.backstage import Backstage
from tests.e2e.harness.scaffolder import run_template
from tests.e2e.harness.service import Service

PROXY = "/api/proxy/keeptrusts"
BOT = "component:default/customer-support-bot"
SEARCH = "component:default/knowledge-search"
RESTRICTED = "component:default/restricted-bot"


def path_of(ref: str) -> str:
    """The status of an entity, below the proxy or the service."""
    kind, _, rest = ref.partition(":")
    return f"/v1/entities/{kind}/{rest}/governance"


async def ask(backstage: Backstage, ref: str, token: str | None, **headers: str) -> httpx.Response:
    """A card's request through the proxy."""
    authorization = {"authorization": f"Bearer {token}"} if token else {}
    return await backstage.client.get(PROXY + path_of(ref), headers=authorization | headers)


@pytest_asyncio.fixture(loop_scope="session")
async def ready(backstage: Backstage, service: Service) -> Service:
    """A service whose Backstage has its entities."""
    await backstage.ingested(BOT, RESTRICTED, "group:default/support-team")
    return service


async def test_a_signed_in_user_is_answered(backstage: Backstage, ready: Service) -> None:
    """A card's request of a signed-in user goes through the proxy and comes back with the numbers of the entity."""
    del ready
    reply = await ask(backstage, BOT, await backstage.user_token("support-engineer"))
    assert reply.status_code == 200, reply.text
    document = reply.json()
    assert document["team"]["name"] == "support-team"
    assert document["budget"]["daily"] == {"amount": "500", "currency": "USD"}
    for header in ("etag", "age", "cache-status", "x-request-id"):
        assert header in reply.headers


async def test_nobody_is_not_answered(backstage: Backstage, ready: Service) -> None:
    """Without a token there is 401, at the proxy and at the service alike."""
    assert (await ask(backstage, BOT, None)).status_code == 401
    reply = await ready.client.get(path_of(BOT))
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, 'Bearer realm="keeptrusts-bff"')


async def test_the_services_own_token_is_no_callers(backstage: Backstage, ready: Service) -> None:
    """The static token, with which the service itself reads the catalog, opens nothing here."""
    reply = await ready.client.get(path_of(BOT), headers={"authorization": f"Bearer {backstage.token}"})
    assert (reply.status_code, reply.headers["content-type"]) == (401, "application/problem+json")


async def test_the_permission_policy_decides(backstage: Backstage, ready: Service) -> None:
    """What Backstage's policy hides from one user is 404 for them and 200 for another, single and batch, from warm memory too."""
    del ready
    insider, outsider = await backstage.user_token("support-engineer"), await backstage.user_token("outsider")
    for _ in range(2):
        assert (await ask(backstage, RESTRICTED, insider)).status_code == 200
        hidden, absent = (
            await ask(backstage, RESTRICTED, outsider),
            await ask(backstage, "component:default/missing", outsider),
        )
        assert (hidden.status_code, absent.status_code) == (404, 404)
        differing = {"instance"}
        assert {k: v for k, v in hidden.json().items() if k not in differing} == {
            k: v for k, v in absent.json().items() if k not in differing
        }
        for token, statuses in ((insider, [True, True]), (outsider, [True, False])):
            reply = await backstage.client.post(
                f"{PROXY}/v1/governance/by-refs",
                json={"entityRefs": [BOT, RESTRICTED]},
                headers={"authorization": f"Bearer {token}"},
            )
            assert ["status" in item for item in reply.json()["items"]] == statuses


async def test_the_doctor_goes_the_way_of_a_person(backstage: Backstage) -> None:
    """With the token of somebody whom the policy denies an entity, the doctor sees that Backstage applies its policy."""
    settings = Settings.load(
        backstage_url=backstage.url,
        backstage_token=backstage.token,
        bff_auth="backstage",
        bff_catalog="backstage",
        bff_platform_groups="platform-team",
    )
    person = SecretStr(await backstage.user_token("outsider"))
    trials = {
        trial.subject: trial async for trial in examine_backstage(settings, person=person, entity=EntityRef.parse(BOT))
    }
    assert [trial for trial in trials.values() if trial.verdict is Verdict.FAIL] == []
    assert trials["person of BFF_TOKEN"].message == "accepted as user:default/outsider"
    assert trials["permission mode"].message.startswith("the policy decides by entity")
    assert trials["permission.enabled"].message.startswith("on: hidden from this person: 1 of ")
    assert trials[f"catalog, {BOT}"].message.startswith("seen, ")


async def test_amounts_are_for_the_owners_and_the_platform(backstage: Backstage, ready: Service) -> None:
    """By the groups of the real catalog an owner sees the amounts of their own entities, the platform all, a stranger none."""
    del ready
    seen = {
        ("support-engineer", BOT): True,
        ("support-engineer", SEARCH): True,
        ("search-engineer", BOT): False,
        ("search-engineer", SEARCH): True,
        ("outsider", BOT): False,
    }
    for (user, ref), amounts in seen.items():
        reply = await ask(backstage, ref, await backstage.user_token(user))
        assert reply.status_code == 200, reply.text
        document = reply.json()
        assert [document[section] is not None for section in ("budget", "wallet", "activity")] == [amounts] * 3, (
            user,
            ref,
        )
        codes = {finding["code"] for finding in document["findings"]}
        assert ("numbers-withheld" in codes) is not amounts


async def test_parents_are_found_by_the_catalogs_relations(backstage: Backstage, ready: Service) -> None:
    """A real catalog answers what the service asks it about parent groups, owners and members."""
    del ready
    await backstage.ingested("group:default/newest-newcomers", "user:default/newcomer")
    client, token = BackstageClient(backstage.url), Secret(SecretStr(backstage.token))
    try:
        groups = Groups(client, token=token)
        memberships = CurrentMemberships(client, groups, auth=client)
        child, parent = (EntityRef("group", "default", name) for name in ("newest-newcomers", "newcomers"))
        assert await memberships._parents([child, EntityRef("group", "default", "pricing")]) == {parent}
        found = await ByRefs(client, operation="users").read("test", token, [EntityRef("user", "default", "newcomer")])
        (newcomer,) = found.values()
        assert newcomer is not None
        assert newcomer.member_of == {parent}
        group = await groups.group(parent)
        assert group is not None
        assert group.origin is not None
        assert group.origin.startswith("file:")
    finally:
        await client.aclose()


async def test_a_tag_opens_nothing(backstage: Backstage, ready: Service) -> None:
    """Who knows the entity tag of what they may not see learns nothing from it."""
    del ready
    tag = (await ask(backstage, RESTRICTED, await backstage.user_token("support-engineer"))).headers["etag"]
    reply = await ask(backstage, RESTRICTED, await backstage.user_token("outsider"), **{"if-none-match": tag})
    assert reply.status_code == 404


async def test_a_stale_answer_opens_nothing(backstage: Backstage, ready: Service) -> None:
    """While Keeptrusts is down the policy still decides who gets the last facts."""
    insider, outsider = await backstage.user_token("support-engineer"), await backstage.user_token("outsider")
    assert (await ask(backstage, RESTRICTED, insider)).status_code == 200
    await ready.faults({"kind": "status", "code": 503})
    try:
        async with asyncio.timeout(40):
            while not (await ask(backstage, RESTRICTED, insider)).json()["freshness"]["stale"]:
                await asyncio.sleep(0.2)
        assert (await ask(backstage, RESTRICTED, outsider)).status_code == 404
    finally:
        await ready.faults()
    async with asyncio.timeout(40):
        while (await ask(backstage, RESTRICTED, insider)).json()["freshness"]["stale"]:
            await asyncio.sleep(0.2)


async def test_a_scaffolder_step_is_its_user(backstage: Backstage, ready: Service) -> None:
    """A template's step is recognised as the person who runs it; it is verified, and reads no entity, since its token cannot."""
    del ready
    task = await run_template(
        backstage,
        "template:default/knock",
        {"path": "/v1/gateway"},
        token=await backstage.user_token("support-engineer"),
    )
    assert task.status == "completed", task.log
    assert task.text("Code") == "200"


async def test_new_keys_are_learnt(backstage: Backstage, ready: Service) -> None:
    """After Backstage has restarted with new keys the next request works, and an old token works no more."""
    old = await backstage.user_token("support-engineer")
    assert (await ask(backstage, BOT, old)).status_code == 200
    await backstage.restart()
    await backstage.ingested(BOT, RESTRICTED, "group:default/support-team")
    reply = await ask(backstage, BOT, await backstage.user_token("support-engineer"))
    assert reply.status_code == 200, reply.text
    assert reply.json()["team"]["name"] == "support-team"
    del ready
