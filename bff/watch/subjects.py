"""What the sweep has found, with the owners that decide which keys are an entity's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from bff.backstage.entities import CatalogError, CatalogUnavailableError, Entity
from bff.backstage.watched import WatchedCatalog
from bff.single_flight import SingleFlight
from bff.status.answers import Groups, owners_of
from bff.status.claims import TEAM, Owner, Subject
from bff.telemetry.logs import logger
from bff.values import DEFAULT_NAMESPACE, EntityRef, EntityRefError
from bff.watch.sweep import Sweep, SweepResult, Watched

log = logger("watch")

LONGEST_WAIT = 10.0
"""Seconds for which a question waits for a sweep. The sweep continues after that, for later questions."""


class WatchedEntities:
    """Gives the entities of `sweep`, their owners by `catalog`, and the groups that `groups` finds for teams.

    `oldest` is the age of a sweep from which the catalog is read again for a question: the watch should have done so before.
    `clock` gives aware wall-clock time. `longest_wait` is in seconds.
    """

    def __init__(
        self,
        sweep: Sweep,
        catalog: Groups,
        groups: WatchedCatalog,
        *,
        clock: Callable[[], datetime],
        oldest: timedelta,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        self._sweep = sweep
        self._catalog = catalog
        self._groups = groups
        self._clock = clock
        self._oldest = oldest
        self._longest_wait = longest_wait
        self._sweeps: SingleFlight[SweepResult] = SingleFlight()
        self._group_reads: SingleFlight[tuple[Watched, ...]] = SingleFlight()
        self._claiming: tuple[datetime, tuple[Watched, ...]] | None = None

    async def current(self) -> SweepResult:
        """The last sweep, or a new one where that is too old.

        Where a new one fails or takes long, the last one is given, which then says that it is not whole. Raises
        `CatalogError` where there was none yet.
        """
        latest = self._sweep.latest
        if latest is not None and self._clock() - latest.at <= self._oldest:
            return latest
        try:
            async with asyncio.timeout(self._longest_wait):
                return await self._sweeps.do("sweep", self._sweep.read)
        except TimeoutError:
            problem: CatalogError = CatalogUnavailableError("the entities of the catalog could not be read in time")
        except CatalogError as error:
            problem = error
        if (latest := self._sweep.latest) is None:
            raise problem
        log.warning("catalog could not be read again", problem=str(problem))
        return SweepResult(latest.entities, latest.at, complete=False, version=latest.version)

    async def subjects(self, entities: Sequence[Watched]) -> list[Subject]:
        """Each of `entities` with its owner, in their order."""
        owners = await owners_of((Entity(each.ref, owner=each.owner) for each in entities), self._catalog)
        return [Subject(each.ref, each.annotations, owners[each.owner]) for each in entities]

    async def owners_claiming(self, teams: Iterable[str]) -> list[Owner]:
        """The groups that may be meant by the names of `teams`: those called so, and those whose annotation names any team.

        Groups that the catalog cannot give now are left out: they are a hint, and no right depends on them.
        """
        named = [ref for name in teams if (ref := _group_called(name)) is not None]
        try:
            annotated = [each.ref for each in await self._annotated_groups()]
        except (CatalogError, TimeoutError) as error:
            log.warning("groups that claim a team could not be read", problem=str(error) or "not in time")
            annotated = []
        refs = list(dict.fromkeys((*named, *annotated)))
        known = await asyncio.gather(*(self._exists(ref) for ref in refs))
        there = [Entity(ref, owner=ref) for ref, exists in zip(refs, known, strict=True) if exists]
        return list((await owners_of(there, self._catalog)).values())

    async def _exists(self, ref: EntityRef) -> bool:
        try:
            return await self._catalog.group(ref) is not None
        except CatalogError:
            return False

    async def _annotated_groups(self) -> tuple[Watched, ...]:
        now = self._clock()
        if self._claiming is None or now - self._claiming[0] > self._oldest:
            async with asyncio.timeout(self._longest_wait):
                self._claiming = now, await self._group_reads.do("groups", self._read_groups)
        return self._claiming[1]

    async def _read_groups(self) -> tuple[Watched, ...]:
        found: dict[EntityRef, Watched] = {}
        async for page in self._groups.pages():
            found |= {each.ref: each for each in page.entities if each.ref.kind == "group" and TEAM in each.annotations}
        return tuple(found[ref] for ref in sorted(found))


def _group_called(name: str) -> EntityRef | None:
    try:
        return EntityRef("group", DEFAULT_NAMESPACE, name)
    except EntityRefError:
        return None
