"""The README's tables say what the code does: settings, routes, findings, problems, metrics and exit codes."""

from __future__ import annotations

import re

import pytest

from bff.cli.exits import Exit
from bff.cli.main import main
from bff.governance.findings import Code
from tests.docs.tables import README, section, written


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    lines = [
        line for line in section(README.read_text(encoding="utf-8"), heading)[1].splitlines() if line.startswith("|")
    ]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(heading: str) -> list[str]:
    """The code words in the first cells."""
    return [word for row in rows(heading) for word in re.findall(r"`([^`]+)`", row[0])]


def test_settings_routes_problems_and_metrics_are_the_codes_own() -> None:
    """The tables of settings, routes, problems and metrics say what the code says; `make readme` renews them."""
    text = README.read_text(encoding="utf-8")
    assert text == written(text)


def test_every_finding_is_documented() -> None:
    """The table of findings has each code with its severity."""
    documented = {row[0].strip("`"): row[1] for row in rows("Findings")}
    expected = {code.value: code.severity.value for code in Code}
    expected["annotation-missing"] = "(unconfigured)"
    assert documented == expected


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
