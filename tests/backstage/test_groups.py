"""Groups as the service sees them, and who is in them."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bff.backstage.caller import Caller
from bff.backstage.catalog import BackstageCatalog
from bff.backstage.entities import (
    CatalogContractError,
    CatalogDeniedError,
    CatalogUnavailableError,
    ServiceDeniedError,
)
from bff.backstage.groups import (
    ABSENT_FOR,
    CLAIMED_FOR,
    FRESH_FOR,
    MEMBER_FOR,
    MEMBER_STALE_FOR,
    RETRY_AFTER,
    STALE_FOR,
    Groups,
    comes_from,
)
from bff.backstage.identity import BackstageIdentity
from bff.secret_files import Secret
from bff.values import EntityRef
from tests.backstage.stub import SERVICE_TOKEN, StubBackstage

PATH = "/api/catalog/entities/by-refs"
TEAM = EntityRef("group", "default", "a-team")


@pytest.fixture
def groups(backstage: StubBackstage) -> Groups:
    backstage.add(str(TEAM), team="team_1")
    return Groups(backstage.client(), token=Secret(SecretStr(SERVICE_TOKEN)), monotonic=backstage.clock)


async def test_a_group_is_read_with_the_services_token(backstage: StubBackstage, groups: Groups) -> None:
    """Whose team it is does not depend on who asks."""
    found = await groups.group(TEAM)
    assert found is not None
    assert found.annotations == {"keeptrusts.dev/team": "team_1"}
    assert backstage.requests[-1].headers["authorization"] == f"Bearer {SERVICE_TOKEN}"


async def test_groups_are_remembered(backstage: StubBackstage, groups: Groups) -> None:
    """Within a minute a group is asked for once; a change is seen after that."""
    await groups.group(TEAM)
    backstage.add(str(TEAM), team="team_2")
    backstage.clock.now += FRESH_FOR - 0.1
    await groups.group(TEAM)
    assert backstage.calls[PATH] == 1
    backstage.clock.now += 0.1
    found = await groups.group(TEAM)
    assert found is not None
    assert found.annotations == {"keeptrusts.dev/team": "team_2"}


async def test_an_absent_group_is_asked_for_again_soon(backstage: StubBackstage, groups: Groups) -> None:
    """Who adds the missing group does not wait a minute."""
    absent = EntityRef("group", "default", "absent")
    assert await groups.group(absent) is None
    backstage.add(str(absent))
    assert await groups.group(absent) is None
    backstage.clock.now += ABSENT_FOR
    assert await groups.group(absent) is not None


async def test_many_groups_share_a_call(backstage: StubBackstage, groups: Groups) -> None:
    """A table of entities with as many owners asks once."""
    refs = [EntityRef("group", "default", f"g{number}") for number in range(80)]
    await asyncio.gather(*(groups.group(ref) for ref in refs))
    assert backstage.calls[PATH] == 1


async def test_backstage_down(backstage: StubBackstage, groups: Groups) -> None:
    """A group of some minutes ago counts while Backstage is down, asked for at a bounded rate; an older one does not."""
    await groups.group(TEAM)
    backstage.reply = httpx.Response(500)
    backstage.clock.now += FRESH_FOR
    for _ in range(5):
        assert await groups.group(TEAM) is not None
    assert backstage.calls[PATH] == 2
    backstage.clock.now += RETRY_AFTER
    assert await groups.group(TEAM) is not None
    assert backstage.calls[PATH] == 3
    backstage.clock.now += STALE_FOR
    with pytest.raises(CatalogUnavailableError):
        await groups.group(TEAM)


async def test_backstage_down_from_the_start(backstage: StubBackstage, groups: Groups) -> None:
    """Nothing is known of a group that was never read."""
    backstage.reply = httpx.Response(500)
    with pytest.raises(CatalogUnavailableError):
        await groups.group(TEAM)


async def test_a_refusal_is_not_covered_up(backstage: StubBackstage, groups: Groups) -> None:
    """A service token that is no longer accepted is news at once."""
    await groups.group(TEAM)
    backstage.reply = httpx.Response(401)
    backstage.clock.now += FRESH_FOR
    with pytest.raises(CatalogDeniedError):
        await groups.group(TEAM)


async def test_a_refused_token_is_logged_once_a_minute(backstage: StubBackstage, groups: Groups) -> None:
    """Whose token is refused stands in the log, once a minute, and without the token."""
    backstage.reply = httpx.Response(403)
    with capture_logs() as logs:
        for _ in range(30):
            with pytest.raises(ServiceDeniedError):
                await groups.group(TEAM)
            backstage.clock.now += 3
    assert [line["setting"] for line in logs] == ["BACKSTAGE_TOKEN"] * 2
    assert SERVICE_TOKEN not in str(logs)


async def test_a_refused_token_is_tried_at_a_bounded_rate(backstage: StubBackstage, groups: Groups) -> None:
    """While Backstage refuses the service, cards do not each ask again; once it is accepted, groups are there within seconds."""
    backstage.reply = httpx.Response(401)
    for name in ("a-team", "b-team", "c-team"):
        with pytest.raises(CatalogDeniedError):
            await groups.group(EntityRef("group", "default", name))
    assert backstage.calls[PATH] == 1
    backstage.reply = None
    backstage.clock.now += RETRY_AFTER
    assert await groups.group(TEAM) is not None


async def test_without_a_service_token(backstage: StubBackstage) -> None:
    """The message says which setting is missing."""
    with pytest.raises(ServiceDeniedError, match="BACKSTAGE_TOKEN is not set"):
        await Groups(backstage.client(), token=None).group(TEAM)
    assert not backstage.requests


DEV = EntityRef("user", "default", "dev")
PLATFORM = "group:default/platform"


def catalog_of(backstage: StubBackstage, **options: Any) -> BackstageCatalog:
    return BackstageCatalog(
        backstage.client(), service_token=Secret(SecretStr(SERVICE_TOKEN)), monotonic=backstage.clock, **options
    )


async def caller_of(backstage: StubBackstage, token: str | None = None) -> Caller:
    identity = BackstageIdentity(backstage.client(), now=backstage.clock, monotonic=backstage.clock)
    return await identity.caller(f"Bearer {token or backstage.user_token(exp=int(backstage.clock.now) + 86_400)}")


async def groups_of(catalog: BackstageCatalog, caller: Caller) -> set[str]:
    return {str(ref) for ref in await catalog.memberships(caller)} - {str(DEV)}


async def test_memberships_are_the_catalogs_of_now(backstage: StubBackstage) -> None:
    """A person is in the groups of the catalog's relations, whatever the sign-in claims; malformed ones give no right."""
    backstage.join("group:default/a-team", "Group:Default/B-Team", "nonsense", "component:default/x")
    backstage.ownership[str(DEV)] = ["group:default/left-long-ago", "nonsense"]
    found = await catalog_of(backstage).memberships(await caller_of(backstage))
    assert {str(ref) for ref in found} == {str(DEV), "group:default/a-team", "group:default/b-team"}


