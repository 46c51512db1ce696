"""What the service is made of: each package with its licence, in forms that tools and people can check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy.release import materials
from tests.deploy.test_container import pins

ALLOWED = frozenset(
    {
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        # psycopg: used unchanged as a package of its own, which can be replaced.
        "LGPL-3.0-only",
        "MIT",
        "MIT-0",
        # certifi and parts of orjson: used unchanged.
        "MPL-2.0",
        "PSF-2.0",
    }
)
"""The licences under which a package may be part of the image."""


PACKAGES = materials.packages()


def test_every_package_of_the_image_is_named() -> None:
    """The bill has the packages of the image's list in their versions, and no other."""
    listed = pins("container.txt")
    assert {package.name: package.version for package in PACKAGES}.items() <= listed.items()
    # For old Pythons alone.
    assert listed.keys() - {package.name for package in PACKAGES} <= {"async-timeout"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_each_licence_is_allowed(package: materials.Package) -> None:
    """A package's licence is one under which it may be passed on with this project, and its text is there."""
    assert materials.identifiers(package.licence) <= ALLOWED
    assert package.texts


def test_the_bill_is_valid() -> None:
    """The bill of materials fits the strict schema of CycloneDX, names the service, and joins packages to what they need."""
    text = materials.bill(PACKAGES, version="0.1.0")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert bill["metadata"]["component"]["name"] == "keeptrusts-bff"
    needs = {item["ref"].partition("==")[0]: item.get("dependsOn", []) for item in bill["dependencies"]}
    assert any(ref.startswith("starlette==") for ref in needs["keeptrusts-bff"])
    assert any(ref.startswith("httpcore==") for ref in needs["httpx"])


def test_the_same_materials_make_the_same_bill() -> None:
    """Two bills of the same packages have the same serial number, those of another version do not."""
    numbers = [json.loads(materials.bill(PACKAGES, version=version))["serialNumber"] for version in ("1", "1", "2")]
    assert numbers[0] == numbers[1] != numbers[2]


def test_an_unknown_licence_is_an_error_that_names_the_package(tmp_path: Path) -> None:
    """A package that says nothing of its licence ends the writing, so that it is looked up."""
    folder = tmp_path / "mystery-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: mystery\nVersion: 1.0\nLicense: see website\n", encoding="utf-8"
    )
    with pytest.raises(materials.UnknownLicenceError, match=r"mystery: its licence is .*see website"):
        materials._package(materials.metadata.Distribution.at(folder), ())


def test_notices_and_bill_are_written(tmp_path: Path) -> None:
    """The command of `make pack` leaves both files, with each package's licence text."""
    materials.main(tmp_path / "dist")
    assert (
        json.loads((tmp_path / "dist/keeptrusts-bff.cdx.json").read_text(encoding="utf-8"))["bomFormat"] == "CycloneDX"
    )
    notices = (tmp_path / "dist/THIRD-PARTY-NOTICES.txt").read_text(encoding="utf-8")
    for package in PACKAGES:
        assert f"\n{package.name} {package.version}: {package.licence}\n" in notices
