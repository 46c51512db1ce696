"""Entities and groups as the service needs them, read from their descriptors.

Descriptors are what YAML files and the Backstage API have in common
(backstage.io/docs/features/software-catalog/descriptor-format); relations are in the API's alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bff.backstage.caller import Caller
from bff.values import DEFAULT_NAMESPACE, EntityRef, EntityRefError


@dataclass(frozen=True, slots=True)
class Entity:
    """A catalog entity: its reference, its annotations, and its owner, if it has a readable one.

    `annotations` holds those of this project (`keeptrusts.dev/…`) and text only: a value that YAML made a number is
    given as it was written. `origin` is where a group or a user was registered (`managed-by-origin-location`), None where
    the catalog does not say. `may_claim_team` is False for a group of an origin outside `BFF_GROUP_ORIGINS`.
    `member_of` holds the groups of a user, by the catalog's relations.
    """

    ref: EntityRef
    annotations: Mapping[str, str] = field(default_factory=dict)
    owner: EntityRef | None = None
    origin: str | None = None
    may_claim_team: bool = True
    member_of: frozenset[EntityRef] = frozenset()


@dataclass(frozen=True, slots=True)
class Members:
    """The members of an entity, each once, by reference.

    A member carries the annotation `keeptrusts.dev/gateway-key-name`, or consumes the gateway's API. `containers` are the
    entity itself and those groups, systems or domains below it whose members these are. `truncated` says that there are
    more than are listed.
    """

    containers: tuple[EntityRef, ...]
    entities: tuple[Entity, ...]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """An entity as the watch needs it.

    `annotations` holds those of this project, `owner` is None where there is none, and `consumes` are the APIs that the
    entity consumes.
    """

    ref: EntityRef
    annotations: Mapping[str, str] = field(default_factory=dict)
    owner: EntityRef | None = None
    consumes: frozenset[EntityRef] = frozenset()


class CatalogError(Exception):
    """Base of what can go wrong when the catalog is asked; no message holds a token."""


class CatalogUnavailableError(CatalogError):
    """The catalog gave no answer in time, or a 5xx or 429 reply; `retry_after` is in seconds, where it said so."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CatalogDeniedError(CatalogError):
    """The catalog does not accept the token: the caller's own, unless it is a `ServiceDeniedError`."""


class ServiceDeniedError(CatalogDeniedError):
    """Backstage refuses the service's own token: the caller can do nothing about it."""


class CatalogContractError(CatalogError):
    """The catalog's reply is not what Backstage is known to send."""


class NoMembersError(CatalogError):
    """An entity of this kind has no members; the message names the kinds that have."""


class Catalog(Protocol):
    """Entities as one caller may see them. Methods raise `CatalogError`."""

    async def entity(self, caller: Caller, ref: EntityRef) -> Entity | None:
        """The entity, or None when it does not exist or `caller` may not read it: the two give the same."""

    async def entities(self, caller: Caller, refs: Sequence[EntityRef]) -> list[Entity | None]:
        """The same for many: one item a reference, in their order."""

    async def members(self, caller: Caller, ref: EntityRef) -> Members:
        """The members of a group, a system or a domain, as far as `caller` may see them. Raises `NoMembersError` for other kinds."""

    async def claiming(self, caller: Caller) -> Members:
        """Every entity that names a gateway key and that `caller` may see."""

    async def group(self, ref: EntityRef) -> Entity | None:
        """A group (or a user) as the service itself may see it, for finding the owner's team."""


class Memberships(Protocol):
    """Who belongs to which groups."""

    async def memberships(self, caller: Caller) -> frozenset[EntityRef]:
        """Everything in whose name `caller` may act, their own user included; empty for a caller who is no person.

        Raises `CatalogError`.
        """


PREFIX = "keeptrusts.dev/"
"""What the names of this project's annotations begin with."""

GATEWAY_KEY_NAME = f"{PREFIX}gateway-key-name"

ORIGIN = "backstage.io/managed-by-origin-location"
"""The annotation in which Backstage keeps where an entity was registered."""

LONGEST_ANNOTATION = 1_000
"""Characters kept of an annotation's value: no claim is as long, so what is cut is malformed before and after."""


