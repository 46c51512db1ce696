"""The onboarding template asks for what the service takes, and sends it as it is meant."""

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

from bff.provisioning.requests import MOST_DOLLARS, Allocation, NewConfiguration, NewKey, NewTeam
from bff.status.claims import EXAMPLES, read_claims
from bff.web.openapi import ROUTES

CHECKOUT = Path(__file__).parents[2]
CATALOG = CHECKOUT / "catalog"
FILE = CATALOG / "templates/ai-team-onboard/template.yaml"
TEMPLATE = yaml.safe_load(FILE.read_text("utf-8"))
STEPS = {step["id"]: step for step in TEMPLATE["spec"]["steps"]}
FORM = {name: field for page in TEMPLATE["spec"]["parameters"] for name, field in page["properties"].items()}
REQUESTS = {
    "create-team": NewTeam,
    "provision-key": NewKey,
    "apply-config": NewConfiguration,
    "allocate-wallet": Allocation,
}
LONGEST = "x" * 56


Rendered = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def rendered() -> Iterator[Rendered]:
    """Steps by id, and outputs, as the scaffolder renders them when every step has answered."""
    arguments = [CHECKOUT / "toolchain/node_modules/.bin/node", Path(__file__).with_name("render.cjs"), FILE]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node:

        def render(team: str = "group:default/support-team", budget: float = 100, days: int = 30) -> dict[str, Any]:
            assert node.stdin
            assert node.stdout
            node.stdin.write(json.dumps(context(team, budget, days)) + "\n")
            node.stdin.flush()
            document = json.loads(node.stdout.readline())
            return {"output": document["output"]} | {step["id"]: step for step in document["steps"]}

        yield render


def context(team: str, budget: float, days: int) -> dict[str, Any]:
    """What the expressions of the template may name."""
    name = team.removeprefix("group:default/")
    key = {
        "id": "tok_1",
        "name": f"{name}-gw-key",
        "vault_mount": "secret",
        "vault_path": f"ai/{name}/{name}-gw-key",
    }
    return {
        "context": {"task": {"id": "task-1"}},
        "parameters": {"teamName": team, "policyTier": EXAMPLES[1], "dailyBudget": budget, "fundingDays": days},
        "steps": {
            "create-team": {"output": {"body": {"id": "team_1", "name": name}}},
            "provision-key": {"output": {"body": key}},
        },
    }


@pytest.mark.parametrize(
    "team", ["support-team", "group:default/support-team", LONGEST, f"group:default/{LONGEST}", "a"]
)
def test_the_service_takes_what_the_form_takes(rendered: Rendered, team: str) -> None:
    """Names as long as the form allows, picked or typed, make bodies that the service accepts."""
    assert re.search(FORM["teamName"]["pattern"], team)
    steps = rendered(team)
    for step, request in REQUESTS.items():
        request.model_validate(steps[step]["input"]["body"])
    assert steps["create-team"]["input"]["body"]["name"] == team.removeprefix("group:default/")


@pytest.mark.parametrize(
    "team",
    ["", f"{LONGEST}x", "Support-Team", "a/b", "../a", "-a", "a-", "a b", "group:other/a", "user:default/a", "ä"],
)
def test_the_form_refuses_names_that_are_none(team: str) -> None:
    """What could be no team's name, no group's and no path in Vault is refused before anything is made."""
    assert not re.search(FORM["teamName"]["pattern"], team)


@pytest.mark.parametrize(
    ("budget", "days", "amount"),
    [(100, 30, "3000"), (0.1, 3, "0.3"), (19.99, 7, "139.93"), (25000, 365, "9125000"), (0.001, 5, "0.01")],
)
def test_the_wallet_gets_the_budget_times_the_days(rendered: Rendered, budget: float, days: int, amount: str) -> None:
    """The amount is a number, exact to the cent, and one that the service takes."""
    step = rendered(budget=budget, days=days)["allocate-wallet"]
    assert step["if"] is True
    assert Allocation.model_validate(step["input"]["body"]).amount == Decimal(amount)


@pytest.mark.parametrize("budget", [0, 0.0000001])
def test_nothing_is_allocated_without_a_budget(rendered: Rendered, budget: float) -> None:
    """With a budget of 0, or less than a cent, the step is left out instead of failing."""
    assert rendered(budget=budget)["allocate-wallet"]["if"] is False


def test_the_largest_budget_can_be_funded() -> None:
    """Whatever the form takes, the service takes."""
    assert FORM["dailyBudget"]["maximum"] * FORM["fundingDays"]["maximum"] <= MOST_DOLLARS


@pytest.mark.parametrize("budget", [0, 100, 0.25, 12.5, 0.000001, 25000])
def test_the_annotations_to_paste_are_valid(rendered: Rendered, budget: float) -> None:
    """What the result says to paste can be read back, and says what was asked for."""
    [text] = [text for text in rendered(budget=budget)["output"]["text"] if text["title"] == "Annotations"]
    pasted = yaml.safe_load(text["content"].split("```")[1].removeprefix("yaml"))
    claims = read_claims(pasted["metadata"]["annotations"])
    assert claims.malformed == {}
    assert claims.gateway_key_name == "support-team-gw-key"
    assert str(claims.policy_tier) == EXAMPLES[1]
    assert claims.daily_budget is not None
    assert claims.daily_budget.amount == Decimal(str(budget))
    assert pasted["spec"]["consumesApis"] == ["keeptrusts-gateway-api"]


def test_the_tiers_are_the_guides() -> None:
    """The form offers each tier, and explains each."""
    tiers = FORM["policyTier"]
    assert tiers["enum"] == list(EXAMPLES)
    assert len(tiers["enumNames"]) == len(EXAMPLES)


def test_every_step_calls_a_route_of_the_service() -> None:
    """Each goes through the proxy, as JSON, with a key that makes a second call the same call."""
    routes = {(route.method, route.path) for route in ROUTES}
    for step in STEPS.values():
        wanted = step["input"]
        assert (wanted["method"], wanted["path"].removeprefix("/proxy/keeptrusts")) in routes
        assert wanted["path"].startswith("/proxy/keeptrusts/v1/")
        assert wanted["headers"]["Content-Type"] == "application/json"
        assert wanted["headers"]["Idempotency-Key"]


def test_the_links_are_those_of_the_catalog(rendered: Rendered) -> None:
    """Console and gateway have one address wherever the catalog names them."""
    links = {link["title"]: link["url"] for link in rendered()["output"]["links"]}
    component = yaml.safe_load((CATALOG / "catalog-info.yaml").read_text("utf-8"))
    console = next(link["url"] for link in component["metadata"]["links"] if link["title"] == "Management Console")
    api = yaml.safe_load((CATALOG / "keeptrusts-gateway-api.yaml").read_text("utf-8"))
    assert links["View in Console"] == f"{console}/settings/teams/team_1"
    assert links["Gateway"] == yaml.safe_load(api["spec"]["definition"])["servers"][0]["url"]
    assert (CATALOG / "docs" / f"{links['Getting started'].rsplit('/', 1)[1]}.md").is_file()
