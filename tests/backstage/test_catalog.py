"""The Backstage catalog: each caller sees what Backstage lets them see, now."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from pydantic import SecretStr

from bff.backstage import by_refs
from bff.backstage.by_refs import LARGEST_CALL
from bff.backstage.caller import LOCAL, Caller, IdentityUnavailableError
from bff.backstage.catalog import MOST_NOT_SEEN_EACH, MOST_PLACES_EACH, REMEMBERED_FOR, BackstageCatalog
from bff.backstage.entities import CatalogContractError, CatalogDeniedError, CatalogUnavailableError
from bff.backstage.identity import BackstageIdentity
from bff.secret_files import Secret
from bff.values import EntityRef
from tests.backstage.stub import SERVICE_TOKEN, Observed, StubBackstage

PATH = "/api/catalog/entities/by-refs"
BOT = EntityRef("component", "default", "bot")
OTHER = EntityRef("component", "default", "other")


def catalog_of(backstage: StubBackstage, observer: Observed | None = None, *, most: int = 1_000) -> BackstageCatalog:
    return BackstageCatalog(
        backstage.client(observer),
        service_token=Secret(SecretStr(SERVICE_TOKEN)),
        monotonic=backstage.clock,
        most_decisions=most,
    )


async def caller_of(backstage: StubBackstage, user: str = "user:default/dev") -> Caller:
    identity = BackstageIdentity(backstage.client(), now=backstage.clock, monotonic=backstage.clock)
    return await identity.caller(f"Bearer {backstage.user_token(user)}")


@pytest.fixture
def catalog(backstage: StubBackstage) -> BackstageCatalog:
    backstage.add(str(BOT), owner="support-team", daily_budget="5.10")
    backstage.add(str(OTHER))
    return catalog_of(backstage)


async def test_an_entity_is_read_with_the_callers_token(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """The catalog is asked with the caller's own token, for the fields that are needed and no more."""
    caller = await caller_of(backstage)
    found = await catalog.entity(caller, BOT)
    assert found is not None
    assert (found.annotations, found.owner) == (
        {"keeptrusts.dev/daily-budget": "5.10"},
        EntityRef("group", "default", "support-team"),
    )
    request = backstage.requests[-1]
    assert caller.token is not None
    assert request.headers["authorization"] == f"Bearer {caller.token.get_secret_value()}"
    assert json.loads(request.content) == {
        "entityRefs": ["component:default/bot"],
        "fields": ["kind", "metadata.name", "metadata.namespace", "metadata.annotations", "spec.owner", "relations"],
    }


async def test_what_may_not_be_read_is_like_what_is_not_there(
    backstage: StubBackstage, catalog: BackstageCatalog
) -> None:
    """A denied entity and an absent one give the same, fresh and from memory, single and batch."""
    backstage.hidden.add(("user:default/dev", str(BOT)))
    caller = await caller_of(backstage)
    absent = EntityRef("component", "default", "absent")
    for _ in range(2):
        assert await catalog.entity(caller, BOT) is None
        assert await catalog.entities(caller, [BOT, absent]) == [None, None]


