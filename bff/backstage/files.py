"""The catalog as YAML files: for the demo, for trying things out, and for a catalog that is one repository."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from bff.backstage.caller import Caller
from bff.backstage.descriptor_files import Scan, scan_files
from bff.backstage.entities import Entity
from bff.values import EntityRef


def _log(problem: str) -> None:
    structlog.get_logger("bff.backstage.files").warning("catalog file", problem=problem)


class FileCatalog:
    """Entities from files, folders (searched whole) and globs; everybody may see everything.

    What is YAML but no Backstage entity is left out; so is a file that cannot be read, which is reported once, with its
    name and line. Of two entities with one reference the first counts and the second is reported. Edits appear at the
    next question after `interval` seconds. The files are read for the first time when the catalog is made.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        *,
        interval: float = 2.0,
        monotonic: Callable[[], float] = time.monotonic,
        report: Callable[[str], None] = _log,
    ) -> None:
        self._patterns = tuple(patterns)
        self._interval = interval
        self._monotonic = monotonic
        self._report = report
        self._reported: frozenset[str] = frozenset()
        self._checking = False
        self._scan = Scan({}, ())
        self._index = _Index()
        self._checked_at = monotonic()
        self._take(scan_files(self._patterns, {}))

    async def entity(self, caller: Caller, ref: EntityRef) -> Entity | None:
        """The entity, or None when no file holds it; `caller` makes no difference."""
        del caller
        return (await self._current()).entities.get(ref)

    async def entities(self, caller: Caller, refs: Sequence[EntityRef]) -> list[Entity | None]:
        """One item a reference, in their order."""
        del caller
        found = (await self._current()).entities
        return [found.get(ref) for ref in refs]

    async def group(self, ref: EntityRef) -> Entity | None:
        """A group or a user."""
        return (await self._current()).entities.get(ref)

    async def memberships(self, caller: Caller) -> frozenset[EntityRef]:
        """The caller and their groups: `memberOf` of the user, `members` of the groups; parents are not followed."""
        if caller.user is None:
            return frozenset()
        return (await self._current()).groups.get(caller.user, frozenset()) | {caller.user}

    def refs(self) -> list[EntityRef]:
        """All references as of the last look at the files, sorted."""
        return sorted(self._index.entities)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the files as of the last look at them, a line each."""
        return self._index.problems

    def __len__(self) -> int:
        return len(self._index.entities)

    async def _current(self) -> _Index:
        if not self._checking and self._monotonic() - self._checked_at >= self._interval:
            self._checking = True
            try:
                # In a thread, since a folder can be large and a disk slow; requests meanwhile are answered from what is there.
                self._take(await asyncio.to_thread(scan_files, self._patterns, self._scan.files))
            finally:
                self._checking = False
                self._checked_at = self._monotonic()
        return self._index

    def _take(self, scan: Scan) -> None:
        if scan == self._scan:
            return
        self._scan, self._index = scan, _index(scan)
        for problem in self._index.problems:
            if problem not in self._reported:
                self._report(problem)
        self._reported = frozenset(self._index.problems)


@dataclass(frozen=True, slots=True)
class _Index:
    entities: dict[EntityRef, Entity] = field(default_factory=dict)
    groups: dict[EntityRef, frozenset[EntityRef]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def _index(scan: Scan) -> _Index:
    entities: dict[EntityRef, Entity] = {}
    places: dict[EntityRef, str] = {}
    groups: dict[EntityRef, frozenset[EntityRef]] = {}
    problems = list(scan.problems)
    for path, file in scan.files.items():
        problems.extend(file.problems)
        for found in file.found:
            ref, place = found.entity.ref, f"{path}:{found.line}"
            if ref in entities:
                problems.append(f"{place}: {ref} is left out, since {places[ref]} has it already")
                continue
            entities[ref], places[ref] = found.entity, place
            groups[ref] = groups.get(ref, frozenset()) | found.groups
            for member in found.members:
                groups[member] = groups.get(member, frozenset()) | {ref}
    return _Index(entities, groups, tuple(problems))
