"""What a team's people may do for their team, and what is for platform groups. Pure rules: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from bff.keeptrusts.facts import Team
from bff.provisioning.errors import ForbiddenError, RuleError
from bff.status.claims import EXAMPLES, TEAM, PolicyTier, PolicyTierError
from bff.values import DEFAULT_NAMESPACE, EntityRef, Money
from bff.wording import listed, quoted

MONTHLY = Money(Decimal(3000))
"""What owners may give their team in a calendar month by default: what the onboarding template gives by default."""

MOST_KEYS = 30
"""Living gateway keys of a team, by default."""

ASK = "the platform team"


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the owners of a team may go.

    `monthly` is money for a calendar month; `tiers` are the policy templates that the team may take; `most_keys` counts
    keys that are neither revoked nor expired; `longest_key_life` is None where keys need not expire.
    """

    monthly: Money = MONTHLY
    tiers: tuple[str, ...] = EXAMPLES
    most_keys: int = MOST_KEYS
    longest_key_life: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a caller is to a team: of its owning group, or of a platform group, which may act for every team.

    `wider` is whether this call may go beyond the team's limits. `hint` says to a member of a platform group what a call
    that may would need; empty for others.
    """

    wider: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits of every team, those of named teams (in lower case), and whom to ask for more.

    `muted` are the codes of findings that are never alerted.

    The `check` methods raise `RuleError`, which names the rule, its limit, what is left of it and whom to ask. A standing
    with wider rights passes them all.
    """

    limits: Limits = field(default_factory=Limits)
    teams: Mapping[str, Limits] = field(default_factory=dict)
    ask: str = ASK
    muted: frozenset[str] = frozenset()

    def of_team(self, team: str) -> Limits:
        """The limits of a team, by its name in any case."""
        return self.teams.get(team.lower(), self.limits)

    def check_funding(self, standing: Standing, team: str, amount: Money, *, funded: Money) -> bool:
        """Check that `amount` may be given after `funded` in this month; whether that takes wider rights."""
        limit = self.of_team(team).monthly
        if funded + amount <= limit:
            return False
        left = limit - funded if funded < limit else Money.zero(limit.currency)
        return self._beyond(
            standing,
            rule="funding.ownersMonthlyUsd",
            limit=limit.plain(),
            left=left.plain(),
            text=f"The owners of {quoted(team)} may give it {limit} a calendar month; {left} of that is left, and {amount} was asked for.",
        )

    def check_tier(self, standing: Standing, team: str, tier: str, *, enabled: Iterable[str]) -> bool:
        """Check that a team whose enabled configurations are of `enabled` may take `tier`; whether that takes wider rights."""
        allowed = self.of_team(team).tiers
        if tier not in allowed:
            return self._beyond(
                standing,
                rule="tiers.allowed",
                limit=", ".join(allowed) or "none",
                left=None,
                text=f"The owners of {quoted(team)} may take {listed(allowed) or 'no policy tier'}, and not {quoted(tier)}.",
            )
        strictest = max(enabled, key=_level, default=tier)
        if _level(tier) >= _level(strictest):
            return False
        return self._beyond(
            standing,
            rule="tiers.lower",
            limit=strictest,
            left=None,
            text=f"{quoted(team)} has {strictest}, and {quoted(tier)} would be a weaker policy.",
        )

    def check_disabling(
        self, standing: Standing, team: str, tier: str, *, living_keys: int, others: Iterable[str]
    ) -> bool:
        """Check that a configuration may go while `living_keys` work and `others` stay; whether that takes wider rights."""
        if not living_keys or any(_level(other) >= _level(tier) for other in others):
            return False
        return self._beyond(
            standing,
            rule="tiers.lower",
            limit=tier,
            left=None,
            text=f"{quoted(team)} has {living_keys} living gateway keys, which {tier} protects: revoke them first.",
        )

    def check_key(
        self,
        standing: Standing,
        team: str,
        name: str,
        *,
        teams: Iterable[str],
        living: int,
        expires_at: datetime | None,
        now: datetime,
    ) -> bool:
        """Check the making of a key; whether that takes wider rights.

        `teams` are the names of all teams, `living` is how many living keys the team has.
        """
        limits = self.of_team(team)
        checks = (
            self._check_key_name(standing, team, name, teams),
            self._check_key_count(standing, team, limits, living),
            self.check_key_life(standing, team, expires_at, now),
        )
        return any(checks)

    def _check_key_name(self, standing: Standing, team: str, name: str, teams: Iterable[str]) -> bool:
        if named_after(name, (team, *teams)) == team.lower():
            return False
        return self._beyond(
            standing,
            rule="keys.name",
            limit=f"{team.lower()}-",
            left=None,
            text=f"The name of a key of {quoted(team)} must begin with {quoted(f'{team.lower()}-')}, and with no other team's name; "
            f"it is {quoted(name)}.",
        )

    def _check_key_count(self, standing: Standing, team: str, limits: Limits, living: int) -> bool:
        if living < limits.most_keys:
            return False
        return self._beyond(
            standing,
            rule="keys.mostLiving",
            limit=str(limits.most_keys),
            left="0",
            text=f"{quoted(team)} has {living} living gateway keys, and may have {limits.most_keys}: revoke one first.",
        )

    def check_key_life(self, standing: Standing, team: str, expires_at: datetime | None, now: datetime) -> bool:
        """Check how long a key may live that expires then; whether that takes wider rights."""
        longest = self.of_team(team).longest_key_life
        if longest is None or (expires_at is not None and expires_at <= now + longest):
            return False
        asked = "without an end" if expires_at is None else f"until {expires_at.isoformat()}"
        return self._beyond(
            standing,
            rule="keys.longestLifeDays",
            limit=str(longest.days),
            left=None,
            text=f"A gateway key of {quoted(team)} may live for {longest.days} days, and was asked for {asked}.",
        )

    def _beyond(self, standing: Standing, *, rule: str, limit: str, left: str | None, text: str) -> bool:
        if standing.wider:
            return True
        more = f"{standing.hint} " if standing.hint else ""
        raise RuleError(
            f"{text} {more}Ask {self.ask} for more (rule {rule}).", rule=rule, limit=limit, left=left, ask=self.ask
        )


