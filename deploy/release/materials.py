"""Say what the service is made of: a bill of materials (CycloneDX) and the notices of third parties.

`python -m deploy.release.materials FOLDER` writes `keeptrusts-bff.cdx.json` and `THIRD-PARTY-NOTICES.txt` into FOLDER. Both are about the
packages of `requirements/container.txt`, which the image holds. Their licences and texts are read from what is installed beside this
Python, in the same versions.
"""

from __future__ import annotations

import re
import sys
import tomllib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements/container.txt"
LINE = re.compile(r"^(?P<requirement>[a-z0-9][^\\\n]*?) \\\n(?P<hashes>(?:    --hash=\S+(?: \\)?\n?)+)", re.MULTILINE)
TEXTS = re.compile(r"licen[cs]e|notice|copying", re.IGNORECASE)

SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "MIT License": "MIT",
    "MIT OR Apache-2.0": "MIT OR Apache-2.0",
    "OSI Approved :: Apache Software License": "Apache-2.0",
    "OSI Approved :: BSD License": "BSD-3-Clause",
    "OSI Approved :: MIT License": "MIT",
    "OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""What packages write that name no licence in the form of SPDX, as they mean it."""


class UnknownLicenceError(Exception):
    """A package does not say its licence in a form that is known; the message names it and what it says."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package of the image."""

    name: str
    version: str
    licence: str
    """An expression of SPDX licence identifiers."""
    summary: str
    hashes: tuple[str, ...]
    """SHA-256 of each file that may be installed, in hexadecimal."""
    needs: frozenset[str]
    """Names of packages that it requires, whether they are of the image or not."""
    texts: tuple[tuple[str, str], ...]
    """Its licence and notice files by name."""


def packages(requirements: Path = REQUIREMENTS) -> list[Package]:
    """The packages of a list that are needed on this platform, by name. Raises `UnknownLicenceError`."""
    found = []
    for match in LINE.finditer(requirements.read_text(encoding="utf-8")):
        requirement = Requirement(match["requirement"])
        if requirement.marker is None or requirement.marker.evaluate():
            hashes = tuple(re.findall(r"sha256:([0-9a-f]{64})", match["hashes"]))
            found.append(_package(metadata.distribution(requirement.name), hashes))
    return sorted(found, key=lambda package: package.name)


def bill(of: Iterable[Package], *, version: str) -> str:
    """The bill of materials of the service in this version, as CycloneDX 1.6 in JSON."""
    of = list(of)
    licences = LicenseFactory()
    service = Component(
        name="keeptrusts-bff",
        version=version,
        type=ComponentType.APPLICATION,
        licenses=[licences.make_from_string("Apache-2.0")],
        bom_ref="keeptrusts-bff",
    )
    components = {package.name: _component(package, licences) for package in of}
    bom = Bom(components=components.values())
    bom.metadata.component = service
    # The same materials give the same number, so that two builds can be compared.
    bom.serial_number = uuid.uuid5(
        uuid.NAMESPACE_URL, " ".join(f"{each.name}=={each.version}" for each in of) + version
    )
    bom.register_dependency(service, [components[name] for name in _direct() if name in components])
    for package in of:
        bom.register_dependency(
            components[package.name], [components[name] for name in package.needs if name in components]
        )
    return JsonV1Dot6(bom).output_as_string(indent=2)


def notices(of: Iterable[Package]) -> str:
    """The licence texts of all packages, each under its name, version and licence."""
    parts = [
        "keeptrusts-bff holds the following packages. Each is the work of its authors, under the licence that follows its name.\n"
    ]
    for package in of:
        head = f"{package.name} {package.version}: {package.licence}"
        texts = [f"--- {name}\n\n{text.strip()}\n" for name, text in package.texts]
        parts.append("\n".join(["=" * 100, head, "=" * 100, "", *texts]))
    return "\n".join(parts)


def identifiers(licence: str) -> set[str]:
    """The licences that an SPDX expression names."""
    return set(re.findall(r"[A-Za-z0-9.+-]+", licence)) - {"AND", "OR", "WITH"}


def _package(installed: metadata.Distribution, hashes: tuple[str, ...]) -> Package:
    name = canonicalize_name(installed.metadata["Name"])
    return Package(
        name=name,
        version=installed.version,
        licence=_licence(name, installed),
        summary=_field(installed, "Summary"),
        hashes=hashes,
        needs=frozenset(_needs(installed.requires or ())),
        texts=tuple(_texts(installed)),
    )


def _licence(name: str, installed: metadata.Distribution) -> str:
    if expression := _field(installed, "License-Expression"):
        return expression
    classifiers: list[str] = [
        each.removeprefix("License :: ")
        for each in installed.metadata.get_all("Classifier") or ()
        if each.startswith("License")
    ]
    for said in (_field(installed, "License"), *classifiers):
        if said in SPDX or said in SPDX.values():
            return SPDX.get(said, said)
    raise UnknownLicenceError(
        f"{name}: its licence is {[_field(installed, 'License'), *classifiers]!r}: add what that means to SPDX"
    )


def _field(installed: metadata.Distribution, name: str) -> str:
    values: list[str] = installed.metadata.get_all(name) or [""]
    return values[0]


def _needs(requirements: Iterable[str]) -> Iterator[str]:
    for requirement in map(Requirement, requirements):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


def _texts(installed: metadata.Distribution) -> Iterator[tuple[str, str]]:
    for file in sorted(installed.files or (), key=str):
        if ".dist-info" in file.parts[0] and TEXTS.search(file.name):
            yield file.name, Path(str(file.locate())).read_text(encoding="utf-8", errors="replace")


def _component(package: Package, licences: LicenseFactory) -> Component:
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        description=package.summary,
        licenses=[licences.make_from_string(package.licence)],
        purl=PackageURL("pypi", name=package.name, version=package.version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=package.hashes[0])] if len(package.hashes) == 1 else [],
        bom_ref=f"{package.name}=={package.version}",
    )


def _direct() -> set[str]:
    """The packages that the project itself names, with those of its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    return {canonicalize_name(Requirement(each).name) for each in named}


def main(folder: Path) -> None:
    """Write both files into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    found = packages()
    (folder / "keeptrusts-bff.cdx.json").write_text(
        bill(found, version=metadata.version("keeptrusts-backstage")), encoding="utf-8"
    )
    (folder / "THIRD-PARTY-NOTICES.txt").write_text(notices(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
