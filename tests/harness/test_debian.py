"""Debian's packages for tests: only what is missing is installed, and what cannot be ends the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import debian


def test_only_missing_programs_are_installed() -> None:
    """A package is wanted when its program is not on the path."""
    found = {"promtool": "/usr/bin/promtool"}
    assert debian.missing(["promtool=prometheus", "wrk=wrk-tools"], found.get) == ["wrk-tools"]


def test_a_program_off_the_path_is_found_by_a_pattern(tmp_path: Path) -> None:
    """A package is wanted when no file has the whole path of its program, in whatever version's folder."""
    program = tmp_path / "15" / "bin" / "initdb"
    program.parent.mkdir(parents=True)
    wanted = [f"{tmp_path}/*/bin/initdb=postgresql"]
    assert debian.missing(wanted) == ["postgresql"]
    program.touch()
    assert debian.missing(wanted) == []


def test_without_root_the_run_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing can be installed one line says what to install by hand."""
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    assert debian.main(["no-such-program=some-package"]) == 1
    assert "some-package cannot be installed (it takes root and apt-get)" in capsys.readouterr().err
