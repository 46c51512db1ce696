"""All checks over all files: which files there are, what is in them, and what is wrong with it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bff.backstage.files import LARGEST_FILE, paths_of
from bff.backstage.yaml_documents import YamlError, read_documents
from bff.lint.apis import api_faults
from bff.lint.descriptors import (
    Descriptor,
    annotation_faults,
    expression_faults,
    read_descriptor,
    reference_faults,
    target_faults,
)
from bff.lint.faults import Code, Fault
from bff.lint.templates import fetched_folders, template_faults
from bff.values import EntityRef

_SKELETON_FOLDERS = frozenset({"skeleton", "skeletons"})
_MARKUP = re.compile(r"\{\{|\{%")
# What the scaffolder's own `${{ … }}` never looks like: Nunjucks statements, and the expressions of cookiecutter and Helm.
_FOREIGN_MARKUP = re.compile(r"\{%|(?<!\$)\{\{")
_COOKIECUTTER = re.compile(r"\{\{-?\s*cookiecutter\.")


class NothingThereError(Exception):
    """A pattern names no YAML file; the message says which."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what is wrong with it: by file, in the order of its lines."""

    files: int
    entities: int
    faults: tuple[Fault, ...]
    skeletons: tuple[str, ...] = ()
    """Paths of those files that are left out: they become YAML only when a template runs."""


@dataclass(frozen=True)
class File:
    """A file that could be read."""

    path: str
    text: str

    def allows(self, fault: Fault) -> bool:
        """Whether a comment at the fault's line says that it is meant to be: `# lint: allow annotation-invalid`."""
        return self.line(fault.line).rstrip().endswith(f"# lint: allow {fault.code}")

    def line(self, number: int) -> str:
        """The line of this number, from 1; empty where there is none."""
        return self._lines[number - 1] if number <= len(self._lines) else ""

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines()


def lint(patterns: Sequence[str], *, closed: bool = False) -> Report:
    """Check every file that `patterns` (files, folders searched whole, globs) name; YAML that is no entity is left out.

    `closed` says that the files are the whole catalog, so that a reference to anything else is a fault. Raises
    `NothingThereError`. Blocks for as long as the disk does.
    """
    files, faults = find_files(patterns)
    found = {file.path: tuple(_found(file)) for file in files}
    described = [one for several in found.values() for one in several if isinstance(one, Descriptor)]
    fetched = {folder for descriptor in described for folder in fetched_folders(descriptor)}
    skeletons = tuple(file.path for file in files if _is_skeleton(file, found[file.path], fetched))
    for path in skeletons:
        del found[path]
    descriptors = [one for several in found.values() for one in several if isinstance(one, Descriptor)]
    faults.extend(one for several in found.values() for one in several if isinstance(one, Fault))
    faults.extend(_twice(descriptors))
    known = {descriptor.ref for descriptor in descriptors} if closed else None
    for descriptor in descriptors:
        faults.extend(_faults(descriptor, known))
    by_path = {file.path: file for file in files}
    order = {path: place for place, path in enumerate(by_path)}
    wrong = [fault for fault in faults if not (fault.file in by_path and by_path[fault.file].allows(fault))]
    wrong.sort(key=lambda fault: (order.get(fault.file, -1), fault))
    return Report(len(files), len(descriptors), tuple(wrong), skeletons)


def find_files(patterns: Sequence[str]) -> tuple[list[File], list[Fault]]:
    """Every file that `patterns` (files, folders searched whole, globs) name, once, and what cannot be read.

    Raises `NothingThereError`.
    """
    paths: dict[str, None] = {}
    problems: list[str] = []
    for pattern in patterns:
        found = sorted(paths_of(pattern, problems))
        if not found and not problems:
            raise NothingThereError(f"{pattern}: no YAML file is there")
        paths |= dict.fromkeys(found)
    faults = [
        Fault(folder, 1, Code.UNREADABLE, why) for folder, _, why in (problem.rpartition(": ") for problem in problems)
    ]
    files: list[File] = []
    for path in paths:
        read = _read(path)
        if isinstance(read, File):
            files.append(read)
        else:
            faults.append(read)
    return files, faults


def _read(path: str) -> File | Fault:
    try:
        status = Path(path).stat()
        # Opening a pipe would block, and a device has no end.
        if not stat.S_ISREG(status.st_mode):
            return Fault(path, 1, Code.UNREADABLE, "not a file")
        if status.st_size > LARGEST_FILE:
            return Fault(path, 1, Code.UNREADABLE, f"larger than {LARGEST_FILE} bytes")
        content = Path(path).read_bytes()
    except OSError as error:
        return Fault(path, 1, Code.UNREADABLE, error.strerror or type(error).__name__)
    try:
        return File(path, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Fault(path, content[: error.start].count(b"\n") + 1, Code.UNREADABLE, "not UTF-8")


def _found(file: File) -> Iterator[Descriptor | Fault]:
    try:
        documents = list(read_documents(file.text))
    except YamlError as error:
        # A text that does not end is a fault at its end, which can be a line that is not there.
        lines = file.text.splitlines() or [""]
        line = min(error.line, len(lines))
        # The parser only says that a token cannot start like this.
        tab = lines[line - 1].lstrip(" ").startswith("\t")
        yield Fault(file.path, line, Code.YAML, "a tab: YAML is indented with spaces" if tab else error.problem)
        return
    for key in (key for document in documents for key in document.twice):
        yield Fault(file.path, key.line, Code.KEY_TWICE, f"the key {key.key} is in this mapping already")
    for document in documents:
        if (found := read_descriptor(file.path, document.root)) is not None:
            yield found


def _is_skeleton(file: File, found: Sequence[Descriptor | Fault], fetched: AbstractSet[Path]) -> bool:
    """Whether a file has markup that a template still fills in: it lies in a skeleton, or no entity is written like this.

    `fetched` holds the absolute paths that the templates among the files fetch.
    """
    if not _MARKUP.search(file.text):
        return False
    path = Path(os.path.abspath(file.path))  # noqa: PTH100 - links stay as they are
    if not fetched.isdisjoint((path, *path.parents)):
        return True
    if any(part in _SKELETON_FOLDERS or _MARKUP.search(part) for part in Path(file.path).parent.parts):
        return True
    if any(isinstance(one, Descriptor) for one in found):
        return False
    # The line matters: a template that is not YAML elsewhere may well hold markup in a text.
    not_yaml = (file.line(one.line) for one in found if isinstance(one, Fault) and one.code is Code.YAML)
    return any(_FOREIGN_MARKUP.search(line) for line in not_yaml) or bool(_COOKIECUTTER.search(file.text))


def _twice(descriptors: Sequence[Descriptor]) -> Iterator[Fault]:
    first: dict[EntityRef, Descriptor] = {}
    for descriptor in descriptors:
        other = first.setdefault(descriptor.ref, descriptor)
        if other is not descriptor:
            message = f"{descriptor.ref} is in {other.file}:{other.node.line} already"
            yield descriptor.fault(descriptor.node, Code.ENTITY_TWICE, message)


def _faults(descriptor: Descriptor, known: Collection[EntityRef] | None) -> Iterator[Fault]:
    yield from expression_faults(descriptor)
    yield from annotation_faults(descriptor)
    yield from reference_faults(descriptor, known)
    yield from target_faults(descriptor)
    yield from template_faults(descriptor)
    yield from api_faults(descriptor)
