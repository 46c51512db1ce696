"""Debian's packages for tests: only what is missing is installed, and what cannot be ends the run."""

from __future__ import annotations

import pytest

from tests.harness import debian


def test_only_missing_programs_are_installed() -> None:
    """A package is wanted when its program is not on the path."""
    found = {"promtool": "/usr/bin/promtool"}
    assert debian.missing(["promtool=prometheus", "redis-server=redis"], found.get) == ["redis"]


def test_without_root_the_run_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing can be installed one line says what to install by hand."""
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    assert debian.main(["no-such-program=some-package"]) == 1
    assert "some-package cannot be installed (it takes root and apt-get)" in capsys.readouterr().err
