"""Entities as they stand in files: what they are, and where."""

from __future__ import annotations

from dataclasses import dataclass

from bff.backstage.descriptor import PREFIX
from bff.backstage.descriptor_files import is_entity
from bff.governance.entity_ref import DEFAULT_NAMESPACE, EntityRef, EntityRefError
from bff.lint.faults import Code, Fault
from bff.lint.nodes import Node, data


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
    if not is_entity({name: data(node.members[name]) for name in ("apiVersion", "kind") if name in node.members}):
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
