"""Descriptor files on disk: which there are, what each holds, what is wrong with it."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bff.backstage.descriptor import DescriptorError, read_entity, read_refs
from bff.backstage.entities import Entity
from bff.backstage.yaml_documents import YamlError, read_documents
from bff.values import EntityRef

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes."""

MOST_FILES = 10_000

_API_GROUP = "backstage.io"
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Found:
    """An entity and the line it begins at; for a user its groups, for a group its members."""

    entity: Entity
    line: int
    groups: frozenset[EntityRef] = frozenset()
    members: frozenset[EntityRef] = frozenset()


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
    )
