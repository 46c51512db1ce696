"""The container file, as far as it can be checked without building it."""

from __future__ import annotations

import fnmatch
import re
import shutil
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "deploy/container/Containerfile").read_text(encoding="utf-8").replace("\\\n", "")
LINES = [line.split(maxsplit=1) for line in TEXT.splitlines() if line.strip() and not line.startswith("#")]
STAGES = TEXT.split("\nFROM ")[1:]


def instructions(name: str) -> list[str]:
    """What follows an instruction, each time it is used."""
    return [rest for word, rest in LINES if word == name]


def pins(name: str) -> dict[str, str]:
    """The packages of a list with their versions."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    found = (re.match(r"([a-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", line) for line in text.splitlines())
    return {match[1]: match[2] for match in found if match}


def test_it_is_built_in_one_stage_and_runs_in_another() -> None:
    """The last stage has what was built and nothing that builds."""
    assert len(STAGES) == 2
    assert "pip install" in STAGES[0]
    assert "RUN" not in STAGES[1]


def test_the_base_is_pinned() -> None:
    """Both stages stand on the same exact version."""
    assert instructions("ARG") == ["PYTHON=python:3.13.5-slim-bookworm"]
    assert [image.split()[0] for image in instructions("FROM")] == ["${PYTHON}", "${PYTHON}"]


def test_it_runs_without_rights() -> None:
    """The user is a number other than 0, the same as in the manifests, so that `runAsNonRoot` can be checked."""
    assert instructions("USER") == ["10001:10001"]
    assert STAGES[1].index("USER") > STAGES[1].index("COPY")


def test_every_package_is_checked_by_its_hash() -> None:
    """Nothing is installed from a registry that is not in a list with hashes."""
    for command in re.findall(r"pip install [^&\n]+", TEXT):
        assert "--require-hashes" in command or "--no-deps /dist/" in command, command


def test_the_image_has_what_the_service_needs_and_was_tested_with() -> None:
    """The image's list has every package of the service and its extras, in the versions that the tests use."""
    image, runtime, tested = pins("container.txt"), pins("runtime.txt"), pins("dev.txt")
    assert runtime.items() <= image.items()
    assert {name: tested[name] for name in image} == image
    extras = re.findall(r'^\w+ = \[(".*")\]$', _section("project.optional-dependencies"), re.MULTILINE)
    for wanted in (text for line in extras for text in re.findall(r'"([^"]+)"', line)):
        assert Requirement(wanted).name in image


def test_what_it_copies_reaches_the_builder() -> None:
    """Every file that is copied exists, and is not left out of the build's context."""
    kept = [
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    ]
    sources = _sources()
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(Path(source).parts[0], pattern) for pattern in kept), source


def test_what_it_copies_is_enough_to_build_from(tmp_path: Path) -> None:
    """The wheel is built from nothing but what is copied, by the command of the image."""
    context = tmp_path / "src"
    for source in _sources():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, context / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (context / source).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, context / source)
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path / "dist", "."]
    assert "python -m build --no-isolation --wheel --outdir /dist ." in STAGES[0]
    done = subprocess.run(command, cwd=context, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((tmp_path / "dist").glob("*.whl"))) == 1


def _sources() -> list[str]:
    return [source for rest in instructions("COPY") if not rest.startswith("--from") for source in rest.split()[:-1]]


def _section(name: str) -> str:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return text.split(f"[{name}]\n", 1)[1].split("\n[", 1)[0]
