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


BROKEN = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: two words
spec: {}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: numbered
  annotations:
    keeptrusts.dev/daily-budget: 500
spec: {type: service, lifecycle: production, owner: team}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: ownerless
spec: {type: service, lifecycle: production}
---
apiVersion: backstage.io/v1alpha1
kind: Gateway
metadata:
  name: unknown
---
kind: Component
kind: API
"""


def test_backstage_refuses_what_is_broken_with_its_line(tmp_path: Path) -> None:
    """What breaks Backstage's rules is refused with the line that does."""
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    ended = validated(file)
    assert (ended.returncode, ended.stderr) == (1, "")
    refusals = [line.removeprefix(f"{file}:").partition(": ") for line in ended.stdout.splitlines()]
    assert [int(line) for line, _, _ in refusals] == [4, 12, 19, 21, 27]
    for (_, _, told), part in zip(refusals, ("two words", "must be string", "owner", "Gateway", "unique"), strict=True):
        assert part in told
