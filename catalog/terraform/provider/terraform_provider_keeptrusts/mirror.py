"""The filesystem mirror that `terraform init` takes the provider from.

A provider is one executable file to Terraform, and its checksum goes into `.terraform.lock.hcl`. The file here is a constant
launcher, so that the checksum is the same on every machine and for every platform; what it starts is installed with pip.
Layout: Terraform's documentation, "Provider Installation", unpacked filesystem mirror.
"""

from __future__ import annotations

import json
from pathlib import Path

from terraform_provider_keeptrusts import SOURCE, __version__

REGISTRY = "registry.terraform.io"
PLATFORMS = ("darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64")
LAUNCHER = """\
#!/bin/sh
# Starts the Keeptrusts provider that pip installed; the same file on every machine.
command -v terraform-provider-keeptrusts >/dev/null || {
  echo "terraform-provider-keeptrusts is not on the PATH of this terraform: install it with pip" >&2
  exit 127
}
exec terraform-provider-keeptrusts "$@"
"""


def make_mirror(folder: Path) -> list[Path]:
    """Write a launcher for every platform below `folder`, and return the files. Existing files are overwritten."""
    name = f"terraform-provider-keeptrusts_v{__version__}"
    made = [folder / REGISTRY / SOURCE / __version__ / platform / name for platform in PLATFORMS]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LAUNCHER, encoding="utf-8", newline="\n")
        path.chmod(0o755)
    return made


def cli_configuration(folder: Path) -> str:
    """Terraform CLI configuration that takes this provider from `folder`, and every other one from where it was before."""
    # The CLI configuration is HCL 1, whose strings are written as JSON's.
    path = json.dumps(str(folder.resolve()), ensure_ascii=False)
    return f"""\
provider_installation {{
  filesystem_mirror {{
    path    = {path}
    include = ["{SOURCE}"]
  }}
  direct {{
    exclude = ["{SOURCE}"]
  }}
}}
"""
