"""Which entities an action may answer about, and in whose name Backstage is asked for them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Protocol

from bff.actions.own_key import KeySource
from bff.backstage.caller import Caller
from bff.backstage.catalog import BackstageCatalog
from bff.backstage.entities import Entity, Members
from bff.status.numbers import NumbersAccess
from bff.values import EntityRef


class EntityAccess(Protocol):
    """Entities as the person behind an action may see them. Methods raise `CatalogError`."""

    async def acting(self, caller: Caller) -> Caller:
        """`caller` with what Backstage is asked with in their name. Raises `SigningKeyUnavailableError`."""

    async def entity(self, caller: Caller, ref: EntityRef) -> Entity | None:
        """The entity, or None when it is not there or not for `caller`: the two give the same."""

    async def acts_for(self, caller: Caller) -> frozenset[EntityRef]:
        """The caller and their groups."""

    async def owned(self, caller: Caller, owners: Collection[EntityRef]) -> Members:
        """The entities with a gateway key that one of `owners` owns, those that are for `caller`."""


class _OfCatalog:
    def __init__(self, catalog: BackstageCatalog) -> None:
        self._catalog = catalog

    async def acts_for(self, caller: Caller) -> frozenset[EntityRef]:
        """The caller and their groups, as the catalog has them now."""
        return await self._catalog.memberships(caller)


class AsPerson(_OfCatalog):
    """Asks Backstage as the person: its permission framework decides (`BFF_ACTIONS_CATALOG=person`)."""

    def __init__(self, catalog: BackstageCatalog, keys: KeySource, *, now: Callable[[], float]) -> None:
        super().__init__(catalog)
        self._keys = keys
        self._now = now

    async def acting(self, caller: Caller) -> Caller:
        """With a token of this service's own for each plugin that is asked, which holds the person's."""
        person, key = caller.userinfo_token, await self._keys.current()
        if person is None:
            raise ValueError("no token is signed without a person")

        now = self._now()
        return replace(
            caller,
            token=key.token("catalog", person=person, now=now, until=caller.expires),
            permission_token=key.token("permission", person=person, now=now, until=caller.expires),
        )

    async def entity(self, caller: Caller, ref: EntityRef) -> Entity | None:
        """The entity, as Backstage shows it to the person."""
        return await self._catalog.entity(caller, ref)

    async def owned(self, caller: Caller, owners: Collection[EntityRef]) -> Members:
        """Those that Backstage shows to the person."""
        return await self._catalog.owned(owners, caller=caller)


class ForOwners(_OfCatalog):
    """Asks Backstage with the service's own token, for members of the owning group and of the platform groups alone.

    Nothing is signed then, and no policy of Backstage's is asked (`BFF_ACTIONS_CATALOG=owners`).
    """

    def __init__(self, catalog: BackstageCatalog, numbers: NumbersAccess) -> None:
        super().__init__(catalog)
        self._numbers = numbers

    async def acting(self, caller: Caller) -> Caller:
        """As they are: Backstage is not asked in their name."""
        return caller

    async def entity(self, caller: Caller, ref: EntityRef) -> Entity | None:
        """The entity, where `caller` is of its owner."""
        acts_for = await self.acts_for(caller)
        entity = await self._catalog.entity_for_service(ref)
        return entity if entity is not None and self._numbers.owns(acts_for, entity.owner) else None

    async def owned(self, caller: Caller, owners: Collection[EntityRef]) -> Members:
        """Those of the `owners` of which `caller` is one."""
        acts_for = await self.acts_for(caller)
        theirs = [owner for owner in owners if self._numbers.owns(acts_for, owner)]
        return await self._catalog.owned(theirs, caller=None)
