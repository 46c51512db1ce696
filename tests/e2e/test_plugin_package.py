"""The plugin as it is handed out: what is in the tarball, and that it works in an app of the old frontend system that has nothing else of ours."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from playwright.async_api import Browser, expect

from tests.e2e.harness.backstage import CHECKOUT, CONFIGURATION, FOLDER, Backstage
from tests.e2e.harness.card import GATEWAY, go_to_card
from tests.e2e.harness.service import Service
from tests.e2e.harness.window import open_window

PLUGIN = "backstage-plugin-keeptrusts"
ENTRY_POINTS = (".", "./legacy", "./alpha")
PROXY_PATH = "/platform/keeptrusts"
SAME_LOOP = pytest.mark.asyncio(loop_scope="session")
"""The loop in which the fixtures run."""


async def run(*command: str | Path, folder: Path) -> None:
    """Run a command to its good end; raises with what it said if that does not come."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode(errors="replace")[-3000:]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as `make pack` makes it, unpacked."""
    folder = tmp_path_factory.mktemp("package")
    await run("make", "pack-plugin", f"DIST={folder}", folder=CHECKOUT)
    [tarball] = folder.glob(f"{PLUGIN}-*.tgz")
    with tarfile.open(tarball) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


@pytest.fixture
def manifest(unpacked: Path) -> dict[str, Any]:
    """The package.json in the tarball."""
    loaded: dict[str, Any] = json.loads((unpacked / "package.json").read_text())
    return loaded


@pytest.mark.e2e
def test_every_entry_point_is_built(unpacked: Path, manifest: dict[str, Any]) -> None:
    """Old and new frontend system find code and types in dist, and no source is needed."""
    for entry in ENTRY_POINTS:
        named = manifest["exports"][entry]
        for kind in ("import", "types"):
            assert named[kind].startswith("./dist/"), named
            assert (unpacked / named[kind]).is_file(), named[kind]
    assert not (unpacked / "src").exists()
    assert manifest["version"] == json.loads((CHECKOUT / "plugin-frontend/package.json").read_text())["version"]


@pytest.mark.e2e
def test_backstage_is_told_what_it_is(manifest: dict[str, Any]) -> None:
    """The manifest names role and plugin, and where discovery finds the features of the new frontend system."""
    described = manifest["backstage"]
    assert (described["role"], described["pluginId"]) == ("frontend-plugin", "keeptrusts")
    assert described["features"]["."] == "@backstage/FrontendPlugin"


@pytest.mark.e2e
def test_nothing_of_this_machine_is_in_it(unpacked: Path, manifest: dict[str, Any]) -> None:
    """No path of the checkout, no address of a package registry, no link into a workspace, and no test is handed out."""
    for dependencies in ("dependencies", "peerDependencies"):
        assert not [it for it in manifest[dependencies].values() if ":" in it], (
            "a version that only this workspace knows"
        )
    for file in unpacked.rglob("*"):
        if not file.is_file():
            continue
        assert ".test." not in file.name
        text = file.read_text(errors="replace")
        assert str(CHECKOUT) not in text, file
        assert "registry" not in json.dumps(manifest), file


@pytest_asyncio.fixture(loop_scope="session")
async def other_backstage(unpacked: Path, tmp_path: Path) -> AsyncIterator[Backstage]:
    """A Backstage whose app is built outside the checkout, with the unpacked package in the place of the plugin's source.

    Its proxy has the service at a path of its own, which the plugin's configuration names.
    """
    app = await build_app(tmp_path / "elsewhere", unpacked)
    overlay = tmp_path / "app-config.yaml"
    documented = yaml.safe_load(CONFIGURATION[1].read_text())["proxy"]["endpoints"]["/keeptrusts"]
    own = {
        "app": {"packageName": str(app)},
        "proxy": {"endpoints": {PROXY_PATH: documented}},
        "keeptrusts": {"proxyPath": PROXY_PATH},
    }
    overlay.write_text(yaml.safe_dump(own))
    token = secrets.token_urlsafe(24)
    service = Service(token=token, log=tmp_path / "service.log")
    backstage = Backstage(
        bff_url=service.url, token=token, log=tmp_path / "backstage.log", configuration=(*CONFIGURATION, overlay)
    )
    service.serve_for(backstage.url)
    async with backstage, service:
        yield backstage


async def build_app(root: Path, plugin: Path) -> Path:
    """The app of the old system, built below `root` with the `plugin`; all other packages are those that the checkout has."""
    app = root / "packages/app-legacy"
    shutil.copytree(FOLDER / "packages/app-legacy", app, ignore=shutil.ignore_patterns("dist", "node_modules"))
    shutil.copy(FOLDER / "app-config.yaml", root)
    for name in ("package.json", "tsconfig.json", "yarn.lock"):
        shutil.copy(CHECKOUT / name, root)
    workspace = json.loads((root / "package.json").read_text())
    (root / "package.json").write_text(json.dumps(workspace | {"workspaces": ["packages/*"]}))
    manifest = json.loads((app / "package.json").read_text())
    manifest["dependencies"][PLUGIN] = "*"
    (app / "package.json").write_text(json.dumps(manifest))
    packages = root / "node_modules"
    packages.mkdir()
    for package in (CHECKOUT / "node_modules").iterdir():
        if package.name != PLUGIN and not package.name.startswith(".installed"):
            (packages / package.name).symlink_to(package)
    shutil.copytree(plugin, packages / PLUGIN)
    node = CHECKOUT / "toolchain/node_modules/.bin/node"
    await run(
        node, packages / ".bin/backstage-cli", "package", "build", "--config", "../../app-config.yaml", folder=app
    )
    return app


@SAME_LOOP
async def test_it_works_in_an_app_of_the_old_system(other_backstage: Backstage, browser: Browser) -> None:
    """Where only the package is installed, and its extensions are placed as the README says, card, tab, page and home card show numbers."""
    await other_backstage.ingested("component:default/customer-support-bot")
    window = await open_window(browser, other_backstage)
    page = window.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/proxy/" in request.url else None)
    try:
        card = await go_to_card(page, "customer-support-bot")
        await expect(card.get_by_role("meter")).to_be_visible()
        await expect(card).to_contain_text("of $500.00")
        await page.get_by_role("tab", name="AI spend").click()
        await expect(page.get_by_role("grid", name="By model")).to_contain_text("gpt-4o")
        await go_to_card(page, "keeptrusts-gateway", GATEWAY)
        await page.goto("/ai-governance")
        await page.get_by_text("Show all that I may see").click()
        await expect(page.get_by_role("grid", name="AI Governance by entity")).to_contain_text("customer-support-bot")
        await page.goto("/home")
        await expect(page.get_by_text("AI Governance: what needs my attention")).to_be_visible()
        assert asked
        assert all(url.startswith(f"{other_backstage.url}/api/proxy{PROXY_PATH}/v1/") for url in asked), asked
        assert window.complaints == []
    finally:
        await window.context.close()
