"""Files that a page saves."""

from __future__ import annotations

import asyncio
import csv
import io
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Locator


@dataclass(frozen=True, slots=True)
class Table:
    """A saved file of comma-separated values: its suggested name, and its rows by column."""

    name: str
    rows: list[dict[str, str]]


async def download(view: Locator, form: str) -> Table:
    """What the button "Download" of a view saves in this form, `CSV` or `FOCUS`."""
    await view.get_by_role("button", name="Download").click()
    async with view.page.expect_download() as expected:
        await view.page.get_by_role("menuitem", name=form).click()
    saved = await expected.value
    content = await asyncio.to_thread(Path(await saved.path()).read_bytes)
    return Table(saved.suggested_filename, list(csv.DictReader(io.StringIO(content.decode(), newline=""))))
