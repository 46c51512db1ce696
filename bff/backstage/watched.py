"""What the watch reads of the catalog, with the service's own token: the entities that matter, and who is in a group.

Backstage's catalog is asked page by page (`GET /api/catalog/entities/by-query`). Its pages go by the entities' internal ids,
so that an entity that is there from the first page to the last is on one of them, whatever is added or removed meanwhile.
"""

from __future__ import annotations

import asyncio
import random as chance
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from bff.backstage.by_refs import LARGEST_CALL
from bff.backstage.by_refs import PATH as BY_REFS
from bff.backstage.client import BackstageClient
from bff.backstage.entities import (
    CatalogContractError,
    CatalogDeniedError,
    CatalogUnavailableError,
    DescriptorError,
    ServiceDeniedError,
    Watched,
    read_consumed,
    read_entity,
)
from bff.backstage.groups import QUERY
from bff.upstream import TokenSource
from bff.values import EntityRef

Answered = TypeVar("Answered")

PAGE = 250
"""Entities in a page: few enough to be read without blocking the event loop."""

MOST_PAGES = 2_000
"""Pages after which a catalog counts as one that never ends."""

MOST_ATTEMPTS = 4
"""Attempts at a page before a reading is given up."""

LONGEST_PAUSE = 120.0
"""Seconds that Backstage may ask for between two attempts (`Retry-After`); a longer pause ends the reading."""

MOST_MEMBERS = 500
"""GroupMembers of one group who are named one by one."""

_FIRST_PAUSE = 1.0
# Annotation names hold dots, which Backstage's field paths also use: so the whole mapping is asked for.
_FIELDS = (
    "kind",
    "metadata.name",
    "metadata.namespace",
    "metadata.annotations",
    "spec.owner",
    "spec.consumesApis",
    "relations",
)


@dataclass(frozen=True, slots=True)
class Page:
    """Entities of one page, and how many more were on it that are malformed."""

    entities: tuple[Watched, ...]
    malformed: int = 0


class WatchedCatalog(Protocol):
    """Where the watch reads entities and members of groups. Methods raise `CatalogError`."""

    def pages(self) -> AsyncIterator[Page]:
        """All entities that matter, page by page; an entity may come twice."""

    async def by_refs(self, refs: Collection[EntityRef]) -> Mapping[EntityRef, Watched | None]:
        """Each of `refs` as it is now, None for one that is not there."""

    async def group_members(self, group: EntityRef) -> GroupMembers:
        """Who is in a group now."""


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """Who is in a group.

    `users` are its own members, None for more than `MOST_MEMBERS`. `further` says that there are groups below it, whose
    members Backstage counts as the group's when it is a recipient of a notification.
    """

    users: frozenset[EntityRef] | None = frozenset()
    further: bool = False

    @property
    def empty(self) -> bool:
        """Whether a notification to the group would reach no user, as for a group that does not exist."""
        return self.users == frozenset() and not self.further


def matters(entity: Watched, *, annotation: str, apis: Collection[EntityRef]) -> bool:
    """Whether the watch looks at an entity: it carries `annotation`, or consumes one of `apis`."""
    return annotation in entity.annotations or not entity.consumes.isdisjoint(apis)


def read_watched(document: object) -> Watched:
    """The entity that a descriptor describes. Raises `DescriptorError`."""
    entity = read_entity(document)
    return Watched(entity.ref, entity.annotations, entity.owner, read_consumed(document, entity.ref))


