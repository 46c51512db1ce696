"""What people leave lying about: empty texts, sums of fractions, other secrets in the way, tokens that may do half of it."""

from __future__ import annotations

import re

import pytest

from tests.harness.openbao import OpenBao
from tests.terraform.conftest import NewWorkspace
from tests.terraform.stand_in import StandIn
from tests.terraform.workspace import KEY, TERRAFORM_FOLDER, Workspace

TEAM_ALONE = """
terraform {
  required_providers {
    keeptrusts = { source = "keeptrusts/keeptrusts" }
  }
}
provider "keeptrusts" {}
variable "team_name" { type = string }
resource "keeptrusts_team" "it" {
  name        = var.team_name
  description = %s
}
"""

MAY_NOT_REMOVE = """
path "secret/data/ai/*" { capabilities = ["create", "read"] }
path "secret/metadata/ai/*" { capabilities = ["read", "update"] }
"""


def with_values(workspace: Workspace, **values: str) -> Workspace:
    """The workspace with expressions in place of the module's variables."""
    main = workspace.folder / "main.tf"
    text = main.read_text()
    for name, value in values.items():
        text = text.replace(f"= var.{name}", f"= {value}")
    main.write_text(text)
    return workspace


def test_a_description_can_be_emptied(workspace: Workspace, keeptrusts: StandIn) -> None:
    """An empty description is not a difference at every plan, and one that is left out is removed."""
    for written, kept in (('""', ""), ('"Helps"', "Helps"), ('""', ""), ("null", "")):
        (workspace.folder / "main.tf").write_text(TEAM_ALONE % written)
        workspace.applied()
        assert (keeptrusts.team(workspace.variables["team_name"])["description"] or "") == kept
        assert workspace.plan().code == 0


def test_fractions_make_no_difference(new_workspace: NewWorkspace, keeptrusts: StandIn) -> None:
    """A budget that is a sum of fractions is the amount that was meant, and a second plan has nothing to do."""
    workspace = with_values(new_workspace(funding_days=3), daily_budget_usd="0.1 + 0.2")
    workspace.applied()
    outputs = workspace.json("output", "-json")
    assert keeptrusts.bookings(outputs["team_id"]["value"]) == [("allocation", 0.9)]
    assert outputs["annotations"]["value"]["keeptrusts.dev/daily-budget"] == "0.3"
    assert workspace.plan().code == 0


def test_null_is_left_out(workspace: Workspace) -> None:
    """A caller who hands null on gets the module's defaults."""
    with_values(workspace, policy_tier="null", daily_budget_usd="null", funding_days="null")
    planned = workspace.plan()
    assert planned.code == 2, planned.output
    assert "tier-2-internal" in planned.output
    assert "3000" in planned.output


@pytest.mark.parametrize("budget", [0.0000001, 1.2345678])
def test_a_budget_that_no_annotation_can_say_is_refused(new_workspace: NewWorkspace, budget: float) -> None:
    """More decimals than an annotation may have are refused by the variable's name."""
    refused = new_workspace(daily_budget_usd=budget).plan()
    assert refused.code == 1
    assert "daily_budget_usd must have at most six" in refused.output


def test_a_key_is_not_revoked_where_it_cannot_be_replaced(
    workspace: Workspace, keeptrusts: StandIn, openbao: OpenBao
) -> None:
    """With another secret in the place of the key's entry, the error says what is there, and the key stays in force."""
    workspace.applied()
    key = workspace.state[KEY]
    openbao.call("POST", f"secret/data/{key['vault_path']}", {"data": {"password": "somebody-elses"}})
    refused = workspace.apply()
    assert refused.errors == 1, refused.output
    assert f"holds a secret now and not {key['id']}" in " ".join(refused.output.split())
    assert [found["id"] for found in keeptrusts.active_keys(key["team_id"])] == [key["id"]]
    assert openbao.entry(key["vault_path"]) == {"password": "somebody-elses"}


def test_the_documented_policy_is_enough(workspace: Workspace, openbao: OpenBao) -> None:
    """A Vault token with the policy of the provider's page, and without the default one, makes, rotates and removes a key."""
    [policy] = re.findall(r"```hcl\n(path .*?)```", (TERRAFORM_FOLDER / "provider/README.md").read_text(), re.DOTALL)
    workspace.environment["VAULT_TOKEN"] = openbao.token(openbao.policy(policy), no_default_policy=True)
    workspace.variables["rotate_key_when_changed"] = {"quarter": "2026-Q4"}
    workspace.applied()
    workspace.variables["rotate_key_when_changed"] = {"quarter": "2027-Q1"}
    workspace.applied()
    path = workspace.state[KEY]["vault_path"]
    assert openbao.versions(path) == 2
    done = workspace.destroy()
    assert done.ok, done.output
    assert openbao.versions(path) == 0


def test_a_token_that_may_not_remove_leaves_nothing_half_done(
    workspace: Workspace, keeptrusts: StandIn, openbao: OpenBao
) -> None:
    """A destroy with a Vault token that may not delete revokes no key, so that the next destroy takes both away."""
    workspace.applied()
    key = workspace.state[KEY]
    refused = workspace.apply("-destroy", VAULT_TOKEN=openbao.token(openbao.policy(MAY_NOT_REMOVE)))
    assert "does not let this provider delete" in " ".join(refused.output.split())
    assert [found["id"] for found in keeptrusts.active_keys(key["team_id"])] == [key["id"]]
    done = workspace.destroy()
    assert done.ok, done.output
    assert openbao.versions(key["vault_path"]) == 0
