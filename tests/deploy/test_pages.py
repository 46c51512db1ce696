"""The pages for operators: their links lead somewhere, and they leave no secret out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.deploy.conftest import DEPLOY
from tests.deploy.test_chart import secrets

PAGES = [*sorted(DEPLOY.rglob("*.md")), DEPLOY.parent / "SECURITY.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    """What a page points at is there."""
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_secret_can_be_rotated() -> None:
    """The page says for each secret of the service in which order it is replaced."""
    section = (
        (DEPLOY / "README.md").read_text(encoding="utf-8").split("## Rotation of secrets", 1)[1].split("\n## ", 1)[0]
    )
    assert secrets() <= set(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE))
