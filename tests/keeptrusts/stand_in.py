"""A Keeptrusts in memory, as a client sees it: it keeps accounts, gives pages, and fails when a test says so."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from pydantic import BaseModel

from bff.keeptrusts.contract import (
    ConfigurationRecord,
    EventRecord,
    TeamRecord,
    TokenRecord,
    TransactionRecord,
    WalletRecord,
)
from bff.keeptrusts.errors import (
    KeeptrustsError,
    UpstreamContractError,
    UpstreamDeniedError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from bff.keeptrusts.listing import Pages

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

Model = TypeVar("Model", bound=BaseModel)
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
    """Lists in memory. `now` is Keeptrusts' clock; it moves a little with each booking, so that no two changes look alike."""

    now: datetime = NOON
    page_size: int = 200
    most_pages: int = 25
    newest_first: bool = True
    by_position: bool = False
    teams_listed: list[TeamRecord] = field(default_factory=list)
    keys_listed: list[TokenRecord] = field(default_factory=list)
    configurations_listed: list[ConfigurationRecord] = field(default_factory=list)
    wallets_listed: dict[str, WalletRecord] = field(default_factory=dict)
    booked: dict[str, list[TransactionRecord]] = field(default_factory=dict)
    decided: list[EventRecord] = field(default_factory=list)
    fault: Fault = lambda _operation, _page: None
    pages: Counter[str] = field(default_factory=Counter)
    sinces: list[datetime] = field(default_factory=list)
    cursors_of: int = 0

    def open_wallet(
        self,
        wallet_id: str = "wal_1",
        *,
        scope: str = "team",
        team_id: str | None = "team_1",
        currency: str = "USD",
        updated_at: datetime | None = None,
    ) -> None:
        """A wallet with 1,000 in it."""
        self.booked[wallet_id] = []
        self.wallets_listed[wallet_id] = WalletRecord(
            id=wallet_id,
            scope=scope,
            team_id=team_id if scope == "team" else None,
            currency=currency,
            balance=Decimal(1000),
            reserved=Decimal(0),
            total_allocated=Decimal(1000),
            total_spent=Decimal(0),
            status="healthy",
            updated_at=updated_at or self.now,
        )

    def book(
        self,
        amount: str | Decimal,
        *,
        wallet_id: str = "wal_1",
        key_id: str | None = "tok_1",
        model: str | None = "gpt-4o",
        kind: str = "settle",
        late: timedelta = timedelta(),
        currency: str = "USD",
    ) -> TransactionRecord:
        """Book `amount` as spent (or refunded, where `kind` says so), `late` after the time it carries."""
        self.now += timedelta(milliseconds=1)
        sign = -1 if kind in {"settle", "reserve"} else 1
        serial = sum(map(len, self.booked.values()))
        record = TransactionRecord(
            id=f"txn_{serial:06}",
            wallet_id=wallet_id,
            type=kind,
            amount=sign * Decimal(amount),
            currency=currency,
            created_at=self.now - late,
            token_id=key_id,
            model=model,
        )
        self.booked[wallet_id].append(record)
        wallet = self.wallets_listed[wallet_id]
        spent = -record.amount if kind in {"settle", "refund"} else Decimal(0)
        change = {
            "balance": wallet.balance + record.amount,
            "total_spent": wallet.total_spent + spent,
            "updated_at": self.now if wallet.updated_at is not None else None,
        }
        self.wallets_listed[wallet_id] = wallet.model_copy(update=change)
        return record

    def decide(
        self,
        verdict: str | None = "allow",
        *,
        key_id: str | None = "tok_1",
        team_id: str | None = "team_1",
        event_type: str = "decision",
        late: timedelta = timedelta(),
    ) -> EventRecord:
        """Log what the policy did with a request."""
        self.now += timedelta(milliseconds=1)
        record = EventRecord(
            event_id=f"evt_{len(self.decided):06}",
            timestamp=self.now - late,
            event_type=event_type,
            verdict=verdict,
            token_id=key_id,
            team_id=team_id,
        )
        self.decided.append(record)
        return record

    def expire_cursors(self) -> None:
        """Cursors given out so far lead nowhere any more."""
        self.cursors_of += 1

    def always(self, error: Callable[[], KeeptrustsError], *, on: str = "") -> None:
        """Fail every call whose operation begins with `on`."""
        self.fault = lambda operation, _page: error() if operation.startswith(on) else None

    def recover(self) -> None:
        """Fail no more."""
        self.fault = lambda _operation, _page: None

    async def teams(self) -> Pages[TeamRecord]:
        """Every team."""
        return await self._answer("teams", self.teams_listed, None, 500)

    async def tokens(self) -> Pages[TokenRecord]:
        """Every key."""
        return await self._answer("tokens", self.keys_listed, None, 500)

    async def configurations(self) -> Pages[ConfigurationRecord]:
        """Every configuration."""
        return await self._answer("configurations", self.configurations_listed, None, 500)

    async def wallets(self) -> Pages[WalletRecord]:
        """Every wallet."""
        return await self._answer("wallets", list(self.wallets_listed.values()), None, 500)

    async def transactions(
        self,
        wallet_id: str,
        *,
        since: datetime,
        until: datetime | None = None,
        cursor: str | None = None,
        most_pages: int,
    ) -> Pages[TransactionRecord]:
        """A wallet's bookings, newest first."""
        self.sinces.append(since)
        records = sorted(
            (
                record
                for record in self.booked[wallet_id]
                if since <= record.created_at and (until is None or record.created_at < until)
            ),
            key=lambda record: (record.created_at, record.id),
            reverse=True,
        )
        return await self._answer(f"transactions {wallet_id}", records, cursor, most_pages)

    async def events(self, *, since: datetime, cursor: str | None = None, most_pages: int) -> Pages[EventRecord]:
        """Events in the order that the test has chosen."""
        self.sinces.append(since)
        records = sorted(
            (record for record in self.decided if since <= record.timestamp),
            key=lambda record: (record.timestamp, record.event_id),
            reverse=self.newest_first,
        )
        return await self._answer("events", records, cursor, most_pages)

    async def _answer(
        self, operation: str, records: Sequence[Model], cursor: str | None, most_pages: int
    ) -> Pages[Model]:
        # Others have their turn meanwhile, as with a real call.
        await asyncio.sleep(0)
        return self._follow(operation, records, cursor, most_pages)

    def _follow(self, operation: str, records: Sequence[Model], cursor: str | None, most_pages: int) -> Pages[Model]:
        found: list[Model] = []
        for page in range(min(most_pages, self.most_pages)):
            self.pages[operation] += 1
            error = self.fault(operation, page)
            if error is None and cursor is not None and not cursor.startswith(f"{self.cursors_of}:"):
                error = missing()
            if error is not None:
                if page == 0:
                    raise error
                return Pages(tuple(found), cursor, error)
            start = self._position(records, cursor)
            found += records[start : start + self.page_size]
            following = start + self.page_size
            if following >= len(records):
                return Pages(tuple(found))
            place = str(following) if self.by_position else _identity(records[following - 1])
            cursor = f"{self.cursors_of}:{place}"
        return Pages(tuple(found), cursor)

    def _position(self, records: Sequence[BaseModel], cursor: str | None) -> int:
        if cursor is None:
            return 0
        place = cursor.partition(":")[2]
        if self.by_position:
            return int(place)
        return next(index for index, record in enumerate(records) if _identity(record) == place) + 1


def _identity(record: BaseModel) -> str:
    identity = getattr(record, "id", None) or getattr(record, "event_id", None)
    assert isinstance(identity, str)
    return identity
