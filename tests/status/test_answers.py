"""Answers about many entities at once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from bff.backstage.caller import LOCAL
from bff.backstage.entities import CatalogUnavailableError, Entity
from bff.backstage.files import FileCatalog
from bff.status.answers import owners_of
from bff.status.claims import Owner
from bff.values import EntityRef
from tests.conftest import Running


class SlowGroups:
    """Groups that answer once `most` of them are asked for at the same time."""

    def __init__(self, most: int) -> None:
        self.asked: Counter[EntityRef] = Counter()
        self._most = most
        self._all = asyncio.Event()

    async def group(self, ref: EntityRef) -> Entity | None:
        """The group, whose team is called as it is."""
        self.asked[ref] += 1
        if len(self.asked) == self._most:
            self._all.set()
        await self._all.wait()
        if ref.name == "down":
            raise CatalogUnavailableError("no answer")
        return Entity(ref, {"keeptrusts.dev/team": ref.name})


async def test_owners_of_many_entities_are_asked_for_at_once() -> None:
    """What slows one group down slows a table of entities down once, and not once an owner; each is asked for once."""
    groups = [EntityRef("group", "default", f"g{number}") for number in range(50)]
    entities = [
        Entity(EntityRef("component", "default", f"c{number}"), owner=groups[number % 50]) for number in range(200)
    ]
    slow = SlowGroups(50)
    owners = await asyncio.wait_for(owners_of(entities, slow), 5)
    assert owners == {group: Owner(group, group.name) for group in groups}
    assert set(slow.asked.values()) == {1}


async def test_an_owner_that_cannot_be_read_is_no_trouble_of_the_others() -> None:
    """Where one group cannot be read, that owner alone is unreadable; an entity without an owner has none."""
    up, down = EntityRef("group", "default", "up"), EntityRef("group", "default", "down")
    entities = [Entity(EntityRef("component", "default", "x"), owner=owner) for owner in (up, down, None)]
    owners = await owners_of(entities, SlowGroups(2))
    assert owners == {up: Owner(up, "up"), down: Owner(down, unreadable=True), None: Owner(None)}


async def test_a_table_of_entities_waits_for_its_owners_at_once(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By-refs asks for all owners together: one after the other, a slow Backstage would hold it for minutes."""
    catalog = running.app.service.catalog
    assert isinstance(catalog, FileCatalog)
    refs = [ref for ref in catalog.refs() if ref.kind == "component"]
    owners = {entity.owner for entity in await catalog.entities(LOCAL, refs) if entity is not None} - {None}
    assert len(owners) > 3
    monkeypatch.setattr(catalog, "group", SlowGroups(len(owners)).group)
    asking = running.client.post("/v1/governance/by-refs", json={"entityRefs": [str(ref) for ref in refs]})
    assert (await asyncio.wait_for(asking, 5)).status_code == 200
