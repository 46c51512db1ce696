"""What one key has spent over several days: closed days from memory, the running one from the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from bff.governance.budget_window import BudgetWindow
from bff.governance.facts import ModelSpend, Reading, SpendHistory, SpendTally, SpendToday, Wallet, WalletScope
from bff.keeptrusts.closed_days import ClosedDays
from bff.keeptrusts.ledger import Ledger
from bff.keeptrusts.listing import KeeptrustsLists
from bff.keeptrusts.spending import DaySpending, exact_sum, plus

MOST_USER_WALLETS = 20
"""Users' wallets that are read for one history; where there are more, none is."""

_ONE_DAY = timedelta(days=1)
_NOTHING = ModelSpend(Decimal(0), 0)


class Histories:
    """Spend of keys by day and model, over the wallets that may have paid for them."""

    def __init__(self, client: KeeptrustsLists, ledger: Ledger, *, timezone: tzinfo) -> None:
        self._closed = ClosedDays(client, timezone=timezone)
        self._ledger = ledger
        self._zone = timezone

    def forget(self, wallet_id: str) -> None:
        """Forget what was read of a wallet, since it may not be read any more."""
        self._closed.forget(wallet_id)

    async def catch_up(self, team_id: str | None, wallets: Reading[tuple[Wallet, ...]], now: datetime) -> None:
        """Read today's bookings of the wallets that may pay for a key of the team; trouble with one is told with its days."""
        paying, _ = _paying(wallets.value or (), team_id)
        await self._ledger.refresh(paying, now)

    async def of(
        self,
        *,
        key_id: str,
        team_id: str | None,
        days: int,
        now: datetime,
        wallets: Reading[tuple[Wallet, ...]],
        spend: Reading[SpendToday],
    ) -> SpendHistory:
        """The last `days` budget days of one key, the running one included; `wallets` and `spend` as they were last read."""
        today = BudgetWindow.containing(now, self._zone)
        closed = [BudgetWindow.of(today.day - ago * _ONE_DAY, self._zone) for ago in range(days - 1, 0, -1)]
        everyday = [day.day for day in (*closed, today)]
        if wallets.value is None:
            reason = (
                f"the wallets could not be read: {wallets.detail}" if wallets.detail else "no wallet has been read yet"
            )
            return SpendHistory(incomplete_days=dict.fromkeys(everyday, reason))
        paying, too_many = _paying(wallets.value, team_id)
        sums = _Sums(key_id)
        if too_many:
            sums.miss(everyday, f"there are {too_many} users' wallets, more than are read for one report")
        if not wallets.complete:
            sums.miss(everyday, f"the list of wallets is not whole: {wallets.detail}")
        if spend.cause is not None:
            sums.miss([today.day], f"today's bookings could not be read anew: {spend.detail}")
        told = await asyncio.gather(*(self._closed.of(wallet, closed, now) for wallet in paying))
        for wallet, wallet_days in zip(paying, told, strict=True):
            for day, spending in wallet_days.spending.items():
                sums.add(day, spending, wallet, team_id)
            for day, reason in wallet_days.missing.items():
                sums.miss([day], reason)
            self._add_today(sums, today.day, wallet, team_id)
        return sums.history()

    def _add_today(self, sums: _Sums, today: date, wallet: Wallet, team_id: str | None) -> None:
        book = self._ledger.book(wallet.id, today)
        if book is None:
            sums.miss([today], "today's bookings have not been read yet")
            return
        sums.add(today, book.spending, wallet, team_id)
        if book.missing is not None:
            sums.miss([today], book.missing)


@dataclass(slots=True)
class _Sums:
    key_id: str
    key: dict[date, dict[str | None, ModelSpend]] = field(default_factory=dict)
    nameless: dict[date, dict[str | None, ModelSpend]] = field(default_factory=dict)
    missing: dict[date, str] = field(default_factory=dict)

    def add(self, day: date, spending: DaySpending, wallet: Wallet, team_id: str | None) -> None:
        of_team = wallet.scope is WalletScope.TEAM and wallet.team_id == team_id
        for (key_id, model), spend in spending.sums.items():
            if key_id == self.key_id:
                _count(self.key, day, model, spend)
            elif key_id is None and of_team:
                _count(self.nameless, day, model, spend)

    def miss(self, days: Sequence[date], reason: str) -> None:
        for day in days:
            self.missing.setdefault(day, reason)

    def history(self) -> SpendHistory:
        return SpendHistory(_tally(self.key), _tally(self.nameless), self.missing)


def _paying(wallets: Sequence[Wallet], team_id: str | None) -> tuple[list[Wallet], int]:
    """The wallets that may have paid for a key of the team, and how many users' wallets were left out as too many."""
    users = [wallet for wallet in wallets if wallet.scope is WalletScope.USER]
    others = [
        wallet
        for wallet in wallets
        if wallet.scope is WalletScope.ORGANIZATION
        or (wallet.scope is WalletScope.TEAM and wallet.team_id is not None and wallet.team_id == team_id)
    ]
    return (others, len(users)) if len(users) > MOST_USER_WALLETS else ([*others, *users], 0)


def _count(sums: dict[date, dict[str | None, ModelSpend]], day: date, model: str | None, spend: ModelSpend) -> None:
    of_day = sums.setdefault(day, {})
    of_day[model] = plus(of_day.get(model, _NOTHING), spend)


def _tally(sums: dict[date, dict[str | None, ModelSpend]]) -> SpendTally:
    by_model: dict[str | None, ModelSpend] = {}
    for of_day in sums.values():
        for model, spend in of_day.items():
            by_model[model] = plus(by_model.get(model, _NOTHING), spend)
    by_day = {day: exact_sum(spend.spent for spend in of_day.values()) for day, of_day in sums.items()}
    return SpendTally(by_day, by_model)
