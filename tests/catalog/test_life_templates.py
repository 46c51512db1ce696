"""The templates for a key's life: what they ask for, send and say is what the service takes, does and answers."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from bff.provisioning import policy
from bff.provisioning.errors import RuleError
from bff.provisioning.requests import (
    GRACE_HOURS,
    LEAST_DOLLARS,
    MOST_DOLLARS,
    MOST_GRACE_HOURS,
    Allocation,
    Disabling,
    NewConfiguration,
    Reclaim,
    Revocation,
    Rotation,
)
from bff.status.claims import EXAMPLES, GATEWAY_KEY_NAME, POLICY_TIER
from bff.status.findings import REMEDIES
from bff.web.openapi import ROUTES

CHECKOUT = Path(__file__).parents[2]
CATALOG = CHECKOUT / "catalog"
NODE = CHECKOUT / "toolchain/node_modules/.bin/node"
NAMES = ("ai-key-rotate", "ai-wallet-top-up", "ai-tier-change", "ai-team-offboard")
FILES = {name: CATALOG / "templates" / name / "template.yaml" for name in ("ai-team-onboard", *NAMES)}
TEMPLATES = {name: yaml.safe_load(file.read_text("utf-8")) for name, file in FILES.items()}
LONGEST = "x" * 63
TEAM = {
    "id": "team_1",
    "name": "support-team",
    "keys": ["support-team-gw-key", "support-team-batch"],
    "configurations": ["support-team-config"],
}
PREVIOUS = {"id": "tok_1", "revokes_at": "2026-11-28T10:00:00.720723+00:00"}
FILLED: dict[str, dict[str, Any]] = {
    "ai-key-rotate": {"team": "support-team", "keyName": "support-team-gw-key", "graceHours": 24},
    "ai-wallet-top-up": {"team": "support-team", "amount": 250.5},
    "ai-tier-change": {"team": "support-team", "tier": EXAMPLES[2]},
    "ai-team-offboard": {"team": "support-team", "confirmation": "support-team"},
}
ROUTED = {(each.method, each.path) for each in ROUTES}
Rendered = Callable[..., dict[str, Any]]


def fields(template: str) -> dict[str, Any]:
    """The fields of a template's form, by name."""
    return {
        name: field for page in TEMPLATES[template]["spec"]["parameters"] for name, field in page["properties"].items()
    }


@pytest.fixture(scope="module")
def rendered() -> Iterator[Rendered]:
    """Steps by id, and the output, as the scaffolder renders them; `each` stands for one iteration."""
    running: dict[str, subprocess.Popen[str]] = {}

    def render(
        template: str,
        *,
        holds: dict[str, Any] = TEAM,
        each: Any = None,
        filled: dict[str, Any] | None = None,
        previous: dict[str, str] | None = PREVIOUS,
        **more: Any,
    ) -> dict[str, Any]:
        if template not in running:
            arguments = [NODE, Path(__file__).with_name("render.cjs"), FILES[template]]
            running[template] = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        node = running[template]
        assert node.stdin
        assert node.stdout
        key = {
            "name": "support-team-gw-key",
            "vault_mount": "secret",
            "vault_path": "ai/support-team/support-team-gw-key",
            "previous": previous,
        }
        context = {
            "context": {"task": {"id": "task-1"}},
            "parameters": FILLED[template] | (filled or {}) | more,
            "each": {"key": 0, "value": each},
            "steps": {
                "find-team": {"output": {"body": holds}},
                "rotate-key": {"output": {"body": key}},
                "apply-config": {"output": {"body": {"name": "support-team-tier-3-customer-facing"}}},
            },
        }
        node.stdin.write(json.dumps(context) + "\n")
        node.stdin.flush()
        document = json.loads(node.stdout.readline())
        return {"output": document["output"]} | {step["id"]: step for step in document["steps"]}

    yield render
    for node in running.values():
        node.communicate()


def body(steps: dict[str, Any], step: str) -> dict[str, Any]:
    """What a step sends."""
    sent: dict[str, Any] = json.loads(json.dumps(steps[step]["input"]["body"]))
    return sent


@pytest.mark.parametrize("template", FILES)
def test_every_template_is_registered(template: str) -> None:
    """A template has its folder's name and stands in the file that is registered."""
    targets = yaml.safe_load((CATALOG / "all.yaml").read_text("utf-8"))["spec"]["targets"]
    assert TEMPLATES[template]["metadata"]["name"] == template
    assert f"./templates/{template}/template.yaml" in targets


@pytest.mark.parametrize("template", sorted(set(REMEDIES.values())))
def test_every_remedy_is_a_template_with_the_fields_that_are_filled_in(template: str) -> None:
    """A finding's template is one of these, and its form has the fields that the service knows values for."""
    name = template.removeprefix("template:default/")
    wanted = {
        "ai-team-onboard": {"teamName", "policyTier"},
        "ai-key-rotate": {"team", "keyName", "entityRef"},
        "ai-wallet-top-up": {"team", "entityRef"},
        "ai-tier-change": {"team", "tier", "entityRef"},
    }
    assert wanted[name] <= fields(name).keys()


