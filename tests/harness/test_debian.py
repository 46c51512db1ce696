"""Debian's packages for tests: only what is missing is installed, and what cannot be is no failure."""

from __future__ import annotations

import pytest

from tests.harness import debian


def test_only_missing_programs_are_installed() -> None:
    """A package is wanted when its program is not on the path."""
    found = {"promtool": "/usr/bin/promtool"}
    assert debian.missing(["promtool=prometheus", "redis-server=redis"], found.get) == ["redis"]


def test_without_root_tests_are_skipped_and_not_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing can be installed one line says so, and the tests that need nothing still run."""
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    assert debian.main(["no-such-program=some-package"]) == 0
    assert "some-package cannot be installed (it takes root and apt-get)" in capsys.readouterr().err
