"""What goes wrong is reported once with what to do about it, and the state stays true."""

from __future__ import annotations

import re

import pytest

from bff.sandbox import READ_TOKEN
from tests.harness.openbao import OpenBao
from tests.terraform.conftest import NewWorkspace
from tests.terraform.stand_in import StandIn, broken, refused
from tests.terraform.workspace import CONFIGURATION, FUNDING, KEY, TEAM, Run, Workspace

UNREACHABLE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def settled(new_workspace: NewWorkspace) -> Workspace:
    """A team that was made in good times; tests look at it and leave it as it is."""
    workspace = new_workspace()
    workspace.applied()
    return workspace


def told_once(run: Run, *words: str) -> None:
    """The command failed with one error, in which these words are; line breaks do not count."""
    text = " ".join(run.output.replace("│", " ").split())
    assert run.code == 1, run.output
    assert run.errors == 1, run.output
    assert [word for word in words if word not in text] == [], run.output


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"KEEPTRUSTS_API_URL": UNREACHABLE}, ("Cannot use Keeptrusts", "cannot be had at the provider's api_url")),
        (
            {"KEEPTRUSTS_ADMIN_TOKEN": "stale"},
            ("Cannot use Keeptrusts", "answered 401", "does not accept the provider's api_key"),
        ),
        ({"KEEPTRUSTS_ADMIN_TOKEN": ""}, ("argument api_key is missing", "KEEPTRUSTS_ADMIN_TOKEN")),
        ({"KEEPTRUSTS_API_URL": "keeptrusts.internal"}, ("argument api_url is no address", "http:// or https://")),
        ({"VAULT_ADDR": UNREACHABLE}, ("Cannot read the gateway key", "Vault cannot be reached", "vault block")),
        ({"VAULT_TOKEN": "stale"}, ("Cannot read the gateway key", "Vault does not permit", "token or AppRole")),
        ({"VAULT_TOKEN": ""}, ("Cannot read the gateway key", "VAULT_ADDR and VAULT_TOKEN in the environment")),
        ({"VAULT_ADDR": ""}, ("Cannot read the gateway key", "needs the provider's vault block")),
    ],
    ids=["api-down", "401", "no-api-key", "no-address", "vault-down", "vault-denied", "no-vault-token", "no-vault"],
)
def test_a_wrong_argument_is_named(settled: Workspace, changes: dict[str, str], words: tuple[str, ...]) -> None:
    """A plan that cannot reach or convince Keeptrusts or Vault names the argument to mend, once, and loses nothing."""
    before = (settled.folder / "terraform.tfstate").read_bytes()
    told_once(settled.plan(**changes), *words)
    assert (settled.folder / "terraform.tfstate").read_bytes() == before


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (refused("GET", "/v1/whoami", 429, retry_after=3600), ("asks for fewer calls", "in 3600 seconds")),
        (refused("GET", "/v1/tokens", 403), ("Cannot read the gateway key", "answered 403", "may not do this")),
        (
            broken("GET", "/v1/tokens", {"data": [{"id": 5}]}),
            ("GET /v1/tokens", "data.0.id", "not what this provider understands"),
        ),
        (broken("GET", "/v1/configurations", {"error": "none"}), ("GET /v1/configurations", "must be a list")),
    ],
    ids=["429", "403", "contract-field", "contract-list"],
)
def test_a_reply_that_helps_nobody_is_told(
    settled: Workspace, keeptrusts: StandIn, rule: dict[str, object], words: tuple[str, ...]
) -> None:
    """A refusal, or a reply of another form, is one error that names the call; nothing is taken for gone."""
    before = (settled.folder / "terraform.tfstate").read_bytes()
    with keeptrusts.faulty(rule):
        told_once(settled.plan(), *words)
    assert (settled.folder / "terraform.tfstate").read_bytes() == before


