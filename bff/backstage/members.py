"""What belongs to a group, a system or a domain: its members by the catalog's relations, as one caller may see them.

Relations of an entity name everything, also what a caller may not read. So the catalog is asked which entities have a
relation to the group, the system or the domain: its permission framework leaves out what the caller may not see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, ValidationError

from bff.backstage.by_refs import ENTITY_FIELDS, turn
from bff.backstage.client import BackstageClient
from bff.backstage.entities import (
    GATEWAY_KEY_NAME,
    CatalogContractError,
    DescriptorError,
    Entity,
    Members,
    NoMembersError,
    read_entity,
)
from bff.backstage.groups import QUERY
from bff.backstage.watched import PAGE
from bff.fair_places import FairPlaces
from bff.upstream import Token
from bff.values import EntityRef

GATEWAY_API = EntityRef("api", "default", "keeptrusts-gateway-api")
"""The gateway's API as the catalog of this project has it: what consumes it uses models, also without naming a key."""

MOST_MEMBERS = 1_000
MOST_CLAIMING = 50_000
"""Entities of the whole organisation that claim a key."""

MOST_CONTAINERS = 1_000
"""Groups below a group, or systems and domains below a domain."""

_LONGEST_FILTER = 3_500
"""Characters of references, as an address has them, in one of its two filters: it stays below the usual limit of 8 KB."""

_AROUND_A_REFERENCE = 30

_GROUP_FIELDS = ("kind", "metadata.name", "metadata.namespace", "metadata.annotations")


@dataclass(frozen=True, slots=True)
class Kin:
    """How the members of a kind of entity are found.

    `kinds` are those of what lies below it and has members of its own; `below` is their relation to it, and `of` that of
    its members.
    """

    kinds: tuple[str, ...]
    below: str
    of: str


KIN = {
    "group": Kin(("group",), "childOf", "ownedBy"),
    "system": Kin((), "partOf", "partOf"),
    "domain": Kin(("domain", "system"), "partOf", "partOf"),
}
"""By the kind of the entity whose members are asked for."""


def kin_of(ref: EntityRef) -> Kin:
    """How members of `ref` are found. Raises `NoMembersError`."""
    kin = KIN.get(ref.kind)
    if kin is None:
        *others, last = KIN
        raise NoMembersError(f"kind: {ref.kind!r} must be {', '.join(others)} or {last}")
    return kin


class MemberQueries:
    """Asks the catalog for members in the name of a reader, who shares `places` with others.

    `keep` is given each member that is found, and gives what is handed out.
    """

    def __init__(
        self, backstage: BackstageClient, *, places: FairPlaces, keep: Callable[[str, Sequence[Entity]], list[Entity]]
    ) -> None:
        self._backstage = backstage
        self._places = places
        self._keep = keep

    async def members(self, reader: str, token: Token, ref: EntityRef) -> Members:
        """The members of `ref`, at most `MOST_MEMBERS`. Raises `CatalogError`."""
        kin = kin_of(ref)
        containers, cut = await self._containers(reader, token, ref, kin)
        pages = await asyncio.gather(
            *(
                self._all(reader, token, _filters_of_members(kin.of, part), most=MOST_MEMBERS + 1)
                for part in _parts(containers)
            )
        )
        found = {entity.ref: entity for entities in pages for entity in entities}
        listed = [found[each] for each in sorted(found)]
        kept = self._keep(reader, listed[:MOST_MEMBERS])
        return Members(containers, tuple(kept), truncated=cut or len(listed) > MOST_MEMBERS)

    async def owned(self, reader: str, owners: Collection[EntityRef], *, token: Token) -> Members:
        """The entities that claim a key and that one of `owners` owns itself, at most `MOST_MEMBERS`. Raises `CatalogError`."""
        if not owners:
            return Members((), ())
        claiming = (f"metadata.annotations.{GATEWAY_KEY_NAME}", None)
        pages = await asyncio.gather(
            *(
                self._all(reader, token, [_filter([claiming], _related("ownedBy", part))], most=MOST_MEMBERS + 1)
                for part in _parts(sorted(owners))
            )
        )
        found = {entity.ref: entity for entities in pages for entity in entities}
        listed = [found[ref] for ref in sorted(found)]
        kept = self._keep(reader, listed[:MOST_MEMBERS])
        return Members(tuple(sorted(owners)), tuple(kept), truncated=len(listed) > MOST_MEMBERS)

    async def claiming(self, reader: str, token: Token) -> Members:
        """Every entity that claims a key, at most `MOST_CLAIMING`. Raises `CatalogError`."""
        found = await self._all(reader, token, [f"metadata.annotations.{GATEWAY_KEY_NAME}"], most=MOST_CLAIMING + 1)
        by_ref = {entity.ref: entity for entity in found}
        listed = [by_ref[ref] for ref in sorted(by_ref)]
        return Members((), tuple(self._keep(reader, listed[:MOST_CLAIMING])), truncated=len(listed) > MOST_CLAIMING)

    async def _containers(
        self, reader: str, token: Token, ref: EntityRef, kin: Kin
    ) -> tuple[tuple[EntityRef, ...], bool]:
        """The entity and all that lies below it, each once also where relations lead in a circle; whether there are more."""
        found, level = [ref], [ref]
        while level and kin.kinds:
            pages = await asyncio.gather(
                *(
                    self._all(
                        reader,
                        token,
                        [_filter([("kind", kind) for kind in kin.kinds], _related(kin.below, part))],
                        fields=_GROUP_FIELDS,
                        most=MOST_CONTAINERS + 1,
                    )
                    for part in _parts(level)
                )
            )
            level = sorted({entity.ref for entities in pages for entity in entities} - set(found))
            found += level
            if len(found) > MOST_CONTAINERS:
                return tuple(found[:MOST_CONTAINERS]), True
        return tuple(found), False

    async def _all(
        self, reader: str, token: Token, filters: Sequence[str], *, most: int, fields: Sequence[str] = ENTITY_FIELDS
    ) -> list[Entity]:
        """What any of `filters` lets through, page by page, until there are `most`."""
        found: list[Entity] = []
        asked = [("filter", text) for text in filters]
        while True:
            query = urlencode([("limit", str(PAGE)), ("fields", ",".join(fields)), *asked])
            async with turn(self._places, reader, f"GET {QUERY}"):
                page = await self._backstage.get_as(_page, f"{QUERY}?{query}", operation="members", token=token)
            found += page.entities
            if page.cursor is None or not page.entities or len(found) >= most:
                return found[:most]
            asked = [("cursor", page.cursor)]


