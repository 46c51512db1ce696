"""Keeptrusts' lists, read once for all resources that Terraform refreshes at the same time.

A plan over a hundred teams asks for four hundred things; there are four lists. What is decided by is never older than
`KEPT_SECONDS`, and nothing that was read before a change is used after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import ConfigurationRecord, TeamRecord, TokenRecord, WalletRecord
from bff.keeptrusts.errors import UpstreamContractError, UpstreamRejectedError
from bff.keeptrusts.replies import Pages

KEPT_SECONDS = 5.0

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class _Reading:
    started: float
    records: asyncio.Task[tuple[Any, ...]]


class Organisation:
    """The lists.

    Each method raises `KeeptrustsError`, also where a list cannot be read to its end: what half a list lacks is not gone.
    """

    def __init__(self, client: KeeptrustsClient, *, monotonic: Callable[[], float]) -> None:
        self._client = client
        self._monotonic = monotonic
        self._readings: dict[str, _Reading] = {}
        self._id: str | None = None

    def changed(self) -> None:
        """Forget what was read: something was changed."""
        self._readings.clear()

    async def id(self) -> str | None:
        """The organisation's own id; None where Keeptrusts does not tell it in a form that is understood."""
        if self._id is None:
            try:
                self._id = (await self._client.whoami()).organization.id
            except (UpstreamContractError, UpstreamRejectedError):
                return None
        return self._id

    async def team(self, team_id: str) -> TeamRecord | None:
        """The team with this id."""
        return next((team for team in await self.teams() if team.id == team_id), None)

    async def teams(self) -> tuple[TeamRecord, ...]:
        """Every team."""
        return await self._read("teams", self._client.teams)

    async def key(self, key_id: str) -> TokenRecord | None:
        """The gateway key with this id, revoked or not."""
        return next((key for key in await self._keys() if key.id == key_id), None)

    async def keys_in_force(self, name: str, *, team_id: str) -> tuple[TokenRecord, ...]:
        """The team's gateway keys of this name that are not revoked; Keeptrusts should have one at most."""
        keys = await self._keys()
        return tuple(key for key in keys if key.name == name and key.team_id == team_id and key.status != "revoked")

    async def configuration(self, configuration_id: str) -> ConfigurationRecord | None:
        """The configuration with this id."""
        configurations = await self._read("configurations", self._client.configurations)
        return next((found for found in configurations if found.id == configuration_id), None)

    async def wallet(self, team_id: str) -> WalletRecord | None:
        """The team's wallet."""
        wallets = await self._read("wallets", self._client.wallets)
        return next((wallet for wallet in wallets if wallet.scope == "team" and wallet.team_id == team_id), None)

    async def _keys(self) -> tuple[TokenRecord, ...]:
        return await self._read("tokens", self._client.tokens)

    async def _read(self, name: str, read: Callable[[], Awaitable[Pages[Record]]]) -> tuple[Record, ...]:
        reading = self._readings.get(name)
        if reading is None or self._monotonic() - reading.started > KEPT_SECONDS or _failed(reading.records):
            reading = _Reading(self._monotonic(), asyncio.ensure_future(_whole(name, read)))
            self._readings[name] = reading
        # Cancelling one caller must not cancel the reading that other callers wait for.
        return await asyncio.shield(reading.records)


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


async def _whole(name: str, read: Callable[[], Awaitable[Pages[Record]]]) -> tuple[Record, ...]:
    pages = await read()
    if pages.failure is not None:
        raise pages.failure
    if pages.next_cursor is not None:
        raise UpstreamContractError("GET", f"/v1/{name}", "the list has no end", field="next_cursor")
    # Another resource may want the row that could not be read; it is not gone.
    pages.require_none_hidden()
    return pages.records
