"""What a caller is to a team, asked of Backstage at each act."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Protocol

from bff.backstage.caller import LOCAL, Caller
from bff.backstage.entities import Catalog, CatalogDeniedError, CatalogUnavailableError, Memberships
from bff.keeptrusts.facts import Team
from bff.provisioning.errors import ForbiddenError
from bff.provisioning.policy import Standing, standing_of
from bff.status.claims import TEAM
from bff.telemetry.logs import logger
from bff.values import EntityRef

log = logger("provisioning")


class People(Catalog, Memberships, Protocol):
    """Groups, and who belongs to them."""


class Rights:
    """The rule `standing_of`, with the caller's groups as Backstage gives them now.

    With `local_may` the caller of a service without authentication may provision too: for a stand-in of Keeptrusts on the
    same machine, and nothing else.
    """

    def __init__(self, people: People, platform_groups: Collection[EntityRef], *, local_may: bool = False) -> None:
        self._people = people
        self._platform_groups = frozenset(platform_groups)
        self._local_may = local_may

    async def standing(
        self, caller: Caller, team: Team | str, *, name_is_shared: bool = False, approved_by: EntityRef | None = None
    ) -> Standing:
        """What `caller` is to `team`; `approved_by` is the person named as approving what a template does.

        Raises `ForbiddenError` where the caller has no right, and `CatalogError` when Backstage cannot say.
        `name_is_shared` as for `standing_of`.
        """
        if self._local_may and caller == LOCAL:
            return Standing(wider=True)
        own = {ref for ref in await self._people.memberships(caller) if ref.kind == "group"}
        # For a member of a platform group no other group needs to be read.
        groups = dict.fromkeys(own & self._platform_groups) or await self._annotated(sorted(own))
        if approved_by is not None:
            await self._require_approver(caller, approved_by)
        return standing_of(
            user=caller.user,
            groups=groups,
            platform_groups=self._platform_groups,
            team=team,
            name_is_shared=name_is_shared,
            via=caller.via,
            approved=approved_by is not None,
        )

    async def _require_approver(self, caller: Caller, approver: EntityRef) -> None:
        groups = await self._people.memberships(Caller(key=f"approver {approver}", user=approver))
        if approver == caller.user or approver.kind != "user" or not groups & self._platform_groups:
            raise ForbiddenError(f"approvedBy: {approver} is not another person of a platform group.")

    async def _annotated(self, refs: Collection[EntityRef]) -> dict[EntityRef, str | None]:
        """The groups that the catalog knows, each with the team that it names.

        One that cannot be read gives no right: it may name another team than the one that it is called like. One of an origin
        outside `BFF_GROUP_ORIGINS` gives none either.
        """
        try:
            groups = await asyncio.gather(*(self._people.group(ref) for ref in refs))
        except CatalogDeniedError as error:
            # It is this service's own token that is refused: to ask the caller to sign in again would be wrong.
            log.warning("groups cannot be read", problem=str(error))
            raise CatalogUnavailableError("the groups of the catalog cannot be read") from None
        return {
            group.ref: group.annotations.get(TEAM) for group in groups if group is not None and group.may_claim_team
        }
