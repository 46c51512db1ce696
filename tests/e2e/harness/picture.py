"""Pictures of what a browser shows, for people to look at."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Locator, Page

from tests.e2e.harness.backstage import CHECKOUT

_PICTURES = CHECKOUT / "plugin-frontend/docs"
_LARGEST_PICTURE = 160_000
"""In bytes: pictures are kept with the code."""


async def take_picture(shown: Locator | Page, name: str, folder: Path) -> bytes:
    """A picture of an element, or of what the window shows of a page.

    It goes into `folder`, and with `UPDATE_PICTURES=1` to where the READMEs show it from.
    """
    target = (_PICTURES if os.environ.get("UPDATE_PICTURES") == "1" else folder) / f"{name}.png"
    picture = await shown.screenshot(path=target, animations="disabled")
    assert len(picture) < _LARGEST_PICTURE, f"{target.name} has {len(picture)} bytes"
    return picture
