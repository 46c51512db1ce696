"""A team's life under Terraform: made, left alone, drifted, changed, renamed, taken over, destroyed."""

from __future__ import annotations

from tests.harness.openbao import OpenBao
from tests.terraform.conftest import NewWorkspace
from tests.terraform.stand_in import StandIn, broken, refused
from tests.terraform.workspace import CONFIGURATION, FUNDING, KEY, TEAM, Workspace


def test_a_team_is_made_works_and_stays_as_it_is(workspace: Workspace, keeptrusts: StandIn, openbao: OpenBao) -> None:
    """One apply makes team, policy, key and money; the key from Vault works at the gateway; a second plan has nothing to do."""
    assert workspace.run("validate", "-no-color").ok
    workspace.applied()
    name = workspace.variables["team_name"]
    team = keeptrusts.team(name)
    assert [found["template_id"] for found in keeptrusts.of_team("configurations", team["id"])] == ["tier-2-internal"]
    assert keeptrusts.bookings(team["id"]) == [("allocation", 3000)]
    entry = openbao.entry(f"ai/{name}/{name}-gw-key")
    assert entry
    assert keeptrusts.complete(entry["key"]).status_code == 200
    assert entry["id"] == keeptrusts.active_keys(team["id"])[0]["id"]
    outputs = workspace.json("output", "-json")
    assert outputs["vault_path"]["value"] == f"ai/{name}/{name}-gw-key"
    assert outputs["annotations"]["value"]["keeptrusts.dev/gateway-key-name"] == f"{name}-gw-key"
    # The chat completion was paid from the wallet: what was allocated is the same, and so is the plan.
    assert workspace.plan().code == 0


def test_what_changed_behind_its_back_is_planned_and_repaired(
    workspace: Workspace, keeptrusts: StandIn, openbao: OpenBao
) -> None:
    """A revoked key, a deleted configuration and reclaimed money are seen by the next plan and mended by the next apply."""
    workspace.applied()
    before = workspace.state
    team_id = before[TEAM]["id"]
    keeptrusts.do("DELETE", f"/v1/tokens/{before[KEY]['id']}")
    keeptrusts.do("DELETE", f"/v1/configurations/{before[CONFIGURATION]['id']}")
    keeptrusts.do(
        "POST", "/v1/wallets/reclaim", {"team_id": team_id, "amount": 1000, "currency": "USD", "note": "test"}
    )
    assert workspace.planned() == {KEY: "create", CONFIGURATION: "create", FUNDING: "update"}
    workspace.applied("plan.bin")
    after = workspace.state
    assert after[TEAM] == before[TEAM]
    assert keeptrusts.bookings(team_id) == [("allocation", 3000), ("reclaim", -1000), ("allocation", 1000)]
    entry = openbao.entry(after[KEY]["vault_path"])
    assert entry
    assert entry["id"] == after[KEY]["id"] != before[KEY]["id"]
    assert keeptrusts.complete(entry["key"]).status_code == 200
    assert workspace.plan().code == 0


def test_a_key_that_vault_has_lost_is_replaced(workspace: Workspace, keeptrusts: StandIn, openbao: OpenBao) -> None:
    """A key whose entry was deleted can never be read again: the plan replaces it in place, and the lost one is revoked."""
    workspace.applied()
    lost = workspace.state[KEY]
    openbao.call("DELETE", f"secret/data/{lost['vault_path']}")
    assert workspace.planned() == {KEY: "update"}
    workspace.applied("plan.bin")
    new = workspace.state[KEY]
    assert [key["id"] for key in keeptrusts.active_keys(new["team_id"])] == [new["id"]]
    assert new["id"] != lost["id"]
    assert (openbao.entry(new["vault_path"]) or {})["id"] == new["id"]


def test_a_disabled_configuration_is_put_in_force_again(workspace: Workspace, keeptrusts: StandIn) -> None:
    """A configuration that Keeptrusts reports as disabled is replaced by one that is enforced."""
    workspace.applied()
    found = workspace.state[CONFIGURATION]
    listed = {"data": [keeptrusts.of_team("configurations", found["team_id"])[0] | {"enabled": False}]}
    with keeptrusts.faulty(broken("GET", "/v1/configurations", listed)):
        assert workspace.planned() == {CONFIGURATION: "update"}


