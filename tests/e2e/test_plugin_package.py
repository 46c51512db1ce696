"""The plugin as it is handed out: what is in the tarball, and that it works in each supported release of Backstage, in both frontend systems."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from playwright.async_api import Browser, Page, expect

from tests.e2e.harness.apps import OWN_RELEASE, PLUGIN, App, System, build_app, run, size_of
from tests.e2e.harness.axe import grave_findings
from tests.e2e.harness.backstage import CHECKOUT, CONFIGURATION, Backstage
from tests.e2e.harness.card import GATEWAY, find_card, go_to_card
from tests.e2e.harness.federated import DYNAMIC, build_federated, build_scalprum, unpack, write_package
from tests.e2e.harness.service import Service
from tests.e2e.harness.window import open_window

USER = "support-engineer"
BOT = "customer-support-bot"
MOST_ON_EVERY_PAGE = 5 * 1024
"""What the plugin may add to pages that do not show it, in bytes by gzip."""
ENTRY_POINTS = (".", "./legacy", "./alpha")
PROXY_PATH = "/platform/keeptrusts"
SAME_LOOP = pytest.mark.asyncio(loop_scope="session")
"""The loop in which the fixtures run."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as `make pack` makes it, unpacked."""
    folder = tmp_path_factory.mktemp("package")
    await run("make", "pack-plugin", f"DIST={folder}", folder=CHECKOUT)
    [tarball] = folder.glob(f"{PLUGIN}-*.tgz")
    return unpack(tarball, folder)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def federated(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module federation remote of the package."""
    return await build_federated(tmp_path_factory.mktemp("federated"), plugin=unpacked)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scalprum(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's bundle of Scalprum."""
    return await build_scalprum(tmp_path_factory.mktemp("scalprum"), plugin=unpacked)


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
def test_the_manifest_says_what_it_is(manifest: dict[str, Any]) -> None:
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


@asynccontextmanager
async def backstage_of(app: App, folder: Path, **more: object) -> AsyncIterator[Backstage]:
    """A Backstage that has this app, in front of the service; what both write goes into `folder`.

    Its proxy has the service at a path of its own, which the plugin's configuration names. `more` is further configuration.
    The service offers no actions: frontends as old as 1.45 do not start with what the backend needs for them.
    """
    overlay = folder / "app-config.yaml"
    documented = yaml.safe_load(CONFIGURATION[1].read_text())["proxy"]["endpoints"]["/keeptrusts"]
    own = {
        "app": {"packageName": str(app.folder)},
        "proxy": {"endpoints": {PROXY_PATH: documented}},
        "keeptrusts": {"proxyPath": PROXY_PATH},
        **more,
    }
    overlay.write_text(yaml.safe_dump(own))
    token = secrets.token_urlsafe(24)
    service = Service(token=token, log=folder / "service.log")
    backstage = Backstage(
        bff_url=service.url, token=token, log=folder / "backstage.log", configuration=(*WITHOUT_ACTIONS, overlay)
    )
    service.serve_for(backstage.url)
    async with backstage, service:
        yield backstage


WITHOUT_ACTIONS = tuple(file for file in CONFIGURATION if "actions" not in file.name)

_IN_EVERY_RUN = ((OWN_RELEASE, "app-legacy"),)
_IN_THE_MATRIX = (
    ("1.54", "app"),
    ("1.54", "app-legacy"),
    (OWN_RELEASE, "app"),
    ("1.57", "app"),
    ("1.57", "app-legacy"),
)
APPS = [
    *(pytest.param(*it, id="-".join(it)) for it in _IN_EVERY_RUN),
    *(pytest.param(*it, id="-".join(it), marks=pytest.mark.matrix) for it in _IN_THE_MATRIX),
]
"""Each supported release in each frontend system; `make test` takes the release of the tests' own app, `make matrix` all."""


@SAME_LOOP
@pytest.mark.e2e
@pytest.mark.parametrize(("release", "system"), APPS)
async def test_it_works_in_every_release(
    release: str,
    system: System,
    unpacked: Path,
    tmp_path: Path,
    browser: Browser,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Home card, page, card and tab show numbers, clicks stay in the page, other pages load next to nothing, and titles are in the app's language."""
    app = await build_app(tmp_path / "app", plugin=unpacked, release=release, system=system)
    async with backstage_of(app, tmp_path) as backstage:
        await backstage.ingested(f"component:default/{BOT}", "component:default/keeptrusts-gateway")
        window = await open_window(browser, backstage, user=USER)
        page = window.page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        try:
            await page.goto("/catalog")
            await page.get_by_role("link", name=BOT, exact=True).first.wait_for()
            assert not {script for script in ours_among(app, asked) if script not in app.on_every_page}

            await click_through(page)
            assert not holds_charts(app, asked[: asked.index(next(it for it in asked if "/spend?days=" in it))])
            assert holds_charts(app, asked)
            await go_to_card(page, "keeptrusts-gateway", GATEWAY)
            assert calls_elsewhere(asked) == []
            assert window.complaints == []
            if system == "app":
                await has_german_titles(page)
        finally:
            await window.context.close()
    if system == "app":
        without = await build_app(tmp_path / "without", plugin=None, release=release, system=system)
        added = size_of(app.on_every_page) - size_of(without.on_every_page)
        in_all = size_of(app.scripts) - size_of(without.scripts)
        with capsys.disabled():
            print(
                f"\nBackstage {release}: the plugin adds {added:,} bytes to every page and {in_all:,} in all, by gzip"
            )
        assert added < MOST_ON_EVERY_PAGE


@SAME_LOOP
@pytest.mark.e2e
@pytest.mark.parametrize(
    "release",
    [
        pytest.param(OWN_RELEASE, marks=pytest.mark.extended),
        *(pytest.param(it, marks=pytest.mark.matrix) for it in ("1.54", "1.57")),
    ],
)
async def test_a_host_of_dynamic_plugins_loads_it(
    release: str, unpacked: Path, federated: Path, tmp_path: Path, browser: Browser
) -> None:
    """With the bundle in the backend's folder of dynamic plugins, an app that was built without the plugin shows all of it."""
    plugins = tmp_path / "dynamic-plugins"
    write_package(plugins / DYNAMIC, plugin=unpacked, bundles={"dist": federated})
    app = await build_app(tmp_path / "app", plugin=None, release=release, system="app-dynamic")
    async with backstage_of(app, tmp_path, dynamicPlugins={"rootDirectory": str(plugins)}) as backstage:
        await shows_all(backstage, browser)


@SAME_LOOP
@pytest.mark.e2e
@pytest.mark.matrix
@pytest.mark.parametrize("release", ["1.45-scalprum", OWN_RELEASE])
async def test_a_host_of_scalprum_loads_it(
    release: str, unpacked: Path, federated: Path, scalprum: Path, tmp_path: Path, browser: Browser
) -> None:
    """An app of the old frontend system that was built without the plugin shows all of it from the bundle of Scalprum, without a page load."""
    plugins = tmp_path / "dynamic-plugins"
    write_package(plugins / DYNAMIC, plugin=unpacked, bundles={"dist": federated, "dist-scalprum": scalprum})
    app = await build_app(tmp_path / "app", plugin=None, release=release, system="app-scalprum")
    shutil.copytree(plugins / DYNAMIC / "dist-scalprum", app.folder / "dist/static/scalprum")
    # For the schema of the plugin's configuration.
    async with backstage_of(app, tmp_path, dynamicPlugins={"rootDirectory": str(plugins)}) as backstage:
        await shows_all(backstage, browser)


async def shows_all(backstage: Backstage, browser: Browser) -> None:
    """Hold that home card, page, card and tab are shown, each asking at the configured path."""
    await backstage.ingested(f"component:default/{BOT}")
    window = await open_window(browser, backstage, user=USER)
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    try:
        await click_through(window.page)
        assert calls_elsewhere(asked) == []
        assert window.complaints == []
    finally:
        await window.context.close()


def calls_elsewhere(asked: list[str]) -> list[str]:
    """The requests through the proxy that do not go to the path that the plugin's configuration names."""
    return [url for url in asked if "/api/proxy/" in url and f"/api/proxy{PROXY_PATH}/v1/" not in url]


async def click_through(page: Page) -> None:
    """Go from the home card to the page, to an entity's card and to its tab by clicks; each must keep the page that is loaded."""
    await page.goto("/home")
    await page.evaluate("window.stays = true")
    home = page.locator(".MuiCard-root", has_text="AI Governance: what needs my attention")
    await home.get_by_role("link", name="Open AI Governance").click()

    row = page.get_by_role("grid", name="AI Governance by entity").get_by_role("row", name=BOT)
    await row.wait_for()
    await expect(row).to_contain_text("$500.00")
    assert await grave_findings(page, "[role=grid]") == []
    await row.get_by_role("link", name=BOT).click()

    card = find_card(page)
    # The first time, its parts are on their way: longer than an assertion waits.
    await card.get_by_role("meter").wait_for()
    await expect(card).to_contain_text("of $500.00")
    await card.get_by_role("link", name="Show AI spend").click()

    models = page.get_by_role("grid", name="By model")
    await models.wait_for()
    await expect(models).to_contain_text("gpt-4o")
    await expect(page.locator(".recharts-surface").first).to_be_visible()
    assert await page.evaluate("window.stays") is True


async def has_german_titles(page: Page) -> None:
    """Hold that an app that is in German has the navigation and the tab in German."""
    await page.context.add_init_script("window.localStorage.setItem('language', 'de')")
    await page.goto(f"/catalog/default/component/{BOT}")
    await expect(page.get_by_role("link", name="KI-Governance").first).to_be_visible()
    await expect(page.get_by_role("link", name="KI-Ausgaben", exact=True)).to_be_visible()


def ours_among(app: App, asked: list[str]) -> set[Path]:
    """The scripts among the requests that hold anything of the plugin, as their source maps say."""
    maps = {script: script.with_name(f"{script.name}.map") for script in scripts_among(app, asked)}
    return {script for script, its_map in maps.items() if its_map.exists() and PLUGIN in its_map.read_text()}


def holds_charts(app: App, asked: list[str]) -> bool:
    """Whether one of the scripts among the requests holds the library of charts."""
    return any("recharts-surface" in script.read_text() for script in scripts_among(app, asked))


def scripts_among(app: App, asked: list[str]) -> list[Path]:
    """The app's scripts among the requests."""
    return [app.script(url) for url in asked if "/static/" in url and url.endswith(".js")]
