"""All checks over all files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bff.backstage.descriptor_files import LARGEST_FILE, paths_of
from bff.backstage.yaml_documents import YamlError
from bff.governance.entity_ref import EntityRef
from bff.lint.annotations import annotation_faults
from bff.lint.apis import api_faults
from bff.lint.descriptors import Descriptor, read_descriptor
from bff.lint.faults import Code, Fault
from bff.lint.nodes import read_nodes
from bff.lint.references import reference_faults, target_faults
from bff.lint.templates import template_faults


class NothingThereError(Exception):
    """A pattern names no YAML file; the message says which."""


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
    files, faults = _files(patterns)
    descriptors: list[Descriptor] = []
    lines: dict[str, Sequence[str]] = {}
    for file in files:
        lines[file] = _lines(file)
        for found in _read(file):
            if isinstance(found, Descriptor):
                descriptors.append(found)
            else:
                faults.append(found)
    faults.extend(_twice(descriptors))
    known = {descriptor.ref for descriptor in descriptors} if closed else None
    for descriptor in descriptors:
        faults.extend(_faults(descriptor, known))
    faults = [fault for fault in faults if not _allowed(fault, lines)]
    order = {file: place for place, file in enumerate(files)}
    faults.sort(key=lambda fault: (order.get(fault.file, -1), fault))
    return Report(len(files), len(descriptors), tuple(faults))


def _files(patterns: Sequence[str]) -> tuple[list[str], list[Fault]]:
    files: dict[str, None] = {}
    problems: list[str] = []
    for pattern in patterns:
        found = sorted(paths_of(pattern, problems))
        if not found and not problems:
            raise NothingThereError(f"{pattern}: no YAML file is there")
        files |= dict.fromkeys(found)
    unreadable = [problem.rpartition(": ") for problem in problems]
    return list(files), [Fault(folder, 1, Code.UNREADABLE, why) for folder, _, why in unreadable]


def _read(file: str) -> Iterator[Descriptor | Fault]:
    content = b""
    try:
        content = Path(file).read_bytes()
        if len(content) > LARGEST_FILE:
            yield Fault(file, 1, Code.UNREADABLE, f"larger than {LARGEST_FILE} bytes")
            return
        documents, twice = read_nodes(content.decode("utf-8-sig"))
    except OSError as error:
        yield Fault(file, 1, Code.UNREADABLE, error.strerror or type(error).__name__)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        yield Fault(file, line, Code.UNREADABLE, "not UTF-8")
    except YamlError as error:
        yield Fault(file, error.line, Code.YAML, str(error).partition(": ")[2])
    else:
        for key in twice:
            yield Fault(file, key.line, Code.KEY_TWICE, f"the key {key.key} is in this mapping already")
        for document in documents:
            found = read_descriptor(file, document)
            if found is not None:
                yield found


def _lines(file: str) -> Sequence[str]:
    """The lines of a file that can be read; what is wrong with another is a fault of its own."""
    try:
        path = Path(file)
        return path.read_text(encoding="utf-8-sig").splitlines() if path.stat().st_size <= LARGEST_FILE else ()
    except (OSError, UnicodeDecodeError):
        return ()


def _allowed(fault: Fault, lines: Mapping[str, Sequence[str]]) -> bool:
    """Whether a comment at the line says that just this fault is meant to be there: `# lint: allow annotation-invalid`."""
    of_file = lines.get(fault.file, ())
    line = of_file[fault.line - 1] if 0 < fault.line <= len(of_file) else ""
    return line.rstrip().endswith(f"# lint: allow {fault.code}")


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
