"""The pages and files about actions say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from bff.actions.budget_check import REASONS
from bff.actions.endpoints import BASE
from bff.actions.governance_actions import ACTIONS
from bff.backstage.own_tokens import PLUGIN

CATALOG = Path(__file__).parents[2] / "catalog"
CONFIGURATION = yaml.safe_load((CATALOG / "backstage/app-config.keeptrusts-actions.yaml").read_text())


def test_the_page_for_editors_names_every_tool() -> None:
    """Each tool has a row with what to ask it, and no row is without a tool."""
    page = (CATALOG / "docs/ask-from-your-editor.md").read_text().partition("## What to ask")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == sorted(each.name for each in ACTIONS)


def test_the_page_for_pipelines_names_every_reason() -> None:
    """Each reason has a row with what to do, and no row is without a reason."""
    cells = re.findall(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|", (CATALOG / "docs/pipelines.md").read_text(), re.MULTILINE)
    named = re.findall(r"`([a-z-]+)`", " ".join(cells))
    assert sorted(name for name in named if name != "reason") == sorted(REASONS)


def test_the_configuration_names_the_address_of_the_actions() -> None:
    """What discovery names is where the service has its actions, for the plugin that its tokens are of, and internally alone."""
    (endpoint,) = CONFIGURATION["discovery"]["endpoints"]
    assert endpoint == {"target": {"internal": f"${{BFF_URL}}{BASE}"}, "plugins": [PLUGIN]}
    assert PLUGIN in CONFIGURATION["backend"]["actions"]["pluginSources"]


def test_the_server_has_our_tools_alone() -> None:
    """The MCP server of the configuration includes what only reads of this plugin, and nothing else."""
    (server,) = CONFIGURATION["mcpActions"]["servers"].values()
    assert server["filter"] == {"include": [{"id": f"{PLUGIN}:*", "attributes": {"readOnly": True}}]}


def test_each_description_says_when_not_to_use_it() -> None:
    """An agent chooses by descriptions: each says when to use its action, and names another where that fits better."""
    names = {each.name for each in ACTIONS}
    for each in ACTIONS:
        assert "Use it" in each.description
        others = {name for name in names - {each.name} if name in each.description}
        assert others, each.name
