"""The module and its documentation, held against Terraform itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bff.sandbox import ADMIN_TOKEN
from bff.status import claims
from terraform_provider_keeptrusts.provider import KeeptrustsProvider
from tests.harness.openbao import ROOT_TOKEN, OpenBao
from tests.terraform.stand_in import StandIn
from tests.terraform.workspace import KEY, TERRAFORM_FOLDER, Workspace

MODULE = TERRAFORM_FOLDER / "modules" / "keeptrusts-team"
PROVIDER_PAGE = (TERRAFORM_FOLDER / "provider" / "README.md").read_text(encoding="utf-8")
MODULE_PAGE = (MODULE / "README.md").read_text(encoding="utf-8")


def test_the_module_keeps_its_rules(workspace: Workspace) -> None:
    """`terraform test`, with a mocked provider, passes: what is made by default, and every value that is refused."""
    module = Workspace(workspace.folder / "modules" / "keeptrusts-team", {})
    (module.folder / "terraformrc").write_text((workspace.folder / "terraformrc").read_text())
    assert module.init().ok
    (module.folder / "terraform.tfvars.json").unlink()
    done = module.run("test", "-no-color")
    runs = (MODULE / "tests" / "rules.tftest.hcl").read_text().count('\nrun "')
    assert f"Success! {runs} passed, 0 failed." in done.output, done.output


def test_terraform_files_are_formatted(workspace: Workspace) -> None:
    """`terraform fmt` has nothing to change."""
    done = workspace.run("fmt", "-check", "-diff", "-recursive", str(TERRAFORM_FOLDER))
    assert done.ok, done.output


def test_the_example_can_be_copied(workspace: Workspace, keeptrusts: StandIn, openbao: OpenBao) -> None:
    """The first example of the module's page makes a team as it stands there, but for the addresses."""
    example = re.search(r"```hcl\n(.*?)```", MODULE_PAGE, re.DOTALL)
    assert example
    text = example[1].replace("support-team", workspace.variables["team_name"])
    for address, ours in {
        "https://keeptrusts-api.internal:8080": keeptrusts.api_url,
        "https://gateway.internal:41002": keeptrusts.gateway_url,
        "https://vault.internal:8200": openbao.url,
    }.items():
        assert address in text
        text = text.replace(address, ours)
    (workspace.folder / "main.tf").write_text(text)
    workspace.environment = {"KEEPTRUSTS_ADMIN_TOKEN": ADMIN_TOKEN, "VAULT_TOKEN": ROOT_TOKEN}
    workspace.variables = {}
    assert workspace.init().ok
    workspace.applied()
    address = KEY.replace("module.team.", "module.support_team.")
    entry = openbao.entry(workspace.state[address]["vault_path"])
    assert entry
    assert entry["gateway_url"] == keeptrusts.gateway_url


def test_the_outputs_have_the_annotations_that_are_read() -> None:
    """The module's output names the annotations as the BFF reads them."""
    text = (MODULE / "outputs.tf").read_text()
    assert set(re.findall(r'"(keeptrusts\.dev/[a-z-]+)"', text)) == {
        claims.GATEWAY_KEY_NAME,
        claims.POLICY_TIER,
        claims.DAILY_BUDGET,
    }


@pytest.mark.parametrize("file", ["variables.tf", "outputs.tf"])
def test_every_variable_and_output_is_documented(file: str) -> None:
    """The module's page has a row for each variable and output, and no other."""
    kind = {"variables.tf": "variable", "outputs.tf": "output"}[file]
    declared = re.findall(rf'^{kind} "(\w+)"', (MODULE / file).read_text(), re.MULTILINE)
    assert first_cells(MODULE_PAGE, {"variable": "Variables", "output": "Outputs"}[kind]) == declared


def described() -> dict[str, list[str]]:
    """The names of all attributes, by the heading under which the provider's page should have them."""
    provider = KeeptrustsProvider({})
    schema = provider.get_provider_schema(None)
    found = {"Provider arguments": [item.name for item in schema.attributes]}
    for block in schema.block_types:
        found["Provider arguments"] += [f"{block.type_name}.{item.name}" for item in block.block.attributes]
    for resource in provider.get_resources():
        found[f"`keeptrusts_{resource.get_name()}`"] = [item.name for item in resource.get_schema().attributes]
    for source in provider.get_data_sources():
        found[f"Data source `keeptrusts_{source.get_name()}`"] = [item.name for item in source.get_schema().attributes]
    return found


@pytest.mark.parametrize("heading", described())
def test_every_attribute_is_documented(heading: str) -> None:
    """The provider's page has a row for each argument and attribute, and no other."""
    assert sorted(first_cells(PROVIDER_PAGE, heading)) == sorted(described()[heading])


@pytest.mark.parametrize("page", sorted(TERRAFORM_FOLDER.rglob("README.md")), ids=lambda page: page.parent.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    """What a page points at is there."""
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def first_cells(page: str, heading: str) -> list[str]:
    """The code words in the first cells of the table under a heading."""
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section, f"there is no section {heading}"
    return re.findall(r"^\| `([^`]+)` \|", section[1], re.MULTILINE)