def test_a_sealed_vault_is_told_apart(settled: Workspace, openbao: OpenBao) -> None:
    """A plan in front of a sealed Vault says that it is sealed."""
    with openbao.sealed():
        told_once(settled.plan(), "Cannot read the gateway key", "Vault is sealed")


def test_a_token_that_may_only_read_changes_nothing(new_workspace: NewWorkspace, keeptrusts: StandIn) -> None:
    """With a token that may not write, the first change is refused and nothing is made."""
    workspace = new_workspace()
    told_once(
        workspace.apply(KEEPTRUSTS_ADMIN_TOKEN=READ_TOKEN),
        "Cannot make the team",
        "answered 403",
        "api_key may not do this",
    )
    assert workspace.variables["team_name"] not in {team["name"] for team in keeptrusts.listed("teams")}
    assert workspace.state == {}


def test_a_name_that_is_taken_is_told_with_a_way_out(new_workspace: NewWorkspace, keeptrusts: StandIn) -> None:
    """A team of that name is never taken over silently: the error names the argument and the import."""
    workspace = new_workspace()
    keeptrusts.do("POST", "/v1/teams", {"name": workspace.variables["team_name"]})
    told_once(
        workspace.apply(),
        "Cannot make the team",
        "answered 409",
        "terraform import",
        "main.tf line",
        "name = var.team_name",
    )
    assert workspace.state == {}


def test_a_short_wait_that_is_asked_for_is_waited(new_workspace: NewWorkspace, keeptrusts: StandIn) -> None:
    """429 with a near Retry-After costs time and nothing else."""
    with keeptrusts.faulty(refused("POST", "/v1/teams", 429, retry_after=0, times=1)):
        new_workspace().applied()


def test_a_sealed_vault_costs_no_key(new_workspace: NewWorkspace, keeptrusts: StandIn, openbao: OpenBao) -> None:
    """While Vault is sealed no key is made; what was made is in the state, and the next apply goes on from there."""
    workspace = new_workspace()
    with openbao.sealed():
        told_once(workspace.apply(), "Cannot make the gateway key", "Vault is sealed")
    assert set(workspace.state) == {TEAM, CONFIGURATION, FUNDING}
    assert keeptrusts.of_team("tokens", workspace.state[TEAM]["id"]) == []
    workspace.applied()
    assert openbao.entry(workspace.state[KEY]["vault_path"])


def test_a_path_that_is_taken_costs_no_key(new_workspace: NewWorkspace, keeptrusts: StandIn, openbao: OpenBao) -> None:
    """A secret that stands at the key's path already is never overwritten, and no key is made for nothing."""
    workspace = new_workspace()
    name = workspace.variables["team_name"]
    path = f"ai/{name}/{name}-gw-key"
    openbao.call("POST", f"secret/data/{path}", {"data": {"password": "somebody-elses"}})
    told_once(workspace.apply(), "Cannot make the gateway key", f"secret/{path} holds a secret already", "vault_path")
    assert keeptrusts.of_team("tokens", workspace.state[TEAM]["id"]) == []
    assert openbao.entry(path) == {"password": "somebody-elses"}


def test_a_tier_that_cannot_be_made_leaves_the_old_one(new_workspace: NewWorkspace, keeptrusts: StandIn) -> None:
    """Where the new policy is refused, the old one is put back: the team is not left without one, and the state knows its id."""
    workspace = new_workspace()
    workspace.applied()
    workspace.variables["policy_tier"] = "tier-3-customer-facing"
    with keeptrusts.faulty(refused("POST", "/v1/configurations", 422, times=1)):
        told_once(workspace.apply(), "Cannot change the configuration", "answered 422", "template_id = var.policy_tier")
    there = keeptrusts.of_team("configurations", workspace.state[TEAM]["id"])
    assert [(found["id"], found["template_id"]) for found in there] == [
        (workspace.state[CONFIGURATION]["id"], "tier-2-internal")
    ]
    assert workspace.planned() == {CONFIGURATION: "update"}


