"""An entity claims something of one Keeptrusts: the one that its annotation names."""

from __future__ import annotations

import pytest

from bff.spend.rollup import keys_shown
from bff.status.claims import (
    DAILY_BUDGET,
    GATEWAY_KEY_NAME,
    INSTANCE,
    LONGEST_INSTANCE,
    Claims,
    InstanceNameError,
    instance_name,
    is_of_another,
    read_claims,
)
from bff.status.findings import Code
from bff.status.key_claims import key_claims

from .conftest import Scenario
from .test_assessment import SCENARIO

MALFORMED = ("", "Staging", "staging ", "-staging", "staging-", "a--b", "a/b", "..", "é", "x" * (LONGEST_INSTANCE + 1))


def of(instance: str | None, *, at: str | None) -> Scenario:
    """An entity in order that names `instance`, seen by the service of the instance `at`."""
    named = {} if instance is None else {INSTANCE: instance}
    return SCENARIO.but(annotations={**SCENARIO.annotations, **named}).ruled(instance=at)


@pytest.mark.parametrize("instance", [None, "staging"])
def test_an_entity_claims_at_its_own_instance(instance: str | None) -> None:
    """Where annotation and service name the same instance, or neither names one, the entity has its status and its spend."""
    status = of(instance, at=instance).assess()
    assert (status.state, status.findings) == ("ok", ())
    assert status.budget is not None


@pytest.mark.parametrize(
    ("instance", "at", "message", "values"),
    [
        (
            "staging",
            None,
            "The entity is of the Keeptrusts instance 'staging', and this service shows the Keeptrusts instance without a name.",
            {"instance": "staging"},
        ),
        (
            None,
            "production",
            "The entity is of the Keeptrusts instance without a name, and this service shows the Keeptrusts instance 'production'.",
            {"serves": "production"},
        ),
        (
            "staging",
            "production",
            "The entity is of the Keeptrusts instance 'staging', and this service shows the Keeptrusts instance 'production'.",
            {"instance": "staging", "serves": "production"},
        ),
    ],
)
def test_an_entity_of_another_instance_claims_nothing(
    instance: str | None, at: str | None, message: str, values: dict[str, str]
) -> None:
    """It is unconfigured, with one sentence that names both instances, no template, and nothing of a key of the same name."""
    status = of(instance, at=at).assess()
    (finding,) = status.findings
    assert status.state == "unconfigured"
    assert (finding.code, finding.message, finding.params, finding.remedy) == (
        Code.ANNOTATION_MISSING,
        message,
        values,
        None,
    )
    assert (status.gateway_key, status.policy_tier, status.budget, status.wallet, status.activity) == (None,) * 5


def test_an_entity_of_another_instance_has_no_spend() -> None:
    """Its report has no amounts, not even its own budget, and says why."""
    report = of("staging", at=None).report(None)
    assert (report.total, report.by_day, report.daily_budget) == (None, None, None)
    assert [finding.params for finding in report.findings] == [{"instance": "staging"}]


def test_an_entity_of_another_instance_takes_no_key_here() -> None:
    """The key of the same name here is not its own in roll-ups, files and coverage, so that its spend stays unclaimed."""
    scenario = of("staging", at=None)
    claims = key_claims((scenario.subject,), scenario.organisation, now=scenario.now, rules=scenario.rules)
    assert claims[scenario.subject.ref].claimed is None
    assert keys_shown(claims, claims.keys()) == {}


@pytest.mark.parametrize("text", MALFORMED)
@pytest.mark.parametrize("at", [None, "staging"])
def test_a_malformed_name_claims_nothing_anywhere(text: str, at: str | None) -> None:
    """No instance is guessed: each service says that the name cannot be read and how to write it, and shows nothing."""
    status = of(text, at=at).assess()
    (finding,) = status.findings
    assert (finding.code, status.gateway_key, status.budget) == (Code.ANNOTATION_INVALID, None, None)
    assert finding.message.startswith(f"The annotation {INSTANCE} is ")
    assert finding.hint is not None
    assert "BFF_INSTANCE" in finding.hint


def test_other_annotations_of_another_instance_are_not_judged_here() -> None:
    """What an entity claims elsewhere may follow other rules, so nothing of it is malformed here."""
    claims = read_claims({INSTANCE: "staging", DAILY_BUDGET: "5,00", GATEWAY_KEY_NAME: ""})
    assert claims == Claims(elsewhere=claims.elsewhere)
    assert not claims.names_a_key


@pytest.mark.parametrize(
    ("text", "instance", "other"),
    [
        (None, None, False),
        (None, "staging", True),
        ("staging", None, True),
        ("staging", "staging", False),
        ("production", "staging", True),
        ("No name", None, False),
        ("No name", "staging", False),
    ],
)
def test_lists_leave_out_what_is_of_another(text: str | None, instance: str | None, other: bool) -> None:
    """Lists leave out an entity of another instance, and keep one whose name is malformed, which somebody must correct."""
    assert is_of_another({} if text is None else {INSTANCE: text}, instance) is other


@pytest.mark.parametrize("text", MALFORMED)
def test_the_error_of_a_name_says_the_form(text: str) -> None:
    """A name that is none is refused with the value and the form expected."""
    with pytest.raises(InstanceNameError, match=r"is not the name of a Keeptrusts instance\. Write it as"):
        instance_name(text)
