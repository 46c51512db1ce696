"""Who may give a team its access: a person of the group that owns the team, or of a platform group."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bff.keeptrusts.facts import Team
from bff.status.claims import TEAM
from bff.values import DEFAULT_NAMESPACE, EntityRef


@dataclass(frozen=True, slots=True)
class ProvisioningRight:
    """Whether provisioning is allowed, and why: one sentence for the person who asked."""

    allowed: bool
    reason: str


def provisioning_right(
    *,
    user: EntityRef | None,
    groups: Mapping[EntityRef, str | None],
    platform_groups: Collection[EntityRef],
    team: Team | str,
    name_is_shared: bool = False,
) -> ProvisioningRight:
    """Decide whether `user` may provision `team`, a team that exists or the name of one that is to be made.

    `user` is None for a caller who is no person. `groups` holds the groups that the user belongs to, each with its
    `keeptrusts.dev/team` annotation, None where it carries none; references of other kinds among them give no right.
    `name_is_shared` says that another team is called alike but for upper and lower case: then only an annotation tells whose it is.
    """
    if user is None or user.kind != "user":
        return ProvisioningRight(
            allowed=False, reason="Provisioning is for people: this call comes from no signed-in user."
        )
    own = sorted(ref for ref in groups if ref.kind == "group")
    for ref in own:
        if ref in platform_groups:
            return ProvisioningRight(allowed=True, reason=f"{user} belongs to the platform group {ref}.")
    for ref in own:
        if _owns(ref, groups[ref], team, name_is_shared=name_is_shared):
            return ProvisioningRight(allowed=True, reason=f"{user} belongs to {ref}, which owns the team.")
    return ProvisioningRight(
        allowed=False,
        reason=(
            f"{user} belongs neither to a group that owns the team nor to a platform group. A group owns the team that "
            f"its annotation {TEAM} names or, without that annotation and in the default namespace, the team of its own name."
        ),
    )


def _owns(group: EntityRef, annotation: str | None, team: Team | str, *, name_is_shared: bool) -> bool:
    name = team if isinstance(team, str) else team.name
    if annotation is not None:
        # Whoever wrote it meant that team and not the namesake. An empty one names none.
        names = {name} if isinstance(team, str) else {name, team.id}
        return annotation.strip() in names - {""}
    if name_is_shared:
        return False
    # As in `ownership`: elsewhere a group may be called like a team that is not its own. Backstage gives names in lower case.
    return group.namespace == DEFAULT_NAMESPACE and group.name == name.lower()
