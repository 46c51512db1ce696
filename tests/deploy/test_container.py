"""The container file: pinned, linted, and at one with the project. That it builds and runs is tested in `test_image.py`."""

from __future__ import annotations

import fnmatch
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import bff

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


def test_hadolint_accepts_it() -> None:
    """The linter of container files finds nothing."""
    tool = Path(sys.executable).with_name("hadolint")
    if not tool.exists():
        pytest.fail("no hadolint: `make dev-setup` installs it")
    done = subprocess.run([tool, ROOT / "deploy/container/Containerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_base_is_pinned() -> None:
    """The base has an exact version and its digest; the last stage has none."""
    (argument, *_) = instructions("ARG")
    assert re.fullmatch(r"PYTHON=python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", argument)
    assert [image.split()[0] for image in instructions("FROM")] == ["${PYTHON}", "scratch"]


def test_it_is_labelled_with_this_version() -> None:
    """The version on the label is the project's, unless the build says otherwise."""
    assert f"VERSION={bff.__version__}" in instructions("ARG")


def test_every_package_is_checked_by_its_hash() -> None:
    """Nothing is installed from a registry that is not in a list with hashes."""
    commands = re.findall(r"pip (?:--python \S+ )?install [^&\n]+", TEXT)
    assert len(commands) == 3
    for command in commands:
        assert "--require-hashes" in command or command.rstrip().endswith("/dist/*.whl"), command


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
        assert any(fnmatch.fnmatch(source, pattern) for pattern in (*kept, *(f"{each}/*" for each in kept))), source


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