async def test_one_callers_decision_is_not_anothers(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """What one may see, warm in memory, is still refused to the other."""
    backstage.hidden.add(("user:default/other", str(BOT)))
    dev, other = await caller_of(backstage), await caller_of(backstage, "user:default/other")
    assert await catalog.entity(dev, BOT) is not None
    assert await catalog.entity(other, BOT) is None
    assert await catalog.entities(other, [BOT, OTHER]) != await catalog.entities(dev, [BOT, OTHER])


async def test_callers_who_ask_at_once_are_kept_apart(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """Questions for two callers under way together do not share an answer."""
    backstage.hidden.add(("user:default/other", str(BOT)))
    dev, other = await caller_of(backstage), await caller_of(backstage, "user:default/other")
    seen = await asyncio.gather(*(catalog.entity(caller, BOT) for caller in (dev, other) * 10))
    assert [found is not None for found in seen] == [True, False] * 10


async def test_who_has_no_token_sees_nothing(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """A scaffolder's caller, whose token the catalog refuses, reads nothing even when the person's own memory is warm."""
    identity = BackstageIdentity(backstage.client(), now=backstage.clock, monotonic=backstage.clock)
    await catalog.entity(await caller_of(backstage), BOT)
    caller = await identity.caller(f"Bearer {backstage.plugin_token()}")
    assert await catalog.entities(caller, [BOT, BOT]) == [None, None]
    assert await catalog.entity(LOCAL, BOT) is None


async def test_decisions_are_remembered_for_a_short_time(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """Within 30 seconds Backstage is asked once; then a permission that was taken away is gone."""
    caller = await caller_of(backstage)
    await catalog.entity(caller, BOT)
    backstage.hidden.add(("user:default/dev", str(BOT)))
    backstage.clock.now += REMEMBERED_FOR - 0.1
    assert await catalog.entity(caller, BOT) is not None
    assert backstage.calls[PATH] == 1
    backstage.clock.now += 0.1
    assert await catalog.entity(caller, BOT) is None


async def test_catalog_down(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """Remembered decisions count until they expire; then no caller sees anything, and nothing is guessed."""
    caller = await caller_of(backstage)
    await catalog.entity(caller, BOT)
    backstage.reply = httpx.Response(503)
    assert await catalog.entity(caller, BOT) is not None
    with pytest.raises(CatalogUnavailableError):
        await catalog.entities(caller, [BOT, OTHER])
    backstage.clock.now += REMEMBERED_FOR
    with pytest.raises(CatalogUnavailableError):
        await catalog.entity(caller, BOT)


async def test_failures_are_not_remembered(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """The question after a failure is asked again."""
    caller = await caller_of(backstage)
    backstage.reply = httpx.Response(500)
    with pytest.raises(CatalogUnavailableError):
        await catalog.entity(caller, BOT)
    backstage.reply = None
    assert await catalog.entity(caller, BOT) is not None


async def test_a_token_that_the_catalog_refuses(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """A refusal is a refusal and not as an empty catalog."""
    caller = await caller_of(backstage)
    backstage.reply = httpx.Response(401)
    with pytest.raises(CatalogDeniedError):
        await catalog.entity(caller, BOT)


async def test_a_herd_asks_once(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """A thousand questions of one caller for one entity at once make one call."""
    caller = await caller_of(backstage)
    found = await asyncio.gather(*(catalog.entity(caller, BOT) for _ in range(1_000)))
    assert all(found)
    assert backstage.calls[PATH] == 1


async def test_a_herd_that_keeps_coming_asks_once(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """A caller who asks in any moment while the answer comes, arrives and is taken in, makes no further call."""
    caller = await caller_of(backstage)
    herd = [asyncio.create_task(catalog.entity(caller, BOT))]
    while not all(one.done() for one in herd[:10]):
        await asyncio.sleep(0)
        herd.append(asyncio.create_task(catalog.entity(caller, BOT)))
    assert all(await asyncio.gather(*herd))
    assert len(herd) > 10
    assert backstage.calls[PATH] == 1


async def test_cards_that_ask_together_share_a_call(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """Different entities that one caller asks for in the same moment travel together."""
    caller = await caller_of(backstage)
    await asyncio.gather(catalog.entity(caller, BOT), catalog.entity(caller, OTHER))
    assert backstage.calls[PATH] == 1


async def test_large_batches_are_cut(backstage: StubBackstage) -> None:
    """A thousand references are ten calls, each answer in its place, doubles asked for once."""
    refs = [EntityRef("component", "default", f"c{number}") for number in range(1_000)]
    for ref in refs[::2]:
        backstage.add(str(ref))
    found = await catalog_of(backstage).entities(await caller_of(backstage), [*refs, *refs])
    assert [item.ref if item else None for item in found] == [
        ref if n % 2 == 0 else None for n, ref in enumerate(refs)
    ] * 2
    sizes = [len(json.loads(r.content)["entityRefs"]) for r in backstage.requests if r.url.path.endswith("by-refs")]
    assert sizes == [LARGEST_CALL] * 10


async def test_an_empty_batch_asks_nobody(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """No reference, no call."""
    assert await catalog.entities(await caller_of(backstage), []) == []
    assert backstage.calls[PATH] == 0


async def test_who_leaves_does_not_take_the_answer_along(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """A cancelled question leaves the others theirs."""
    caller = await caller_of(backstage)
    backstage.gate = asyncio.Event()
    leaver, stayer = asyncio.create_task(catalog.entity(caller, BOT)), asyncio.create_task(catalog.entity(caller, BOT))
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.gather(leaver, return_exceptions=True)
    backstage.gate.set()
    assert await stayer is not None


async def test_memory_is_bounded(backstage: StubBackstage) -> None:
    """However many decisions there are, no more than the limit is kept; batches larger than it are answered whole."""
    catalog = catalog_of(backstage, most=50)
    refs = [EntityRef("component", "default", f"c{number}") for number in range(200)]
    for ref in refs:
        backstage.add(str(ref))
    assert all(await catalog.entities(await caller_of(backstage), refs))
    assert len(catalog._decisions) == 50


async def test_callers_share_what_they_see(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """The same entity seen by two callers is in memory once."""
    first = await catalog.entity(await caller_of(backstage), BOT)
    assert await catalog.entity(await caller_of(backstage, "user:default/other"), BOT) is first


@pytest.mark.parametrize(
    "items",
    [
        None,
        "x",
        [],
        [{"kind": "Component", "metadata": {"name": "other"}}],
        [{"kind": "Component", "metadata": {"name": "bot", "namespace": "secret"}}],
        [{"kind": "Component"}],
        [5],
        [None, None],
    ],
)
async def test_replies_that_are_not_an_answer(
    backstage: StubBackstage, catalog: BackstageCatalog, items: object
) -> None:
    """Too few, too many or another entity than was asked for is a contract error: no caller is shown another's entity."""
    caller = await caller_of(backstage)
    backstage.reply = httpx.Response(200, json={"items": items})
    with pytest.raises(CatalogContractError):
        await catalog.entity(caller, BOT)


async def test_replies_that_are_not_an_answer_are_told_as_such(backstage: StubBackstage) -> None:
    """An attempt that brought JSON of another form has ended with `contract`, as one that brought none."""
    observer = Observed()
    catalog = catalog_of(backstage, observer)
    caller = await caller_of(backstage)
    backstage.reply = httpx.Response(200, json={"items": "x"})
    for ask in (
        catalog.entity(caller, BOT),
        catalog.group(EntityRef("group", "default", "g")),
        catalog.memberships(caller),
    ):
        with pytest.raises(CatalogContractError):
            await ask
    assert [attempt[1:] for attempt in observer.attempts] == [
        ("entities", "contract"),
        ("groups", "contract"),
        ("memberships", "contract"),
    ]


async def test_keys_of_another_form_are_told_as_such(backstage: StubBackstage) -> None:
    """What is no key set ends the attempt to read it with `contract`."""
    observer = Observed()
    identity = BackstageIdentity(backstage.client(observer), now=backstage.clock, monotonic=backstage.clock)
    token = backstage.user_token()
    backstage.reply = httpx.Response(200, json={"keys": 5})
    with pytest.raises(IdentityUnavailableError):
        await identity.caller(f"Bearer {token}")
    assert [attempt[1:] for attempt in observer.attempts] == [("user-keys", "contract")]


async def test_operations_are_fixed_words(backstage: StubBackstage) -> None:
    """Metrics tell entities from groups and never name one."""
    observer = Observed()
    catalog = catalog_of(backstage, observer)
    caller = await caller_of(backstage)
    backstage.join("group:default/a-team")
    backstage.ownership["user:default/dev"] = ["group:default/above"]
    await catalog.entity(caller, BOT)
    await catalog.group(EntityRef("group", "default", "g"))
    await catalog.memberships(caller)
    operations = [operation for _, operation, _ in observer.attempts]
    assert operations == ["entities", "groups", "memberships", "userinfo", "parent-groups"]


async def test_names_that_are_not_there_push_nobodys_decisions_out(backstage: StubBackstage) -> None:
    """One caller who asks for any number of invented names costs no other caller, and not themselves, a decision."""
    catalog = catalog_of(backstage, most=10)
    backstage.add(str(BOT))
    dev, stranger = await caller_of(backstage), await caller_of(backstage, "user:default/stranger")
    for caller in (dev, stranger):
        assert await catalog.entity(caller, BOT) is not None
    absent = EntityRef("component", "default", "absent")
    assert await catalog.entity(dev, absent) is None
    invented = [EntityRef("component", "default", f"invented-{number}") for number in range(2 * MOST_NOT_SEEN_EACH)]
    assert not any(await catalog.entities(stranger, invented))
    asked = backstage.calls[PATH]
    for caller in (dev, stranger):
        assert await catalog.entity(caller, BOT) is not None
    assert await catalog.entity(dev, absent) is None
    assert backstage.calls[PATH] == asked


async def test_a_large_batch_leaves_places_for_a_card(backstage: StubBackstage) -> None:
    """While one caller's thousand entities wait for Backstage, another's card is asked for at once."""
    catalog = catalog_of(backstage)
    backstage.add(str(BOT))
    busy, other = await caller_of(backstage, "user:default/busy"), await caller_of(backstage)
    backstage.gate = asyncio.Event()
    batches = [
        asyncio.ensure_future(
            catalog.entities(busy, [EntityRef("component", f"n{batch}", f"c{number}") for number in range(1_000)])
        )
        for batch in range(25)
    ]
    while backstage.calls[PATH] < MOST_PLACES_EACH:
        await asyncio.sleep(0)
    card = asyncio.ensure_future(catalog.entity(other, BOT))
    while backstage.calls[PATH] < MOST_PLACES_EACH + 1:
        await asyncio.sleep(0)
    assert other.token is not None
    assert backstage.requests[-1].headers["authorization"] == f"Bearer {other.token.get_secret_value()}"
    backstage.gate.set()
    assert await card is not None
    await asyncio.gather(*batches)


async def test_a_call_waits_for_its_turn_for_a_bounded_time(
    backstage: StubBackstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that gets no turn ends as any call that gets no answer."""
    monkeypatch.setattr(by_refs, "PLACE_WITHIN", 0.01)
    catalog = catalog_of(backstage)
    caller = await caller_of(backstage)
    backstage.gate = asyncio.Event()
    refs = [EntityRef("component", "default", f"c{number}") for number in range(LARGEST_CALL * (MOST_PLACES_EACH + 1))]
    with pytest.raises(CatalogUnavailableError, match="no turn"):
        await catalog.entities(caller, refs)
    backstage.gate.set()


async def test_memberships_of_nobody(backstage: StubBackstage, catalog: BackstageCatalog) -> None:
    """A caller who is no person belongs to nothing, and Backstage is not asked."""
    assert await catalog.memberships(LOCAL) == frozenset()
    assert not backstage.requests