@pytest.mark.parametrize("template", FILES)
def test_a_bare_name_and_a_reference_are_both_taken(template: str) -> None:
    """The form takes a team as a finding gives it and as the picker gives it, and nothing that is no name."""
    pattern = fields(template)["teamName" if template == "ai-team-onboard" else "team"]["pattern"]
    assert all(re.search(pattern, text) for text in ("support-team", "group:default/support-team", "a"))
    assert not any(
        re.search(pattern, text) for text in ("", "A", "group:other/a", "user:default/a", "a/b", "../a", "a-")
    )


@pytest.mark.parametrize("typed", ["support-team", "group:default/support-team"])
@pytest.mark.parametrize("template", NAMES)
def test_the_team_is_looked_up_by_its_bare_name(rendered: Rendered, template: str, typed: str) -> None:
    """The first step asks for the team and changes nothing, so that a dry run does it too."""
    first = rendered(template, filled={"team": typed})["find-team"]["input"]
    assert (first["method"], first["path"]) == ("GET", "/proxy/keeptrusts/v1/teams/support-team")


def test_a_rotation_is_what_the_service_takes(rendered: Rendered) -> None:
    """The key's name is in the path, and team and grace are in the body."""
    steps = rendered("ai-key-rotate", graceHours=48)
    assert steps["rotate-key"]["input"]["path"] == "/proxy/keeptrusts/v1/tokens/support-team-gw-key/rotate"
    taken = Rotation.model_validate(body(steps, "rotate-key"))
    assert (taken.team_id, taken.grace_hours) == ("team_1", 48)


def test_the_grace_is_the_services_own() -> None:
    """Default and bounds of the form are those of the service."""
    grace = fields("ai-key-rotate")["graceHours"]
    assert (grace["minimum"], grace["default"], grace["maximum"]) == (0, GRACE_HOURS, MOST_GRACE_HOURS)


def test_a_top_up_is_what_the_service_takes(rendered: Rendered) -> None:
    """The amount is a number, exact to the cent, under the task's own key; an approver goes along where there is one."""
    steps = rendered("ai-wallet-top-up", amount=19.99, reason="Black Friday")
    taken = Allocation.model_validate(body(steps, "allocate-wallet"))
    assert (taken.amount, taken.note, taken.approver) == (Decimal("19.99"), "Black Friday", None)
    assert steps["allocate-wallet"]["input"]["headers"]["Idempotency-Key"] == "task-1"
    approved = Allocation.model_validate(
        body(rendered("ai-wallet-top-up", approvedBy="user:default/jane"), "allocate-wallet")
    )
    assert str(approved.approver) == "user:default/jane"


def test_the_amounts_of_the_form_are_the_services() -> None:
    """The least amount is the service's, the largest is within it, and the limit that the text names is the default policy's."""
    amount = fields("ai-wallet-top-up")["amount"]
    assert Decimal(str(amount["minimum"])) == LEAST_DOLLARS
    assert amount["maximum"] <= MOST_DOLLARS
    limit = f"{policy.MONTHLY.amount:,} USD in a calendar month"
    assert limit in amount["description"]
    assert limit in fields("ai-team-onboard")["fundingDays"]["description"]


def test_onboarding_with_the_defaults_is_within_the_limit() -> None:
    """What the onboarding form allocates without a change is what a team's own people may give it in a month."""
    form = fields("ai-team-onboard")
    assert form["dailyBudget"]["default"] * form["fundingDays"]["default"] <= policy.MONTHLY.amount


@pytest.mark.parametrize("team", ["support-team", LONGEST])
@pytest.mark.parametrize("tier", EXAMPLES)
def test_a_tier_change_is_what_the_service_takes(rendered: Rendered, team: str, tier: str) -> None:
    """The new configuration has a name of its own, also for the longest names, and each former one is disabled."""
    steps = rendered("ai-tier-change", holds=TEAM | {"name": team}, tier=tier, each="support-team-config")
    made = NewConfiguration.model_validate(body(steps, "apply-config"))
    assert (made.team_id, made.template_id) == ("team_1", tier)
    assert made.name.endswith(f"-{tier}")
    step = steps["disable-others"]
    assert step["each"] == ["support-team-config"]
    assert step["if"] is True
    assert step["input"]["path"] == "/proxy/keeptrusts/v1/configurations/support-team-config/disable"
    Disabling.model_validate(body(steps, "disable-others"))


def test_the_configuration_just_made_stays(rendered: Rendered) -> None:
    """A repeated tier change does not disable what it has made."""
    assert rendered("ai-tier-change", each="support-team-tier-3-customer-facing")["disable-others"]["if"] is False


def test_the_tiers_are_explained_as_in_the_onboarding() -> None:
    """Both forms offer each tier with the same words."""
    tier, first = fields("ai-tier-change")["tier"], fields("ai-team-onboard")["policyTier"]
    assert (tier["enum"], tier["enumNames"]) == (list(EXAMPLES), first["enumNames"])