def standing_of(
    *,
    user: EntityRef | None,
    groups: Mapping[EntityRef, str | None],
    platform_groups: Collection[EntityRef],
    team: Team | str,
    name_is_shared: bool = False,
    via: str | None = None,
    approved: bool = False,
) -> Standing:
    """What `user` is to `team`, a team that exists or the name of one that is to be made.

    `user` is None for a caller who is no person. `groups` holds the groups that the user belongs to, each with its
    `keeptrusts.dev/team` annotation, None where it carries none; references of other kinds among them give no right.
    `name_is_shared` says that another team is called alike but for upper and lower case: then only an annotation tells
    whose it is. `via` is the Backstage plugin that calls for the user: what a template does that somebody else wrote stays
    within the team's limits, unless it is `approved`. Raises `ForbiddenError` where the user has no right.
    """
    if user is None or user.kind != "user":
        raise ForbiddenError("Provisioning is for people: this call comes from no signed-in user.")
    own = {ref: annotation for ref, annotation in groups.items() if ref.kind == "group"}
    if any(ref in platform_groups for ref in own):
        if via is None or approved:
            return Standing(wider=True)
        return Standing(
            hint="Members of platform groups may go further in a call of their own, or with the name of another member in "
            "approvedBy: a template may have been written by anybody."
        )
    if any(_owns(ref, annotation, team, name_is_shared=name_is_shared) for ref, annotation in own.items()):
        return Standing()
    raise ForbiddenError(
        f"{user} belongs neither to a group that owns the team nor to a platform group. A group owns the team that "
        f"its annotation {TEAM} names or, without that annotation and in the default namespace, the team of its own name."
    )


def _owns(group: EntityRef, annotation: str | None, team: Team | str, *, name_is_shared: bool) -> bool:
    name = team if isinstance(team, str) else team.name
    if annotation is not None:
        # It means that team and not the namesake. An empty one names none.
        names = {name} if isinstance(team, str) else {name, team.id}
        return annotation.strip() in names - {""}
    if name_is_shared:
        return False
    # As in `ownership`: elsewhere a group may be called like a team that is not its own. Backstage gives names in lower case.
    return group.namespace == DEFAULT_NAMESPACE and group.name == name.lower()


def named_after(name: str, teams: Iterable[str]) -> str | None:
    """The team, in lower case, whose name a key's name begins with; None where it begins with none.

    Of two teams `new` and `new-team` the key `new-team-gw-key` is named after the second.
    """
    lower = (team.lower() for team in teams)
    return max((team for team in lower if name == team or name.startswith(f"{team}-")), key=len, default=None)


def _level(tier: str) -> int:
    try:
        return PolicyTier.parse(tier).level
    except PolicyTierError:
        # A tier without a number counts as the weakest.
        return -1
