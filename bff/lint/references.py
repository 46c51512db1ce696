"""Checks of what entities say of each other: owners, systems, APIs, groups, and the files that a Location names."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from pathlib import Path

from bff.backstage.descriptor_files import matches
from bff.governance.entity_ref import EntityRef, EntityRefError
from bff.governance.wording import quoted
from bff.lint.descriptors import Descriptor
from bff.lint.faults import Code, Fault
from bff.lint.nodes import Node

_OWNER = {"owner": "group"}
_DEPENDING = {"dependsOn": None, "dependencyOf": None}

RELATIONS: dict[str, dict[str, str | None]] = {
    "component": {
        **_OWNER,
        **_DEPENDING,
        "system": "system",
        "subcomponentOf": "component",
        "providesApis": "api",
        "consumesApis": "api",
    },
    "api": {**_OWNER, "system": "system"},
    "resource": {**_OWNER, **_DEPENDING, "system": "system"},
    "system": {**_OWNER, "domain": "domain"},
    "domain": {**_OWNER, "subdomainOf": "domain"},
    "group": {"parent": "group", "children": "group", "members": "user"},
    "user": {"memberOf": "group"},
    "template": {**_OWNER},
}
"""The members of `spec` that name other entities, and the kind that is meant where a reference does not say it (None: it
must). Source: the processors of Backstage's catalog, 4.0."""


def reference_faults(descriptor: Descriptor, known: Collection[EntityRef] | None) -> Iterator[Fault]:
    """References that are none and, where `known` holds all entities there are, those that lead nowhere."""
    for member, kind in RELATIONS.get(descriptor.ref.kind, {}).items():
        named = descriptor.node.at("spec", member)
        for node in named.items if named and named.items else (named,):
            if node is not None and node.value is not None and node.value != ():
                yield from _faults_of_one(descriptor, member, node, kind, known)


def _faults_of_one(
    descriptor: Descriptor, member: str, node: Node, kind: str | None, known: Collection[EntityRef] | None
) -> Iterator[Fault]:
    if node.text is None:
        yield descriptor.fault(node, Code.REFERENCE_MALFORMED, f"{member} must name an entity, as text")
        return
    try:
        ref = EntityRef.parse(node.text, default_kind=kind, default_namespace=descriptor.ref.namespace)
    except EntityRefError as error:
        yield descriptor.fault(node, Code.REFERENCE_MALFORMED, f"{member}: {error}")
        return
    if known is not None and ref not in known:
        close = difflib.get_close_matches(ref.name, {other.name for other in known if other.kind == ref.kind}, n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        message = f"{member} is {quoted(node.text)}, and no {ref} is among the files{meant}"
        yield descriptor.fault(node, Code.REFERENCE_DANGLING, message)


def target_faults(descriptor: Descriptor) -> Iterator[Fault]:
    """Files that a Location names and that are not there; addresses are not asked."""
    spec = descriptor.node.at("spec")
    if descriptor.ref.kind != "location" or spec is None or ((of := spec.at("type")) is not None and of.text != "file"):
        return
    single, several = spec.at("target"), spec.at("targets")
    for node in (*([single] if single else []), *(several.items if several else ())):
        target = node.text
        if target is None or "://" in target:
            continue
        path = Path(descriptor.file).parent / target
        # A target may be a glob, and a name may hold a bracket.
        if not path.is_file() and next(matches(str(path)), None) is None:
            yield descriptor.fault(node, Code.TARGET_MISSING, f"no file {quoted(target)} beside this one")
