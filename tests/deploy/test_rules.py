"""The rules: Prometheus accepts them, each alert fires when it should, and each leads to what to do."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from bff.telemetry.metrics import documented
from tests.deploy.conftest import ALERTS, DEPLOY, RECORDED, RULE_TESTS, RULES, Rule, program

RUNBOOK = (DEPLOY / "runbook.md").read_text(encoding="utf-8")
PARTS = ("Means", "People see", "Can go on", "Do", "Us or Keeptrusts")


def promtool(*words: str | Path) -> None:
    """Run promtool; what it finds wrong fails the test."""
    tool = program("promtool", "prometheus")
    done = subprocess.run([tool, *words], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def sections() -> dict[str, str]:
    """The runbook's sections of alerts by their headings."""
    parts = re.split(r"^### (.+)$", RUNBOOK, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_prometheus_accepts_the_rules() -> None:
    """Every file is valid, and no two rules are the same."""
    promtool("check", "rules", "--lint=all", "--lint-fatal", *RULES)


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_each_alert_fires_when_it_should(path: Path) -> None:
    """Prometheus' own evaluation of made-up series raises the alerts that the file names and no others."""
    promtool("test", "rules", path)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_no_alert_is_untested(alert: Rule) -> None:
    """Each alert is expected to fire in at least one test."""
    expected = {
        sample["labels"]
        for path in RULE_TESTS
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
        for check in case["promql_expr_test"]
        for sample in check.get("exp_samples", [])
    }
    assert f'{{alertname="{alert.name}", severity="{alert.labels["severity"]}"}}' in expected


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_each_alert_says_what_to_do(alert: Rule) -> None:
    """An alert has a severity, a summary, a description, and a section of the runbook that answers the questions of the night."""
    assert alert.labels == {"severity": alert.labels["severity"], "service": "keeptrusts-bff"}
    assert alert.labels["severity"] in {"critical", "warning", "info"}
    assert alert.annotations.keys() == {"summary", "description", "runbook_url"}
    assert alert.annotations["runbook_url"] == f"deploy/runbook.md#{alert.name.lower()}"
    section = sections()[alert.name]
    assert [part for part in PARTS if f"**{part}**" in section] == list(PARTS)


def test_the_runbook_has_no_section_without_an_alert() -> None:
    """Every section of the runbook is of an alert that exists."""
    assert sorted(sections()) == sorted(alert.name for alert in ALERTS)


def test_links_within_the_runbook_lead_somewhere() -> None:
    """A reference to another section names one."""
    anchors = {name.lower() for name in sections()}
    assert set(re.findall(r"\]\(#([a-z0-9-]+)\)", RUNBOOK)) <= anchors


def test_rules_ask_for_metrics_that_exist() -> None:
    """Every metric and label that a rule names is one that the service exports or that another rule records."""
    names, labels = exported()
    names |= {rule.name for rule in RECORDED}
    for rule in [*ALERTS, *RECORDED]:
        asked = set(re.findall(r"(?:job:)?keeptrusts_bff_\w+(?::\w+)*", rule.expr))
        assert asked <= names, rule.name
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\"", rule.expr)) <= labels | {"job"}, rule.name


def exported() -> tuple[set[str], set[str]]:
    """The names of all time series of the service, and of all their labels."""
    names: set[str] = set()
    labels = {"le"}
    for metric in documented():
        suffixes = ("_bucket", "_count", "_sum") if metric.kind == "histogram" else ("",)
        names |= {metric.name + suffix for suffix in suffixes}
        labels |= set(metric.labels)
    return names, labels
