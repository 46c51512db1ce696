"""The declared tier is held against the enforced one."""

from __future__ import annotations

from bff.keeptrusts.facts import Cause, Configuration, Reading
from bff.status.findings import Code

from .conftest import NOON, Scenario


def enforcing(tier: str, *, enabled: bool = True) -> Scenario:
    """A scenario whose team has one configuration of `tier`."""
    return Scenario().but(configurations=Reading((Configuration("c", "c", "team_1", tier, enabled=enabled),), NOON))


def test_drift_names_both_tiers() -> None:
    """The reader sees what is declared and what is enforced."""
    finding = enforcing("tier-2-internal").finding(Code.TIER_DRIFT)
    assert finding.message == (
        "The entity declares 'tier-3-customer-facing', but its team's configuration enforces 'tier-2-internal'."
    )


def test_a_disabled_configuration_enforces_nothing() -> None:
    """Its tier is not shown as enforced."""
    scenario = enforcing("tier-3-customer-facing", enabled=False)
    assert scenario.codes() == [Code.TIER_UNENFORCED]
    tier = scenario.assess().policy_tier
    assert tier is not None
    assert tier.enforced is None


def test_an_undeclared_tier_is_told_what_to_declare() -> None:
    """The hint holds the tier that is enforced."""
    finding = Scenario().annotated(tier=None).finding(Code.TIER_UNDECLARED)
    assert finding.hint == 'Set the annotation keeptrusts.dev/policy-tier to "tier-3-customer-facing".'


def test_a_malformed_tier_is_not_called_undeclared() -> None:
    """One mistake makes one finding."""
    assert Scenario().annotated(tier="three").codes() == [Code.ANNOTATION_INVALID]


def test_absence_from_an_incomplete_list_proves_nothing() -> None:
    """A configuration may be on the page that is missing."""
    scenario = Scenario().but(configurations=Reading((), NOON, complete=False))
    assert scenario.codes() == [Code.UPSTREAM_UNAVAILABLE]


def test_unread_configurations_are_not_unenforced() -> None:
    """Not knowing is not the same as nothing."""
    scenario = Scenario().but(configurations=Reading(None, cause=Cause.DENIED))
    assert scenario.codes() == [Code.UPSTREAM_DENIED]
