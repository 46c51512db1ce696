"""Whether a caller may provision a team, asked of Backstage at each act."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from bff.backstage.caller import Caller
from bff.backstage.entities import Catalog, Memberships
from bff.governance.annotations import TEAM
from bff.governance.entity_ref import EntityRef
from bff.governance.facts import Team
from bff.governance.provisioning_rights import provisioning_right
from bff.onboarding.errors import ForbiddenError


class People(Catalog, Memberships, Protocol):
    """Groups, and who belongs to them."""


class Rights:
    """The rule of `governance.provisioning_rights`, with the caller's groups as Backstage gives them now."""

    def __init__(self, people: People, platform_groups: Collection[EntityRef]) -> None:
        self._people = people
        self._platform_groups = platform_groups

    async def require(self, caller: Caller, team: Team | str) -> None:
        """Raise `ForbiddenError` unless `caller` may provision `team`; `CatalogError` when Backstage cannot say."""
        groups: dict[EntityRef, str | None] = {}
        for ref in await self._people.memberships(caller):
            if ref.kind == "group":
                group = await self._people.group(ref)
                groups[ref] = group.annotations.get(TEAM) if group else None
        right = provisioning_right(user=caller.user, groups=groups, platform_groups=self._platform_groups, team=team)
        if not right.allowed:
            raise ForbiddenError(right.reason)
