"""Checks of API definitions: that what calls itself OpenAPI is.

The whole check takes the package openapi-spec-validator, which the service itself does not need; without it only the form
is looked at.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import unquote

from bff.backstage.yaml_documents import Node, YamlError, read_documents
from bff.lint.descriptors import Descriptor
from bff.lint.faults import Code, Fault
from bff.wording import quoted

LARGEST_DEFINITION = 200_000
"""Values in a definition, those of an alias counted each time: what the validator walks through."""

_MOST_FAULTS = 20


def validates_definitions() -> bool:
    """Whether the validator is installed."""
    return importlib.util.find_spec("openapi_spec_validator") is not None


def api_faults(descriptor: Descriptor) -> Iterator[Fault]:
    """What is wrong with the definition of an API of type openapi; one that stands in another file is not followed."""
    spec = descriptor.node.at("spec")
    if descriptor.ref.kind != "api" or spec is None or (of := spec.at("type")) is None or of.text != "openapi":
        return
    written = spec.at("definition")
    if written is None or written.text is None:
        return
    try:
        documents = list(read_documents(written.text))
    except YamlError as error:
        yield descriptor.fault(_line(written, error.line), Code.API_DEFINITION, f"not YAML or JSON: {error.problem}")
        return
    for key in (key for document in documents for key in document.twice):
        yield descriptor.fault(_line(written, key.line), Code.API_DEFINITION, f"the key {key.key} is there already")
    definition = documents[0].root if documents else None
    if definition is None or not isinstance(definition.value, dict):
        yield descriptor.fault(
            written, Code.API_DEFINITION, "a definition must be a mapping that begins with openapi: 3.…"
        )
        return
    for line, message in _faults(definition):
        yield descriptor.fault(_line(written, line), Code.API_DEFINITION, message.partition("\n")[0])


def _line(written: Node, line: int) -> int:
    """The line of the file for a line of the definition; in quotes lines are folded, so it is where they begin."""
    return min(written.line + line, written.last_line) if written.block else written.line


def _faults(definition: Node) -> Iterator[tuple[int, str]]:
    version = definition.at("openapi") or definition.at("swagger")
    if version is None or version.text is None:
        yield definition.line, "it does not say openapi: 3.…, in quotes where YAML reads a number"
        return
    if _size(definition) > LARGEST_DEFINITION:
        yield definition.line, f"more than {LARGEST_DEFINITION} values, aliases counted each time"
        return
    refs = [node.members["$ref"] for node in definition.all() if "$ref" in node.members]
    leading_out = [ref for ref in refs if not (ref.text or "#").startswith("#")]
    dangling = [ref for ref in refs if ref not in leading_out and ref.text and not _resolves(definition, ref.text)]
    for ref in dangling:
        yield ref.line, f"the reference {quoted(ref.written)} leads nowhere"
    # Other files and addresses are not fetched, and with a part missing nothing can be said of the whole.
    if not dangling and not leading_out and validates_definitions():
        yield from _of_the_validator(definition)


def _resolves(definition: Node, ref: str) -> bool:
    """Whether a JSON pointer after `#` (RFC 6901) leads to something; `#` alone is the whole."""
    parts = [unquote(part).replace("~1", "/").replace("~0", "~") for part in ref[1:].split("/")[1:]]
    node: Node | None = definition
    for part in parts:
        if node is None:
            return False
        item = int(part) if part.isdecimal() and part.isascii() else len(node.items)
        node = node.items[item] if item < len(node.items) else node.members.get(part)
    return node is not None


def _of_the_validator(definition: Node) -> Iterator[tuple[int, str]]:
    from openapi_spec_validator import shortcuts  # noqa: PLC0415 - optional, and slow to import
    from openapi_spec_validator.validation.exceptions import ValidatorDetectError  # noqa: PLC0415

    document = definition.data()
    try:
        errors: Iterable[Any] = shortcuts.get_validator_cls(document)(document).iter_errors()
        for error in islice(errors, _MOST_FAULTS):
            place = [str(part) for part in getattr(error, "absolute_path", ())]
            where = f"{'/'.join(place)}: " if place else ""
            yield _deepest(definition, place).line, f"{where}{getattr(error, 'message', error)}"
    except ValidatorDetectError:
        yield (definition.at("openapi") or definition).line, "a version of OpenAPI that is not known"
    except RecursionError:
        yield definition.line, "its references lead in a circle"
    except Exception as error:  # noqa: BLE001 - the validator stumbles, in ways of its own, over what it has not foreseen
        yield definition.line, f"the validator gave up on it: {type(error).__name__}: {error}"


def _deepest(node: Node, place: list[str]) -> Node:
    """The node at a path, or as near as there is one."""
    for part in place:
        if isinstance(node.value, dict) and part in node.value:
            node = node.value[part]
        elif node.items and part.isdecimal() and int(part) < len(node.items):
            node = node.items[int(part)]
        else:
            break
    return node


def _size(node: Node) -> int:
    sizes: dict[int, int] = {}

    def size(node: Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = 1 + sum(size(below) for below in (*node.items, *node.members.values()))
        return sizes[id(node)]

    return size(node)
