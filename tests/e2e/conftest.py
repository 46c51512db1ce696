"""One Backstage and one browser for all end-to-end tests, which share one event loop with them."""

import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.e2e.harness import chromium
from tests.e2e.harness.backstage import Backstage
from tests.e2e.harness.service import Service
from tests.e2e.harness.switch import Switch, switch
from tests.e2e.harness.window import Window, open_window

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What uses Backstage is an end-to-end test, and runs in the loop that Backstage's fixtures run in."""
    for item in items:
        if item.path.is_relative_to(HERE) and "backstage" in getattr(item, "fixturenames", ()):
            item.add_marker("e2e")
            # In front of the marker that asyncio_mode=auto has put there.
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(name="switch", scope="session", loop_scope="session")
async def listening_switch() -> AsyncIterator[Switch]:
    """What stands behind the proxy: nothing, until a test says `with switch.to(port)`."""
    async with switch() as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def backstage(switch: Switch, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Backstage]:
    """Backstage with the project's catalog, its proxy pointing at `switch`."""
    log = tmp_path_factory.mktemp("backstage") / "backstage.log"
    async with Backstage(bff_url=switch.url, token=secrets.token_urlsafe(24), log=log) as backstage:
        yield backstage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_service(backstage: Backstage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """The service, verifying callers with Backstage, in front of the sandbox; the proxy does not lead to it yet."""
    log = tmp_path_factory.mktemp("service") / "service.log"
    async with Service(backstage_url=backstage.url, token=backstage.token, log=log) as service:
        yield service


@pytest.fixture
def service(running_service: Service, switch: Switch) -> Iterator[Service]:
    """The service behind Backstage's proxy."""
    with switch.to(running_service.port):
        yield running_service


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, without a window."""
    path = chromium.find(os.environ)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_as(backstage: Backstage, browser: Browser) -> AsyncIterator[Callable[..., Awaitable[Window]]]:
    """Windows on demand, closed after the test: call it with a user's name and the options of `open_window`."""
    windows: list[Window] = []

    async def open_as(user: str = "guest", **options: object) -> Window:
        windows.append(await open_window(browser, backstage, user=user, **options))
        return windows[-1]

    yield open_as
    for window in windows:
        await window.context.close()