class DescriptorError(ValueError):
    """A document is not an entity's descriptor; the message names the member and the form expected."""


def read_entity(document: object) -> Entity:
    """The entity that `document` (parsed YAML or JSON) describes.

    The owner is the one that the catalog's relations name (`ownedBy`), as Backstage shows it, and `spec.owner` where they
    name none. An owner that is no reference counts as none, since Backstage itself makes no relation of it. Raises
    `DescriptorError` when kind, namespace or name are missing or malformed.
    """
    if not isinstance(document, Mapping):
        raise DescriptorError("a descriptor must be a mapping")
    ref, metadata = _ref(document), _member(document, "metadata")
    of_people = ref.kind in {"group", "user"}
    return Entity(
        ref=ref,
        annotations=dict(_annotations(metadata)),
        owner=_owner(document, ref),
        origin=_origin(metadata) if of_people else None,
        member_of=frozenset(_related(document, "memberOf")) if ref.kind == "user" else frozenset(),
    )


def read_refs(document: object, *, member: str, kind: str, namespace: str) -> frozenset[EntityRef]:
    """The references listed in `spec.<member>`, as in `memberOf`; those that are malformed are left out."""
    listed = _member(document, "spec").get(member)
    if not isinstance(listed, list):
        return frozenset()
    found = (_parsed(item, kind=kind, namespace=namespace) for item in listed)
    return frozenset(ref for ref in found if ref is not None)


def read_relations(document: object) -> frozenset[tuple[EntityRef, str, EntityRef]]:
    """The relations that Backstage makes of a descriptor's `spec`, as (source, relation, target), as far as members need them.

    Raises `DescriptorError` as `read_entity` does.
    """
    entity = read_entity(document)
    ref, spec = entity.ref, _member(document, "spec")
    found: set[tuple[EntityRef, str, EntityRef]] = set()
    if entity.owner is not None:
        found.add((ref, "ownedBy", entity.owner))
    for member, relation, kind in _RELATIONS:
        written = spec.get(member)
        for text in written if isinstance(written, list) else [written]:
            target = _parsed(text, kind=kind, namespace=ref.namespace)
            if target is None:
                continue
            found.add((target, "childOf", ref) if member == "children" else (ref, relation, target))
    return frozenset(found)


_RELATIONS = (
    ("system", "partOf", "system"),
    ("subcomponentOf", "partOf", "component"),
    ("domain", "partOf", "domain"),
    ("subdomainOf", "partOf", "domain"),
    ("parent", "childOf", "group"),
    ("children", "childOf", "group"),
    ("consumesApis", "consumesApi", "api"),
)
"""Members of `spec`, the relations that they make, and the kinds that their references have unless they say it."""


def read_consumed(document: object, ref: EntityRef) -> frozenset[EntityRef]:
    """The APIs that the entity `ref` consumes, by the catalog's relations (`consumesApi`) or, in files, `spec.consumesApis`."""
    return frozenset(_related(document, "consumesApi")) | read_refs(
        document, member="consumesApis", kind="api", namespace=ref.namespace
    )


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
    written = _parsed(_member(document, "spec").get("owner"), kind="group", namespace=ref.namespace)
    related = _related(document, "ownedBy")
    if not related or written in related:
        return written
    # Processors of the catalog set owners by relations alone. Of several, one that can have a team.
    return next((owner for owner in related if owner.kind == "group"), related[0])


def _origin(metadata: Mapping[object, object]) -> str | None:
    origin = _member(metadata, "annotations").get(ORIGIN)
    return origin if isinstance(origin, str) else None


def _related(document: object, kind: str) -> list[EntityRef]:
    listed = document.get("relations") if isinstance(document, Mapping) else None
    targets = [
        _parsed(relation.get("targetRef"), kind=None, namespace=DEFAULT_NAMESPACE)
        for relation in (listed if isinstance(listed, list) else ())
        if isinstance(relation, Mapping) and relation.get("type") == kind
    ]
    return [target for target in targets if target is not None]


def _parsed(text: object, *, kind: str | None, namespace: str) -> EntityRef | None:
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
