"""What is assessed: an entity with its annotations and its owner, as the catalog gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bff.values import EntityRef


@dataclass(frozen=True, slots=True)
class Owner:
    """An entity's owner.

    `ref` is None when the entity has no owner. `group_team` is the owner group's `keeptrusts.dev/team` annotation, None
    when the group carries none or does not exist. `may_claim_team` is False for a group of an origin outside
    `BFF_GROUP_ORIGINS`. `unreadable` says that the catalog could not be asked for the group, so that its team cannot be known
    now; `denied` that this is because Backstage refuses the service's own token.
    """

    ref: EntityRef | None = None
    group_team: str | None = None
    unreadable: bool = False
    denied: bool = False
    may_claim_team: bool = True


@dataclass(frozen=True, slots=True)
class Subject:
    """One entity. `annotations` holds text only, as it stands in the catalog."""

    ref: EntityRef
    annotations: Mapping[str, str]
    owner: Owner