class BackstageWatched:
    """Reads them from Backstage by `token`: the entities with `annotation`, and those that consume one of `apis`.

    A page that fails for now is asked for again after a pause, which is what Backstage asks for where it says so. `sleep`
    and `random` are as for `Upstream`.
    """

    def __init__(
        self,
        backstage: BackstageClient,
        *,
        token: TokenSource,
        annotation: str,
        apis: Collection[EntityRef],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Callable[[], float] = chance.random,
    ) -> None:
        self._backstage = backstage
        self._token = token
        self._filters = [
            ("filter", f"metadata.annotations.{annotation}"),
            *(("filter", f"relations.consumesapi={api}") for api in sorted(apis)),
        ]
        self._sleep = sleep
        self._random = random

    async def pages(self) -> AsyncIterator[Page]:
        """All entities that matter, page by page. Raises `CatalogError`, also for a catalog that does not end."""
        limits = [("limit", str(PAGE)), ("fields", ",".join(_FIELDS))]
        asked, seen = [*self._filters, *limits], set[str]()
        for _ in range(MOST_PAGES):
            page, cursor = await self._persistently(f"{QUERY}?{urlencode(asked)}")
            yield page
            if cursor is None:
                return
            if cursor in seen:
                raise CatalogContractError(f"Backstage GET {QUERY}: a page that leads back to an earlier one")
            seen.add(cursor)
            asked = [("cursor", cursor), *limits]
        raise CatalogContractError(f"Backstage GET {QUERY}: more than {MOST_PAGES} pages")

    async def by_refs(self, refs: Collection[EntityRef]) -> Mapping[EntityRef, Watched | None]:
        """Each of `refs` as it is now. Raises `CatalogError`."""
        found: dict[EntityRef, Watched | None] = {}
        listed = sorted(refs)
        for first in range(0, len(listed), LARGEST_CALL):
            part = listed[first : first + LARGEST_CALL]
            body = {"entityRefs": [str(ref) for ref in part], "fields": _FIELDS}

            def read(reply: Any, part: list[EntityRef] = part) -> dict[EntityRef, Watched | None]:
                return _by_refs(part, reply)

            found |= await self._own(
                self._backstage.query_as(read, BY_REFS, body, operation="watched-again", token=self._token)
            )
        return found

    async def group_members(self, group: EntityRef) -> GroupMembers:
        """Who is in a group now, by the catalog's relations. Raises `CatalogError`."""
        asked = [
            ("filter", f"kind=user,relations.memberof={group}"),
            ("filter", f"kind=group,relations.childof={group}"),
            ("limit", str(MOST_MEMBERS + 1)),
            ("fields", "kind,metadata.name,metadata.namespace"),
        ]
        page, cursor = await self._persistently(f"{QUERY}?{urlencode(asked)}")
        users = frozenset(entity.ref for entity in page.entities if entity.ref.kind == "user")
        further = any(entity.ref.kind == "group" for entity in page.entities)
        if cursor is not None or len(users) > MOST_MEMBERS:
            return GroupMembers(None, further=True)
        return GroupMembers(users, further)

    async def _persistently(self, path: str) -> tuple[Page, str | None]:
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                return await self._own(self._backstage.get_as(_paged, path, operation="watched", token=self._token))
            except CatalogUnavailableError as error:
                asked = error.retry_after or 0.0
                if attempt == MOST_ATTEMPTS or asked > LONGEST_PAUSE:
                    raise
                await self._sleep(asked + self._random() * _FIRST_PAUSE * 2**attempt)
        raise AssertionError("the last attempt raises")

    async def _own(self, asking: Awaitable[Answered]) -> Answered:
        try:
            return await asking
        except CatalogDeniedError as error:
            raise ServiceDeniedError(str(error)) from None


def _paged(reply: Any) -> tuple[Page, str | None]:
    match reply:
        case {"items": [*items], "pageInfo": {**info}}:
            cursor = info.get("nextCursor")
        case {"items": [*items]}:
            cursor = None
        case _:
            raise CatalogContractError(f"Backstage GET {QUERY}: a reply that is no page of entities")
    found, malformed = [], 0
    for item in items:
        try:
            found.append(read_watched(item))
        except DescriptorError:
            malformed += 1
    return Page(tuple(found), malformed), cursor if isinstance(cursor, str) and cursor else None


def _by_refs(refs: list[EntityRef], reply: Any) -> dict[EntityRef, Watched | None]:
    match reply:
        case {"items": [*items]} if len(items) == len(refs):
            try:
                found = [None if item is None else read_watched(item) for item in items]
            except DescriptorError:
                found = []
            if len(found) == len(refs) and all(
                entity is None or entity.ref == ref for ref, entity in zip(refs, found, strict=True)
            ):
                return dict(zip(refs, found, strict=True))
    raise CatalogContractError(f"Backstage POST {BY_REFS}: a reply that is no list of the entities asked for")
