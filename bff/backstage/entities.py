"""Entities and groups as the service needs them, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bff.backstage.caller import Caller
from bff.values import EntityRef


@dataclass(frozen=True, slots=True)
class Entity:
    """A catalog entity: its reference, its annotations, and its owner (`spec.owner`), if it has a readable one.

    `annotations` holds those of this project (`keeptrusts.dev/…`) and text only: a value that YAML made a number is
    given as it was written.
    """

    ref: EntityRef
    annotations: Mapping[str, str] = field(default_factory=dict)
    owner: EntityRef | None = None


class CatalogError(Exception):
    """Base of what can go wrong when the catalog is asked; no message holds a token."""


class CatalogUnavailableError(CatalogError):
    """The catalog gave no answer in time, or a 5xx or 429 reply."""


class CatalogDeniedError(CatalogError):
    """The catalog does not accept the token: the caller's in `entity` and `entities`, the service's own in `group`."""


class CatalogContractError(CatalogError):
    """The catalog's reply is not what Backstage is known to send."""


class Catalog(Protocol):
    """Entities as one caller may see them. Methods raise `CatalogError`."""

    async def entity(self, caller: Caller, ref: EntityRef) -> Entity | None:
        """The entity, or None when it does not exist or `caller` may not read it: the two are never told apart."""

    async def entities(self, caller: Caller, refs: Sequence[EntityRef]) -> list[Entity | None]:
        """The same for many: one item a reference, in their order."""

    async def group(self, ref: EntityRef) -> Entity | None:
        """A group (or a user) as the service itself may see it, for finding the owner's team."""


class Memberships(Protocol):
    """Who belongs to which groups."""

    async def memberships(self, caller: Caller) -> frozenset[EntityRef]:
        """Everything in whose name `caller` may act, their own user included; empty for a caller who is no person.

        Raises `CatalogError`.
        """
