"""Releases: the workflows are valid and pinned, check what `make test` checks, and hand out what `make pack` makes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import bff

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def tool(name: str, *words: str | Path) -> None:
    """Run a program of the development environment; what it finds fails the test."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        pytest.fail(f"no {name}: `make dev-setup` installs it")
    done = subprocess.run([path, *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def steps(workflow: Path) -> list[dict[str, Any]]:
    """The steps of all jobs."""
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()
    return [step for job in jobs for step in job.get("steps", [])]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.github-issue-forms", FORMS),
        ("vendor.github-issue-config", [ROOT / ".github/ISSUE_TEMPLATE/config.yml"]),
        ("vendor.renovate", [ROOT / "renovate.json"]),
    ],
)
def test_the_files_fit_their_schemas(schema: str, files: list[Path]) -> None:
    """Workflows, issue forms and Renovate's configuration are valid by their own schemas."""
    assert files
    tool("check-jsonschema", "--builtin-schema", schema, *files)


def test_the_workflows_are_safe() -> None:
    """The auditor of workflows finds nothing: no injection, no credentials left behind, no permission too many."""
    tool("zizmor", "--offline", "--no-progress", *WORKFLOWS)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned(workflow: Path) -> None:
    """Every action and image is named by what it holds, with its version beside it for people."""
    text = workflow.read_text(encoding="utf-8")
    for line in re.findall(r"uses: (.+)", text):
        assert re.fullmatch(r"\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line) or line.startswith("./"), line
    for image in re.findall(r"image: (.+)", text):
        assert re.fullmatch(r"\S+:\S+@sha256:[0-9a-f]{64}", image), image


def test_ci_runs_what_everybody_runs() -> None:
    """CI has no checks of its own: it runs `make test`, and a release waits for it."""
    ci, release = (
        yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))
        for name in ("ci", "release")
    )
    assert [step["run"] for step in ci["jobs"]["test"]["steps"] if "run" in step] == ["make test"]
    assert release["jobs"]["test"]["uses"] == "./.github/workflows/ci.yml"
    assert release["jobs"]["release"]["needs"] == "test"


def test_a_release_is_of_the_tag_that_names_it() -> None:
    """The check of the tag passes for this version's tag, and fails for another."""
    (check,) = (step["run"] for step in steps(ROOT / ".github/workflows/release.yml") if "tag" in step.get("name", ""))
    for version, code in ((f"v{bff.__version__}", 0), ("v99.0.0", 1)):
        done = subprocess.run(
            ["/bin/bash", "-ec", check], cwd=ROOT, env={"VERSION": version, "PATH": "/usr/bin:/bin"}, check=False
        )
        assert done.returncode == code


def test_nothing_is_published_without_its_secret() -> None:
    """Each step that publishes ends well, and does nothing, where its secret is empty."""
    publishing = [
        step for step in steps(ROOT / ".github/workflows/release.yml") if step.get("name", "").startswith("Publish")
    ]
    assert len(publishing) == 3
    for step in publishing:
        environment = {"PATH": "/nowhere", "VERSION": "v0.1.0"} | dict.fromkeys(step["env"], "")
        done = subprocess.run(
            ["/bin/bash", "-ec", step["run"]], env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), step["name"]
        assert "stays on the release page" in done.stdout.replace("stay on", "stays on")


def test_hooks_run_what_make_check_runs() -> None:
    """Each linter of `make check` is a hook of pre-commit, and runs from the same environment."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    entries = [hook["entry"] for hook in hooks]
    recipe = re.search(r"^check: .*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert recipe is not None
    for command in re.findall(r"\$\(BIN\)/([a-z-]+(?: format| check)?)", recipe[1]):
        assert any(entry.startswith(f".venv/bin/{command}") for entry in entries), command
