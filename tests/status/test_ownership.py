"""An entity belongs to the Keeptrusts team of its owner group, and to no other."""

from __future__ import annotations

import pytest

from bff.keeptrusts.facts import Reading, Team
from bff.status.claims import Owner
from bff.status.ownership import mapping_hint, owner_team
from bff.values import EntityRef

from .conftest import NOON, Scenario

TEAMS = (
    Team("team_1", "support-team"),
    Team("team_2", "Research"),
    Team("team_3", "ML Platform", "ml-platform"),
    Team("team_4", "team_1"),
)
ORGANISATION = Scenario().but(teams=Reading(TEAMS, NOON)).organisation


def team_of(owner: str | None, annotation: str | None = None, *, unreadable: bool = False) -> str | None:
    """The id of the team of an owner."""
    ref = EntityRef.parse(owner) if owner is not None else None
    team = owner_team(Owner(ref, annotation, unreadable), ORGANISATION)
    return team.id if team is not None else None


def test_the_group_of_the_teams_name_is_the_team() -> None:
    """No annotation is needed where the names agree, whatever their case."""
    assert team_of("group:support-team") == "team_1"
    assert team_of("group:research") == "team_2"


@pytest.mark.parametrize(
    ("annotation", "team"), [("Research", "team_2"), ("team_2", "team_2"), ("ml-platform", "team_3")]
)
def test_the_annotation_names_the_team(annotation: str, team: str) -> None:
    """By its name, by its id or by its slug, and before the group's own name."""
    assert team_of("group:support-team", annotation) == team


def test_a_name_comes_before_an_id() -> None:
    """An annotation that is one team's name and another's id means the name."""
    assert team_of("group:x", "team_1") == "team_4"


@pytest.mark.parametrize("annotation", ["", "nobody", "research"])
def test_an_annotation_that_names_no_team_gives_none(annotation: str) -> None:
    """A mistake in it is not covered up by the namesake: another team was meant."""
    assert team_of("group:support-team", annotation) is None


@pytest.mark.parametrize("owner", [None, "user:support-team", "group:unheard-of", "component:support-team"])
def test_other_owners_have_no_team(owner: str | None) -> None:
    """Only groups have one, and not all of them."""
    assert team_of(owner) is None


def test_a_slug_is_no_namesake() -> None:
    """What is not said is not assumed: the group must have the team's name."""
    assert team_of("group:ml-platform") is None


def test_a_namesake_of_another_namespace_has_no_team() -> None:
    """Two organisations' groups may be called alike: outside the default namespace the annotation says whose numbers they see."""
    assert team_of("group:other/support-team") is None
    assert team_of("group:other/support-team", "support-team") == "team_1"


def test_an_unreadable_owner_has_no_team() -> None:
    """Trouble with the catalog opens nothing."""
    assert team_of("group:support-team", unreadable=True) is None


@pytest.mark.parametrize(
    ("owner", "word"),
    [
        (Owner(), "owner"),
        (Owner(EntityRef.parse("user:guest")), "Only groups"),
        (Owner(EntityRef.parse("group:x"), "nobody"), "'nobody'"),
        (Owner(EntityRef.parse("group:x")), "keeptrusts.dev/team"),
        (Owner(EntityRef.parse("group:x")), "or give the team the group's name"),
        (Owner(EntityRef.parse("group:other/x")), "its Keeptrusts team."),
    ],
)
def test_the_hint_fits_the_owner(owner: Owner, word: str) -> None:
    """Each reason for having no team has its own remedy."""
    assert word in mapping_hint(owner)
