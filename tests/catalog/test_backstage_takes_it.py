"""Backstage's own validators take every file that we hand out, and would refuse a broken one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bff.lint.faults import Code
from bff.lint.report import lint

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
    for (_, _, message), part in zip(
        refusals, ("two words", "must be string", "owner", "Gateway", "unique"), strict=True
    ):
        assert part in message


WITH_TABS = {
    "empty line": "  name: bot\n\t\n  title: Bot\n",
    "empty line with spaces": "  name: bot\n  \t \n  title: Bot\n",
    "comment": "  name: bot\n\t# a comment\n  title: Bot\n",
    "after a value": "  name: bot\t\n  title:\tBot\t# a comment\n",
    "in a text": "  name: bot\n  title: A\tbot\n",
    "in a block": "  name: bot\n  title: |\n    A\n    \t\n    \t# bot\n",
    "between lines of a text": "  name: bot\n  title: A\n    \t\n    bot\n",
    "in quotes": '  name: bot\n  title: "A\n    \t# bot"\n',
    "in a list": "  name: bot\n  tags: [a,\n    \t\n    b]\n",
    "carriage return": "  name: bot\r\n\t\r\n  title: Bot\r\n",
    "before a key": "  name: bot\n\ttitle: Bot\n",
    "after the spaces of a key": "  name: bot\n  \ttitle: Bot\n",
    "left of a block": "  name: bot\n  title: |\n    A\n\t\n    bot\n",
    "below a block": "  name: bot\n  description: |\n    A\n\t# a comment\n  title: Bot\n",
    "comment in a text": "  name: bot\n  title: A\n    \t# a comment\n    bot\n",
}
"""Metadata with tabs, by where they are; the last five are no YAML to Backstage."""


def test_lint_refuses_the_tabs_that_backstage_refuses(tmp_path: Path) -> None:
    """Backstage's parser and `lint` agree on each place where a tab can be."""
    start = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n"
    spec = "spec:\n  type: service\n  lifecycle: production\n  owner: team\n"
    for name, metadata in WITH_TABS.items():
        (tmp_path / f"{name}.yaml").write_text(f"{start}{metadata}{spec}", newline="")
    ended = validated(*sorted(tmp_path.iterdir()))
    refused = {Path(line.partition(":")[0]).stem for line in ended.stdout.splitlines()}
    report = lint([str(tmp_path)])
    assert refused == set(list(WITH_TABS)[-5:])
    assert {Path(fault.file).stem for fault in report.faults if fault.code is Code.YAML} == refused
