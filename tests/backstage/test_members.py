"""Members of groups, systems and domains, as a caller may see them: by the catalog's queries, and by relations in files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from bff.backstage.caller import LOCAL, Caller
from bff.backstage.catalog import REMEMBERED_FOR, BackstageCatalog
from bff.backstage.entities import CatalogContractError, CatalogDeniedError, Members, NoMembersError
from bff.backstage.files import FileCatalog
from bff.backstage.identity import BackstageIdentity
from bff.backstage.members import GATEWAY_API, MOST_CONTAINERS, MOST_MEMBERS
from bff.values import EntityRef
from tests.backstage.stub import StubBackstage

QUERY = "/api/catalog/entities/by-query"
TEAM = "group:default/team"


@pytest.fixture
def catalog(backstage: StubBackstage) -> BackstageCatalog:
    """A catalog in front of the backend."""
    return BackstageCatalog(backstage.client(), service_token=None, monotonic=backstage.clock)


@pytest.fixture
async def dev(backstage: StubBackstage) -> Caller:
    """A developer who has signed in."""
    identity = BackstageIdentity(backstage.client(), now=backstage.clock, monotonic=backstage.clock)
    return await identity.caller(f"Bearer {backstage.user_token()}")


def own(backstage: StubBackstage, count: int, *, owner: str = TEAM, prefix: str = "bot") -> None:
    """Let a group own so many components that name a key."""
    for number in range(count):
        ref = f"component:default/{prefix}-{number}"
        backstage.add(ref, owner=owner, gateway_key_name="key")
        backstage.relate(ref, "ownedBy", owner)


def names(members: Members) -> list[str]:
    """The names of members."""
    return [entity.ref.name for entity in members.entities]


async def test_members_are_those_that_use_models(
    backstage: StubBackstage, catalog: BackstageCatalog, dev: Caller
) -> None:
    """What names a key or consumes the gateway's API is a member, with its annotations and owner; what does neither is none."""
    own(backstage, 1)
    for name in ("silent", "plain"):
        backstage.add(f"component:default/{name}", owner=TEAM)
        backstage.relate(f"component:default/{name}", "ownedBy", TEAM)
    backstage.relate("component:default/silent", "consumesApi", str(GATEWAY_API))
    members = await catalog.members(dev, EntityRef.parse(TEAM))
    assert names(members) == ["bot-0", "silent"]
    assert members.entities[0].annotations == {"keeptrusts.dev/gateway-key-name": "key"}
    assert members.entities[0].owner == EntityRef.parse(TEAM)


async def test_the_callers_own_token_asks(backstage: StubBackstage, catalog: BackstageCatalog, dev: Caller) -> None:
    """Backstage's permission framework decides: it is asked with the caller's token, and what it leaves out is no member."""
    own(backstage, 2)
    backstage.hidden.add(("user:default/dev", "component:default/bot-0"))
    assert names(await catalog.members(dev, EntityRef.parse(TEAM))) == ["bot-1"]
    assert dev.token is not None
    asked = {request.headers["authorization"] for request in backstage.requests if request.url.path.endswith(QUERY)}
    assert asked == {f"Bearer {dev.token.get_secret_value()}"}


async def test_every_page_is_read(backstage: StubBackstage, catalog: BackstageCatalog, dev: Caller) -> None:
    """Members beyond the first page are found too."""
    own(backstage, 600)
    members = await catalog.members(dev, EntityRef.parse(TEAM))
    assert (len(members.entities), members.truncated) == (600, False)


async def test_a_thousand_members_are_listed(backstage: StubBackstage, catalog: BackstageCatalog, dev: Caller) -> None:
    """With more members the first thousand by reference are listed, and it is said that there are more."""
    own(backstage, MOST_MEMBERS)
    assert not (await catalog.members(dev, EntityRef.parse(TEAM))).truncated
    own(backstage, 1, prefix="another")
    backstage.clock.now += REMEMBERED_FOR
    members = await catalog.members(dev, EntityRef.parse(TEAM))
    assert (len(members.entities), members.truncated) == (MOST_MEMBERS, True)


async def test_groups_below_are_found_to_any_depth(
    backstage: StubBackstage, catalog: BackstageCatalog, dev: Caller
) -> None:
    """A chain of groups, two ways to one group, and a circle: each group and each member counts once."""
    groups = [TEAM, *(f"group:default/level-{number}" for number in range(12))]
    for group in groups:
        backstage.add(group)
    for parent, child in pairwise(groups):
        backstage.relate(child, "childOf", parent)
    backstage.relate(groups[-1], "childOf", TEAM)
    backstage.relate(TEAM, "childOf", groups[-1])
    own(backstage, 1, owner=groups[-1])
    members = await catalog.members(dev, EntityRef.parse(TEAM))
    assert sorted(map(str, members.containers)) == sorted(groups)
    assert names(members) == ["bot-0"]


@pytest.mark.long
async def test_more_groups_than_are_looked_at_are_said(
    backstage: StubBackstage, catalog: BackstageCatalog, dev: Caller
) -> None:
    """A group with more groups below it than are looked at has an answer that says that it is not whole."""
    for number in range(MOST_CONTAINERS + 5):
        backstage.add(f"group:default/small-{number}")
        backstage.relate(f"group:default/small-{number}", "childOf", TEAM)
    members = await catalog.members(dev, EntityRef.parse(TEAM))
    assert (len(members.containers), members.truncated) == (MOST_CONTAINERS, True)


