"""The assessment of one entity: what it claims, put beside what Keeptrusts knows.

A pure function of its arguments, and the heart of the project. It reads top-down: claims, the key they mean, then a section
at a time; each section says what is wrong with it, and the worst of that is the state.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from bff.keeptrusts.facts import Facts, Reading, Wallet
from bff.status import wire
from bff.status.activity_assessment import assess_activity
from bff.status.budget_assessment import assess_budget
from bff.status.causes import upstream_findings
from bff.status.claimed_key import ClaimedKey, find_claimed_key
from bff.status.claims import NO_KEY, read_claims
from bff.status.findings import Section, state_of, worst_first
from bff.status.freshness import freshness, is_unexplained
from bff.status.links import links_to
from bff.status.organisation import Organisation
from bff.status.rules import Rules
from bff.status.spent_today import Spent, spent_today
from bff.status.subject import Subject
from bff.status.tier_assessment import assess_tier
from bff.status.wallet_assessment import assess_wallet
from bff.status.wire import BudgetStatus, GatewayKeyStatus, GovernanceStatus, TeamStatus
from bff.values import USD, BudgetWindow, Money


def assess(subject: Subject, organisation: Organisation, now: datetime, rules: Rules) -> GovernanceStatus:
    """Assess `subject` at the aware instant `now`. Never raises for anything that annotations or facts hold."""
    claims = read_claims(subject.annotations)
    facts = organisation.facts
    if not claims.names_a_key:
        # The other annotations mean nothing without a key, and a missing one is no error: the entity may use no AI at all.
        return GovernanceStatus(
            entity_ref=str(subject.ref),
            state=state_of((NO_KEY,), known=True),
            findings=(wire.Finding.of(NO_KEY),),
            links=links_to(None, rules),
            freshness=freshness(facts, now, rules),
        )

    claimed = find_claimed_key(claims.gateway_key_name, subject.owner, organisation, now=now, rules=rules)
    window = BudgetWindow.containing(now, rules.timezone)
    spent = spent_today(claimed.keys, claimed.team_id, organisation, window) if claimed.key is not None else None
    tier = assess_tier(claims, claimed, organisation)
    budget: Section[BudgetStatus] = Section()
    if spent is not None:
        budget = assess_budget(spent, claims.daily_budget, window, now=now, rules=rules)
    wallet = assess_wallet(claimed, organisation, rules)
    activity = assess_activity(claimed, organisation, window)
    findings = worst_first(
        (
            *claims.malformed.values(),
            *claimed.findings,
            *tier.findings,
            *wallet.findings,
            *budget.findings,
            *upstream_findings(_parts_used(claimed, facts), zone=rules.timezone, stale=is_unexplained(facts, rules)),
        )
    )
    return GovernanceStatus(
        entity_ref=str(subject.ref),
        state=state_of(findings, known=claimed.known),
        findings=tuple(wire.Finding.of(finding) for finding in findings),
        gateway_key=_key_status(claims.gateway_key_name, claimed),
        policy_tier=tier.status,
        team=TeamStatus(id=claimed.team.id, name=claimed.team.name) if claimed.team is not None else None,
        budget=budget.status,
        wallet=wallet.status,
        activity=activity,
        tightest_limit=_tightest_limit(claims.daily_budget, spent, _wallet_of(claimed, organisation)),
        links=links_to(claimed.team_id, rules),
        freshness=freshness(facts, now, rules),
    )


def _parts_used(claimed: ClaimedKey, facts: Facts) -> dict[str, Reading[Any]]:
    parts: dict[str, Reading[Any]] = {"teams": facts.teams, "gateway keys": facts.keys}
    if claimed.team_id is not None:
        parts |= {"configurations": facts.configurations, "wallets": facts.wallets}
    if claimed.key is not None:
        parts |= {"spend": facts.spend, "activity": facts.activity}
    return parts


def _key_status(declared: str | None, claimed: ClaimedKey) -> GatewayKeyStatus | None:
    if declared is None or claimed.state is None:
        return None
    key = claimed.key
    if key is None:
        return GatewayKeyStatus(declared=declared, state=claimed.state)
    return GatewayKeyStatus(
        declared=declared,
        state=claimed.state,
        id=key.id,
        prefix=key.prefix,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        count=len(claimed.keys),
    )


def _wallet_of(claimed: ClaimedKey, organisation: Organisation) -> Wallet | None:
    return organisation.wallets.get(claimed.team_id) if claimed.team_id is not None else None


def _tightest_limit(
    daily: Money | None, spent: Spent | None, wallet: Wallet | None
) -> Literal["budget", "wallet"] | None:
    """What runs out first. Only what is known competes, and only dollars compare with the budget's dollars."""
    budget_left = daily - spent.money if daily is not None and spent is not None else None
    wallet_left = wallet.available if wallet is not None and wallet.available.currency == USD else None
    if wallet_left is None:
        return "budget" if budget_left is not None else None
    return "wallet" if budget_left is None or wallet_left < budget_left else "budget"