def test_spent_money_cannot_be_reclaimed(new_workspace: NewWorkspace, keeptrusts: StandIn, openbao: OpenBao) -> None:
    """A budget below what is spent is refused with the least amount that is possible; what is left can be reclaimed."""
    workspace = new_workspace(daily_budget_usd=1, funding_days=1)
    workspace.applied()
    entry = openbao.entry(workspace.state[KEY]["vault_path"])
    assert entry
    assert keeptrusts.complete(entry["key"]).status_code == 200
    team_id = workspace.state[TEAM]["id"]
    workspace.variables["daily_budget_usd"] = 0
    refusal = workspace.apply()
    told_once(refusal, "1 USD would have to be reclaimed", "The least amount is", "main.tf line")
    assert workspace.state[FUNDING]["amount"] == 1
    workspace.variables["daily_budget_usd"] = float(re.search(r"least amount\s+is\s+([0-9.]+[0-9])", refusal.output)[1])
    workspace.applied()
    done = workspace.destroy()
    assert done.ok, done.output
    assert keeptrusts.of_team("wallets", team_id)[0]["balance"] < 0.000001


def test_money_that_is_there_is_never_taken_by_a_plan_that_adds(
    new_workspace: NewWorkspace, keeptrusts: StandIn
) -> None:
    """A team that was allocated more than the amount keeps it until somebody imports the funding and sees the plan."""
    workspace = new_workspace(daily_budget_usd=1, funding_days=1)
    team = keeptrusts.do("POST", "/v1/teams", {"name": workspace.variables["team_name"]})
    keeptrusts.do("POST", "/v1/wallets/allocate", {"team_id": team["id"], "amount": 7, "currency": "USD"})
    (workspace.folder / "imports.tf").write_text(f'import {{\n  to = {TEAM}\n  id = "{team["id"]}"\n}}\n')
    told_once(workspace.apply(), "was allocated 7 USD already, more than 1 USD", "terraform import")
    assert keeptrusts.bookings(team["id"]) == [("allocation", 7)]


@pytest.mark.parametrize(
    ("owner", "suffix", "words"),
    [
        (None, "", ("does not say which team", ",TEAM_ID")),
        ("team_other", ",team_mine", ("is for the team 'team_other', not 'team_mine'",)),
    ],
)
def test_a_policy_of_others_is_never_imported_to_be_replaced(
    workspace: Workspace, keeptrusts: StandIn, owner: str | None, suffix: str, words: tuple[str, ...]
) -> None:
    """A configuration that is another team's, or perhaps the organisation's, does not come into the state."""
    theirs = {"id": "cfg_theirs", "name": "theirs", "team_id": owner, "template_id": "tier-1-public", "enabled": True}
    (workspace.folder / "imports.tf").write_text(
        f'import {{\n  to = {CONFIGURATION}\n  id = "{theirs["id"]}{suffix}"\n}}\n'
    )
    with keeptrusts.faulty(broken("GET", "/v1/configurations", {"data": [theirs]})):
        told_once(workspace.plan(), "import the configuration", *words)


def test_a_policy_is_imported_for_the_team_that_is_named(workspace: Workspace, keeptrusts: StandIn) -> None:
    """Where Keeptrusts does not say whose a configuration is, who imports it does, and then a plan has nothing to do."""
    workspace.applied()
    there = workspace.state[CONFIGURATION]
    unsigned = keeptrusts.of_team("configurations", there["team_id"])[0] | {"team_id": None}
    with keeptrusts.faulty(broken("GET", "/v1/configurations", {"data": [unsigned]})):
        assert workspace.run("state", "rm", CONFIGURATION).ok
        imports = f'import {{\n  to = {CONFIGURATION}\n  id = "{there["id"]},{there["team_id"]}"\n}}\n'
        (workspace.folder / "imports.tf").write_text(imports)
        workspace.applied()
        assert workspace.state[CONFIGURATION] == there
        assert workspace.plan().code == 0
