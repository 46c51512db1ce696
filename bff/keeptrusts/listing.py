"""What the client's list calls give: records, and an honest word on whether they are all."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from bff.keeptrusts.contract import (
    ConfigurationRecord,
    TeamRecord,
    TokenRecord,
    WalletRecord,
)
from bff.keeptrusts.errors import KeeptrustsError, UpstreamContractError
from bff.keeptrusts.facts import RejectedRow

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Pages(Generic[Record]):
    """Consecutive pages of a list.

    `next_cursor` is where the list goes on, None when its end was reached. `failure` is what ended the reading early, in
    which case `next_cursor` is where to try again (None: from the start). `rejected` are the first rows that were left out
    because they are not of the form expected, and `rejected_count` is how many there were in all.
    """

    records: tuple[Record, ...]
    next_cursor: str | None = None
    failure: KeeptrustsError | None = None
    rejected: tuple[RejectedRow, ...] = ()
    rejected_count: int = 0

    @property
    def complete(self) -> bool:
        """Whether the end of the list was reached, whichever rows were left out on the way."""
        return self.failure is None and self.next_cursor is None

    def require_none_hidden(self, **wanted: str) -> None:
        """Raise `UpstreamContractError` when a row that was left out may be one with these values (with none: any row).

        What is decided by the absence of a record must not be decided by a row that could not be read.
        """
        doubtful = next((row for row in self.rejected if row.may_be(**wanted)), None)
        if doubtful is None and self.rejected_count > len(self.rejected):
            doubtful = self.rejected[-1]
        if doubtful is not None:
            raise UpstreamContractError(
                "GET", "a list", f"a row of it could not be read: {doubtful}", field=doubtful.field
            )


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
