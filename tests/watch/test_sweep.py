"""The sweep finds every entity that matters, whatever fails or changes while the catalog is read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from bff.backstage import watched
from bff.backstage.client import BackstageClient
from bff.backstage.entities import CatalogContractError, CatalogUnavailableError, ServiceDeniedError, Watched
from bff.backstage.files import FileCatalog
from bff.backstage.watched import BackstageWatched, GroupMembers, Page
from bff.secret_files import Secret
from bff.status.claims import GATEWAY_KEY_NAME, INSTANCE
from bff.store.database import Database, LeaseLostError
from bff.store.lease import Leases
from bff.values import EntityRef
from bff.watch.sweep import GATEWAY_API, Sweep, SweepStore

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TOKEN = "the-token-of-the-service"


def ref(name: str) -> EntityRef:
    return EntityRef("component", "default", name)


def document(name: str, *, key: str | None = "a-key", consumes: str | None = None) -> dict[str, Any]:
    relations = [{"type": "ownedBy", "targetRef": "group:default/team-a"}]
    if consumes is not None:
        relations.append({"type": "consumesApi", "targetRef": consumes})
    annotations = {"example.com/other": "x"} | ({GATEWAY_KEY_NAME: key} if key is not None else {})
    return {
        "kind": "Component",
        "metadata": {"name": name, "namespace": "default", "annotations": annotations},
        "spec": {"owner": "team-a"},
        "relations": relations,
    }


class Catalog:
    """Backstage's catalog, as far as the sweep asks it: pages of `size` by an id that only grows.

    `meet` is called before each page with its number from 0 on, and may give another reply.
    """

    def __init__(self, *documents: dict[str, Any], size: int = 2) -> None:
        self.documents = dict(enumerate(documents))
        self.size = size
        self.asked: list[Mapping[str, list[str]]] = []
        self.meet: Callable[[int], httpx.Response | None] = lambda _page: None
        self.by_refs_reply: httpx.Response | None = None
        self.tokens: set[str] = set()

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.tokens.add(request.headers["authorization"])
        url = urlsplit(str(request.url))
        if url.path.endswith("/by-refs"):
            return self.by_refs_reply or self._by_refs(request)
        asked = parse_qs(url.query)
        self.asked.append(asked)
        if (reply := self.meet(len(self.asked) - 1)) is not None:
            return reply
        after = int(asked["cursor"][0]) if "cursor" in asked else -1
        left = [number for number in sorted(self.documents) if number > after]
        page = left[: self.size]
        info = {"nextCursor": str(page[-1])} if len(left) > self.size else {}
        items = [self.documents[number] for number in page]
        return httpx.Response(200, json={"items": items, "totalItems": len(self.documents), "pageInfo": info})

    def _by_refs(self, request: httpx.Request) -> httpx.Response:
        by_name = {f"component:default/{each['metadata']['name']}": each for each in self.documents.values()}
        refs = json.loads(request.content)["entityRefs"]
        return httpx.Response(200, json={"items": [by_name.get(ref) for ref in refs]})


class Slept:
    """A sleep that takes no time and remembers how long it would have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class Swept:
    """A sweep of a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.slept = Slept()
        client = BackstageClient(
            "https://backstage.test", sleep=self.slept, transport=httpx.MockTransport(catalog.answer)
        )
        source = BackstageWatched(
            client,
            token=Secret(SecretStr(TOKEN), name="BACKSTAGE_TOKEN"),
            annotation=GATEWAY_KEY_NAME,
            apis=(GATEWAY_API,),
            sleep=self.slept,
            random=lambda: 0.5,
        )
        self.sweep = Sweep(source, clock=lambda: NOW)

    async def names(self) -> list[str]:
        return [entity.ref.name for entity in (await self.sweep.read()).entities]


def busy(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={name.replace("_", "-"): text for name, text in headers.items()})


async def test_it_reads_every_page() -> None:
    """All pages are read, with the service's own token, and each entity comes with owner, annotations and APIs."""
    catalog = Catalog(
        document("c"), document("a", consumes=str(GATEWAY_API)), document("b"), document("e"), document("d")
    )
    swept = Swept(catalog)
    result = await swept.sweep.read()
    assert [entity.ref.name for entity in result.entities] == ["a", "b", "c", "d", "e"]
    assert (result.complete, result.at, catalog.tokens) == (True, NOW, {f"Bearer {TOKEN}"})
    owner = EntityRef("group", "default", "team-a")
    assert result.entities[0] == Watched(ref("a"), {GATEWAY_KEY_NAME: "a-key"}, owner, frozenset({GATEWAY_API}))