def test_a_lower_tier_is_for_the_platform_team() -> None:
    """The rule that the form names is the service's: an owner may take a stricter tier, and no lower one."""
    assert "A lower one is for the platform team" in fields("ai-tier-change")["tier"]["description"]
    rules, owner = policy.Policy(), policy.Standing()
    assert rules.check_tier(owner, "support-team", EXAMPLES[2], enabled=[EXAMPLES[1]]) is False
    with pytest.raises(RuleError, match="weaker policy"):
        rules.check_tier(owner, "support-team", EXAMPLES[0], enabled=[EXAMPLES[1]])


def test_an_offboarding_is_what_the_service_takes(rendered: Rendered) -> None:
    """The two names are compared by the service, then every key goes, then all money, then every configuration."""
    steps = rendered("ai-team-offboard", confirmation="support-team", each="support-team-batch")
    assert steps["find-team"]["input"]["params"] == {"confirm": "support-team"}
    assert steps["revoke-keys"]["each"] == TEAM["keys"]
    assert steps["revoke-keys"]["input"]["path"] == "/proxy/keeptrusts/v1/tokens/support-team-batch/revoke"
    assert Revocation.model_validate(body(steps, "revoke-keys")).id is None
    assert Reclaim.model_validate(body(steps, "reclaim-money")).amount is None
    assert steps["disable-configs"]["each"] == TEAM["configurations"]
    Disabling.model_validate(body(steps, "disable-configs"))
    order = [step["id"] for step in TEMPLATES["ai-team-offboard"]["spec"]["steps"]]
    assert order == ["find-team", "revoke-keys", "reclaim-money", "disable-configs"]


@pytest.mark.parametrize("template", NAMES)
def test_every_step_calls_a_route_of_the_service(template: str) -> None:
    """Each goes through the proxy to a route that there is, and each that changes something is the same step when repeated."""
    for step in TEMPLATES[template]["spec"]["steps"]:
        wanted = step["input"]
        path = re.sub(r"\$\{\{.*?\}\}", "{name}", wanted["path"].removeprefix("/proxy/keeptrusts"))
        assert (wanted["method"], path) in ROUTED
        assert wanted["path"].startswith("/proxy/keeptrusts/v1/")
        if wanted["method"] != "GET":
            assert wanted["headers"] == {
                "Content-Type": "application/json",
                "Idempotency-Key": "${{ context.task.id }}",
            }


@pytest.mark.parametrize("template", NAMES)
def test_the_result_holds_links_that_lead_somewhere(rendered: Rendered, template: str) -> None:
    """Console and pages have the addresses of the catalog, and the service's page is linked where it is known."""
    output = rendered(template, entityRef="component:default/customer-support-bot")["output"]
    component = yaml.safe_load((CATALOG / "catalog-info.yaml").read_text("utf-8"))
    console = next(link["url"] for link in component["metadata"]["links"] if link["title"] == "Management Console")
    for link in output["links"]:
        if "entityRef" in link:
            assert link["entityRef"] == "component:default/customer-support-bot"
        elif link["icon"] == "docs":
            assert (CATALOG / "docs" / f"{link['url'].rsplit('/', 1)[1]}.md").is_file()
        else:
            assert link["url"] == f"{console}/settings/teams/team_1"


@pytest.mark.parametrize("template", NAMES)
def test_without_a_service_no_link_is_empty(rendered: Rendered, template: str) -> None:
    """A link whose target is not known is left out."""
    for link in rendered(template)["output"]["links"]:
        assert link.get("url") or not link.get("if", False)


def test_the_annotations_that_the_texts_name_are_read(rendered: Rendered) -> None:
    """What a form or a result says to write is an annotation that the service reads."""
    assert GATEWAY_KEY_NAME in fields("ai-key-rotate")["keyName"]["description"]
    [text] = [each["content"] for each in rendered("ai-tier-change")["output"]["text"] if each["title"] == "Annotation"]
    pasted = yaml.safe_load(text.split("```")[1].removeprefix("yaml"))
    assert pasted["metadata"]["annotations"] == {POLICY_TIER: EXAMPLES[2]}


def test_the_result_of_a_rotation_says_where_the_key_is(rendered: Rendered) -> None:
    """The text names the path in Vault and from when the old key is revoked."""
    [text] = rendered("ai-key-rotate")["output"]["text"]
    assert "secret/ai/support-team/support-team-gw-key" in text["content"]
    assert "The old key is revoked after 2026-11-28 10:00 UTC, once it is no longer used." in text["content"]


def test_a_rotation_without_an_old_key_says_so(rendered: Rendered) -> None:
    """Where no old key was in force, the result names no time."""
    [text] = rendered("ai-key-rotate", previous=None)["output"]["text"]
    assert "No old key was in force." in text["content"]
    assert "UTC" not in text["content"]
