"""The assessment of one entity: what it claims, put beside what Keeptrusts knows.

A pure function of its arguments, and the heart of the project. It reads top-down: claims, the key they mean, then a section
at a time; each section says what is wrong with it, and the worst of that is the state.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from bff.governance.activity_assessment import assess_activity
from bff.governance.annotations import GATEWAY_KEY_NAME
from bff.governance.budget_assessment import assess_budget
from bff.governance.budget_window import BudgetWindow
from bff.governance.claimed_key import ClaimedKey, find_claimed_key
from bff.governance.claims import read_claims
from bff.governance.facts import Facts, Reading
from bff.governance.findings import Code, Finding, Section, state_of, worst_first
from bff.governance.money import USD, Money
from bff.governance.organisation import Organisation
from bff.governance.rules import Rules
from bff.governance.spent_today import spent_today
from bff.governance.subject import Subject
from bff.governance.tier_assessment import assess_tier
from bff.governance.upstream import is_kept, readings, upstream_findings
from bff.governance.wallet_assessment import assess_wallet
from bff.governance.wire import BudgetStatus, Freshness, GatewayKeyStatus, GovernanceStatus, Links, TeamStatus
from bff.governance.wire import Finding as WireFinding


def assess(subject: Subject, organisation: Organisation, now: datetime, rules: Rules) -> GovernanceStatus:
    """Assess `subject` at the aware instant `now`. Never raises for anything that annotations or facts hold."""
    claims = read_claims(subject.annotations)
    facts = organisation.facts
    if not claims.names_a_key:
        # The other annotations mean nothing without a key, and a missing one is no error: the entity may use no AI at all.
        return GovernanceStatus(
            entity_ref=str(subject.ref),
            state=state_of((_NO_KEY,), known=True),
            findings=(on_wire(_NO_KEY),),
            links=links_to(None, rules),
            freshness=freshness(facts, now, rules),
        )

    claimed = find_claimed_key(claims.gateway_key_name, subject.owner, organisation, now=now, rules=rules)
    window = BudgetWindow.containing(now, rules.timezone)
    spent = spent_today(claimed.key, organisation, window) if claimed.key is not None else None
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
            *upstream_findings(_parts_used(claimed, facts), zone=rules.timezone, stale=rules.stale),
        )
    )
    return GovernanceStatus(
        entity_ref=str(subject.ref),
        state=state_of(findings, known=claimed.known),
        findings=tuple(on_wire(finding) for finding in findings),
        gateway_key=_key_status(claims.gateway_key_name, claimed),
        policy_tier=tier.status,
        team=TeamStatus(id=claimed.team.id, name=claimed.team.name) if claimed.team is not None else None,
        budget=budget.status,
        wallet=wallet.status,
        activity=activity,
        tightest_limit=_tightest_limit(
            claims.daily_budget - spent.money if claims.daily_budget is not None and spent is not None else None,
            organisation.wallets[claimed.team_id].available
            if wallet.status is not None and claimed.team_id is not None
            else None,
        ),
        links=links_to(claimed.team_id, rules),
        freshness=freshness(facts, now, rules),
    )


def on_wire(finding: Finding) -> WireFinding:
    """The wire form of a finding."""
    return WireFinding(code=finding.code, severity=finding.code.severity, message=finding.message, hint=finding.hint)


def links_to(team_id: str | None, rules: Rules) -> Links:
    """Where to look further: at the team's page, if there is a team to show.

    Only configured addresses and ids that Keeptrusts made are used; nothing that an annotation says gets into an address.
    """
    console = rules.console_url
    # A browser takes `.` and `..` for steps in the path even when they are percent-encoded.
    if console is not None and team_id is not None and team_id not in {".", ".."}:
        console = f"{console.rstrip('/')}/settings/teams/{quote(team_id, safe='')}"
    return Links(console=console, gateway=rules.gateway_url)


def freshness(facts: Facts, now: datetime, rules: Rules) -> Freshness:
    """How old the oldest part of the facts is, and whether any of it is only the last good value."""
    parts = readings(facts)
    observed = [part.observed_at for part in parts if part.value is not None and part.observed_at is not None]
    return Freshness(
        observed_at=min(observed, default=None),
        assessed_at=now,
        stale=rules.stale or any(is_kept(part) for part in parts),
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
    )


def _tightest_limit(budget_left: Money | None, wallet_left: Money | None) -> Literal["budget", "wallet"] | None:
    if wallet_left is None or wallet_left.currency != USD:
        return "budget" if budget_left is not None else None
    if budget_left is None or wallet_left < budget_left:
        return "wallet"
    return "budget"


_NO_KEY = Finding(
    Code.ANNOTATION_MISSING,
    f"The entity has no annotation {GATEWAY_KEY_NAME}.",
    "If it uses AI models through the gateway, name its gateway key there, or onboard its team with the template.",
)
