"""Catalog entities read from their descriptors, the documents that YAML files and the Backstage API have in common.

Source: backstage.io/docs/features/software-catalog/descriptor-format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bff.backstage.entities import Entity
from bff.values import DEFAULT_NAMESPACE, EntityRef, EntityRefError

PREFIX = "keeptrusts.dev/"
"""What the names of this project's annotations begin with."""

LONGEST_ANNOTATION = 1_000
"""Characters kept of an annotation's value: no claim is as long, so what is cut is malformed before and after."""


class DescriptorError(ValueError):
    """A document is not an entity's descriptor; the message names the member and the form expected."""


def read_entity(document: object) -> Entity:
    """The entity that `document` (parsed YAML or JSON) describes.

    An owner that is no reference counts as none, since Backstage itself makes no relation of it. Raises
    `DescriptorError` when kind, namespace or name are missing or malformed.
    """
    if not isinstance(document, Mapping):
        raise DescriptorError("a descriptor must be a mapping")
    ref = _ref(document)
    return Entity(ref=ref, annotations=dict(_annotations(_member(document, "metadata"))), owner=_owner(document, ref))


def read_refs(document: object, *, member: str, kind: str, namespace: str) -> frozenset[EntityRef]:
    """The references listed in `spec.<member>`, as in `memberOf`; those that are malformed are left out."""
    listed = _member(document, "spec").get(member)
    if not isinstance(listed, list):
        return frozenset()
    found = (_parsed(item, kind=kind, namespace=namespace) for item in listed)
    return frozenset(ref for ref in found if ref is not None)


def _ref(document: Mapping[object, object]) -> EntityRef:
    metadata = _member(document, "metadata")
    kind, name = document.get("kind"), metadata.get("name")
    namespace = metadata.get("namespace") or DEFAULT_NAMESPACE
    if not (isinstance(kind, str) and isinstance(name, str) and isinstance(namespace, str)):
        raise DescriptorError("kind, metadata.name and metadata.namespace must be text")
    try:
        return EntityRef(kind, namespace, name)
    except EntityRefError as error:
        raise DescriptorError(str(error)) from None


def _annotations(metadata: Mapping[object, object]) -> Iterator[tuple[str, str]]:
    annotations = metadata.get("annotations")
    if not isinstance(annotations, Mapping):
        return
    for name, value in annotations.items():
        # The others are none of our business: not kept, they can neither fill the memory nor leak.
        if isinstance(name, str) and name.startswith(PREFIX):
            yield name, (value if isinstance(value, str) else _written(value))[:LONGEST_ANNOTATION]


def _written(value: object) -> str:
    # Backstage takes text only; what is not text arrives as a claim that says what it is, and is found malformed.
    return str(value) if isinstance(value, int | float) else f"({type(value).__name__}, not text)"


def _owner(document: Mapping[object, object], ref: EntityRef) -> EntityRef | None:
    return _parsed(_member(document, "spec").get("owner"), kind="group", namespace=ref.namespace)


def _parsed(text: object, *, kind: str, namespace: str) -> EntityRef | None:
    if not isinstance(text, str):
        return None
    try:
        return EntityRef.parse(text.strip(), default_kind=kind, default_namespace=namespace)
    except EntityRefError:
        # A dangling or malformed relation is no relation; the entity itself is none the worse for it.
        return None


def _member(document: object, name: str) -> Mapping[object, object]:
    value = document.get(name) if isinstance(document, Mapping) else None
    return value if isinstance(value, Mapping) else {}
