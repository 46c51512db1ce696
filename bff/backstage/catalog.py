"""The Backstage catalog, read as each caller may see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial

from cachetools import LRUCache

from bff.backstage.by_refs import ByRefs, Found
from bff.backstage.caller import Caller
from bff.backstage.client import BackstageClient
from bff.backstage.entities import CatalogDeniedError, Entity, Members
from bff.backstage.groups import SERVICE, CurrentMemberships, Groups
from bff.backstage.members import MemberQueries
from bff.expiring import Expiring
from bff.fair_places import FairPlaces
from bff.single_flight import SingleFlight
from bff.upstream import TokenSource
from bff.values import EntityRef

REMEMBERED_FOR = 30.0
"""Seconds for which Backstage's word on what a caller may see is taken from memory, be it reachable or not."""

MOST_DECISIONS = 50_000
"""Pairs of caller and entity: about 25 MB."""

MOST_NOT_SEEN_EACH = 1_000
"""Names that are remembered as not there, or not to be seen, of one caller: a whole batch of them."""

PLACES = 16
MOST_PLACES_EACH = 8
"""Calls at once to the catalog, in all and of one caller: who reads a thousand entities leaves places for a card."""

_MOST_READERS_NOT_SEEING = 200
_MOST_ENTITIES = 20_000
_MOST_MEMBERS = 400_000
"""Members in the lists that are remembered, of one caller each: about 4 MB besides the entities, which lists share."""