async def test_memberships_of_a_scaffolders_person(backstage: StubBackstage) -> None:
    """The person for whom the scaffolder calls is in the same groups."""
    backstage.join("group:default/a-team")
    caller = await caller_of(backstage, backstage.plugin_token())
    assert await groups_of(catalog_of(backstage), caller) == {"group:default/a-team"}


async def test_a_person_whom_the_catalog_does_not_know(backstage: StubBackstage) -> None:
    """A signed-in user without an entity is in no group, whatever the sign-in claims."""
    backstage.ownership[str(DEV)] = ["group:default/a-team"]
    assert await catalog_of(backstage).memberships(await caller_of(backstage)) == {DEV}


async def test_a_person_who_leaves_a_group_is_out_within_a_minute(backstage: StubBackstage) -> None:
    """A membership ends without a new sign-in, and is read at most twice a minute until then."""
    backstage.join("group:default/a-team")
    backstage.ownership[str(DEV)] = ["group:default/a-team"]
    catalog, caller = catalog_of(backstage), await caller_of(backstage)
    assert await groups_of(catalog, caller) == {"group:default/a-team"}
    backstage.join()
    backstage.clock.now += MEMBER_FOR - 0.1
    asked = backstage.calls[PATH]
    assert await groups_of(catalog, caller) == {"group:default/a-team"}
    assert backstage.calls[PATH] == asked
    backstage.clock.now += 0.1
    assert await groups_of(catalog, caller) == set()
    assert MEMBER_FOR <= MEMBER_STALE_FOR <= 60


