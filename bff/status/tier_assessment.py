"""The declared policy tier against the one that the team's configuration enforces."""

from __future__ import annotations

from bff.status.annotations import POLICY_TIER
from bff.status.causes import SEE_DOCTOR, TRIED_AGAIN
from bff.status.claimed_key import ClaimedKey
from bff.status.claims import Claims
from bff.status.findings import Code, Finding, Section
from bff.status.organisation import Organisation
from bff.status.params import params
from bff.status.wire import PolicyTierStatus
from bff.wording import quoted


def assess_tier(claims: Claims, claimed: ClaimedKey, organisation: Organisation) -> Section[PolicyTierStatus]:
    """Compare the two. Without a team to look at, only what the entity declares can be said."""
    declared = str(claims.policy_tier) if claims.policy_tier is not None else None
    enforced = None
    findings: list[Finding] = []
    if claimed.team_id is not None:
        configuration = organisation.configurations.get(claimed.team_id)
        if configuration is None:
            findings += _nothing_enforced(claimed.team_id, declared, claimed, organisation)
        elif organisation.facts.configurations.names(team_id=claimed.team_id):
            # It may be the newer one, and then the other is not what is enforced.
            findings.append(_row_unreadable(_whose(claimed)))
        else:
            enforced = configuration.template_id
    if not claims.names_a_tier:
        findings.append(_undeclared(enforced))
    elif declared is not None and enforced is not None and declared != enforced:
        findings.append(_drift(declared, enforced))
    if declared is None and claimed.team_id is None:
        return Section(None, tuple(findings))
    return Section(PolicyTierStatus(declared=declared, enforced=enforced), tuple(findings))


def _nothing_enforced(
    team_id: str, declared: str | None, claimed: ClaimedKey, organisation: Organisation
) -> list[Finding]:
    reading = organisation.facts.configurations
    if reading.value is None:
        return []  # The missing part makes its own finding.
    whose = _whose(claimed)
    if not reading.complete:
        message = (
            f"{whose} has no enabled policy configuration among those that could be read, and the list is not whole."
        )
        return [Finding(Code.UPSTREAM_UNAVAILABLE, message, TRIED_AGAIN)]
    if reading.may_hide(team_id=team_id):
        return [_row_unreadable(whose)]
    message = f"{whose} has no enabled policy configuration, so no tier is enforced."
    return [
        Finding(
            Code.TIER_UNENFORCED,
            message,
            "The platform team must enable a configuration made from the tier's template.",
            # The translated sentence names the declared tier.
            params(declared=declared) if declared is not None else None,
        )
    ]


def _whose(claimed: ClaimedKey) -> str:
    return f"The team {quoted(claimed.team.name)}" if claimed.team is not None else "The key's team"


def _row_unreadable(whose: str) -> Finding:
    message = (
        f"{whose} may have a policy configuration in a row that is not of the form expected, so which tier is enforced is "
        "not known."
    )
    return Finding(Code.UPSTREAM_CONTRACT, message, SEE_DOCTOR)


def _undeclared(enforced: str | None) -> Finding:
    message = "The entity declares no policy tier."
    if enforced is None or not enforced.isprintable():
        # The translated hint is to declare the tier that is enforced.
        return Finding(
            Code.TIER_UNDECLARED, message, f"Set the annotation {POLICY_TIER} to the tier that the entity needs."
        )
    return Finding(Code.TIER_UNDECLARED, message, f'Set the annotation {POLICY_TIER} to "{enforced}".', params())


def _drift(declared: str, enforced: str) -> Finding:
    return Finding(
        Code.TIER_DRIFT,
        f"The entity declares {quoted(declared)}, but its team's configuration enforces {quoted(enforced)}.",
        f"Correct {POLICY_TIER}, or let the platform team enable a configuration of the declared tier.",
        params(declared=declared, enforced=enforced),
    )
