"""Who sees numbers, and what the others see.

Amounts (spend, use of a budget, balances, models, counts of requests) are for members of the group that owns an entity and
of the platform groups. State, key, tier, team, and findings without amounts are for everyone who may see the entity. An
entity has two answers, and none is made for one caller.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bff.backstage.caller import LOCAL, Caller
from bff.backstage.entities import CatalogContractError, CatalogDeniedError, Memberships
from bff.status import wire
from bff.status.findings import Code, Finding, params
from bff.status.wire import GovernanceStatus, SpendReport
from bff.values import EntityRef


@dataclass(frozen=True, slots=True)
class Viewer:
    """A caller as far as numbers go: the groups and the user in whose name they act, None for one who sees all numbers."""

    acts_for: frozenset[EntityRef] | None

    def sees_numbers(self, owner: EntityRef | None) -> bool:
        """Whether the amounts of what `owner` owns are for this viewer."""
        return self.acts_for is None or (owner is not None and owner in self.acts_for)


EVERYTHING = Viewer(None)
"""A viewer who sees all numbers."""


NOTHING = Viewer(frozenset())
"""A viewer who sees no numbers."""


class Permission(Protocol):
    """Decides whether a caller may see amounts at all."""

    async def allows(self, caller: Caller) -> bool:
        """Whether they may."""

    def known(self, caller: Caller) -> bool | None:
        """The same without waiting; None where that takes more than memory."""


class NumbersAccess:
    """Finds out whose numbers a caller sees.

    With `every_viewer` amounts are for everyone who may see the entity (`BFF_NUMBERS=viewers`, `BFF_AUTH=none`), and no groups
    are read. With a `permission` only callers whom it allows see any.
    """

    def __init__(
        self,
        memberships: Memberships,
        *,
        platform_groups: Collection[EntityRef] = (),
        every_viewer: bool = False,
        permission: Permission | None = None,
    ) -> None:
        self._memberships = memberships
        self._permission = permission
        self._platform_groups = frozenset(platform_groups)
        self.every_viewer = every_viewer

    async def viewer(self, caller: Caller) -> Viewer:
        """The viewer that `caller` is now. Raises `CatalogUnavailableError` while their groups cannot be asked for."""
        if self._permission is not None and not await self._permission.allows(caller):
            return NOTHING
        if self.every_viewer:
            return EVERYTHING
        try:
            acts_for = await self._memberships.memberships(caller)
        except (CatalogDeniedError, CatalogContractError):
            # This lasts until somebody mends it: no caller sees more meanwhile, and the rest of the answer is there.
            return NOTHING
        return self.viewer_in(acts_for)

    def known_permission(self, caller: Caller) -> bool | None:
        """Whether `caller` may see amounts at all, without waiting: True without a permission, None where it must be asked."""
        return True if self._permission is None else self._permission.known(caller)

    def owns(self, acts_for: frozenset[EntityRef], owner: EntityRef | None) -> bool:
        """Whether one who acts for these groups and this user is of `owner`, or of the platform groups."""
        # As the viewer who acts for them sees it, without making one: a part of every hit.
        return owner in acts_for or not self._platform_groups.isdisjoint(acts_for)

    async def is_of_platform(self, caller: Caller) -> bool:
        """Whether `caller` is in a platform group now, or is the one caller of a service without authentication.

        It does not depend on who sees the amounts of an entity: what is of the whole organisation is also of entities that a
        viewer may not see. A `permission` must allow it too. Raises `CatalogError` when their groups cannot be asked for.
        """
        if caller == LOCAL:
            return True
        if self._permission is not None and not await self._permission.allows(caller):
            return False
        return not self._platform_groups.isdisjoint(await self._memberships.memberships(caller))

    def viewer_in(self, acts_for: frozenset[EntityRef]) -> Viewer:
        """The viewer who acts for these groups and this user."""
        return EVERYTHING if not self._platform_groups.isdisjoint(acts_for) else Viewer(acts_for)


def status_without_numbers(status: GovernanceStatus, owner: EntityRef | None) -> GovernanceStatus:
    """`status` as those see it for whom the amounts of `owner` are not.

    Its state stays: that something is wrong is no secret. A section that is added to `GovernanceStatus` is withheld until
    it is named here.
    """
    findings = findings_without_amounts(status.findings)
    shown = GovernanceStatus(
        entity_ref=status.entity_ref,
        state=status.state,
        findings=findings,
        gateway_key=status.gateway_key,
        policy_tier=status.policy_tier,
        team=status.team,
        links=status.links,
        freshness=status.freshness,
    )
    return shown if shown == status else shown.model_copy(update={"findings": (*findings, _withheld(owner))})


def report_without_numbers(report: SpendReport, owner: EntityRef | None) -> SpendReport:
    """`report` as those see it for whom the amounts of `owner` are not."""
    findings = findings_without_amounts(report.findings)
    shown = SpendReport(
        entity_ref=report.entity_ref,
        days=report.days,
        timezone=report.timezone,
        complete=False,
        findings=findings,
        freshness=report.freshness,
    )
    return shown if shown == report else shown.model_copy(update={"findings": (*findings, _withheld(owner))})


def findings_without_amounts(findings: Iterable[wire.Finding]) -> tuple[wire.Finding, ...]:
    """`findings`, each whose sentence may hold an amount with one that holds none; severities and hints stay.

    Its params are then empty, so that a client says its own sentence without amounts.
    """
    return tuple(finding if finding.code in HOLD_NO_AMOUNT else _without_amounts(finding) for finding in findings)


def _without_amounts(finding: wire.Finding) -> wire.Finding:
    message = WITHOUT_AMOUNTS.get(finding.code, _SOMETHING_WITH_AMOUNTS)
    # A client's usual sentence of `wallet-depleted` has no params either, and says more than this one.
    said_by_clients = finding.code in WITHOUT_AMOUNTS and finding.code is not Code.WALLET_DEPLETED
    return finding.model_copy(update={"message": message, "params": {} if said_by_clients else None})


WITHOUT_AMOUNTS: Mapping[str, str] = {
    Code.WALLET_LOW: "The team's wallet is low or empty.",
    Code.WALLET_DEPLETED: "The team's wallet is empty.",
    Code.BUDGET_NEAR: "Most of the daily budget is spent.",
    Code.BUDGET_EXCEEDED: "The daily budget is spent.",
    Code.BUDGET_PACE: "At this pace the daily budget runs out before it resets.",
    Code.MONTH_BUDGET_NEAR: "Most of the monthly budget is spent.",
    Code.MONTH_BUDGET_EXCEEDED: "The monthly budget is spent.",
    Code.MONTH_BUDGET_PACE: "At this pace the month ends above the monthly budget.",
    Code.SPEND_UNUSUAL: "A day of late has cost far more than is usual for this key.",
    Code.SPEND_INCOMPLETE: "Sums of spend are lower bounds, since not all of it has been read.",
}
"""The sentence of each code whose own may hold an amount, by code."""

HOLD_NO_AMOUNT = frozenset(
    {
        Code.ANNOTATION_MISSING,
        Code.ANNOTATION_INVALID,
        Code.KEY_NOT_FOUND,
        Code.KEY_REVOKED,
        Code.KEY_EXPIRED,
        Code.KEY_EXPIRING,
        Code.NUMBERS_WITHHELD,
        Code.OWNER_MISMATCH,
        Code.TRUNCATED,
        Code.TIER_UNDECLARED,
        Code.TIER_DRIFT,
        Code.TIER_UNENFORCED,
        Code.WALLET_MISSING,
        Code.DATA_STALE,
        Code.CATALOG_DENIED,
        Code.UPSTREAM_UNAVAILABLE,
        Code.UPSTREAM_DENIED,
        Code.UPSTREAM_CONTRACT,
    }
)
"""Codes whose sentences name keys, tiers, teams and times, or repeat an annotation, which is everyone's to read."""

_SOMETHING_WITH_AMOUNTS = "What this is about holds amounts."


def _withheld(owner: EntityRef | None) -> wire.Finding:
    whose, values = "members of the platform groups alone, since the entity has no owner", None
    if owner is not None and owner.kind == "group":
        whose, values = f"members of {owner} and of the platform groups", params(owner=str(owner))
    elif owner is not None:
        whose = f"{owner} and members of the platform groups"
    hint = "Ask a member of the owning group, or the platform team."
    return wire.Finding.of(Finding(Code.NUMBERS_WITHHELD, f"Amounts are for {whose}.", hint, values))
