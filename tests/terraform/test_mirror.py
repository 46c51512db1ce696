"""The mirror that `terraform init` takes the provider from."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from terraform_provider_keeptrusts import __version__
from terraform_provider_keeptrusts.mirror import LAUNCHER, PLATFORMS, cli_configuration, make_mirror
from tests.terraform.workspace import ROOT, Run, Workspace, prepared

COMMAND = Path(sys.executable).with_name("terraform-provider-keeptrusts")
CHECKSUM = re.compile(r'"(h1:[^"]+)"')


def command(*words: str, **environment: str) -> Run:
    """Run the provider's own command."""
    done = subprocess.run(
        [COMMAND, *words], env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )
    return Run(done.returncode, done.stdout + done.stderr)


def test_every_mirror_has_the_same_checksum(initialised: Path, tmp_path: Path) -> None:
    """Init against a mirror made again elsewhere accepts the lock file of another folder unchanged, as the page says."""
    mirror = tmp_path / 'an other "mirror" ${1}'
    assert command("mirror", str(mirror)).ok
    folder = prepared(tmp_path / "fresh", mirror, cli_configuration(mirror))
    lock = (initialised / ".terraform.lock.hcl").read_text()
    assert (folder / ".terraform.lock.hcl").read_text() == lock
    found = CHECKSUM.search(lock)
    assert found
    assert found[1] in (ROOT / "catalog" / "terraform" / "provider" / "README.md").read_text()
    assert Workspace(folder, {}, {"team_name": "locked"}).init("-lockfile=readonly").ok


def test_a_mirror_can_be_made_again(tmp_path: Path) -> None:
    """Every platform has an executable launcher, and the second making changes nothing."""
    made = [make_mirror(tmp_path), make_mirror(tmp_path)]
    assert made[0] == made[1]
    assert [path.parent.name for path in made[0]] == list(PLATFORMS)
    for path in made[0]:
        assert path.name == f"terraform-provider-keeptrusts_v{__version__}"
        assert (path.read_text(), os.access(path, os.X_OK)) == (LAUNCHER, True)


def test_make_makes_it(tmp_path: Path) -> None:
    """`make terraform-mirror MIRROR=<folder>` calls the command; without a folder it says how to call it."""
    call = ["make", "--silent", "--no-print-directory", "-o", "dev-setup", "terraform-mirror"]
    done = subprocess.run(
        [*call, f"MIRROR={tmp_path}"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout
    assert len(list(tmp_path.rglob("terraform-provider-keeptrusts_v*"))) == len(PLATFORMS)
    missing = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert missing.returncode != 0
    assert "MIRROR=<folder>" in missing.stderr


def test_a_provider_that_is_not_installed_is_told(tmp_path: Path) -> None:
    """The launcher says what is missing where pip has not installed the provider."""
    launcher = make_mirror(tmp_path)[0]
    done = subprocess.run(
        [launcher], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 127
    assert "install it with pip" in done.stderr


@pytest.mark.parametrize("words", [["mirror"], ["mirror", ""], ["serve"], ["--help"]])
def test_other_words_are_answered(words: list[str]) -> None:
    """Started by hand, the command prints what it is for."""
    done = command(*words)
    assert done.code == 2
    assert "mirror FOLDER" in done.output


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in the way is one line that names it."""
    (tmp_path / "file").write_text("")
    done = command("mirror", str(tmp_path / "file"))
    assert done.code == 1
    assert re.fullmatch(r"terraform-provider-keeptrusts: .*file.*: Not a directory\n", done.output)
