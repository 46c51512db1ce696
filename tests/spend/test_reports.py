"""A spend report is waited for, though not without end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bff.backstage.caller import LOCAL
from bff.keeptrusts.facts import SpendHistory
from bff.spend.reports import SpendReports
from bff.status.numbers import EVERYTHING
from bff.status.organisation_cache import FactsUnavailableError
from bff.values import EntityRef
from tests.conftest import Start


class Gated:
    """Reads histories once `gate` is open, and counts."""

    def __init__(self, histories: Any) -> None:
        self.gate = asyncio.Event()
        self.reads = 0
        self._histories = histories

    async def history(self, **asked: Any) -> SpendHistory:
        """What a key has spent."""
        self.reads += 1
        await self.gate.wait()
        history: SpendHistory = await self._histories.history(**asked)
        return history


async def test_a_report_that_takes_long_is_an_error_that_says_when_to_come_again(start: Start) -> None:
    """The request ends, the reading goes on, and those who come while it does share it."""
    async with start(bff_backfill_days=1) as running:
        service = running.app.service
        entity = await service.catalog.entity(LOCAL, EntityRef.parse("component:default/customer-support-bot"))
        assert entity is not None
        snapshot, _ = await service.cache.current()
        slow = Gated(service.spend._reader)
        reports = SpendReports(service.catalog, slow, rules=service.spend._rules, longest_wait=0)
        for _ in range(2):
            with pytest.raises(FactsUnavailableError, match="could not be read in time") as caught:
                await reports.of(entity, snapshot, EVERYTHING, days=2)
            assert caught.value.retry_after > 0
        reports._longest_wait = 60
        waiting = asyncio.create_task(reports.of(entity, snapshot, EVERYTHING, days=2))
        slow.gate.set()
        assert b'"complete":true' in (await waiting).body
        assert slow.reads == 1
