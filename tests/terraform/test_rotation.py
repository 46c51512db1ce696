"""A gateway key is rotated by Terraform: two keys during the grace, one after it, one place in Vault."""

from __future__ import annotations

import pytest

from tests.harness.openbao import OpenBao
from tests.terraform.stand_in import StandIn
from tests.terraform.workspace import KEY, TEAM, Workspace

LONE_KEY = """
terraform {
  required_providers {
    keeptrusts = { source = "keeptrusts/keeptrusts" }
  }
}
provider "keeptrusts" {}
variable "team_name" { type = string }
variable "mark" { type = string }
variable "grace" { type = number }
resource "keeptrusts_team" "it" { name = var.team_name }
resource "keeptrusts_gateway_key" "it" {
  name                 = "${var.team_name}-gw-key"
  team_id              = keeptrusts_team.it.id
  rotate_when_changed  = { mark = var.mark }
  rotation_grace_hours = var.grace
}
resource "keeptrusts_wallet_funding" "it" {
  team_id = keeptrusts_team.it.id
  amount  = 10
}
output "key" { value = keeptrusts_gateway_key.it }
"""


@pytest.fixture
def rotating(workspace: Workspace) -> Workspace:
    """A team with a key whose rotation the variables `mark` and `grace` (hours) decide."""
    (workspace.folder / "main.tf").write_text(LONE_KEY)
    workspace.variables |= {"mark": "first", "grace": 24}
    workspace.applied()
    return workspace


def secret(openbao: OpenBao, workspace: Workspace) -> str:
    """The gateway key that Vault holds now."""
    name = workspace.variables["team_name"]
    entry = openbao.entry(f"ai/{name}/{name}-gw-key")
    assert entry
    return entry["key"]


def key_of(workspace: Workspace) -> dict[str, object]:
    """The key's attributes as an output shows them."""
    found: dict[str, object] = workspace.json("output", "-json")["key"]["value"]
    return found


def test_both_keys_work_during_the_grace_and_one_after_it(
    rotating: Workspace, keeptrusts: StandIn, openbao: OpenBao
) -> None:
    """A changed mark makes a successor at the same path; the old key works until the first apply after its grace."""
    old, old_secret = key_of(rotating), secret(openbao, rotating)
    rotating.variables |= {"mark": "second", "grace": 0.0001}
    assert rotating.planned() == {"keeptrusts_gateway_key.it": "update"}
    rotating.applied("plan.bin")
    new, new_secret = key_of(rotating), secret(openbao, rotating)
    assert (new["previous_id"], new["vault_path"]) == (old["id"], old["vault_path"])
    assert openbao.versions(str(new["vault_path"])) == 2
    assert [keeptrusts.complete(each).status_code for each in (old_secret, new_secret)] == [200, 200]
    # 0.36 s have passed since: Terraform needs longer to start.
    assert rotating.planned() == {"keeptrusts_gateway_key.it": "update"}
    rotating.applied("plan.bin")
    assert [keeptrusts.complete(each).status_code for each in (old_secret, new_secret)] == [401, 200]
    assert key_of(rotating)["previous_id"] is None
    assert rotating.plan().code == 0
    assert new_secret not in (rotating.folder / "terraform.tfstate").read_text()


def test_a_rotation_within_its_grace_is_left_alone(rotating: Workspace, keeptrusts: StandIn) -> None:
    """Until the grace ends a plan has nothing to do, and a destroy revokes both keys."""
    rotating.variables |= {"mark": "second"}
    rotating.applied()
    assert rotating.plan().code == 0
    team_id = str(key_of(rotating)["team_id"])
    assert len(keeptrusts.active_keys(team_id)) == 2
    done = rotating.destroy()
    assert done.ok, done.output
    assert keeptrusts.active_keys(team_id) == []


def test_a_key_that_keeptrusts_has_forgotten_is_made_again(
    workspace: Workspace, keeptrusts: StandIn, openbao: OpenBao
) -> None:
    """A key that is no longer listed is planned, made again at the same path, and then there is nothing to do."""
    workspace.applied()
    before = workspace.state
    keeptrusts.do("DELETE", f"/_sandbox/keys/{before[KEY]['id']}")
    assert workspace.planned() == {KEY: "create"}
    workspace.applied("plan.bin")
    after = workspace.state
    assert after[KEY]["vault_path"] == before[KEY]["vault_path"]
    assert [key["id"] for key in keeptrusts.active_keys(before[TEAM]["id"])] == [after[KEY]["id"]]
    assert (openbao.entry(after[KEY]["vault_path"]) or {})["id"] == after[KEY]["id"] != before[KEY]["id"]
    assert workspace.plan().code == 0


def test_the_module_rotates_only_when_a_mark_changes(workspace: Workspace, keeptrusts: StandIn) -> None:
    """Setting the module's mark for the first time keeps the key; another value makes a successor."""
    workspace.applied()
    first = workspace.state[KEY]["id"]
    workspace.variables["rotate_key_when_changed"] = {"quarter": "2026-Q4"}
    workspace.applied()
    assert workspace.state[KEY]["id"] == first
    workspace.variables["rotate_key_when_changed"] = {"quarter": "2027-Q1"}
    workspace.applied()
    assert workspace.state[KEY]["previous_id"] == first
    assert len(keeptrusts.active_keys(workspace.state[TEAM]["id"])) == 2
