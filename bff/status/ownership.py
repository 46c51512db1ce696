"""Whose entity it is in Keeptrusts' terms: the owner group's team.

An annotation is only a claim, and anyone can write one. What makes a key an entity's own is that the key's team is the
team of the entity's owner.
"""

from __future__ import annotations

from bff.keeptrusts.facts import Reading, Team
from bff.status.claims import TEAM, Owner
from bff.status.organisation import Organisation
from bff.values import DEFAULT_NAMESPACE
from bff.wording import quoted


def owner_team(owner: Owner, organisation: Organisation) -> Team | None:
    """The Keeptrusts team of `owner`: the one that the group's annotation names, else the one of the group's own name.

    None for an owner that is a user, absent, unreadable, of an origin that may claim no team, or of no known team; a name
    counts in the default namespace alone. An annotation that names no team gives none either: its author meant another than
    the namesake. Names of groups compare without regard to case, since Backstage gives them in lower case; a name that two
    teams share means neither.
    """
    if owner.unreadable or not owner.may_claim_team or owner.ref is None or owner.ref.kind != "group":
        return None
    if owner.group_team is not None:
        named = owner.group_team.strip()
        by_name = organisation.teams_by_name.get(named)
        return by_name or organisation.teams_by_id.get(named) or organisation.teams_by_slug.get(named)
    if owner.ref.namespace != DEFAULT_NAMESPACE:
        # Groups of several namespaces may be called alike, and a team can be named after one of them alone.
        return None
    return organisation.teams_by_folded_name.get(owner.ref.name)


def team_may_be_hidden(owner: Owner, teams: Reading[tuple[Team, ...]]) -> bool:
    """Whether the team of an owner for whom `owner_team` finds none may be in a row that was left out of `teams`."""
    if not owner.may_claim_team or owner.ref is None or owner.ref.kind != "group":
        return False
    if owner.group_team is not None:
        named = owner.group_team.strip()
        return any(teams.may_hide(**{field: named}) for field in ("name", "id", "slug"))
    if owner.ref.namespace != DEFAULT_NAMESPACE:
        return False
    names = (row.known.get("name", owner.ref.name) for row in teams.rejected)
    return teams.may_hide(name=owner.ref.name) or any(name and name.lower() == owner.ref.name for name in names)


def mapping_hint(owner: Owner) -> str:
    """How to give an owner without a Keeptrusts team one."""
    if owner.ref is None:
        return f"Give the entity an owner: a group that carries {TEAM}, or that is named like its Keeptrusts team."
    if owner.ref.kind != "group":
        return f"Only groups have a Keeptrusts team: let a group own the entity instead of {owner.ref}."
    if not owner.may_claim_team:
        return (
            f"{owner.ref} is registered at a place from which groups may claim no team (BFF_GROUP_ORIGINS): ask the "
            "platform team."
        )
    if owner.group_team is not None:
        return f"The annotation {TEAM} of {owner.ref} is {quoted(owner.group_team)}, which is no Keeptrusts team's name or id."
    annotate = f"Set {TEAM} on {owner.ref} to the name or id of its Keeptrusts team"
    return (
        f"{annotate}, or give the team the group's name."
        if owner.ref.namespace == DEFAULT_NAMESPACE
        else f"{annotate}."
    )
