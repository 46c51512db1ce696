"""Entities as they stand in files, and the checks of every kind: what they are, their annotations, their references."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from bff.backstage.entities import PREFIX
from bff.backstage.files import is_entity, matches
from bff.backstage.yaml_documents import Node
from bff.lint.faults import Code, Fault
from bff.status import claims as names
from bff.status.claims import read_claims
from bff.values import DEFAULT_NAMESPACE, EntityRef, EntityRefError
from bff.wording import quoted

KNOWN = (
    names.GATEWAY_KEY_NAME,
    names.POLICY_TIER,
    names.DAILY_BUDGET,
    names.MONTHLY_BUDGET,
    names.INSTANCE,
    names.NOTIFY,
    names.GATEWAY_TYPE,
    names.API_URL,
    names.TEAM,
)

_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)

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


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One entity: its file, its reference and its document."""

    file: str
    ref: EntityRef
    node: Node

    def fault(self, at: Node | int, code: Code, message: str) -> Fault:
        """A fault in this entity, at a node or a line."""
        return Fault(self.file, at if isinstance(at, int) else at.line, code, message)


def read_descriptor(file: str, node: Node) -> Descriptor | Fault | None:
    """The entity that a document describes, or what keeps it from being one; None for what never wanted to be one."""
    if not is_entity({name: node.members[name].data() for name in ("apiVersion", "kind") if name in node.members}):
        return _without_version(file, node)
    metadata = node.at("metadata")
    if metadata is None or not isinstance(metadata.value, dict):
        return Fault(file, node.line, Code.ENTITY_MALFORMED, "an entity needs metadata with a name")
    parts = {
        "kind": node.at("kind"),
        "metadata.name": metadata.at("name"),
        "metadata.namespace": metadata.at("namespace"),
    }
    for name, part in parts.items():
        if part is None and name == "metadata.namespace":
            continue
        if part is None or part.text is None:
            line = part.line if part else metadata.line
            return Fault(file, line, Code.ENTITY_MALFORMED, f"{name} must be text, in quotes where YAML reads a number")
    kind, name, namespace = ((part.text if part else None) or DEFAULT_NAMESPACE for part in parts.values())
    try:
        return Descriptor(file, EntityRef(kind, namespace, name), node)
    except EntityRefError as error:
        return Fault(file, metadata.line, Code.ENTITY_MALFORMED, str(error))


def _without_version(file: str, node: Node) -> Fault | None:
    """What carries our annotations wanted to be an entity; Backstage and Kubernetes alike begin with an apiVersion."""
    annotations = node.at("metadata", "annotations")
    if "apiVersion" in node.members or annotations is None:
        return None
    if not any(name.startswith(PREFIX) for name in annotations.members):
        return None
    message = "an entity needs an apiVersion, such as backstage.io/v1alpha1: Backstage refuses the file without it"
    return Fault(file, node.line, Code.ENTITY_MALFORMED, message)


def expression_faults(descriptor: Descriptor) -> Iterator[Fault]:
    """Expressions in metadata that no template fills in: Backstage takes them as they are written."""
    metadata = descriptor.node.at("metadata")
    if metadata is None or descriptor.ref.kind == "template":
        return  # The text about a template may show how its expressions look.
    for node in metadata.scalars():
        if expression := _EXPRESSION.search(node.text or ""):
            message = f"{quoted(expression[0])} is filled in only in a template's skeleton: write the value"
            yield descriptor.fault(node.line_of("${{"), Code.ENTITY_MALFORMED, message)


def annotation_faults(descriptor: Descriptor) -> Iterator[Fault]:
    """What is wrong with an entity's annotations."""
    written = descriptor.node.at("metadata", "annotations")
    if written is None:
        return
    if not isinstance(written.value, dict):
        message = "metadata.annotations must be a mapping of names to texts, such as keeptrusts.dev/policy-tier: tier-2-internal"
        yield descriptor.fault(written, Code.ENTITY_MALFORMED, message)
        return
    texts: dict[str, str] = {}
    for name, node in written.members.items():
        if node.text is None:
            yield descriptor.fault(node, Code.ANNOTATION_NOT_TEXT, _not_text(name, node))
        elif name in KNOWN:
            texts[name] = node.text
        elif name.startswith(PREFIX):
            yield descriptor.fault(node, Code.ANNOTATION_UNKNOWN, f"nothing reads the annotation {name}{_meant(name)}")
    # Of whichever instance the entity is: what it claims there is to be well formed.
    for name, finding in read_claims(texts, instance=texts.get(names.INSTANCE)).malformed.items():
        yield descriptor.fault(
            written.members[name], Code.ANNOTATION_INVALID, f"{finding.message} {finding.hint or ''}"
        )
    if not texts.get(names.TEAM, "named").strip():
        message = f"{names.TEAM} is empty: write the name or the id of the group's Keeptrusts team"
        yield descriptor.fault(written.members[names.TEAM], Code.ANNOTATION_INVALID, message)


def _not_text(name: str, node: Node) -> str:
    how = f", in quotes: {quoted(node.written)}" if node.written else ""
    return f"the annotation {name} must be text{how}"


def _meant(name: str) -> str:
    close = difflib.get_close_matches(name[:200], KNOWN, n=1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(KNOWN)}"


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
