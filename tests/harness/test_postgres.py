"""The PostgreSQL of the tests is found where Debian puts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.postgres import PostgresError, find


def test_the_newest_version_is_found(tmp_path: Path) -> None:
    """Of several versions the newest one that can make a database is taken, by its number and not by its name."""
    for version in ("9.6", "15", "17"):
        programs = tmp_path / "usr/lib/postgresql" / version / "bin"
        programs.mkdir(parents=True)
        if version != "17":
            (programs / "initdb").touch()
    assert find(tmp_path) == tmp_path / "usr/lib/postgresql/15/bin"


def test_without_any_it_is_said_what_to_install(tmp_path: Path) -> None:
    """Where there is no PostgreSQL the error names Debian's package."""
    with pytest.raises(PostgresError, match="install Debian's `postgresql`"):
        find(tmp_path)
