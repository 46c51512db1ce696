"""Which Chromium the end-to-end tests use."""

from pathlib import Path

import pytest

from tests.e2e.harness.chromium import ChromiumError, find


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "chromium"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_named_chromium_wins(program: Path, tmp_path: Path) -> None:
    """CHROMIUM_PATH comes before the usual place."""
    assert find({"CHROMIUM_PATH": str(program)}, default=tmp_path / "usual") == program


def test_usual_place_is_next(program: Path) -> None:
    """Without CHROMIUM_PATH the usual place is used."""
    assert find({}, default=program) == program


@pytest.mark.parametrize("name", ["absent", "folder", "text"])
def test_named_chromium_that_cannot_run_is_an_error(tmp_path: Path, name: str) -> None:
    """A CHROMIUM_PATH that cannot be run is said to be one, and nothing else is used in its place."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("not a program")

    with pytest.raises(ChromiumError, match=f"CHROMIUM_PATH=.*/{name} is no program"):
        find({"CHROMIUM_PATH": str(tmp_path / name)})


def test_missing_chromium_names_the_remedy(tmp_path: Path) -> None:
    """Where there is none, the error says what to install and what to set."""
    with pytest.raises(ChromiumError, match=r"install Debian's `chromium`.*CHROMIUM_PATH"):
        find({}, default=tmp_path / "usual")
