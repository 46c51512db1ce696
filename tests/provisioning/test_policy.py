"""Who may provision a team, and how far they may go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.keeptrusts.facts import Team
from bff.provisioning.errors import ForbiddenError
from bff.provisioning.policy import Standing, standing_of
from bff.values import EntityRef

DEV = EntityRef("user", "default", "dev")
PLATFORM = EntityRef("group", "default", "platform-team")
SUPPORT = EntityRef("group", "default", "support-team")
TEAM = Team("team_1", "support-team")


def standing(
    groups: dict[EntityRef, str | None],
    *,
    user: EntityRef | None = DEV,
    team: Team | str = TEAM,
    via: str | None = None,
    approved: bool = False,
) -> Standing:
    return standing_of(user=user, groups=groups, platform_groups={PLATFORM}, team=team, via=via, approved=approved)


def allowed(groups: dict[EntityRef, str | None], *, user: EntityRef | None = DEV, team: Team | str = TEAM) -> bool:
    """Whether there is any standing."""
    try:
        standing(groups, user=user, team=team)
    except ForbiddenError:
        return False
    return True


@pytest.mark.parametrize("user", [None, EntityRef("group", "default", "platform-team")])
def test_only_people_provision(user: EntityRef | None) -> None:
    """A caller without a person has no right, whatever groups are named."""
    with pytest.raises(ForbiddenError, match="people"):
        standing({PLATFORM: None, SUPPORT: None}, user=user)


@pytest.mark.parametrize("team", [TEAM, "brand-new"])
def test_platform_groups_provision_every_team(team: Team | str) -> None:
    """Members of a platform group may provision any team, be it there or not."""
    assert allowed({PLATFORM: "another-team"}, team=team)


@pytest.mark.parametrize("annotation", ["support-team", "team_1", " support-team "])
def test_the_annotated_group_provisions(annotation: str) -> None:
    """A group that names the team, by name or id, is its owner whatever it is called."""
    assert allowed({EntityRef("group", "other", "helpdesk"): annotation})


def test_the_namesake_provisions() -> None:
    """A group without annotation owns the team of its own name."""
    assert allowed({SUPPORT: None})
    assert allowed({SUPPORT: None}, team="support-team")


def test_names_compare_as_backstage_gives_them() -> None:
    """A team's capitals do not keep its group out, whose reference is in lower case."""
    assert allowed({SUPPORT: None}, team=Team("team_1", "Support-Team"))


@pytest.mark.parametrize("annotation", ["another-team", "", "team_2", "SUPPORT-TEAM"])
def test_a_namesake_that_names_another_team_does_not(annotation: str) -> None:
    """The annotation counts and not the name: the group owns the other team."""
    assert not allowed({SUPPORT: annotation})


def test_a_namesake_of_another_namespace_does_not() -> None:
    """A group that somebody named after the team elsewhere owns it only with the annotation."""
    assert not allowed({EntityRef("group", "mine", "support-team"): None})


def test_a_name_that_two_teams_share_does_not() -> None:
    """Where another team is called alike, only the annotation says which of them the group owns."""
    for annotation in ("support-team", "team_1"):
        standing_of(user=DEV, groups={SUPPORT: annotation}, platform_groups=(), team=TEAM, name_is_shared=True)
    for annotation in (None, "Support-Team"):
        with pytest.raises(ForbiddenError):
            standing_of(user=DEV, groups={SUPPORT: annotation}, platform_groups=(), team=TEAM, name_is_shared=True)


def test_a_user_named_like_the_team_does_not() -> None:
    """Only groups own teams: neither a user's name nor a user's annotation does it."""
    assert not allowed({EntityRef("user", "default", "support-team"): "support-team"})


def test_an_unnamed_team_is_nobodys() -> None:
    """An empty name matches no empty annotation."""
    assert not allowed({SUPPORT: ""}, team="")


def test_a_refusal_says_what_would_help() -> None:
    """The reason names the annotation, and no group or team that the person does not belong to."""
    with pytest.raises(ForbiddenError, match=r"keeptrusts\.dev/team") as caught:
        standing({EntityRef("group", "default", "a-team"): None})
    assert "support-team" not in str(caught.value)
    assert "platform-team" not in str(caught.value)


NAMES = st.sampled_from(["support-team", "platform-team", "a-team", "team_1"])
GROUPS = st.dictionaries(
    st.builds(EntityRef, st.sampled_from(["group", "user"]), st.sampled_from(["default", "other"]), NAMES),
    st.none() | NAMES | st.just(""),
)


@given(GROUPS, GROUPS)
def test_more_groups_never_take_a_right_away(
    groups: dict[EntityRef, str | None], more: dict[EntityRef, str | None]
) -> None:
    """Belonging to further groups can only add rights."""
    if allowed(groups):
        assert allowed(more | groups)
