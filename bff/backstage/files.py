"""The catalog as YAML files: for the demo, for trying things out, and for a catalog that is one repository."""

from __future__ import annotations

import asyncio
import glob
import os
import stat
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import structlog

from bff.backstage.caller import Caller
from bff.backstage.entities import (
    GATEWAY_KEY_NAME,
    DescriptorError,
    Entity,
    Members,
    Watched,
    read_entity,
    read_refs,
    read_relations,
)
from bff.backstage.members import members_among
from bff.backstage.watched import PAGE, GroupMembers, Page
from bff.backstage.yaml_documents import YamlError, read_documents
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

    async def members(self, caller: Caller, ref: EntityRef) -> Members:
        """The members of a group, a system or a domain; `caller` makes no difference."""
        del caller
        index = await self._current()
        return members_among(
            ref, index.entities.values(), lambda relation, target: index.related.get((relation, target), ())
        )

    async def claiming(self, caller: Caller) -> Members:
        """Every entity that names a gateway key."""
        del caller
        entities = (await self._current()).entities
        return Members(
            (), tuple(entities[ref] for ref in sorted(entities) if GATEWAY_KEY_NAME in entities[ref].annotations)
        )

    async def group(self, ref: EntityRef) -> Entity | None:
        """A group or a user."""
        return (await self._current()).entities.get(ref)

    async def memberships(self, caller: Caller) -> frozenset[EntityRef]:
        """The caller and their groups: `memberOf` of the user, `members` of the groups; parents are not followed."""
        if caller.user is None:
            return frozenset()
        return (await self._current()).groups.get(caller.user, frozenset()) | {caller.user}

    async def pages(self) -> AsyncIterator[Page]:
        """All entities, as the watch reads them."""
        index = await self._current()
        refs = list(index.entities)
        for first in range(0, len(refs), PAGE):
            yield Page(tuple(index.watched(ref) for ref in refs[first : first + PAGE]))

    async def by_refs(self, refs: Collection[EntityRef]) -> Mapping[EntityRef, Watched | None]:
        """Each of `refs` as the files have it now."""
        index = await self._current()
        return {ref: index.watched(ref) if ref in index.entities else None for ref in refs}

    async def group_members(self, group: EntityRef) -> GroupMembers:
        """The users of a group: `memberOf` of users, `members` of the group; groups below it are not followed."""
        groups = (await self._current()).groups
        return GroupMembers(frozenset(user for user, of in groups.items() if group in of and user.kind == "user"))

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
    related: dict[tuple[str, EntityRef], set[EntityRef]] = field(default_factory=dict)
    """The sources of relations, by relation and target."""
    problems: tuple[str, ...] = ()
    consumes: dict[EntityRef, frozenset[EntityRef]] = field(default_factory=dict)

    def watched(self, ref: EntityRef) -> Watched:
        entity = self.entities[ref]
        return Watched(ref, entity.annotations, entity.owner, self.consumes.get(ref, frozenset()))


def _index(scan: Scan) -> _Index:
    entities: dict[EntityRef, Entity] = {}
    places: dict[EntityRef, str] = {}
    groups: dict[EntityRef, frozenset[EntityRef]] = {}
    related: dict[tuple[str, EntityRef], set[EntityRef]] = {}
    consumes: dict[EntityRef, frozenset[EntityRef]] = {}
    problems = list(scan.problems)
    for path, file in scan.files.items():
        problems.extend(file.problems)
        for found in file.found:
            ref, place = found.entity.ref, f"{path}:{found.line}"
            if ref in entities:
                problems.append(f"{place}: {ref} is left out, since {places[ref]} has it already")
                continue
            entities[ref], places[ref] = found.entity, place
            consumes[ref] = frozenset(target for _, relation, target in found.relations if relation == "consumesApi")
            groups[ref] = groups.get(ref, frozenset()) | found.groups
            for member in found.members:
                groups[member] = groups.get(member, frozenset()) | {ref}
            for source, relation, target in found.relations:
                related.setdefault((relation, target), set()).add(source)
    return _Index(entities, groups, related, tuple(problems), consumes)


LARGEST_FILE = 16 * 1024 * 1024
"""Bytes."""

MOST_FILES = 10_000

_API_GROUP = "backstage.io"
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Found:
    """An entity, the line it begins at, and its relations; for a user its groups, for a group its members."""

    entity: Entity
    line: int
    groups: frozenset[EntityRef] = frozenset()
    members: frozenset[EntityRef] = frozenset()
    relations: frozenset[tuple[EntityRef, str, EntityRef]] = frozenset()