class BackstageCatalog:
    """Asks the catalog with the caller's own token, so that Backstage's permission framework decides.

    `service_token` is the service's own, for groups and their members; `group_origins` are where groups that may claim a
    team come from. `auth` reaches the auth backend where that is at another address. Once a decision has expired Backstage
    is asked again; while it cannot be reached that is `CatalogUnavailableError`, never a guess.
    """

    def __init__(
        self,
        backstage: BackstageClient,
        *,
        service_token: TokenSource | None,
        group_origins: Collection[str] = (),
        auth: BackstageClient | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        most_decisions: int = MOST_DECISIONS,
    ) -> None:
        self._backstage = backstage
        places = FairPlaces(PLACES, most_each=MOST_PLACES_EACH)
        self._monotonic = monotonic
        self._by_refs = ByRefs(backstage, operation="entities", keep=self._remember, places=places)
        self._groups = Groups(backstage, token=service_token, origins=group_origins, monotonic=monotonic, places=places)
        self._memberships = CurrentMemberships(
            backstage, self._groups, auth=auth or backstage, monotonic=monotonic, places=places
        )
        self.known_group = self._groups.known
        """What `group` gives from memory at a moment, in monotonic seconds; None where Backstage must be asked."""
        self.known_memberships = self._memberships.known
        """The same of `memberships`."""
        self._decisions: Expiring[tuple[str, EntityRef], Entity] = Expiring(most_decisions, clock=monotonic)
        self._not_seen: Expiring[str, Expiring[EntityRef, None]] = Expiring(_MOST_READERS_NOT_SEEING, clock=monotonic)
        self._shared: LRUCache[EntityRef, Entity] = LRUCache(_MOST_ENTITIES)
        self._member_queries = MemberQueries(backstage, places=places, keep=self._remember_all)
        self._members: Expiring[tuple[str, EntityRef], Members] = Expiring(_MOST_MEMBERS, clock=monotonic)
        self._reading: SingleFlight[Members] = SingleFlight()

    async def entity(self, caller: Caller, ref: EntityRef) -> Entity | None:
        """The entity, or None when it does not exist or `caller` may not read it."""
        if (known := self.known_entity(caller, ref, self._monotonic())) is not None:
            return known
        return (await self.entities(caller, (ref,)))[0]

    async def entities(self, caller: Caller, refs: Sequence[EntityRef]) -> list[Entity | None]:
        """The same for many: one item a reference, in their order."""
        if caller.token is None:
            # A scaffolder's token cannot read the catalog, so its bearer sees nothing.
            return [None] * len(refs)
        known: dict[EntityRef, Entity | None] = {}
        missing: dict[EntityRef, None] = {}
        now, key, decision = self._monotonic(), caller.key, self._decisions.get
        not_seen = self._not_seen.get(key)
        for ref in refs:
            seen = decision((key, ref))
            if seen is not None and now < seen.until:
                known[ref] = seen.value
            elif not_seen is not None and (absent := not_seen.value.get(ref)) is not None and now < absent.until:
                known[ref] = None
            else:
                missing[ref] = None
        if missing:
            known |= await self._by_refs.read(caller.key, caller.token, missing)
        return [known[ref] for ref in refs]

    def known_entity(self, caller: Caller, ref: EntityRef, now: float) -> Entity | None:
        """The entity, where it is remembered that `caller` may read it; None where Backstage must be asked, or said no.

        `now` is monotonic, in seconds.
        """
        seen = self._decisions.get((caller.key, ref))
        return seen.value if seen is not None and now < seen.until else None

    async def members(self, caller: Caller, ref: EntityRef) -> Members:
        """The members of a group, a system or a domain, as far as `caller` may see them. Raises `NoMembersError` for other kinds."""
        if caller.token is None:
            return Members((ref,), ())
        kept = self._members.get((caller.key, ref))
        if kept is not None and self._monotonic() < kept.until:
            return kept.value
        token = caller.token
        members = await self._reading.do(
            (caller.key, ref), lambda: self._member_queries.members(caller.key, token, ref)
        )
        size = 1 + len(members.containers) + len(members.entities)
        self._members.put((caller.key, ref), members, until=self._monotonic() + REMEMBERED_FOR, size=size)
        return members

    async def claiming(self, caller: Caller) -> Members:
        """Every entity that names a gateway key and that `caller` may see; from the catalog each time."""
        if caller.token is None:
            # A file in which no key has an entity would be wrong rather than empty.
            raise CatalogDeniedError("this caller's token cannot read the catalog")
        return await self._member_queries.claiming(caller.key, caller.token)

    async def group(self, ref: EntityRef) -> Entity | None:
        """A group (or a user) as the service itself may see it."""
        return await self._groups.group(ref)

    async def memberships(self, caller: Caller) -> frozenset[EntityRef]:
        """The caller and their groups, as the catalog has them now (see `CurrentMemberships`)."""
        return await self._memberships.of(caller)

    async def entity_for_service(self, ref: EntityRef) -> Entity | None:
        """The entity as the service's own token may see it: whether a caller may have it is for the one who asks to decide."""
        return (await self._groups.by_token(partial(self._by_refs.read, SERVICE, refs=[ref])))[ref]

    async def owned(self, owners: Collection[EntityRef], *, caller: Caller | None) -> Members:
        """The entities that claim a key and that one of `owners` owns, as `caller` may see them (None: as the service may)."""
        if caller is None:
            return await self._groups.by_token(partial(self._member_queries.owned, SERVICE, owners))
        if caller.token is None:
            return Members((), ())
        return await self._member_queries.owned(caller.key, owners, token=caller.token)

    def _remember(self, reader: str, found: Found) -> Found:
        shared = {ref: self._one_for_all(entity) for ref, entity in found.items()}
        until = self._monotonic() + REMEMBERED_FOR
        for entity in shared.values():
            if entity is not None:
                # By the one reference that all who see it share: comparing two that are the same object costs nothing.
                self._decisions.put((reader, entity.ref), entity, until=until)
        self._remember_not_seen(reader, [ref for ref, entity in shared.items() if entity is None])
        return shared

    def _remember_all(self, reader: str, found: Sequence[Entity]) -> list[Entity]:
        kept = self._remember(reader, {entity.ref: entity for entity in found})
        return [entity for entity in kept.values() if entity is not None]

    def _remember_not_seen(self, reader: str, refs: list[EntityRef]) -> None:
        # Each reader's apart: a list of invented names is as long as somebody likes, and would push out all decisions.
        if not refs:
            return
        before, until = self._not_seen.get(reader), self._monotonic() + REMEMBERED_FOR
        memory = before.value if before is not None else Expiring(MOST_NOT_SEEN_EACH, clock=self._monotonic)
        self._not_seen.put(reader, memory, until=until)
        for ref in refs:
            memory.put(ref, None, until=until)

    def _one_for_all(self, entity: Entity | None) -> Entity | None:
        # A thousand callers who see the same entity remember one and not a thousand.
        if entity is None:
            return None
        shared = self._shared.get(entity.ref)
        if shared != entity:
            shared = self._shared[entity.ref] = entity
        return shared
