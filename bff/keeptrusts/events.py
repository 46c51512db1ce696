"""The feed of policy events, as the ledger counts them."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Protocol

from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import EventRecord
from bff.keeptrusts.errors import KeeptrustsError
from bff.keeptrusts.facts import RejectedRow, SpendEvent
from bff.values import Money

DECISION = "decision"

_LONGEST_TEXT = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class EventPages:
    """Consecutive pages of the feed, in its order; `next_cursor`, `failure` and `rejected` as in `Pages`."""

    events: tuple[SpendEvent, ...]
    next_cursor: str | None = None
    failure: KeeptrustsError | None = None
    rejected: tuple[RejectedRow, ...] = ()
    rejected_count: int = 0


class EventSource(Protocol):
    """Reads the feed. Raises `KeeptrustsError` when the first page cannot be read."""

    def events(
        self, *, since: datetime, until: datetime | None, cursor: str | None, most_pages: int
    ) -> Awaitable[EventPages]:
        """Events from `since` on and before `until`, at `cursor` where one is given."""


class EventFeed:
    """The feed of the control plane that `client` asks."""

    def __init__(self, client: KeeptrustsClient) -> None:
        self._client = client

    async def events(
        self, *, since: datetime, until: datetime | None, cursor: str | None, most_pages: int
    ) -> EventPages:
        """Events from `since` on and before `until`. Raises `KeeptrustsError`."""
        pages = await self._client.events(since=since, until=until, cursor=cursor, most_pages=most_pages)
        return EventPages(
            tuple(spend_events(pages.records)), pages.next_cursor, pages.failure, pages.rejected, pages.rejected_count
        )


def event_id(text: str) -> bytes:
    """The 16 bytes by which an event is known."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def spend_events(records: Iterable[EventRecord]) -> Iterable[SpendEvent]:
    """What `records` mean to the ledger."""
    for record in records:
        cost = record.event_cost_attribution
        yield SpendEvent(
            id=event_id(record.event_id),
            at=(record.timestamp - _EPOCH) // _MICROSECOND,
            key_id=_stored(record.token_id),
            team_id=_stored(record.team_id),
            model=_stored(record.model),
            cost=None if cost is None or cost.total_cost_usd is None else Money(cost.total_cost_usd),
            verdict=record.verdict,
            is_request=record.event_type == DECISION,
        )


def _stored(text: str | None) -> str:
    """Text as a database can hold it: PostgreSQL knows no zero byte."""
    return "" if not text else text[:_LONGEST_TEXT].replace("\0", "\N{REPLACEMENT CHARACTER}")
