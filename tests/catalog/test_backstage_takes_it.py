"""Backstage's own validators take every file that we hand out, and would refuse a broken one."""

from __future__ import annotations

import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
NODE = CHECKOUT / "toolchain/node_modules/.bin/node"
VALIDATE = Path(__file__).with_name("validate.cjs")


def validated(*files: Path) -> subprocess.CompletedProcess[str]:
    """What Backstage's validators say of files."""
    return subprocess.run([NODE, VALIDATE, *files], capture_output=True, text=True, check=False)


def test_backstage_takes_our_catalog() -> None:
    """Every entity of the catalog is valid to Backstage."""
    files = [
        file
        for file in sorted((CHECKOUT / "catalog").rglob("*.yaml"))
        if "terraform" not in file.parts and not file.name.startswith("app-config")
    ]
    ended = validated(*files)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_backstage_refuses_a_broken_entity(tmp_path: Path) -> None:
    """An entity that breaks Backstage's rules is refused by its name."""
    file = tmp_path / "broken.yaml"
    file.write_text("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: no type}\nspec: {}\n")
    ended = validated(file)
    assert ended.returncode == 1
    assert "no type" in ended.stdout
