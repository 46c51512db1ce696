"""Apps of the supported releases of Backstage, built with the plugin as it is handed out."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.e2e.harness.backstage import CHECKOUT, FOLDER

PLUGIN = "backstage-plugin-keeptrusts"
OWN_RELEASE = "1.55"
"""The release that the checkout itself is developed on."""

System = Literal["app", "app-legacy", "app-dynamic", "app-scalprum"]
"""The new frontend system, the old one, and a host of each that loads the plugin at run time; each is a package of this name
in `tests/e2e/backstage/packages`."""

_RELEASES = CHECKOUT / "tests/e2e/releases"
_NODE = CHECKOUT / "toolchain/node_modules/.bin/node"
_PACKAGES = CHECKOUT / "node_modules"
_BUILDERS = ("@backstage/cli", "@backstage/cli-defaults", "@backstage/module-federation-common", "@module-federation")
"""What builds an app, and loads remotes into one, is always that of the checkout."""


_OWN_ALONE = (PLUGIN, "@backstage/plugin-notifications", "@backstage/plugin-scaffolder")
"""Plugins in the app of the checkout that the tests of the package do without."""


class AppError(Exception):
    """An app could not be built; the message says why."""


@dataclass(frozen=True, slots=True)
class App:
    """An app that is built in `folder`."""

    folder: Path

    @property
    def scripts(self) -> list[Path]:
        """All its scripts and style sheets."""
        return [file for file in (self.folder / "dist/static").rglob("*") if file.suffix in {".js", ".css"}]

    @property
    def on_every_page(self) -> list[Path]:
        """The scripts and style sheets that its index.html names: every page loads them."""
        index = (self.folder / "dist/index.html").read_text()
        return [self.folder / "dist" / name for name in re.findall(r'"[^"]*?(static/[^"]+\.(?:js|css))"', index)]

    def script(self, url: str) -> Path:
        """The file that was served from `url`."""
        return self.folder / "dist" / url[url.index("static/") :]


def size_of(files: list[Path]) -> int:
    """What files add up to in bytes, each compressed by gzip as a server does it."""
    return sum(len(gzip.compress(file.read_bytes(), 6)) for file in files)


async def run(*command: str | Path, folder: Path) -> None:
    """Run a command to its good end. Raises `AppError` with what it said if that does not come."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise AppError(f"{command[0]} ended with {process.returncode}: {said.decode(errors='replace')[-3000:]}")


async def run_node(script: Path, *arguments: str | Path, folder: Path) -> None:
    """Run a script with the Node.js of the checkout. Raises `AppError` when it fails."""
    await run(_NODE, script, *arguments, folder=folder)


async def build_app(root: Path, *, plugin: Path | None, release: str = OWN_RELEASE, system: System = "app") -> App:
    """Build an app of a release below `root`, with the unpacked package at `plugin`; None builds one without it.

    Raises `AppError` when the packages of the release are not installed, or the app cannot be built.
    """
    packages = workspace(root, release=release, plugin=plugin)
    # They share sources.
    shutil.copytree(FOLDER / "packages", root / "packages", ignore=shutil.ignore_patterns("dist", "node_modules"))
    folder = root / "packages" / system
    # The schemas of what may be configured are gathered from here.
    (packages / system).symlink_to(folder)
    manifest = json.loads((folder / "package.json").read_text())
    # The app shows the plugins that it finds by this list: in each release those alone that all of them have.
    found = {name: "*" for name in manifest["dependencies"] if name not in _OWN_ALONE and (packages / name).exists()}
    if plugin:
        found[PLUGIN] = "*"
    (folder / "package.json").write_text(json.dumps(manifest | {"dependencies": found}))
    await backstage_cli("package", "build", "--config", "../../app-config.yaml", folder=folder)
    return App(folder)


def workspace(root: Path, *, release: str, plugin: Path | None) -> Path:
    """Make `root` a workspace with the packages of a release, those that build, and the unpacked package at `plugin`.

    Gives its folder of packages. Raises `AppError` when the packages of the release are not installed.
    """
    installed = _PACKAGES if release == OWN_RELEASE else _RELEASES / release / "node_modules"
    if not (installed / ".installed").exists():
        raise AppError(f"the packages of Backstage {release} are not installed: run `make e2e-setup`")
    packages = root / "node_modules"
    (packages / "@backstage").mkdir(parents=True)
    for package in installed.iterdir():
        # Those of the checkout itself are links.
        if not package.is_symlink() and package.name not in {"@backstage", ".installed", ".bin", *_BUILDERS}:
            (packages / package.name).symlink_to(package)
    for package in (installed / "@backstage").iterdir():
        if f"@backstage/{package.name}" not in _BUILDERS:
            (packages / "@backstage" / package.name).symlink_to(package)
    for name in _BUILDERS:
        (packages / name).symlink_to(_PACKAGES / name)
    if plugin:
        shutil.copytree(plugin, packages / PLUGIN)
    for file in (FOLDER / "app-config.yaml", CHECKOUT / "tsconfig.json", installed.parent / "yarn.lock"):
        shutil.copy(file, root)
    (root / "package.json").write_text(json.dumps({"name": "root", "private": True, "workspaces": ["packages/*"]}))
    return packages


async def backstage_cli(*arguments: str, folder: Path) -> None:
    """Run a command of Backstage's CLI in `folder`. Raises `AppError` when it fails."""
    await run_node(_PACKAGES / ".bin/backstage-cli", *arguments, folder=folder)
