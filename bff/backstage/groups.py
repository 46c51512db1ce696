"""Groups as the service itself may see them, remembered: an owner's team is asked for with every answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache

from bff.backstage.by_refs import ByRefs
from bff.backstage.client import BackstageClient
from bff.backstage.entities import CatalogDeniedError, CatalogUnavailableError, Entity
from bff.upstream import TokenSource
from bff.values import EntityRef

FRESH_FOR = 60.0
"""Seconds for which a group is taken from memory."""

ABSENT_FOR = 10.0
"""Seconds for which a group that is not there is not asked for again: short, since somebody may be about to add it."""

STALE_FOR = 600.0
"""Age in seconds up to which a group counts while Backstage cannot be reached."""

RETRY_AFTER = 5.0
"""Seconds for which a stale group is given, or the token called refused, without asking again."""

MOST_GROUPS = 20_000

_READER = "service"


class Groups:
    """Reads groups, and users that own things, with the service's own token (`BACKSTAGE_TOKEN`)."""

    def __init__(
        self,
        backstage: BackstageClient,
        *,
        token: TokenSource | None,
        monotonic: Callable[[], float] = time.monotonic,
        most_groups: int = MOST_GROUPS,
    ) -> None:
        self._by_refs = ByRefs(backstage, operation="groups")
        self._token = token
        self._monotonic = monotonic
        self._memory: LRUCache[EntityRef, _Remembered] = LRUCache(most_groups)
        self._refused_until = -1.0
        self._refusal = ""

    async def group(self, ref: EntityRef) -> Entity | None:
        """The group, None when there is none. Raises `CatalogError`, without a token `CatalogDeniedError`."""
        if self._token is None:
            raise CatalogDeniedError(
                "BACKSTAGE_TOKEN is not set: without it the groups that own entities cannot be read"
            )
        remembered, now = self._memory.get(ref), self._monotonic()
        if remembered is not None and now < remembered.due:
            return remembered.group
        if now < self._refused_until:
            # The token is refused for every group alike.
            raise CatalogDeniedError(self._refusal)
        try:
            group = (await self._by_refs.read(_READER, self._token, [ref]))[ref]
        except CatalogDeniedError as error:
            self._refused_until, self._refusal = self._monotonic() + RETRY_AFTER, str(error)
            raise
        except CatalogUnavailableError:
            # Being refused, or answered nonsense, is news and never covered up by what was true before.
            if remembered is None or now - remembered.read_at >= STALE_FOR:
                raise
            self._memory[ref] = _Remembered(remembered.group, remembered.read_at, self._monotonic() + RETRY_AFTER)
            return remembered.group
        self._memory[ref] = _Remembered(group, now, now + (FRESH_FOR if group else ABSENT_FOR))
        return group


@dataclass(frozen=True, slots=True)
class _Remembered:
    group: Entity | None
    read_at: float
    due: float