async def test_addresses_stay_short(backstage: StubBackstage, catalog: BackstageCatalog, dev: Caller) -> None:
    """Hundreds of groups with the longest names are asked for in addresses that proxies take, and all their members are found."""
    for number in range(150):
        group = f"group:{'n' * 63}/{number:063}"
        backstage.add(group)
        backstage.relate(group, "childOf", TEAM)
        own(backstage, 1, owner=group, prefix=f"of-{number}")
    members = await catalog.members(dev, EntityRef.parse(TEAM))
    assert len(members.entities) == 150
    assert max(len(request.url.raw_path) for request in backstage.requests) < 8_000


async def test_members_are_remembered_for_each_caller(
    backstage: StubBackstage, catalog: BackstageCatalog, dev: Caller
) -> None:
    """Within half a minute one caller's members are asked for once; another caller's are asked for apart."""
    own(backstage, 1)
    team = EntityRef.parse(TEAM)
    await catalog.members(dev, team)
    asked = backstage.calls[QUERY]
    await catalog.members(dev, team)
    assert backstage.calls[QUERY] == asked
    identity = BackstageIdentity(backstage.client(), now=backstage.clock, monotonic=backstage.clock)
    other = await identity.caller(f"Bearer {backstage.user_token('user:default/other')}")
    backstage.hidden.add(("user:default/other", "component:default/bot-0"))
    assert names(await catalog.members(other, team)) == []
    backstage.clock.now += REMEMBERED_FOR
    asked = backstage.calls[QUERY]
    await catalog.members(dev, team)
    assert backstage.calls[QUERY] > asked


async def test_a_caller_who_cannot_read_the_catalog_sees_no_member(
    backstage: StubBackstage, catalog: BackstageCatalog
) -> None:
    """A scaffolder's token cannot read the catalog: its bearer sees no member, is refused a list of all, and nothing is asked."""
    own(backstage, 1)
    scaffolder = Caller("scaffolder", EntityRef("user", "default", "dev"), via="scaffolder")
    assert (await catalog.members(scaffolder, EntityRef.parse(TEAM))).entities == ()
    with pytest.raises(CatalogDeniedError):
        await catalog.claiming(scaffolder)
    assert backstage.calls[QUERY] == 0


async def test_other_kinds_have_no_members(catalog: BackstageCatalog, dev: Caller) -> None:
    """The error names the kinds that have."""
    with pytest.raises(NoMembersError, match="kind: 'component' must be group, system or domain"):
        await catalog.members(dev, EntityRef("component", "default", "bot"))


async def test_a_reply_of_another_form_is_an_error(
    backstage: StubBackstage, catalog: BackstageCatalog, dev: Caller
) -> None:
    """A reply that is no list of entities is never taken for an empty one."""
    backstage.documents["component:default/odd"] = {"kind": "Component", "metadata": {"name": 1, "annotations": {}}}
    backstage.relate("component:default/odd", "ownedBy", TEAM)
    backstage.relate("component:default/odd", "consumesApi", str(GATEWAY_API))
    with pytest.raises(CatalogContractError, match="GET /api/catalog/entities/by-query"):
        await catalog.members(dev, EntityRef.parse(TEAM))


async def test_all_that_claim_a_key_are_found(backstage: StubBackstage, catalog: BackstageCatalog, dev: Caller) -> None:
    """Every entity that names a key is listed, of every owner, as far as the caller may see it."""
    own(backstage, 2)
    own(backstage, 1, owner="group:default/others", prefix="another")
    backstage.hidden.add(("user:default/dev", "component:default/bot-0"))
    assert names(await catalog.claiming(dev)) == ["another-0", "bot-1"]


FILES = """
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: parent}
spec: {type: unit, children: [child]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: child}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: grandchild}
spec: {type: team, children: [parent], parent: child}
---
apiVersion: backstage.io/v1alpha1
kind: Domain
metadata: {name: whole}
spec: {owner: parent}
---
apiVersion: backstage.io/v1alpha1
kind: Domain
metadata: {name: part}
spec: {owner: parent, subdomainOf: whole}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: app}
spec: {owner: parent, domain: part}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: bot, annotations: {keeptrusts.dev/gateway-key-name: key}}
spec: {type: service, lifecycle: production, owner: grandchild, system: app}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: silent}
spec: {type: service, lifecycle: production, owner: child, system: app, consumesApis: [keeptrusts-gateway-api]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: plain}
spec: {type: service, lifecycle: production, owner: child, system: app}
"""


@pytest.mark.parametrize(
    ("ref", "members"),
    [
        ("group:default/parent", ["bot", "silent"]),
        ("group:default/grandchild", ["bot", "silent"]),
        ("system:default/app", ["bot", "silent"]),
        ("domain:default/whole", ["bot", "silent"]),
        ("domain:default/part", ["bot", "silent"]),
        ("system:default/another", []),
    ],
)
async def test_files_have_the_relations_that_backstage_makes_of_them(
    tmp_path: Path, ref: str, members: list[str]
) -> None:
    """Owners, systems, domains and groups in a descriptor's `spec` lead to members as Backstage's relations would."""
    (tmp_path / "catalog.yaml").write_text(FILES)
    catalog = FileCatalog([str(tmp_path)])
    found = await catalog.members(LOCAL, EntityRef.parse(ref))
    assert names(found) == members
    assert names(await catalog.claiming(LOCAL)) == ["bot"]