def test_tier_budget_and_name_change_in_place(workspace: Workspace, keeptrusts: StandIn, openbao: OpenBao) -> None:
    """Another tier and budget keep team and key; another name keeps the team, its money and its history."""
    workspace.applied()
    before = workspace.state
    workspace.variables |= {"policy_tier": "tier-3-customer-facing", "daily_budget_usd": 12.5}
    assert workspace.planned() == {CONFIGURATION: "update", FUNDING: "update"}
    workspace.applied("plan.bin")
    team_id = before[TEAM]["id"]
    assert [found["template_id"] for found in keeptrusts.of_team("configurations", team_id)] == [
        "tier-3-customer-facing"
    ]
    assert keeptrusts.bookings(team_id) == [("allocation", 3000), ("reclaim", -2625)]
    renamed = f"{workspace.variables['team_name']}-renamed"
    workspace.variables["team_name"] = renamed
    assert workspace.planned() == {TEAM: "update", CONFIGURATION: "update", KEY: "replace"}
    workspace.applied("plan.bin")
    after = workspace.state
    assert (after[TEAM]["id"], after[TEAM]["name"]) == (team_id, renamed)
    assert openbao.entry(before[KEY]["vault_path"]) is None
    assert (openbao.entry(f"ai/{renamed}/{renamed}-gw-key") or {})["id"] == after[KEY]["id"]
    assert workspace.plan().code == 0


def test_an_existing_team_is_taken_over(workspace: Workspace, new_workspace: NewWorkspace, keeptrusts: StandIn) -> None:
    """Everything that another workspace made can be imported, the team by its name, and then a plan has nothing to do."""
    workspace.applied()
    there = workspace.state
    team_id = there[TEAM]["id"]
    taking_over = new_workspace(**workspace.variables)
    blocks = {
        TEAM: workspace.variables["team_name"],
        CONFIGURATION: there[CONFIGURATION]["id"],
        KEY: there[KEY]["id"],
        FUNDING: team_id,
    }
    lines = [f'import {{\n  to = {address}\n  id = "{id_}"\n}}\n' for address, id_ in blocks.items()]
    (taking_over.folder / "imports.tf").write_text("".join(lines))
    taking_over.applied()
    assert taking_over.state == there
    assert taking_over.plan().code == 0
    assert keeptrusts.bookings(team_id) == [("allocation", 3000)]


def test_destroying_leaves_nothing(workspace: Workspace, keeptrusts: StandIn, openbao: OpenBao) -> None:
    """No team, no key in force, no configuration, no money and no entry in Vault remain."""
    workspace.applied()
    there = workspace.state
    team_id, path = there[TEAM]["id"], there[KEY]["vault_path"]
    entry = openbao.entry(path)
    assert entry
    done = workspace.destroy()
    assert done.ok, done.output
    # No call can spend while the money is reclaimed.
    assert done.output.index("gateway_key.this: Destruction") < done.output.index("wallet_funding.this: Destroying")
    assert team_id not in {team["id"] for team in keeptrusts.listed("teams")}
    assert keeptrusts.active_keys(team_id) == []
    assert keeptrusts.of_team("configurations", team_id) == []
    assert [wallet["balance"] for wallet in keeptrusts.of_team("wallets", team_id)] == [0]
    assert openbao.versions(path) == 0
    assert keeptrusts.complete(entry["key"]).status_code == 401
    assert workspace.state == {}


def test_a_keeptrusts_that_cannot_delete_teams_is_no_dead_end(workspace: Workspace, keeptrusts: StandIn) -> None:
    """Where Keeptrusts knows no deletion of teams, the rest is destroyed and a warning names the team that remains."""
    workspace.applied()
    name = workspace.variables["team_name"]
    with keeptrusts.faulty(refused("DELETE", "/v1/teams/", 405)):
        done = workspace.destroy()
    assert done.ok, done.output
    assert f"The team '{name}' remains in Keeptrusts" in done.output
    assert keeptrusts.team(name)["name"] == name
    assert workspace.state == {}


def test_a_team_can_be_looked_up(workspace: Workspace, keeptrusts: StandIn) -> None:
    """The data source finds a team by name, and says so when there is none."""
    made = keeptrusts.do(
        "POST", "/v1/teams", {"name": workspace.variables["team_name"], "description": "Helps customers"}
    )
    main = 'provider "keeptrusts" {}\nvariable "team_name" { type = string }\n'
    main += 'data "keeptrusts_team" "it" { name = var.team_name }\noutput "it" { value = data.keeptrusts_team.it }\n'
    versions = (workspace.folder / "modules" / "keeptrusts-team" / "versions.tf").read_text()
    (workspace.folder / "main.tf").write_text(versions + main)
    workspace.applied()
    found = workspace.json("output", "-json")["it"]["value"]
    assert (found["id"], found["description"]) == (made["id"], "Helps customers")
    workspace.variables["team_name"] = "nobody-has-this-name"
    missing = workspace.plan()
    assert "No team has this name" in missing.output
    assert missing.errors == 1
