"""The plugin's package as a bundle that a host of dynamic plugins loads at run time.

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
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.harness.apps import OWN_RELEASE, PLUGIN, backstage_cli, workspace
from tests.e2e.harness.backstage import CHECKOUT

RELEASE = OWN_RELEASE
"""The release whose packages the bundle carries in it. Those of an older one work in newer hosts, but links that
`@backstage/ui` makes before 1.55 load the whole page: they ask the host's copy of it for the way."""

_NAME = f"{PLUGIN}-dynamic"


async def build_federated(root: Path, *, plugin: Path) -> Path:
    """Build the bundle below `root` for the unpacked package at `plugin`, with the packages of `RELEASE`.

    Gives its folder: a package.json, the schema of its configuration and `dist`. Raises `AppError`.
    """
    workspace(root, release=RELEASE, plugin=None)
    packed = json.loads((plugin / "package.json").read_text())
    folder = root / "packages" / PLUGIN
    # From its source: of a package the builder makes one file, which then loads the charts on every page.
    shutil.copytree(CHECKOUT / "plugin-frontend", folder, ignore=shutil.ignore_patterns("dist", "node_modules", "docs"))
    described = {
        "name": _NAME,
        **{key: packed[key] for key in ("description", "version", "license")},
        "backstage": {
            "role": "frontend-plugin",
            "pluginId": packed["backstage"]["pluginId"],
            "pluginPackages": [_NAME],
        },
    }
    await backstage_cli("package", "build", "--module-federation", folder=folder)

    bundle = root / "bundle"
    # Maps are four fifths of it, and hosts serve what is in it.
    shutil.copytree(folder / "dist", bundle / "dist", ignore=shutil.ignore_patterns("*.map"))
    for name in ("LICENSE", packed["configSchema"]):
        shutil.copy(plugin / name, bundle / name)
    (bundle / "THIRD-PARTY-NOTICES.txt").write_text("".join(_notices(folder / "dist", root / "node_modules")))
    described["backstage"]["supported-versions"] = f"{RELEASE}.0"
    loaded = {
        "main": "./dist/remoteEntry.js",
        "configSchema": packed["configSchema"],
        "files": ["dist", "THIRD-PARTY-NOTICES.txt", packed["configSchema"]],
    }
    (bundle / "package.json").write_text(json.dumps(described | loaded, indent=2) + "\n")
    return bundle


_IN_A_MAP = re.compile(r"node_modules/((?:@[^/]+/)?[^/]+)/")
_LICENCE_FILES = re.compile(r"(licen[cs]e|notice)([.-].*)?", re.IGNORECASE)


def _notices(built: Path, packages: Path) -> Iterator[str]:
    """The licence of each package of which there is code in the bundle, as its source maps say."""
    sources = {
        source
        for file in built.rglob("*.map")
        for source in json.loads(file.read_text())["sources"]
        if "node_modules/" in source
    }
    for name in sorted({_IN_A_MAP.findall(source)[-1] for source in sources} - {PLUGIN}):
        # What the builder itself adds lies with the builder.
        folder = next((it for it in (packages / name, CHECKOUT / "node_modules" / name) if it.exists()), None)
        if folder is None:
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
    """Write the bundle of a packed plugin beside it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tarball", type=Path, help="the packed plugin")
    tarball: Path = parser.parse_args().tarball
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        bundle = await build_federated(root / "build", plugin=unpack(tarball, root))
        target = tarball.with_name(tarball.name.replace(PLUGIN, _NAME))
        with tarfile.open(target, "w:gz") as archive:
            archive.add(bundle, "package")
    print(target)


if __name__ == "__main__":
    asyncio.run(main())
