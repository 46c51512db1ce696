"""The command `terraform-provider-keeptrusts`: Terraform runs it without words; `mirror FOLDER` is for people."""

from __future__ import annotations

import sys
from pathlib import Path

USAGE = """\
terraform-provider-keeptrusts is started by Terraform.

To let `terraform init` find it, make a mirror and name its folder in Terraform's CLI configuration:

  terraform-provider-keeptrusts mirror FOLDER
"""


def main(words: list[str] | None = None) -> None:
    """Serve Terraform until it is done, or make a mirror; anything else ends with code 2 and says how to call it."""
    words = sys.argv[1:] if words is None else words
    match words:
        case []:
            _serve()
        case ["mirror", folder] if folder:
            _mirror(Path(folder))
        case _:
            sys.stderr.write(USAGE)
            raise SystemExit(2)


def _serve() -> None:
    # Terraform starts a provider several times a command: what only people need is not loaded here.
    from terraform_provider_keeptrusts.provider import KeeptrustsProvider  # noqa: PLC0415
    from terraform_provider_keeptrusts.serving import serve  # noqa: PLC0415

    serve(KeeptrustsProvider())


def _mirror(folder: Path) -> None:
    from terraform_provider_keeptrusts.mirror import cli_configuration, make_mirror  # noqa: PLC0415

    try:
        made = make_mirror(folder)
    except OSError as error:
        raise SystemExit(f"terraform-provider-keeptrusts: {error.filename or folder}: {error.strerror}") from None
    sys.stdout.write(
        f"{len(made)} launchers are in {folder}. In ~/.terraformrc, or the file that TF_CLI_CONFIG_FILE names:\n\n"
        f"{cli_configuration(folder)}"
    )


if __name__ == "__main__":
    main()