@dataclass(frozen=True, slots=True)
class _Page:
    entities: list[Entity]
    cursor: str | None


class _PageInfo(BaseModel):
    model_config = ConfigDict(extra="ignore")

    nextCursor: str | None = None  # noqa: N815 - Backstage's name


class _Queried(BaseModel):
    model_config = ConfigDict(extra="ignore")

    items: list[dict[str, Any]]
    pageInfo: _PageInfo = _PageInfo()  # noqa: N815 - Backstage's name


def _page(reply: Any) -> _Page:
    try:
        queried = _Queried.model_validate(reply)
        return _Page([read_entity(item) for item in queried.items], queried.pageInfo.nextCursor)
    except (ValidationError, DescriptorError):
        raise CatalogContractError(f"Backstage GET {QUERY}: a reply that is no list of entities") from None


def _filters_of_members(relation: str, containers: Sequence[EntityRef]) -> list[str]:
    of_containers = _related(relation, containers)
    claiming = _filter([(f"metadata.annotations.{GATEWAY_KEY_NAME}", None)], of_containers)
    consuming = _filter(_related("consumesApi", [GATEWAY_API]), of_containers)
    return [claiming, consuming]


def _related(relation: str, targets: Iterable[EntityRef]) -> list[tuple[str, str | None]]:
    # Backstage keeps the names of relations in lower case here.
    return [(f"relations.{relation.lower()}", str(target)) for target in targets]


def _filter(*parts: Sequence[tuple[str, str | None]]) -> str:
    """One filter: values of one key are alternatives, and every key must be met."""
    return ",".join(key if value is None else f"{key}={value}" for part in parts for key, value in part)


def _parts(refs: Sequence[EntityRef]) -> Iterator[list[EntityRef]]:
    """Those of `refs` that fit into one address, then the next ones."""
    part: list[EntityRef] = []
    length = 0
    for ref in refs:
        needed = len(quote(str(ref), safe="")) + _AROUND_A_REFERENCE
        if part and length + needed > _LONGEST_FILTER:
            yield part
            part, length = [], 0
        part.append(ref)
        length += needed
    yield part


def members_among(
    ref: EntityRef,
    entities: Iterable[Entity],
    relations: Callable[[str, EntityRef], Iterable[EntityRef]],
) -> Members:
    """The members of `ref` among entities that are all known.

    `relations` gives the entities that have a relation of a name to another. Raises `NoMembersError`.
    """
    kin = kin_of(ref)
    found, level = [ref], [ref]
    while level and kin.kinds:
        below = {each for container in level for each in relations(kin.below, container) if each.kind in kin.kinds}
        level = sorted(below - set(found))
        found += level
    consuming = set(relations("consumesApi", GATEWAY_API))
    related = {each for container in found for each in relations(kin.of, container)}
    members = sorted(
        (
            entity
            for entity in entities
            if entity.ref in related and (GATEWAY_KEY_NAME in entity.annotations or entity.ref in consuming)
        ),
        key=lambda entity: entity.ref,
    )
    truncated = len(found) > MOST_CONTAINERS or len(members) > MOST_MEMBERS
    return Members(tuple(found[:MOST_CONTAINERS]), tuple(members[:MOST_MEMBERS]), truncated)
