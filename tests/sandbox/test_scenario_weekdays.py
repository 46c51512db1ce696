"""The scenario shows the same states on every day of the week."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import BOT, NOON, Start


@pytest.mark.long
@pytest.mark.parametrize("days", range(7))
async def test_the_guides_service_is_in_order_on_every_day(start: Start, days: int) -> None:
    """A demo or a test that runs at a weekend finds the service as on a working day: today is never an unusual one."""
    async with start(now=NOON + timedelta(days=days), bff_backfill_days=40) as running:
        await running.get(f"{BOT}/governance")
        await running.refreshed()
        report = (await running.get(f"{BOT}/spend?days=30")).json()
        assert (report["findings"], report["unusualDays"]) == ([], [])
        assert (await running.status_of("customer-support-bot"))["state"] == "ok"
