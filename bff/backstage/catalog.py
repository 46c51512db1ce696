"""The Backstage catalog, read as each caller may see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from cachetools import LRUCache, TTLCache
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bff.backstage.by_refs import ByRefs, Found
from bff.backstage.caller import Caller
from bff.backstage.client import BackstageClient
from bff.backstage.entities import CatalogContractError, Entity
from bff.backstage.groups import Groups
from bff.upstream import TokenSource
from bff.values import EntityRef, EntityRefError

USER_INFO = "/api/auth/v1/userinfo"

REMEMBERED_FOR = 30.0
"""Seconds for which Backstage's word on what a caller may see is taken from memory, be it reachable or not."""

MOST_DECISIONS = 50_000
"""Pairs of caller and entity: about 25 MB."""

_MOST_ENTITIES = 20_000
_MOST_MEMBERSHIPS = 10_000


class BackstageCatalog:
    """Asks the catalog with the caller's own token, so that Backstage's permission framework decides.

    `service_token` is the service's own, for groups. Once a decision has expired it is asked for anew; while Backstage
    cannot be reached that is `CatalogUnavailableError`, never a guess.
    """

    def __init__(
        self,
        backstage: BackstageClient,
        *,
        service_token: TokenSource | None,
        monotonic: Callable[[], float] = time.monotonic,
        most_decisions: int = MOST_DECISIONS,
    ) -> None:
        self._backstage = backstage
        self._by_refs = ByRefs(backstage, operation="entities", keep=self._remember)
        self._groups = Groups(backstage, token=service_token, monotonic=monotonic)
        self._decisions: TTLCache[tuple[str, EntityRef], Entity | None] = TTLCache(
            most_decisions, REMEMBERED_FOR, timer=monotonic
        )
        self._shared: LRUCache[EntityRef, Entity] = LRUCache(_MOST_ENTITIES)

    async def entity(self, caller: Caller, ref: EntityRef) -> Entity | None:
        """The entity, or None when it does not exist or `caller` may not read it."""
        return (await self.entities(caller, (ref,)))[0]

    async def entities(self, caller: Caller, refs: Sequence[EntityRef]) -> list[Entity | None]:
        """The same for many: one item a reference, in their order."""
        if caller.token is None:
            # A scaffolder's token cannot read the catalog: whoever has nothing to show sees nothing.
            return [None] * len(refs)
        known: dict[EntityRef, Entity | None] = {}
        missing: dict[EntityRef, None] = {}
        for ref in refs:
            try:
                known[ref] = self._decisions[caller.key, ref]
            except KeyError:
                missing[ref] = None
        if missing:
            known |= await self._by_refs.read(caller.key, caller.token, missing)
        return [known[ref] for ref in refs]

    async def group(self, ref: EntityRef) -> Entity | None:
        """A group (or a user) as the service itself may see it."""
        return await self._groups.group(ref)

    async def memberships(self, caller: Caller) -> frozenset[EntityRef]:
        """The caller and their groups, as Backstage knows them now: what is decided by them is rare and must be right."""
        if caller.user is None or caller.userinfo_token is None:
            return frozenset()
        read = partial(_memberships, caller.user)
        return await self._backstage.get_as(read, USER_INFO, operation="userinfo", token=caller.userinfo_token)

    def _remember(self, reader: str, found: Found) -> Found:
        shared = {ref: self._one_for_all(entity) for ref, entity in found.items()}
        for ref, entity in shared.items():
            self._decisions[reader, ref] = entity
        return shared

    def _one_for_all(self, entity: Entity | None) -> Entity | None:
        # A thousand callers who see the same entity remember one and not a thousand.
        if entity is None:
            return None
        shared = self._shared.get(entity.ref)
        if shared != entity:
            shared = self._shared[entity.ref] = entity
        return shared


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    sub: str
    ent: list[str] = Field(max_length=_MOST_MEMBERSHIPS)


class _UserInfo(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    claims: _Claims


def _memberships(user: EntityRef, reply: Any) -> frozenset[EntityRef]:
    try:
        claims = _UserInfo.model_validate(reply).claims
        subject = EntityRef.parse(claims.sub)
    except (ValidationError, EntityRefError):
        raise CatalogContractError(f"Backstage GET {USER_INFO}: a reply without the user's references") from None
    if subject != user:
        raise CatalogContractError(f"Backstage GET {USER_INFO}: tells of another user than {user}")
    return frozenset(_well_formed(claims.ent)) | {user}


def _well_formed(texts: Iterable[str]) -> Iterator[EntityRef]:
    for text in texts:
        try:
            yield EntityRef.parse(text)
        except EntityRefError:
            # A name of a form that we do not know gives no right here, and takes none of the others away.
            continue
