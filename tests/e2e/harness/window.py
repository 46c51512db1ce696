"""What a person sees: pages of Backstage in a real browser, and what the browser complains of."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Literal

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Route

from tests.e2e.harness.backstage import Backstage


@dataclass(slots=True)
class Window:
    """A browser window of one user, signed in to Backstage.

    `complaints` gathers errors of the console, uncaught exceptions and requests to anywhere but Backstage (which are
    refused); a test that is content with the page asserts that there are none.
    """

    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)


async def open_window(
    browser: Browser,
    backstage: Backstage,
    *,
    user: str = "guest",
    width: int = 1400,
    height: int = 1000,
    colour_scheme: Literal["light", "dark"] = "light",
) -> Window:
    """A fresh window, with storage of its own; `user` is the name of a user in the catalog."""
    context = await browser.new_context(
        base_url=backstage.url,
        viewport={"width": width, "height": height},
        color_scheme=colour_scheme,
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    window = Window(await context.new_page(), context)

    async def refuse(route: Route) -> None:
        window.complaints.append(f"a request to {route.request.url}")
        await route.abort()

    def note_message(message: ConsoleMessage) -> None:
        if message.type == "error":
            window.complaints.append(f"{message.text} ({message.location['url']})")

    def note_exception(error: Error) -> None:
        window.complaints.append(str(error))

    await context.route(lambda url: not url.startswith((backstage.url + "/", "data:", "blob:")), refuse)
    window.page.on("console", note_message)
    window.page.on("pageerror", note_exception)
    if user != "guest":
        # The sign-in page of the app (packages/app/src/AutomaticSignIn.tsx) looks for it.
        await context.add_init_script(f"window.localStorage.setItem('sign-in-as', {json.dumps(user)})")
    return window
