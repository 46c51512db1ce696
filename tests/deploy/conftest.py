"""What the tests of `deploy/` share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = sorted((DEPLOY / "helm/keeptrusts-bff/rules").glob("*.yml"))
RULE_TESTS = sorted((DEPLOY / "prometheus/tests").glob("*.yml"))


@dataclass(frozen=True)
class Rule:
    """One recording rule or alert."""

    name: str
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]


def _rules(kind: str) -> Iterator[Rule]:
    for path in RULES:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                if kind in rule:
                    yield Rule(rule[kind], rule["expr"], rule.get("labels", {}), rule.get("annotations", {}))


ALERTS = list(_rules("alert"))
RECORDED = list(_rules("record"))


def program(name: str, package: str) -> str:
    """The path of a program that `make test` has installed."""
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"no {name}: `make debian` installs Debian's {package}")
    return path


def documents(path: Path) -> list[dict[str, Any]]:
    """The YAML documents of a file."""
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]
