"""Each finding that a software template mends names the template, and what is known for its form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bff.keeptrusts.facts import Reading
from bff.spend.report import report_spend
from bff.status.claims import Owner
from bff.status.findings import REMEDIES, Code
from bff.values import EntityRef

from .conftest import KEY, NOON, Scenario, wallet

TEMPLATES = Path(__file__).parents[2] / "catalog" / "templates"


def remedy(scenario: Scenario, code: Code) -> tuple[str, dict[str, str]] | None:
    """The template of the one finding of `code`, and its parameters."""
    found = scenario.finding(code).remedy
    return None if found is None else (found.template, dict(found.parameters))


def test_a_key_that_is_revoked_is_mended_by_a_rotation_of_that_key() -> None:
    """The form of the rotation starts with the team, the entity, the key and the tier."""
    scenario = Scenario().but(keys=Reading((replace(KEY, revoked=True),), NOON))
    assert remedy(scenario, Code.KEY_REVOKED) == (
        "template:default/ai-key-rotate",
        {
            "team": "support-team",
            "entityRef": "component:default/customer-support-bot",
            "keyName": "support-key",
            "tier": "tier-3-customer-facing",
        },
    )


def test_an_entity_without_a_key_is_mended_by_onboarding_its_owners_team() -> None:
    """The guide's template has its own names for the team and the tier: its form is filled in as well."""
    template, parameters = remedy(Scenario().annotated(key=None), Code.ANNOTATION_MISSING) or ("", {})
    assert template == "template:default/ai-team-onboard"
    assert parameters == {
        "team": "support-team",
        "entityRef": "component:default/customer-support-bot",
        "tier": "tier-3-customer-facing",
        "teamName": "support-team",
        "policyTier": "tier-3-customer-facing",
    }


def test_the_names_for_onboarding_are_those_of_its_form() -> None:
    """`teamName` and `policyTier` are fields of the template that the catalog has."""
    form = yaml.safe_load((TEMPLATES / "ai-team-onboard" / "template.yaml").read_text(encoding="utf-8"))
    fields = {name for page in form["spec"]["parameters"] for name in page["properties"]}
    assert {"teamName", "policyTier"} <= fields


@pytest.mark.parametrize(
    ("owner", "team"),
    [
        (Owner(EntityRef("group", "default", "new-team")), "new-team"),
        (Owner(EntityRef("group", "default", "new-team"), " New Team "), "New Team"),
        (Owner(EntityRef("group", "elsewhere", "new-team")), None),
        (Owner(EntityRef("user", "default", "ada")), None),
        (Owner(None), None),
    ],
)
def test_the_team_is_the_one_that_the_owner_stands_for(owner: Owner, team: str | None) -> None:
    """Where Keeptrusts does not know the team yet, it is named as the group or its annotation names it, or not at all."""
    _, parameters = remedy(Scenario().annotated(key=None).but(owner=owner), Code.ANNOTATION_MISSING) or ("", {})
    assert parameters.get("team") == team


def test_the_declared_tier_is_the_one_to_change_to() -> None:
    """Where declared and enforced tier differ, the form starts with the one that the entity declares."""
    _, parameters = remedy(Scenario().annotated(tier="tier-1-exploration"), Code.TIER_DRIFT) or ("", {})
    assert parameters["tier"] == "tier-1-exploration"


def test_without_a_declared_tier_the_form_starts_with_the_enforced_one() -> None:
    """A person who declares the tier sees the one that holds today."""
    _, parameters = remedy(Scenario().annotated(tier=None), Code.TIER_UNDECLARED) or ("", {})
    assert parameters["tier"] == "tier-3-customer-facing"


def test_a_withheld_key_gives_no_template_anything_of_others() -> None:
    """A claim on another team's key names no template, and nothing of that team is in any remedy."""
    status = Scenario().annotated(key="others-key", tier=None).assess()
    assert {finding.code: finding.remedy is None for finding in status.findings}[Code.OWNER_MISMATCH]
    assert "777" not in status.model_dump_json()


def test_a_company_can_name_its_own_template() -> None:
    """The template of a code can be another, with the same parameters."""
    scenario = Scenario().but(wallets=Reading((wallet("50", status="low"),), NOON))
    own = scenario.ruled(remedies={**REMEDIES, Code.WALLET_LOW: "template:platform/more-money"})
    template, parameters = remedy(own, Code.WALLET_LOW) or ("", {})
    assert (template, parameters["team"]) == ("template:platform/more-money", "support-team")


def test_a_company_can_have_none() -> None:
    """An empty reference means that no template is offered."""
    scenario = Scenario().but(wallets=Reading((wallet("50", status="low"),), NOON))
    assert remedy(scenario.ruled(remedies={**REMEDIES, Code.WALLET_LOW: ""}), Code.WALLET_LOW) is None


def test_what_no_template_mends_names_none() -> None:
    """A budget that is used up is mended in the catalog, not by a template."""
    assert remedy(Scenario().having_spent("700"), Code.BUDGET_EXCEEDED) is None


def test_a_spend_report_names_the_same_templates() -> None:
    """A finding has the same remedy in the report as in the status."""
    scenario = Scenario().annotated(key="unheard-of")
    report = report_spend(scenario.subject, scenario.organisation, None, days=7, now=NOON, rules=scenario.rules)
    assert [finding.remedy for finding in report.findings] == [scenario.finding(Code.KEY_NOT_FOUND).remedy]