async def test_it_asks_for_nothing_but_what_matters() -> None:
    """Backstage is asked for entities with the annotation or the gateway's API alone, and for the fields that are read."""
    catalog = Catalog(document("a"))
    await Swept(catalog).names()
    (asked,) = catalog.asked
    assert asked["filter"] == [
        f"metadata.annotations.{GATEWAY_KEY_NAME}",
        "relations.consumesapi=api:default/keeptrusts-gateway-api",
    ]
    assert "spec.definition" not in asked["fields"][0]


async def test_a_consumer_without_a_key_is_found() -> None:
    """An entity that consumes the gateway's API and names no key is found; one that does neither is not."""
    catalog = Catalog(document("silent", key=None, consumes=str(GATEWAY_API)), document("other", key=None))
    assert await Swept(catalog).names() == ["silent"]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_page_that_fails_is_read_again(status: int) -> None:
    """A page that fails for now is asked for again, and no entity is lost."""
    catalog = Catalog(*(document(name) for name in "abcde"))
    catalog.meet = lambda page: busy(status) if page == 1 else None
    assert await Swept(catalog).names() == list("abcde")


async def test_it_waits_as_long_as_backstage_asks() -> None:
    """After a 429 the next attempt comes no sooner than `Retry-After` says."""
    catalog = Catalog(document("a"))
    catalog.meet = lambda page: busy(429, retry_after="17") if page == 0 else None
    swept = Swept(catalog)
    assert await swept.names() == ["a"]
    assert [seconds for seconds in swept.slept.seconds if seconds >= 17]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (busy(429, retry_after="3600"), CatalogUnavailableError),
        (busy(503), CatalogUnavailableError),
        (busy(401), ServiceDeniedError),
        (httpx.Response(200, json={"entities": []}), CatalogContractError),
    ],
    ids=["a long pause", "an outage", "a refusal", "another form"],
)
async def test_a_sweep_that_is_not_whole_replaces_nothing(reply: httpx.Response, error: type[Exception]) -> None:
    """Where a page cannot be had the entities of the last whole sweep stay, and are marked as incomplete."""
    catalog = Catalog(*(document(name) for name in "abcde"))
    swept = Swept(catalog)
    before = await swept.sweep.read()
    catalog.meet = lambda page: reply if page >= 4 else None
    with pytest.raises(error):
        await swept.sweep.read()
    assert swept.sweep.latest is not None
    assert (swept.sweep.latest.entities, swept.sweep.latest.complete) == (before.entities, False)


async def test_an_entity_that_is_removed_is_gone() -> None:
    """An entity that a whole sweep lacks, and that is not there when asked for, is gone."""
    catalog = Catalog(document("a"), document("b"))
    swept = Swept(catalog)
    assert await swept.names() == ["a", "b"]
    del catalog.documents[0]
    assert await swept.names() == ["b"]


async def test_an_entity_that_a_sweep_misses_is_not_gone() -> None:
    """An entity that moves behind the reader while pages are read is still there after the sweep."""
    catalog = Catalog(*(document(name) for name in "abcde"))
    swept = Swept(catalog)
    await swept.names()

    def move(page: int) -> None:
        # Registered again under a lower id than the page that is read next.
        if page == 4 and 4 in catalog.documents:
            catalog.documents[-1] = catalog.documents.pop(4)

    catalog.meet = move
    assert await swept.names() == list("abcde")


async def test_an_entity_that_cannot_be_confirmed_as_gone_stays() -> None:
    """While the catalog cannot be asked for an entity that a sweep lacks, nothing is replaced."""
    catalog = Catalog(document("a"), document("b"))
    swept = Swept(catalog)
    await swept.names()
    del catalog.documents[0]
    catalog.by_refs_reply = busy(503)
    with pytest.raises(CatalogUnavailableError):
        await swept.sweep.read()
    assert swept.sweep.latest is not None
    assert [entity.ref.name for entity in swept.sweep.latest.entities] == ["a", "b"]


async def test_an_entity_that_drops_its_annotation_is_watched_no_more() -> None:
    """An entity that is there and names no key any more leaves the sweep."""
    catalog = Catalog(document("a"), document("b"))
    swept = Swept(catalog)
    await swept.names()
    catalog.documents[0] = document("a", key=None)
    assert await swept.names() == ["b"]


async def test_an_entity_that_is_added_meanwhile_is_found() -> None:
    """An entity that is registered while the pages are read is found by this sweep or the next."""
    catalog = Catalog(*(document(name) for name in "abc"))
    swept = Swept(catalog)
    catalog.meet = lambda page: catalog.documents.update({9: document("new")}) if page == 1 else None
    assert "new" in await swept.names()


