"""Who may provision is asked of the catalog at each act, and what cannot be read gives no right."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bff.backstage.caller import LOCAL, Caller
from bff.backstage.entities import CatalogDeniedError, CatalogUnavailableError, Entity
from bff.keeptrusts.facts import Team
from bff.provisioning.errors import ForbiddenError
from bff.provisioning.rights import Rights
from bff.status.claims import TEAM
from bff.values import EntityRef

DEV = Caller(key="dev", user=EntityRef("user", "default", "dev"))
PLATFORM = EntityRef("group", "default", "platform-team")
SUPPORT = EntityRef("group", "default", "support-team")
TEAM_1 = Team("team_1", "support-team")


class People:
    """A catalog with these groups, in all of which everybody is."""

    def __init__(
        self, groups: dict[EntityRef, str | None], *, unknown: Sequence[EntityRef] = (), may_claim: bool = True
    ) -> None:
        self.groups = groups
        self.may_claim = may_claim
        self.unknown = unknown
        self.read: list[EntityRef] = []
        self.error: Exception | None = None

    async def memberships(self, caller: Caller) -> frozenset[EntityRef]:
        """The groups, and the user."""
        return frozenset([*self.groups, *self.unknown, *([caller.user] if caller.user else [])])

    async def group(self, ref: EntityRef) -> Entity | None:
        """One of the groups."""
        self.read.append(ref)
        if self.error is not None:
            raise self.error
        if ref in self.unknown:
            return None
        annotation = self.groups[ref]
        return Entity(ref, {} if annotation is None else {TEAM: annotation}, may_claim_team=self.may_claim)

    async def entity(self, caller: Caller, ref: EntityRef) -> Entity | None:
        """Nothing that is asked here."""
        raise NotImplementedError

    async def entities(self, caller: Caller, refs: Sequence[EntityRef]) -> list[Entity | None]:
        """Nothing that is asked here."""
        raise NotImplementedError


async def test_the_owning_group_may() -> None:
    """A member of the group with the team's name may provision it."""
    await Rights(People({SUPPORT: None}), ()).standing(DEV, TEAM_1)


async def test_a_group_that_names_another_team_may_not() -> None:
    """A group's annotation counts before its name."""
    with pytest.raises(ForbiddenError):
        await Rights(People({SUPPORT: "another-team"}), ()).standing(DEV, TEAM_1)


async def test_a_group_that_cannot_be_read_gives_no_right() -> None:
    """A group that the catalog does not show may name another team: its own name proves nothing."""
    with pytest.raises(ForbiddenError):
        await Rights(People({}, unknown=[SUPPORT]), ()).standing(DEV, TEAM_1)


async def test_a_group_of_another_origin_gives_no_right() -> None:
    """A group of an origin that may claim no team gives its members none, whatever it names (finding 11)."""
    people = People({EntityRef("group", "evil", "mine"): "support-team"}, may_claim=False)
    with pytest.raises(ForbiddenError):
        await Rights(people, ()).standing(DEV, TEAM_1)


async def test_a_platform_group_needs_no_reading() -> None:
    """For a member of a platform group the catalog is asked for no group at all."""
    people = People({SUPPORT: None}, unknown=[PLATFORM])
    await Rights(people, {PLATFORM}).standing(DEV, "brand-new")
    assert people.read == []


async def test_a_refused_service_is_not_the_callers_fault() -> None:
    """When the service's own token is refused, no caller is asked to sign in again."""
    people = People({SUPPORT: None})
    people.error = CatalogDeniedError("the token is not accepted")
    with pytest.raises(CatalogUnavailableError):
        await Rights(people, ()).standing(DEV, TEAM_1)


async def test_an_unreachable_catalog_permits_nothing() -> None:
    """While groups cannot be read, they give no right."""
    people = People({SUPPORT: None})
    people.error = CatalogUnavailableError("down")
    with pytest.raises(CatalogUnavailableError):
        await Rights(people, ()).standing(DEV, TEAM_1)


async def test_the_local_caller_may_only_where_that_is_meant() -> None:
    """A caller without a person has no right, but for the one caller of a stand-in on the same machine."""
    with pytest.raises(ForbiddenError):
        await Rights(People({}), {PLATFORM}).standing(LOCAL, TEAM_1)
    await Rights(People({}), (), local_may=True).standing(LOCAL, TEAM_1)
    with pytest.raises(ForbiddenError):
        await Rights(People({}), (), local_may=True).standing(DEV, TEAM_1)