async def test_a_membership_outlives_an_outage_for_a_minute(backstage: StubBackstage) -> None:
    """While Backstage cannot be reached a membership counts until it is a minute old, and then nothing is guessed."""
    backstage.join("group:default/a-team")
    catalog, caller = catalog_of(backstage), await caller_of(backstage)
    await catalog.memberships(caller)
    backstage.reply = httpx.Response(500)
    backstage.clock.now += MEMBER_STALE_FOR - 0.1
    assert await groups_of(catalog, caller) == {"group:default/a-team"}
    backstage.clock.now += 0.1
    with pytest.raises(CatalogUnavailableError):
        await catalog.memberships(caller)


async def test_a_refused_service_is_no_refused_caller(backstage: StubBackstage) -> None:
    """When Backstage refuses the service's own token, the error says so: a caller who signs in again mends nothing."""
    catalog, caller = catalog_of(backstage), await caller_of(backstage)
    backstage.reply = httpx.Response(401)
    with pytest.raises(ServiceDeniedError):
        await catalog.memberships(caller)


async def test_a_parent_group_that_the_sign_in_claims(backstage: StubBackstage) -> None:
    """Where Backstage gives the owners' rights of a parent to its children, a member of a child of a child has them."""
    backstage.join("group:default/squad")
    backstage.parents = {"group:default/squad": ["group:default/tribe"], "group:default/tribe": [PLATFORM]}
    backstage.ownership[str(DEV)] = ["group:default/squad", PLATFORM]
    assert await groups_of(catalog_of(backstage), await caller_of(backstage)) == {"group:default/squad", PLATFORM}


async def test_a_parent_group_that_no_sign_in_claims(backstage: StubBackstage) -> None:
    """By default Backstage gives no member a parent's rights: a group that names a parent for itself gains none."""
    backstage.join("group:default/squad")
    backstage.parents = {"group:default/squad": [PLATFORM]}
    assert await groups_of(catalog_of(backstage), await caller_of(backstage)) == {"group:default/squad"}
    assert backstage.calls["/api/catalog/entities/by-query"] == 0


async def test_a_parent_group_that_is_no_parent_any_more(backstage: StubBackstage) -> None:
    """What the sign-in claims of a parent ends with the relation, within a minute."""
    backstage.join("group:default/squad")
    backstage.parents = {"group:default/squad": [PLATFORM]}
    backstage.ownership[str(DEV)] = [PLATFORM]
    catalog, caller = catalog_of(backstage), await caller_of(backstage)
    assert PLATFORM in await groups_of(catalog, caller)
    backstage.parents = {}
    backstage.clock.now += MEMBER_FOR
    assert PLATFORM not in await groups_of(catalog, caller)


async def test_groups_that_are_their_own_parents(backstage: StubBackstage) -> None:
    """A circle of groups ends."""
    backstage.join("group:default/a")
    backstage.parents = {"group:default/a": ["group:default/b"], "group:default/b": ["group:default/a"]}
    backstage.ownership[str(DEV)] = [PLATFORM]
    assert await groups_of(catalog_of(backstage), await caller_of(backstage)) == {"group:default/a"}


async def test_many_children_are_cut_into_calls(backstage: StubBackstage) -> None:
    """A person in a hundred groups finds the parent of the last of them, by addresses of a bounded length."""
    groups = [f"group:default/{'g' * 50}{number:03}" for number in range(120)]
    backstage.join(*groups)
    backstage.parents = {groups[-1]: [PLATFORM]}
    backstage.ownership[str(DEV)] = [PLATFORM]
    assert PLATFORM in await groups_of(catalog_of(backstage), await caller_of(backstage))
    assert max(len(str(request.url)) for request in backstage.requests) < 8_000


async def test_the_claims_of_a_sign_in_are_remembered(backstage: StubBackstage) -> None:
    """They hold until the next sign-in, so the auth backend is asked rarely."""
    backstage.join("group:default/a-team")
    catalog, caller = catalog_of(backstage), await caller_of(backstage)
    for _ in range(int(CLAIMED_FOR / MEMBER_FOR)):
        await catalog.memberships(caller)
        backstage.clock.now += MEMBER_FOR
    assert backstage.calls["/api/auth/v1/userinfo"] == 1


async def test_the_claims_are_asked_for_at_the_auth_backend(backstage: StubBackstage) -> None:
    """Where the auth backend is at another address, it alone is asked for the sign-in's claims."""
    auth = StubBackstage()
    auth.auth_key = backstage.auth_key
    backstage.join("group:default/squad")
    backstage.parents = {"group:default/squad": [PLATFORM]}
    token = auth.user_token()
    auth.ownership[str(DEV)] = [PLATFORM]
    caller = await caller_of(auth, token)
    assert PLATFORM in await groups_of(catalog_of(backstage, auth=auth.client()), caller)
    assert backstage.calls["/api/auth/v1/userinfo"] == 0


