"""All checks over all files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from bff.backstage.yaml_documents import YamlError
from bff.governance.entity_ref import EntityRef
from bff.lint.annotations import annotation_faults
from bff.lint.apis import api_faults
from bff.lint.descriptors import Descriptor, read_descriptor
from bff.lint.faults import Code, Fault
from bff.lint.files import File, find_files
from bff.lint.nodes import read_nodes
from bff.lint.references import reference_faults, target_faults
from bff.lint.templates import template_faults


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what is wrong with it: by file, in the order of its lines."""

    files: int
    entities: int
    faults: tuple[Fault, ...]


def lint(patterns: Sequence[str], *, closed: bool = False) -> Report:
    """Check every file that `patterns` (files, folders searched whole, globs) name; YAML that is no entity is left out.

    `closed` says that the files are the whole catalog, so that a reference to anything else is a fault. Raises
    `NothingThereError`. Blocks for as long as the disk does.
    """
    files, faults = find_files(patterns)
    descriptors: list[Descriptor] = []
    for file in files:
        for found in _read(file):
            if isinstance(found, Descriptor):
                descriptors.append(found)
            else:
                faults.append(found)
    faults.extend(_twice(descriptors))
    known = {descriptor.ref for descriptor in descriptors} if closed else None
    for descriptor in descriptors:
        faults.extend(_faults(descriptor, known))
    by_path = {file.path: file for file in files}
    order = {path: place for place, path in enumerate(by_path)}
    wrong = [fault for fault in faults if not (fault.file in by_path and by_path[fault.file].allows(fault))]
    wrong.sort(key=lambda fault: (order.get(fault.file, -1), fault))
    return Report(len(files), len(descriptors), tuple(wrong))


def _read(file: File) -> Iterator[Descriptor | Fault]:
    try:
        documents, twice = read_nodes(file.text)
    except YamlError as error:
        # What does not end is told at the end, which can be a line that is not there.
        lines = file.text.splitlines() or [""]
        line = min(error.line, len(lines))
        # The parser only says that a token cannot begin like this.
        tab = lines[line - 1].lstrip(" ").startswith("\t")
        message = "a tab: YAML is indented with spaces" if tab else str(error).partition(": ")[2]
        yield Fault(file.path, line, Code.YAML, message)
        return
    for key in twice:
        yield Fault(file.path, key.line, Code.KEY_TWICE, f"the key {key.key} is in this mapping already")
    for document in documents:
        found = read_descriptor(file.path, document)
        if found is not None:
            yield found


def _twice(descriptors: Sequence[Descriptor]) -> Iterator[Fault]:
    first: dict[EntityRef, Descriptor] = {}
    for descriptor in descriptors:
        other = first.setdefault(descriptor.ref, descriptor)
        if other is not descriptor:
            message = f"{descriptor.ref} is in {other.file}:{other.node.line} already"
            yield descriptor.fault(descriptor.node, Code.ENTITY_TWICE, message)


def _faults(descriptor: Descriptor, known: Collection[EntityRef] | None) -> Iterator[Fault]:
    yield from annotation_faults(descriptor)
    yield from reference_faults(descriptor, known)
    yield from target_faults(descriptor)
    yield from template_faults(descriptor)
    yield from api_faults(descriptor)