async def test_a_malformed_entity_hides_no_other() -> None:
    """An entity without a name is left out, the others are there, and the sweep says that there may be more."""
    catalog = Catalog(document("a"), {"kind": "Component", "metadata": {}}, document("b"))
    result = await Swept(catalog).sweep.read()
    assert [entity.ref.name for entity in result.entities] == ["a", "b"]
    assert result.complete is False


async def test_a_catalog_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog whose pages never end ends the sweep with an error."""
    monkeypatch.setattr(watched, "MOST_PAGES", 3)
    catalog = Catalog(*(document(f"e{number}") for number in range(9)))
    with pytest.raises(CatalogContractError, match="more than 3 pages"):
        await Swept(catalog).names()


async def test_files_are_swept_too(tmp_path: Any) -> None:
    """With a catalog of files the entities come from the files, consumers of the API among them."""
    (tmp_path / "a.yaml").write_text(
        f"""
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: a, annotations: {{{GATEWAY_KEY_NAME}: a-key}}}}
spec: {{owner: team-a}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: silent}}
spec: {{owner: team-a, consumesApis: [keeptrusts-gateway-api]}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: other}}
spec: {{owner: team-a}}
"""
    )
    sweep = Sweep(FileCatalog([str(tmp_path)]), clock=lambda: NOW)
    assert [entity.ref.name for entity in (await sweep.read()).entities] == ["a", "silent"]


class Listed:
    """Entities that are simply there."""

    def __init__(self, *entities: Watched) -> None:
        self.entities = entities

    async def pages(self) -> AsyncIterator[Page]:
        yield Page(self.entities)

    async def by_refs(self, refs: Collection[EntityRef]) -> Mapping[EntityRef, Watched | None]:
        return dict.fromkeys(refs)

    async def group_members(self, group: EntityRef) -> GroupMembers:
        del group
        return GroupMembers()


@pytest.mark.parametrize(("instance", "found"), [(None, ["default", "typo"]), ("staging", ["staged", "typo"])])
async def test_entities_of_another_keeptrusts_are_left_out(instance: str | None, found: list[str]) -> None:
    """The sweep has the entities of its own Keeptrusts, and those that name theirs in a way that cannot be read."""
    named = {"default": None, "other": "production", "staged": "staging", "typo": "Staging"}
    annotations = {
        name: {GATEWAY_KEY_NAME: "key"} | ({INSTANCE: text} if text is not None else {}) for name, text in named.items()
    }
    entities = [Watched(ref(name), annotations[name]) for name in named]
    sweep = Sweep(Listed(*entities), clock=lambda: NOW, instance=instance)
    assert [entity.ref.name for entity in (await sweep.read()).entities] == found


async def test_another_process_loads_what_was_swept(tmp_path: Any) -> None:
    """What one process has swept another loads from the store, the same to the last field."""
    database = Database.at(None, folder=tmp_path)
    await database.migrate()
    held = await Leases(database, holder="a", ttl=60).acquire("watch")
    assert held is not None
    entities = (
        Watched(ref("a"), {GATEWAY_KEY_NAME: "näme"}, EntityRef("group", "default", "t"), frozenset({GATEWAY_API})),
        Watched(ref("b"), {GATEWAY_KEY_NAME: "b"}),
    )
    sweep = Sweep(Listed(*entities), clock=lambda: NOW)
    store = SweepStore(database, "org")
    first = await store.publish(await sweep.read(), held)
    second = await store.publish(await sweep.read(), held)
    assert (first.version, second.version, await store.version()) == (1, 2, 2)
    assert await SweepStore(database, "org").load() == second
    assert await SweepStore(database, "another").load() is None
    await database.close()


async def test_a_process_that_lost_its_lease_stores_nothing(tmp_path: Any) -> None:
    """A process whose lease has passed to another cannot replace the sweep of that one."""
    database = Database.at(None, folder=tmp_path)
    await database.migrate()
    held = await Leases(database, holder="a", ttl=60).acquire("watch")
    assert held is not None
    await Leases(database, holder="a", ttl=60).release(held)
    assert await Leases(database, holder="b", ttl=60).acquire("watch") is not None
    store = SweepStore(database, "org")
    sweep = Sweep(Listed(Watched(ref("a"), {GATEWAY_KEY_NAME: "a"})), clock=lambda: NOW)
    with pytest.raises(LeaseLostError):
        await store.publish(await sweep.read(), held)
    assert await store.version() == 0
    await database.close()
