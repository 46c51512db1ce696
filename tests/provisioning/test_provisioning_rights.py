"""Who may provision a team."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.keeptrusts.facts import Team
from bff.provisioning.provisioning_rights import ProvisioningRight, provisioning_right
from bff.values import EntityRef

DEV = EntityRef("user", "default", "dev")
PLATFORM = EntityRef("group", "default", "platform-team")
SUPPORT = EntityRef("group", "default", "support-team")
TEAM = Team("team_1", "support-team")


def right(
    groups: dict[EntityRef, str | None], *, user: EntityRef | None = DEV, team: Team | str = TEAM
) -> ProvisioningRight:
    return provisioning_right(user=user, groups=groups, platform_groups={PLATFORM}, team=team)


@pytest.mark.parametrize("user", [None, EntityRef("group", "default", "platform-team")])
def test_only_people_provision(user: EntityRef | None) -> None:
    """A caller without a person has no right, whatever groups are named."""
    decided = right({PLATFORM: None, SUPPORT: None}, user=user)
    assert not decided.allowed
    assert "people" in decided.reason


@pytest.mark.parametrize("team", [TEAM, "brand-new"])
def test_platform_groups_provision_every_team(team: Team | str) -> None:
    """Members of a platform group may provision any team, be it there or not."""
    assert right({PLATFORM: "another-team"}, team=team).allowed


@pytest.mark.parametrize("annotation", ["support-team", "team_1", " support-team "])
def test_the_annotated_group_provisions(annotation: str) -> None:
    """A group that names the team, by name or id, is its owner whatever it is called."""
    assert right({EntityRef("group", "other", "helpdesk"): annotation}).allowed


def test_the_namesake_provisions() -> None:
    """A group without annotation owns the team of its own name."""
    assert right({SUPPORT: None}).allowed
    assert right({SUPPORT: None}, team="support-team").allowed


def test_names_compare_as_backstage_gives_them() -> None:
    """A team's capitals do not keep its group out, whose reference is in lower case."""
    assert right({SUPPORT: None}, team=Team("team_1", "Support-Team")).allowed


@pytest.mark.parametrize("annotation", ["another-team", "", "team_2", "SUPPORT-TEAM"])
def test_a_namesake_that_names_another_team_does_not(annotation: str) -> None:
    """The annotation counts and not the name: the group owns the other team."""
    assert not right({SUPPORT: annotation}).allowed


def test_a_namesake_of_another_namespace_does_not() -> None:
    """A group that somebody named after the team elsewhere owns it only with the annotation."""
    assert not right({EntityRef("group", "mine", "support-team"): None}).allowed


def test_a_name_that_two_teams_share_does_not() -> None:
    """Where another team is called alike, only the annotation says which of them the group owns."""
    for annotation, allowed in ((None, False), ("support-team", True), ("team_1", True), ("Support-Team", False)):
        decided = provisioning_right(
            user=DEV, groups={SUPPORT: annotation}, platform_groups=(), team=TEAM, name_is_shared=True
        )
        assert decided.allowed is allowed


def test_a_user_named_like_the_team_does_not() -> None:
    """Only groups own teams: neither a user's name nor a user's annotation does it."""
    assert not right({EntityRef("user", "default", "support-team"): "support-team"}).allowed


def test_an_unnamed_team_is_nobodys() -> None:
    """An empty name matches no empty annotation."""
    assert not right({SUPPORT: ""}, team="").allowed


def test_a_refusal_says_what_would_help() -> None:
    """The reason names the annotation, and no group or team that the person does not belong to."""
    decided = right({EntityRef("group", "default", "a-team"): None})
    assert not decided.allowed
    assert "keeptrusts.dev/team" in decided.reason
    assert "support-team" not in decided.reason
    assert "platform-team" not in decided.reason


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
    if right(groups).allowed:
        assert right(more | groups).allowed
