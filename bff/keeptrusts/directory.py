"""The organisation as Keeptrusts lists it: teams, gateway keys, configurations and wallets, each with its last good value."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from bff.keeptrusts.contract import ConfigurationRecord, TeamRecord, TokenRecord, WalletRecord
from bff.keeptrusts.errors import (
    KeeptrustsError,
    UpstreamDeniedError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from bff.keeptrusts.facts import Cause, Configuration, GatewayKey, Reading, RejectedRow, Team, Wallet, WalletScope
from bff.keeptrusts.replies import Pages
from bff.values import Money

LIMIT_REACHED = "the list has more pages than are read"


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


class Identified(Protocol):
    """A thing with an id."""

    @property
    def id(self) -> str:
        """Unique among its kind."""


T = TypeVar("T")
Record = TypeVar("Record")
Item = TypeVar("Item", bound=Identified)


@dataclass(frozen=True, slots=True)
class Listed:
    """One reading of the four lists."""

    teams: Reading[tuple[Team, ...]]
    keys: Reading[tuple[GatewayKey, ...]]
    configurations: Reading[tuple[Configuration, ...]]
    wallets: Reading[tuple[Wallet, ...]]


class Directory:
    """Reads the four lists; a failure of one does not affect the others."""

    def __init__(self, client: KeeptrustsLists, *, stale_limit: timedelta) -> None:
        self._teams = _List(client.teams, team, stale_limit)
        self._keys = _List(client.tokens, gateway_key, stale_limit)
        self._configurations = _List(client.configurations, configuration, stale_limit)
        self._wallets = _List(client.wallets, wallet, stale_limit)

    async def read(self, now: datetime) -> Listed:
        """The lists as of `now`, read at the same time."""
        teams, keys, configurations, wallets = await asyncio.gather(
            self._teams.read(now), self._keys.read(now), self._configurations.read(now), self._wallets.read(now)
        )
        return Listed(teams, keys, configurations, wallets)

    async def read_wallets(self, now: datetime) -> Reading[tuple[Wallet, ...]]:
        """The wallets alone, as of `now`."""
        return await self._wallets.read(now)

    def adopt(self, listed: Listed) -> None:
        """Another replica has read these."""
        self._teams.last.adopt(listed.teams)
        self._keys.last.adopt(listed.keys)
        self._configurations.last.adopt(listed.configurations)
        self._wallets.last.adopt(listed.wallets)


class _List(Generic[Record, Item]):
    def __init__(
        self, fetch: Callable[[], Awaitable[Pages[Record]]], item: Callable[[Record], Item], stale_limit: timedelta
    ) -> None:
        self._fetch = fetch
        self._item = item
        self.last: LastGood[tuple[Item, ...]] = LastGood(stale_limit)

    async def read(self, now: datetime) -> Reading[tuple[Item, ...]]:
        try:
            pages = await self._fetch()
        except KeeptrustsError as error:
            return self.last.failed(error, now)
        items = _distinct(self._item(record) for record in pages.records)
        if pages.complete:
            return self.last.read(items, now, rejected=pages.rejected, rejected_count=pages.rejected_count)
        return self._cut_short(items, pages, now)

    def _cut_short(self, items: tuple[Item, ...], pages: Pages[Record], now: datetime) -> Reading[tuple[Item, ...]]:
        failure = pages.failure
        if isinstance(failure, UpstreamDeniedError):
            return self.last.failed(failure, now)
        # A cursor that is answered 404 has expired: that is no news of the list itself.
        cause, detail = (cause_of(failure), failure.reason) if failure else (Cause.UNAVAILABLE, LIMIT_REACHED)
        kept = self.last.kept(cause, detail, now)
        if kept.value is not None:
            return kept
        return Reading(items, now, cause, False, detail, pages.rejected, pages.rejected_count)


def _distinct(items: Iterable[Item]) -> tuple[Item, ...]:
    # A list that changes while its pages are read may show an item twice.
    return tuple({item.id: item for item in items}.values())


def team(record: TeamRecord) -> Team:
    """The team that `record` describes."""
    return Team(record.id, record.name, record.slug)


_AS_LISTED = tuple(part.name for part in fields(GatewayKey) if part.name in TokenRecord.model_fields)
"""The fields of a gateway key that are what the list says."""


def gateway_key(record: TokenRecord) -> GatewayKey:
    """The gateway key that `record` describes."""
    return GatewayKey(
        **{name: getattr(record, name) for name in _AS_LISTED},
        revoked=record.status == "revoked",
        expired=record.status == "expired",
        unknown_status=None if record.status in {"active", "revoked", "expired"} else record.status,
    )


def configuration(record: ConfigurationRecord) -> Configuration:
    """The policy configuration that `record` describes."""
    return Configuration(record.id, record.name, record.team_id, record.template_id, record.enabled, record.created_at)


def wallet(record: WalletRecord) -> Wallet:
    """The wallet that `record` describes."""
    return Wallet(
        id=record.id,
        scope=WalletScope(record.scope),
        team_id=record.team_id,
        available=Money(record.balance, record.currency),
        reserved=Money(record.reserved, record.currency),
        allocated=Money(record.total_allocated, record.currency),
        spent=Money(record.total_spent, record.currency),
        status=record.status,
        updated_at=record.updated_at,
    )


# --- what is shown of a part that cannot be read, and for how long ------------------------------------------------------


def cause_of(error: KeeptrustsError) -> Cause:
    """Why something could not be read."""
    if isinstance(error, UpstreamDeniedError):
        return Cause.DENIED
    if isinstance(error, UpstreamUnavailableError):
        return Cause.UNAVAILABLE
    return Cause.CONTRACT


def is_final(error: KeeptrustsError) -> bool:
    """Whether the error is news (401, 403, 404) that no older value may cover up."""
    return isinstance(error, UpstreamDeniedError) or (isinstance(error, UpstreamRejectedError) and error.status == 404)


class LastGood(Generic[T]):
    """The last good value of one part, shown up to the age of `stale_limit`."""

    def __init__(self, stale_limit: timedelta) -> None:
        self._stale_limit = stale_limit
        self._last: Reading[T] = Reading(None)

    def read(
        self, value: T, now: datetime, *, rejected: tuple[RejectedRow, ...] = (), rejected_count: int = 0
    ) -> Reading[T]:
        """The part was read whole at `now`, but for the rows that were left out."""
        self._last = Reading(value, now, rejected=rejected, rejected_count=rejected_count)
        return self._last

    def failed(self, error: KeeptrustsError, now: datetime) -> Reading[T]:
        """The part could not be read at `now`."""
        if is_final(error):
            self.forget()
        return self.kept(cause_of(error), error.reason, now)

    def kept(self, cause: Cause, detail: str, now: datetime) -> Reading[T]:
        """The last good value, if it may still be shown, with why there is no newer one."""
        observed_at = self._last.observed_at
        if observed_at is None or now - observed_at > self._stale_limit:
            self.forget()
        return replace(self._last, cause=cause, detail=detail)

    def adopt(self, reading: Reading[T]) -> None:
        """Another replica has read this: go on from it where it is newer than what is known, or news that it may not be read."""
        if reading.cause is Cause.DENIED:
            self.forget()
        elif (
            reading.value is not None
            and reading.complete
            and reading.observed_at is not None
            and (self._last.observed_at is None or reading.observed_at > self._last.observed_at)
        ):
            self._last = replace(reading, cause=None, detail="")

    def forget(self) -> None:
        """Show nothing from memory any more."""
        self._last = Reading(None)
