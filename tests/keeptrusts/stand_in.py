"""Keeptrusts' lists in memory, as a client sees them: they come in pages, and fail when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from bff.keeptrusts.contract import ConfigurationRecord, TeamRecord, TokenRecord, WalletRecord
from bff.keeptrusts.errors import (
    KeeptrustsError,
    UpstreamContractError,
    UpstreamDeniedError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from bff.keeptrusts.replies import Pages

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

Record = TypeVar("Record")
Fault = Callable[[str, int], KeeptrustsError | None]
"""Given the operation and the number of the page in this call: the error in its place, if any."""


def down(reason: str = "answered 503") -> KeeptrustsError:
    """Keeptrusts does not answer."""
    return UpstreamUnavailableError("GET", "/v1", reason)


def denied() -> KeeptrustsError:
    """The token is not accepted."""
    return UpstreamDeniedError("GET", "/v1", "answered 403", status=403)


def missing() -> KeeptrustsError:
    """What was asked for is not there."""
    return UpstreamRejectedError("GET", "/v1", "answered 404", status=404)


def malformed() -> KeeptrustsError:
    """An answer of another shape."""
    return UpstreamContractError("GET", "/v1", "data.0.id: must be text", field="data.0.id")


@dataclass
class StandIn:
    """Lists that are read `page_size` records at a time, `most_pages` pages at the most."""

    page_size: int = 200
    most_pages: int = 25
    teams_listed: list[TeamRecord] = field(default_factory=list)
    keys_listed: list[TokenRecord] = field(default_factory=list)
    configurations_listed: list[ConfigurationRecord] = field(default_factory=list)
    wallets_listed: list[WalletRecord] = field(default_factory=list)
    fault: Fault = lambda _operation, _page: None

    def open_wallet(self, wallet_id: str, *, team_id: str) -> None:
        """A wallet of a team with 1,000 USD in it."""
        self.wallets_listed.append(
            WalletRecord(
                id=wallet_id,
                scope="team",
                team_id=team_id,
                currency="USD",
                balance=Decimal(1000),
                reserved=Decimal(0),
                total_allocated=Decimal(1000),
                total_spent=Decimal(0),
                status="healthy",
                updated_at=NOON,
            )
        )

    async def teams(self) -> Pages[TeamRecord]:
        """Every team."""
        return await self._answer("teams", self.teams_listed)

    async def tokens(self) -> Pages[TokenRecord]:
        """Every key."""
        return await self._answer("tokens", self.keys_listed)

    async def configurations(self) -> Pages[ConfigurationRecord]:
        """Every configuration."""
        return await self._answer("configurations", self.configurations_listed)

    async def wallets(self) -> Pages[WalletRecord]:
        """Every wallet."""
        return await self._answer("wallets", self.wallets_listed)

    async def _answer(self, operation: str, records: Sequence[Record]) -> Pages[Record]:
        # Others have their turn meanwhile, as with a real call.
        await asyncio.sleep(0)
        found: list[Record] = []
        cursor: str | None = None
        for page in range(self.most_pages):
            error = self.fault(operation, page)
            if error is not None and page == 0:
                raise error
            if error is not None:
                return Pages(tuple(found), cursor, error)
            found += records[len(found) : len(found) + self.page_size]
            if len(found) == len(records):
                return Pages(tuple(found))
            cursor = str(len(found))
        return Pages(tuple(found), cursor)
