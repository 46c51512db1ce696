"""Whether a caller may provision a team, asked of Backstage at each act."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Protocol

from bff.backstage.caller import LOCAL, Caller
from bff.backstage.entities import Catalog, CatalogDeniedError, CatalogUnavailableError, Memberships
from bff.keeptrusts.facts import Team
from bff.provisioning.errors import ForbiddenError
from bff.provisioning.provisioning_rights import provisioning_right
from bff.status.claims import TEAM
from bff.telemetry.logs import logger
from bff.values import EntityRef

log = logger("onboarding")


class People(Catalog, Memberships, Protocol):
    """Groups, and who belongs to them."""


class Rights:
    """The rule of `governance.provisioning_rights`, with the caller's groups as Backstage gives them now.

    With `local_may` the caller of a service without authentication may provision too: for a stand-in of Keeptrusts on the
    same machine, and nothing else.
    """

    def __init__(self, people: People, platform_groups: Collection[EntityRef], *, local_may: bool = False) -> None:
        self._people = people
        self._platform_groups = frozenset(platform_groups)
        self._local_may = local_may

    async def require(self, caller: Caller, team: Team | str, *, name_is_shared: bool = False) -> None:
        """Raise `ForbiddenError` unless `caller` may provision `team`; `CatalogError` when Backstage cannot say.

        `name_is_shared` as for `provisioning_right`.
        """
        if self._local_may and caller == LOCAL:
            return
        own = {ref for ref in await self._people.memberships(caller) if ref.kind == "group"}
        # For whoever is in a platform group no other group needs to be read.
        groups = dict.fromkeys(own & self._platform_groups) or await self._annotated(sorted(own))
        right = provisioning_right(
            user=caller.user,
            groups=groups,
            platform_groups=self._platform_groups,
            team=team,
            name_is_shared=name_is_shared,
        )
        if not right.allowed:
            raise ForbiddenError(right.reason)

    async def _annotated(self, refs: Collection[EntityRef]) -> dict[EntityRef, str | None]:
        """The groups that the catalog knows, each with the team that it names.

        One that cannot be read gives no right: it may name another team than the one that it is called like.
        """
        try:
            groups = await asyncio.gather(*(self._people.group(ref) for ref in refs))
        except CatalogDeniedError as error:
            # It is this service's own token that is refused: to tell the caller to sign in again would be wrong.
            log.warning("groups cannot be read", problem=str(error))
            raise CatalogUnavailableError("the groups of the catalog cannot be read") from None
        return {group.ref: group.annotations.get(TEAM) for group in groups if group is not None}
