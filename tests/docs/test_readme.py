"""The README's tables say what the code does: settings, routes, findings, problems, metrics and exit codes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bff import settings
from bff.cli.exits import Exit
from bff.cli.main import main
from bff.governance.findings import Code
from bff.telemetry import metrics
from bff.web.openapi import OPERATIONS
from bff.web.problems import URN, ProblemType

README = Path(__file__).parents[2] / "README.md"


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    text = README.read_text(encoding="utf-8")
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, f"the README has no section {heading}"
    lines = [line for line in section[1].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(heading: str) -> list[str]:
    """The code words in the first cells."""
    return [word for row in rows(heading) for word in re.findall(r"`([^`]+)`", row[0])]


def test_every_setting_is_documented() -> None:
    """The table of settings has each setting with its default and says what it is for."""
    expected = [
        [f"`{item.name}`" + (f" or `{item.name}_FILE`" if item.secret else ""), f"`{item.default}`" if item.default else "", item.description]
        for item in settings.documented()
    ]
    assert rows("Settings") == expected


def test_every_route_is_documented() -> None:
    """The table of routes has each operation."""
    expected = [[f"`{operation.method.upper()} {operation.path}`", operation.summary] for operation in OPERATIONS]
    assert rows("Routes") == expected


def test_every_finding_is_documented() -> None:
    """The table of findings has each code with its severity."""
    documented = {row[0].strip("`"): row[1] for row in rows("Findings")}
    expected = {code.value: code.severity.value for code in Code}
    expected["annotation-missing"] = "(unconfigured)"
    assert documented == expected


def test_every_problem_is_documented() -> None:
    """The table of problems has each type with its status."""
    assert [row[:2] for row in rows("Problems")] == [[f"`{URN}{kind.slug}`", str(kind.status)] for kind in ProblemType]


def test_every_metric_is_documented() -> None:
    """The table of metrics has each metric with its labels."""
    expected = [[f"`{item.name}`", item.kind, ", ".join(f"`{label}`" for label in item.labels), item.description] for item in metrics.documented()]
    assert rows("Metrics") == expected


def test_every_command_is_documented() -> None:
    """The table of commands has each command."""
    assert sorted(name.split()[0] for name in names("Commands")) == sorted(main.commands)


def test_every_exit_code_is_documented() -> None:
    """The table of exit codes has each code."""
    assert [int(row[0]) for row in rows("Exit codes")] == [int(code) for code in Exit]


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https?://|#)([^)#]+)", README.read_text(encoding="utf-8")))
def test_every_link_leads_to_a_file(target: str) -> None:
    """What the README points at is there."""
    assert (README.parent / target).exists()


@pytest.mark.parametrize("target", re.findall(r"`make ([a-z-]+)", README.read_text(encoding="utf-8")))
def test_every_make_target_is_there(target: str) -> None:
    """What the README tells to make can be made."""
    assert re.search(rf"^{target}:", (README.parent / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
