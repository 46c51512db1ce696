"""The list of actions is what Backstage's own packages take: one item that they cannot read breaks the lists of all sources."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bff.actions.action import listed
from bff.actions.governance_actions import ACTIONS
from tests.catalog.test_backstage_takes_it import CHECKOUT, NODE

SCRIPT = Path(__file__).with_name("actions.cjs")
ABOUT_AN_ENTITY = {"get-ai-governance-status", "check-ai-budget", "get-ai-spend"}


@pytest.fixture(scope="module")
def read() -> dict[str, Any]:
    """What Backstage's client, its scaffolder, its MCP server and its own registry make of the list."""
    made = subprocess.run(
        [NODE, SCRIPT], input=listed(ACTIONS), capture_output=True, cwd=CHECKOUT, check=False, timeout=60
    )
    assert made.returncode == 0, made.stderr.decode()
    document: dict[str, Any] = json.loads(made.stdout)
    return document


def test_backstages_client_takes_every_action(read: dict[str, Any]) -> None:
    """The client lists what was sent, without a warning."""
    assert read["listed"] == json.loads(listed(ACTIONS))["actions"]
    assert read["warnings"] == []


def test_an_item_has_the_members_of_backstages_own(read: dict[str, Any]) -> None:
    """An item has every member that Backstage's own registry gives an action, of the same type, at each level."""
    own, ours = read["own"], read["listed"][0]
    assert set(ours) == set(own)
    assert {name: type(value) for name, value in ours.items()} == {name: type(value) for name, value in own.items()}
    for part in ("attributes", "schema"):
        assert set(ours[part]) == set(own[part])
    for schema in own["schema"].values():
        assert schema["type"] == "object"


def test_the_scaffolder_has_a_step_for_each(read: dict[str, Any]) -> None:
    """Each action is a template's step, which a dry run runs as well, since it only reads."""
    assert read["steps"] == [{"id": each.id, "supportsDryRun": True} for each in ACTIONS]


def test_each_is_a_tool_of_mcp(read: dict[str, Any]) -> None:
    """The MCP server leaves none out, and gives each a name that every known client takes."""
    assert read["tools"] == [True] * len(ACTIONS)
    assert read["names"] == [f"keeptrusts.{each.name}" for each in ACTIONS]
    for name in read["names"]:
        assert re.fullmatch(r"[a-zA-Z0-9._-]{1,64}", name)


def test_the_scaffolder_validates_by_our_schemas(read: dict[str, Any]) -> None:
    """An input that fits passes the scaffolder's validator and one that does not fit is refused there, before we are called."""
    assert {name for name, valid in read["accepts"] if valid} == ABOUT_AN_ENTITY
    assert not [name for name, valid in read["refuses"] if valid]
