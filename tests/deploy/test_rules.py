"""The rules: Prometheus accepts them, each alert fires when it should, and each leads to what to do."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
    parts = re.split(r"^#{2,3} (.+)$", RUNBOOK, flags=re.MULTILINE)[1:]
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    return {
        name: text
        for name, text in found.items()
        if name.startswith("Keeptrusts") and " " not in name and name != "Keeptrusts"
    }


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


def test_the_runbook_begins_with_five_questions() -> None:
    """Five questions come before every alert, each with a command that answers it."""
    start = RUNBOOK.split("## Five questions", 1)[1].split("\n## ", 1)[0]
    questions = re.split(r"^### ", start, flags=re.MULTILINE)[1:]
    assert [question[0] for question in questions] == list("12345")
    for question in questions:
        assert "```sh" in question, question.splitlines()[0]


@pytest.mark.parametrize(
    ("tool", "block", "runs"),
    [("kubectl", 1, 'while [ "$1" != -- ]; do shift; done\nshift\nexec "$@"'), ("docker", 2, 'shift 2\nexec "$@"')],
)
def test_the_runbooks_way_to_ask_a_pod_works(tmp_path: Path, tool: str, block: int, runs: str) -> None:
    """What the runbook types, with a kubectl or docker that runs the command here, prints the answer, a success or not."""
    (tmp_path / tool).write_text(f"#!/bin/sh\n{runs}\n", encoding="utf-8")
    (tmp_path / tool).chmod(0o755)
    (tmp_path / "python").symlink_to(sys.executable)
    setup = RUNBOOK.split("```sh\n")[block].split("```", 1)[0]
    with _answering({"/health": (503, b"{}"), "/metrics": (200, b"up 1")}) as port:
        script = f"shopt -s expand_aliases\n{setup.replace('8787', str(port))}\nask /metrics\nask /health\n"
        done = subprocess.run(
            [program("bash", "bash")],
            input=script,
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert (done.stdout, done.stderr) == ("up 1\n503 {}\n", "")


def test_pods_are_targets_of_their_own() -> None:
    """The scrape example finds pods, not the Service, and calls the job as the rules do."""
    (job,) = yaml.safe_load((DEPLOY / "prometheus/scrape.example.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert job["job_name"] == "keeptrusts-bff"
    assert [discovery["role"] for discovery in job["kubernetes_sd_configs"]] == ["pod"]
    assert "static_configs" not in job
    assert {"namespace", "pod", "cluster"} == {
        rule["target_label"] for rule in job["relabel_configs"] if "target_label" in rule
    }


def test_rules_keep_clusters_and_namespaces_apart() -> None:
    """Every sum of a rule keeps the labels of the place: staging does not hide in production."""
    for rule in [*ALERTS, *RECORDED]:
        for labels in re.findall(r"(?:sum|max|min) by \(([^)]*)\)", rule.expr):
            assert labels.startswith("cluster, namespace, job"), rule.name
        assert "without" not in rule.expr, rule.name


def test_the_runbook_has_no_section_without_an_alert() -> None:
    """Every section of the runbook is of an alert that exists."""
    assert sorted(sections()) == sorted(alert.name for alert in ALERTS)


def test_links_within_the_runbook_lead_somewhere() -> None:
    """A reference to another section names one."""
    anchors = {name.lower() for name in sections()}
    assert set(re.findall(r"\]\(#([a-z0-9-]+)\)", RUNBOOK)) <= anchors
    readme = (DEPLOY / "README.md").read_text(encoding="utf-8")
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", readme, re.MULTILINE)}
    assert set(re.findall(r"\]\(README.md#([a-z0-9-]+)\)", RUNBOOK)) <= headings


def test_the_runbook_looks_for_log_lines_that_exist() -> None:
    """Every event that the runbook names or greps for is written by the service."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (DEPLOY.parent / "bff").rglob("*.py"))
    events = [_alternatives(text) for text in re.findall(r'"event":"([^"]+)"', RUNBOOK)]
    assert events
    for event in [each for several in events for each in several]:
        assert re.search(rf'\.(?:info|warning|error|exception)\(\s*"{re.escape(event)}"', sources), event


def _alternatives(pattern: str) -> list[str]:
    """What a pattern like `alert (is|has) …` stands for."""
    before, group, after = re.fullmatch(r"([^(]*)(?:\(([^)]*)\))?(.*)", pattern).groups()  # type: ignore[union-attr]
    return [before + each + after for each in (group or "").split("|")]


def test_rules_ask_for_metrics_that_exist() -> None:
    """Every metric and label that a rule names is one that the service exports or that another rule records."""
    names, labels = exported()
    names |= {rule.name for rule in RECORDED}
    for rule in [*ALERTS, *RECORDED]:
        asked = set(re.findall(r"(?:\w+:)?keeptrusts_bff_\w+(?::\w+)*", rule.expr))
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


@contextmanager
def _answering(replies: dict[str, tuple[int, bytes]]) -> Iterator[int]:
    """A server on loopback with these replies; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = replies[self.path]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
