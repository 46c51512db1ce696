"""The pages for operators leave no secret out."""

from __future__ import annotations

import re

from tests.deploy.conftest import DEPLOY
from tests.deploy.test_chart import secrets


def test_every_secret_can_be_rotated() -> None:
    """The page says for each secret of the service in which order it is replaced."""
    section = (
        (DEPLOY / "README.md").read_text(encoding="utf-8").split("## Rotation of secrets", 1)[1].split("\n## ", 1)[0]
    )
    assert secrets() <= set(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE))
