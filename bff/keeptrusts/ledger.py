"""Today's spend of the whole organisation, from the bookings of every wallet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal

from bff.governance.budget_window import BudgetWindow
from bff.governance.facts import SpendToday, Wallet, WalletScope
from bff.governance.money import Money
from bff.keeptrusts.errors import KeeptrustsError
from bff.keeptrusts.last_good import is_final
from bff.keeptrusts.listing import KeeptrustsLists
from bff.keeptrusts.wallet_book import WalletBook

MOST_AT_ONCE = 8
"""Wallets read at the same time: half of the client's connections, so that others need not wait behind a long list."""


@dataclass(frozen=True, slots=True)
class LedgerReading:
    """The sums after a refresh; `failure` is set when Keeptrusts told nothing new of any wallet.

    `refused` holds the ids of wallets whose bookings may not be read any more.
    """

    spend: SpendToday
    failure: KeeptrustsError | None = None
    refused: frozenset[str] = frozenset()


class Ledger:
    """The books of one budget day at a time, in `timezone`."""

    def __init__(self, client: KeeptrustsLists, *, timezone: tzinfo) -> None:
        self._client = client
        self._zone = timezone
        self._window: BudgetWindow | None = None
        self._books: dict[str, WalletBook] = {}

    async def refresh(self, wallets: Sequence[Wallet], now: datetime) -> LedgerReading:
        """Read what is new in `wallets`, as they were just listed. Wallets that are gone keep their sums until the day ends."""
        window = BudgetWindow.containing(now, self._zone)
        if window != self._window:
            self._window, self._books = window, {}
        places = asyncio.Semaphore(MOST_AT_ONCE)
        outcomes = await asyncio.gather(*(self._refresh(wallet, window, places, now) for wallet in wallets))
        failures = {
            wallet.id: outcome for wallet, outcome in zip(wallets, outcomes, strict=True) if outcome is not None
        }
        return LedgerReading(
            self._spend(window.day),
            failure=_gravest(failures.values()) if failures and len(failures) == len(wallets) else None,
            refused=frozenset(wallet_id for wallet_id, error in failures.items() if is_final(error)),
        )

    def book(self, wallet_id: str, day: date) -> WalletBook | None:
        """The book of a wallet for `day`; None when that is not the day of the last refresh, or the wallet is not known."""
        return self._books.get(wallet_id) if self._window is not None and self._window.day == day else None

    async def _refresh(
        self, wallet: Wallet, window: BudgetWindow, places: asyncio.Semaphore, now: datetime
    ) -> KeeptrustsError | None:
        book = self._books.get(wallet.id)
        if book is None:
            book = self._books[wallet.id] = WalletBook(wallet, window, self._zone)
        async with places:
            try:
                await book.refresh(wallet, self._client, now)
            except KeeptrustsError as error:
                # Trouble with one wallet is told with the sums that it concerns: `WalletBook.missing`.
                return error
        return None

    def _spend(self, day: date) -> SpendToday:
        by_key: dict[str, Money] = {}
        by_team: dict[str, Money] = {}
        missing: dict[str, str] = {}
        for wallet_id, book in self._books.items():
            reason = book.missing
            if reason is not None:
                missing[wallet_id] = reason
            team_id = book.wallet.team_id if book.wallet.scope is WalletScope.TEAM else None
            for (key_id, _model), spend in book.spending.sums.items():
                if key_id is not None:
                    by_key[key_id] = by_key.get(key_id, _NOTHING) + Money(spend.spent)
                elif team_id is not None:
                    by_team[team_id] = by_team.get(team_id, _NOTHING) + Money(spend.spent)
        return SpendToday(day, _amounts(by_key), _amounts(by_team), missing)


_NOTHING = Money.zero()


def _amounts(sums: dict[str, Money]) -> dict[str, Decimal]:
    return {name: money.amount for name, money in sums.items()}


def _gravest(failures: Iterable[KeeptrustsError]) -> KeeptrustsError:
    """What to say of all wallets: that they may not be read only if that was said of each."""
    return min(failures, key=is_final)
