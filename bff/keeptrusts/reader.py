"""Reads all the facts of an organisation, and keeps what makes the next reading cheap."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bff.governance.facts import ActivityToday, Facts, Reading, SpendHistory, SpendToday, Wallet
from bff.keeptrusts.activity import ActivityCount
from bff.keeptrusts.directory import Directory, Listed
from bff.keeptrusts.errors import KeeptrustsError
from bff.keeptrusts.history import Histories
from bff.keeptrusts.last_good import LastGood, cause_of
from bff.keeptrusts.ledger import Ledger
from bff.keeptrusts.listing import KeeptrustsLists

_NOT_ALL = "not all of today's events have been read yet"


class FactsReader:
    """The facts as Keeptrusts tells them. Trouble upstream is part of what it returns, never an exception.

    `timezone` is where the budget day is a day; values that cannot be read anew are kept up to the age of `stale_limit`.
    """

    def __init__(self, client: KeeptrustsLists, *, timezone: ZoneInfo, stale_limit: timedelta) -> None:
        self._directory = Directory(client, stale_limit=stale_limit)
        self._ledger = Ledger(client, timezone=timezone)
        self._activity = ActivityCount(client, timezone=timezone)
        self._histories = Histories(client, self._ledger, timezone=timezone)
        self._last_spend: LastGood[SpendToday] = LastGood(stale_limit)
        self._last_activity: LastGood[ActivityToday] = LastGood(stale_limit)
        self._wallets: Reading[tuple[Wallet, ...]] = Reading(None)
        self._spend: Reading[SpendToday] = Reading(None)
        self._adopted = False
        # Two readings at the same time would count for each other.
        self._turn = asyncio.Lock()

    async def read(self, now: datetime) -> Facts:
        """The facts as of `now`: the lists at the same time, then spend, which needs the wallets, and activity."""
        async with self._turn:
            self._adopted = False
            listed = await self._directory.read(now)
            self._wallets = listed.wallets
            self._spend, activity = await asyncio.gather(
                self._read_spend(listed.wallets, now), self._read_activity(now)
            )
        return Facts(
            teams=listed.teams,
            keys=listed.keys,
            configurations=listed.configurations,
            wallets=listed.wallets,
            spend=self._spend,
            activity=activity,
        )

    def adopt(self, facts: Facts) -> None:
        """Another replica has read these: what cannot be read here later is kept from them, and histories begin with them."""
        self._directory.adopt(Listed(facts.teams, facts.keys, facts.configurations, facts.wallets))
        self._last_spend.adopt(facts.spend)
        self._last_activity.adopt(facts.activity)
        self._wallets, self._spend, self._adopted = facts.wallets, facts.spend, True

    async def history(self, *, key_id: str, team_id: str | None, days: int, now: datetime) -> SpendHistory:
        """Spend of one key over the last `days` budget days, the running one included."""
        if self._adopted:
            # The other replica's ledger is not here: the wallets that this key is paid from are read up to now.
            async with self._turn:
                await self._histories.catch_up(team_id, self._wallets, now)
        return await self._histories.of(
            key_id=key_id, team_id=team_id, days=days, now=now, wallets=self._wallets, spend=self._spend
        )

    async def _read_spend(self, wallets: Reading[tuple[Wallet, ...]], now: datetime) -> Reading[SpendToday]:
        if wallets.value is None:
            self._last_spend.forget()
            return Reading(None, cause=wallets.cause, detail=wallets.detail)
        if wallets.cause is not None and wallets.complete:
            # Which wallets there are, and which of them have changed, is not known anew.
            return self._last_spend.kept(wallets.cause, wallets.detail, now)
        reading = await self._ledger.refresh(wallets.value, now)
        for wallet_id in reading.refused:
            self._histories.forget(wallet_id)
        if reading.failure is not None:
            return self._last_spend.failed(reading.failure, now)
        if wallets.cause is not None:
            detail = f"the list of wallets is not whole: {wallets.detail}"
            return Reading(reading.spend, now, wallets.cause, complete=False, detail=detail)
        return self._last_spend.read(reading.spend, now)

    async def _read_activity(self, now: datetime) -> Reading[ActivityToday]:
        try:
            activity = await self._activity.refresh(now)
        except KeeptrustsError as error:
            return self._last_activity.failed(error, now)
        reading = self._last_activity.read(activity, now)
        failure = self._activity.failure
        if failure is not None:
            return replace(reading, cause=cause_of(failure), complete=False, detail=failure.reason)
        return reading if activity.complete else replace(reading, complete=False, detail=_NOT_ALL)
