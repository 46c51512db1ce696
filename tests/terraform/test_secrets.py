"""The gateway key is in Vault and nowhere else, whatever Terraform writes down."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from bff.sandbox import ADMIN_TOKEN
from tests.harness.openbao import ROOT_TOKEN, OpenBao
from tests.terraform.conftest import NewWorkspace
from tests.terraform.stand_in import StandIn
from tests.terraform.workspace import KEY

LOG = "everything.log"


@pytest.fixture(scope="module")
def written(new_workspace: NewWorkspace, openbao: OpenBao) -> tuple[str, dict[str, str]]:
    """The key of a team that was made, changed and planned, and everything that was written or printed, by name."""
    workspace = new_workspace()
    logging = {"TF_LOG": "TRACE", "TF_LOG_PATH": LOG}
    printed = workspace.apply(**logging).output
    entry = openbao.entry(workspace.state[KEY]["vault_path"])
    assert entry, printed
    workspace.variables["daily_budget_usd"] = 50
    printed += workspace.plan("-out=plan.bin", **logging).output
    texts = {
        "printed": printed,
        "show -json": workspace.run("show", "-json").output,
        "show -json plan.bin": workspace.run("show", "-json", "plan.bin").output,
        "show plan.bin": workspace.run("show", "-no-color", "plan.bin").output,
        "output -json": workspace.run("output", "-json").output,
    }
    for path in workspace.folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            texts[str(path.relative_to(workspace.folder))] = _unpacked(path)
    return entry["key"], texts


def test_the_search_would_find_it(written: tuple[str, dict[str, str]]) -> None:
    """The state, the plan, its unpacked contents and the trace are among what is searched, and tell of the key."""
    _, texts = written
    for name in ("terraform.tfstate", "plan.bin", "show -json", "show -json plan.bin", LOG):
        assert "gateway_key" in texts[name], name


@pytest.mark.parametrize("what", ["gateway key", "api key", "vault token"])
def test_no_secret_is_written(written: tuple[str, dict[str, str]], what: str) -> None:
    """The gateway key, the token for Keeptrusts and the token for Vault are in no file, no output and no trace."""
    key, texts = written
    secret = {"gateway key": key, "api key": ADMIN_TOKEN, "vault token": ROOT_TOKEN}[what]
    assert [name for name, text in texts.items() if secret in text] == []


def test_the_key_works(written: tuple[str, dict[str, str]], keeptrusts: StandIn) -> None:
    """What was searched for is the real key."""
    assert keeptrusts.complete(written[0]).status_code == 200


def _unpacked(path: Path) -> str:
    """A file's text; a saved plan is an archive, of which every member counts."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())
    return path.read_bytes().decode(errors="replace")
