"""What the client's list calls give: records, and an honest word on whether they are all."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from bff.keeptrusts.contract import (
    ConfigurationRecord,
    EventRecord,
    TeamRecord,
    TokenRecord,
    TransactionRecord,
    WalletRecord,
)
from bff.keeptrusts.errors import KeeptrustsError

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Pages(Generic[Record]):
    """Consecutive pages of a list.

    `next_cursor` is where the list goes on, None when its end was reached. `failure` is what ended the reading early, in
    which case `next_cursor` is where to try again (None: from the start).
    """

    records: tuple[Record, ...]
    next_cursor: str | None = None
    failure: KeeptrustsError | None = None

    @property
    def complete(self) -> bool:
        """Whether the end of the list was reached."""
        return self.failure is None and self.next_cursor is None


class KeeptrustsLists(Protocol):
    """The list calls that the facts are made from. Each raises `KeeptrustsError` when its first page cannot be read."""

    def teams(self) -> Awaitable[Pages[TeamRecord]]:
        """Every team."""

    def tokens(self) -> Awaitable[Pages[TokenRecord]]:
        """Every gateway key."""

    def configurations(self) -> Awaitable[Pages[ConfigurationRecord]]:
        """Every policy configuration."""

    def wallets(self) -> Awaitable[Pages[WalletRecord]]:
        """Every wallet."""

    def transactions(
        self,
        wallet_id: str,
        *,
        since: datetime,
        until: datetime | None = None,
        cursor: str | None = None,
        most_pages: int,
    ) -> Awaitable[Pages[TransactionRecord]]:
        """Bookings of a wallet, newest first, from `since` on and before `until`."""

    def events(self, *, since: datetime, cursor: str | None = None, most_pages: int) -> Awaitable[Pages[EventRecord]]:
        """Policy events from `since` on, in either order."""
