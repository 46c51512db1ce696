"""The plugin's package as bundles that hosts of dynamic plugins load at run time: by module federation, and by Scalprum.

`python -m tests.e2e.harness.federated dist/backstage-plugin-keeptrusts-0.1.0.tgz` writes
`backstage-plugin-keeptrusts-dynamic-0.1.0.tgz` beside the tarball.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.e2e.harness.apps import OWN_RELEASE, PLUGIN, backstage_cli, run_node, workspace
from tests.e2e.harness.backstage import CHECKOUT

RELEASE = OWN_RELEASE
"""The release whose packages the bundle carries in it. Those of an older one work in newer hosts, but links that
`@backstage/ui` makes before 1.55 load the whole page: they ask the host's copy of it for the way."""

DYNAMIC = f"{PLUGIN}-dynamic"
"""The name of the package with the bundles."""

_NOTICES = "THIRD-PARTY-NOTICES.txt"
_SCALPRUM = Path(__file__).with_name("scalprum.cjs")


async def build_federated(root: Path, *, plugin: Path) -> Path:
    """Build the module federation remote below `root` for the unpacked package at `plugin`, with the packages of `RELEASE`.

    Gives its folder `dist`, with the schema of the plugin's configuration. Raises `AppError`.
    """
    workspace(root, release=RELEASE, plugin=None)
    folder = root / "packages" / PLUGIN
    # From its source: of a package the builder makes one file, which then loads the charts on every page.
    shutil.copytree(CHECKOUT / "plugin-frontend", folder, ignore=shutil.ignore_patterns("dist", "node_modules", "docs"))
    await backstage_cli("package", "build", "--module-federation", folder=folder)
    # Where the backend of a host looks for it.
    shutil.copy(plugin / _packed(plugin)["configSchema"], folder / "dist/.config-schema.json")
    return folder / "dist"


async def build_scalprum(root: Path, *, plugin: Path) -> Path:
    """Build the bundle of Scalprum below `root` for the unpacked package at `plugin`, with the packages of `RELEASE`.

    Gives its folder, with the schema of the plugin's configuration. Raises `AppError`.
    """
    folder = workspace(root, release=RELEASE, plugin=plugin) / PLUGIN
    target = root / "dist-scalprum"
    await run_node(_SCALPRUM, folder, target, folder=root)
    # Where Developer Hub 1.x looks for it.
    shutil.copy(plugin / _packed(plugin)["configSchema"], target / "configSchema.json")
    return target


def write_package(target: Path, *, plugin: Path, bundles: Mapping[str, Path]) -> None:
    """Write the package of a dynamic plugin to the folder `target`: built `bundles` by the name of their folder in it.

    `dist` must be among them.
    """
    packed = _packed(plugin)
    for name, built in bundles.items():
        # Maps are four fifths of it, and hosts serve what is in it.
        shutil.copytree(built, target / name, ignore=shutil.ignore_patterns("*.map"))
    for name in ("LICENSE", packed["configSchema"]):
        shutil.copy(plugin / name, target / name)
    (target / _NOTICES).write_text("".join(_notices(bundles.values())))
    manifest = {
        "name": DYNAMIC,
        **{key: packed[key] for key in ("description", "version", "license")},
        "backstage": {
            "role": "frontend-plugin",
            "pluginId": packed["backstage"]["pluginId"],
            "pluginPackages": [DYNAMIC],
            "supported-versions": f"{RELEASE}.0",
        },
        "main": "./dist/remoteEntry.js",
        "configSchema": packed["configSchema"],
        "files": [*bundles, _NOTICES, packed["configSchema"]],
    }
    (target / "package.json").write_text(json.dumps(manifest, indent=2) + "\n")


def _packed(plugin: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((plugin / "package.json").read_text())
    return loaded


_IN_A_MAP = re.compile(r"node_modules/((?:@[^/]+/)?[^/]+)/")
_LICENCE_FILES = re.compile(r"(licen[cs]e|notice)([.-].*)?", re.IGNORECASE)


def _notices(bundles: Iterable[Path]) -> Iterator[str]:
    """The licence of each package of which there is code in the bundles, as their source maps say."""
    sources = {
        source
        for built in bundles
        for file in built.rglob("*.map")
        for source in json.loads(file.read_text())["sources"]
        if "node_modules/" in source
    }
    for name in sorted({_IN_A_MAP.findall(source)[-1] for source in sources} - {PLUGIN}):
        folder = CHECKOUT / "node_modules" / name
        if not folder.exists():
            continue
        manifest = json.loads((folder / "package.json").read_text())
        yield f"{name} {manifest['version']}, {manifest.get('license', 'see below')}\n\n"
        for file in sorted(folder.iterdir()):
            if file.is_file() and _LICENCE_FILES.fullmatch(file.name):
                yield file.read_text(errors="replace").strip() + "\n\n"
        yield "-" * 80 + "\n\n"


def unpack(tarball: Path, folder: Path) -> Path:
    """Unpack a package into `folder`; gives the folder that its package.json is in."""
    with tarfile.open(tarball) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


async def main() -> None:
    """Write the package with the bundles of a packed plugin beside it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tarball", type=Path, help="the packed plugin")
    tarball: Path = parser.parse_args().tarball
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        plugin = unpack(tarball, root)
        bundles = {
            "dist": await build_federated(root / "federated", plugin=plugin),
            "dist-scalprum": await build_scalprum(root / "scalprum", plugin=plugin),
        }
        write_package(root / "bundle", plugin=plugin, bundles=bundles)
        target = tarball.with_name(tarball.name.replace(PLUGIN, DYNAMIC))
        with tarfile.open(target, "w:gz") as archive:
            archive.add(root / "bundle", "package")
    print(target)


if __name__ == "__main__":
    asyncio.run(main())
