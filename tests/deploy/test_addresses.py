"""The plugin's package says where it comes from once a release knows it."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
import yaml

from deploy.release.addresses import MANIFEST, AddressError, main, written

ROOT = Path(__file__).parents[2]
URL = "https://code.example/platform/ai-governance"
FILES = {
    MANIFEST: b'{"name": "backstage-plugin-keeptrusts", "version": "0.1.0"}',
    "package/dist/index.js": b"export {};\n",
}


def packed(files: dict[str, bytes]) -> bytes:
    """An npm package with these files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return made.getvalue()


def unpacked(tarball: bytes) -> dict[str, bytes]:
    """The files of an npm package."""
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]  # files alone


def test_the_package_says_where_it_comes_from(tmp_path: Path) -> None:
    """The command writes repository, home page and issues into the manifest, and leaves every other byte."""
    tarball = tmp_path / "plugin.tgz"
    tarball.write_bytes(packed(FILES))
    assert main([str(tarball), URL]) == 0
    files = unpacked(tarball.read_bytes())
    assert json.loads(files.pop(MANIFEST)) == {
        "name": "backstage-plugin-keeptrusts",
        "version": "0.1.0",
        "repository": {"type": "git", "url": f"git+{URL}.git", "directory": "plugin-frontend"},
        "homepage": f"{URL}/tree/HEAD/plugin-frontend#readme",
        "bugs": {"url": f"{URL}/issues"},
    }
    assert files == {name: body for name, body in FILES.items() if name != MANIFEST}


def test_the_same_package_comes_of_the_same_files() -> None:
    """Two runs give the same bytes, so that checksums can be compared."""
    assert written(packed(FILES), URL) == written(packed(FILES), URL)


@pytest.mark.parametrize(
    "url", ["", "code.example/a/b", "http://code.example/a/b", "https://code.example", f"{URL}.git", f"{URL} x"]
)
def test_an_address_that_is_no_repository_is_refused(url: str) -> None:
    """The error says what was given, and the form expected."""
    with pytest.raises(AddressError, match=r"must have the form https://host/owner/name"):
        written(packed(FILES), url)


@pytest.mark.parametrize("body", [b"nothing packed", packed({"package/index.js": b""})])
def test_what_is_no_package_stays(tmp_path: Path, body: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no npm package is named in the error, and left as it is."""
    tarball = tmp_path / "plugin.tgz"
    tarball.write_bytes(body)
    assert main([str(tarball), URL]) == 1
    assert "plugin.tgz: this is no npm package" in capsys.readouterr().err
    assert tarball.read_bytes() == body


def test_a_release_says_it() -> None:
    """The workflow gives the repository that it runs in to `make pack`: npm compares it with that of the provenance."""
    steps = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]["release"]["steps"]
    (pack,) = (step["run"] for step in steps if "make pack" in step.get("run", ""))
    assert 'make pack REPOSITORY="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"' in pack