async def test_claims_about_another(backstage: StubBackstage) -> None:
    """An answer about another user gives no right."""
    auth = StubBackstage()
    backstage.join("group:default/a-team")
    auth.reply = httpx.Response(200, json={"claims": {"sub": "user:default/admin", "ent": [PLATFORM]}})
    caller = await caller_of(backstage)
    with pytest.raises(CatalogContractError, match="another user"):
        await catalog_of(backstage, auth=auth.client()).memberships(caller)


async def test_a_herd_asks_for_a_membership_once(backstage: StubBackstage) -> None:
    """A thousand cards of one person at once read their groups once."""
    backstage.join("group:default/a-team")
    catalog, caller = catalog_of(backstage), await caller_of(backstage)
    await asyncio.gather(*(catalog.memberships(caller) for _ in range(1_000)))
    assert (backstage.calls[PATH], backstage.calls["/api/auth/v1/userinfo"]) == (1, 1)


ORG = "url:https://git.example/acme/org"


def registered(backstage: StubBackstage, ref: str, origin: str | None, **annotations: str) -> EntityRef:
    backstage.add(ref, **annotations)
    if origin is not None:
        backstage.register(ref, origin)
    return EntityRef.parse(ref)


@pytest.mark.parametrize(
    ("origin", "may"),
    [
        (f"{ORG}/blob/main/groups.yaml", True),
        (ORG, True),
        ("url:https://git.example/acme/org-of-a-stranger/groups.yaml", False),
        ("url:https://git.example/evil/groups.yaml", False),
        (f"{ORG}/../../evil/groups.yaml", False),
        (f"{ORG}/%2e%2e/%2E%2E/evil/groups.yaml", False),
        ("URL:https://git.example/acme/org/groups.yaml", False),
        (None, False),
    ],
)
async def test_a_group_of_another_origin_claims_no_team(
    backstage: StubBackstage, origin: str | None, *, may: bool
) -> None:
    """With `BFF_GROUP_ORIGINS` a group claims a team only where it was registered below one of them."""
    ref = registered(backstage, "group:evil/mine", origin, team="finance-team")
    found = await Groups(
        backstage.client(), token=Secret(SecretStr(SERVICE_TOKEN)), origins=[ORG], monotonic=backstage.clock
    ).group(ref)
    assert found is not None
    assert found.may_claim_team is may


async def test_without_origins_every_group_claims_its_team(backstage: StubBackstage, groups: Groups) -> None:
    """Nothing is asked of an origin that no setting names."""
    found = await groups.group(registered(backstage, "group:evil/mine", "url:https://git.example/evil/x.yaml"))
    assert found is not None
    assert found.may_claim_team


async def test_a_member_of_a_group_of_another_origin_is_in_none(backstage: StubBackstage) -> None:
    """Such a group gives its members no right, not even one called like a platform group or a child of it."""
    evil = "url:https://git.example/evil/groups.yaml"
    registered(backstage, PLATFORM, evil)
    registered(backstage, "group:default/mine", evil)
    good = registered(backstage, "group:default/a-team", f"{ORG}/groups.yaml")
    backstage.join(PLATFORM, "group:default/mine", str(good), "group:default/not-there")
    backstage.parents = {"group:default/mine": ["group:default/above"]}
    registered(backstage, "group:default/above", f"{ORG}/groups.yaml")
    backstage.ownership[str(DEV)] = ["group:default/above"]
    catalog = catalog_of(backstage, group_origins=[ORG])
    assert await groups_of(catalog, await caller_of(backstage)) == {str(good)}


@pytest.mark.parametrize(
    ("origin", "prefix"),
    [
        ("ldap:ldaps://ldap.example/cn=a", "ldap:"),
        ("url:https://git.example/acme/org/x.yaml", "url:https://git.example/acme/"),
        ("url:https://git.example/acme?x", "url:https://git.example/acme"),
        ("file:/etc/catalog/a..b.yaml", "file:/etc/catalog"),
    ],
)
def test_a_prefix_ends_where_a_part_ends(origin: str, prefix: str) -> None:
    """A prefix covers what lies below it, whether or not it is written with its separator."""
    assert comes_from(origin, [prefix])