@dataclass(frozen=True, slots=True)
class File:
    """One file as it was read: its version, what it holds, what is wrong with it."""

    version: tuple[int, int, int]
    found: tuple[Found, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """All files by their path, in the order in which they count, and what is wrong with the patterns."""

    files: dict[str, File]
    problems: tuple[str, ...]


def scan_files(patterns: Sequence[str], known: Mapping[str, File]) -> Scan:
    """Look at every file that `patterns` (files, folders searched whole, globs) name.

    Those that have not changed since they were `known` are not read again. Blocks for as long as the disk does.
    """
    files: dict[str, File] = {}
    problems: list[str] = []
    for pattern in patterns:
        paths = sorted(islice(paths_of(pattern, problems), MOST_FILES + 1))
        if not paths:
            problems.append(f"{pattern}: no YAML file is there")
        for path in paths:
            if len(files) >= MOST_FILES:
                problems.append(f"{pattern}: more than {MOST_FILES} files, the rest is left out")
                break
            if path not in files:
                files[path] = _looked_at(path, known.get(path))
    return Scan(files, tuple(problems))


def paths_of(pattern: str, problems: list[str]) -> Iterator[str]:
    """The files that `pattern` (a file, a folder searched whole, a glob) names; folders that cannot be read go to `problems`."""

    def unreadable(error: OSError) -> None:
        problems.append(f"{error.filename}: {error.strerror}")

    for found in matches(pattern):
        if not os.path.isdir(found):  # noqa: PTH112 - Path.is_dir raises where a folder above may not be entered
            yield found
            continue
        for folder, folders, names in os.walk(found, onerror=unreadable):
            # Dependencies and version control hold others' catalogs.
            folders[:] = [name for name in folders if not name.startswith(".") and name != "node_modules"]
            yield from (str(Path(folder, name)) for name in names if name.endswith(_SUFFIXES))


def matches(pattern: str) -> Iterator[str]:
    """What is there of this name or, where nothing is called so, of this glob; `**` follows no link, which may lead in a circle."""
    # A pattern that names something exactly is that thing, even when its name holds a bracket.
    if os.path.lexists(pattern):
        return iter((pattern,))
    head, recursive, rest = _at_any_depth(pattern)
    return _below(head, rest) if recursive else glob.iglob(pattern)  # noqa: PTH207 - pathlib's glob takes no absolute pattern


def _at_any_depth(pattern: str) -> tuple[str, bool, str]:
    """What stands before the first `**`, whether there is one, and what stands after it."""
    parts = pattern.split("/")
    if "**" not in parts:
        return pattern, False, ""
    place = parts.index("**")
    return "/".join(parts[:place]) or ("/" if place else ""), True, "/".join(parts[place + 1 :])


def _below(head: str, rest: str) -> Iterator[str]:
    for top in matches(head) if head else (os.curdir,):
        if not rest:
            yield top
            continue
        for folder, folders, _ in os.walk(top):
            folders[:] = [name for name in folders if not name.startswith(".")]
            # Without a head the names are shown as they are written, without `./` before them.
            shown = folder if head else folder.removeprefix(os.curdir).removeprefix("/")
            yield from matches(os.path.join(glob.escape(shown), rest))  # noqa: PTH118 - a pattern and no path


def _looked_at(path: str, known: File | None) -> File:
    version = (0, 0, 0)
    try:
        status = Path(path).stat()
        version = (status.st_mtime_ns, status.st_size, status.st_ino)
        if known is not None and known.version == version:
            return known
        if not stat.S_ISREG(status.st_mode):
            return File(version, problems=(f"{path}: not a file",))
        if status.st_size > LARGEST_FILE:
            return File(version, problems=(f"{path}: larger than {LARGEST_FILE} bytes",))
        text = Path(path).read_bytes()[:LARGEST_FILE].decode("utf-8-sig")
    except OSError as error:
        return File(version, problems=(f"{path}: {error.strerror or type(error).__name__}",))
    except UnicodeDecodeError as error:
        return File(version, problems=(f"{path}: not UTF-8 at byte {error.start}",))
    return _read(path, text, version)


def _read(path: str, text: str, version: tuple[int, int, int]) -> File:
    found: list[Found] = []
    problems: list[str] = []
    try:
        for document in read_documents(text):
            value = document.root.texts()
            if is_entity(value):
                try:
                    found.append(_found(value, document.line))
                except DescriptorError as error:
                    problems.append(f"{path}:{document.line}: {error}")
    except YamlError as error:
        # What stands above the fault is left out as well: half a file is never meant.
        return File(version, problems=(f"{path}:{error.line}: {error.problem}",))
    return File(version, tuple(found), tuple(problems))


def is_entity(document: object) -> bool:
    """Whether a parsed document says that it is a Backstage entity, well formed or not."""
    # Kubernetes manifests look the same but for their API group, and often lie in the same folders.
    if not isinstance(document, dict) or "kind" not in document:
        return False
    group, slash, _ = str(document.get("apiVersion", "")).partition("/")
    return bool(slash) and (group == _API_GROUP or group.endswith(f".{_API_GROUP}"))


def _found(value: object, line: int) -> Found:
    entity = read_entity(value)
    namespace = entity.ref.namespace
    return Found(
        entity,
        line,
        groups=read_refs(value, member="memberOf", kind="group", namespace=namespace),
        members=read_refs(value, member="members", kind="user", namespace=namespace),
        relations=read_relations(value),
    )
