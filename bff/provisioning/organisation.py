"""What Keeptrusts has now, asked anew for each act: provisioning decides on facts, not on a snapshot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import (
    LARGEST_PAGE,
    ConfigurationRecord,
    TeamRecord,
    TokenRecord,
    TransactionRecord,
    WalletRecord,
)
from bff.keeptrusts.errors import UpstreamUnavailableError
from bff.keeptrusts.replies import Pages
from bff.provisioning.errors import ConflictError

PAGES_AT_ONCE = 10
MOST_PAGES = 500
"""Pages of bookings that are searched for an allocation: 100,000 of them."""

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Teams:
    """Every team there is. Names compare without regard to case, as those of groups in Backstage do."""

    records: tuple[TeamRecord, ...]

    def of_id(self, team_id: str) -> TeamRecord | None:
        """The team of an id."""
        return next((team for team in self.records if team.id == team_id), None)

    def named(self, name: str) -> TeamRecord | None:
        """The team that is called exactly so, else the one of that name in another case.

        Raises `ConflictError` when it could be either of several: whose money it is must not depend on the order of a list.
        """
        found = self._alike(name)
        exact = [team for team in found if team.name == name]
        if not exact and len(found) > 1:
            raise ConflictError(
                f"There are {len(found)} teams that are called {name!r} but for upper and lower case: rename all but one in "
                "Keeptrusts."
            )
        return next(iter(exact or found), None)

    def shares_its_name(self, team: TeamRecord) -> bool:
        """Whether another team is called alike, so that the name says nothing of whose it is."""
        return len(self._alike(team.name)) > 1

    def _alike(self, name: str) -> list[TeamRecord]:
        return [team for team in self.records if team.name.lower() == name.lower()]


class CurrentOrganisation:
    """Whole lists of Keeptrusts, or an error: from a list that is not whole nobody could tell that something is not there."""

    def __init__(self, client: KeeptrustsClient) -> None:
        self._client = client

    async def teams(self) -> Teams:
        """Every team."""
        return Teams(await self._whole(self._client.teams))

    async def keys_named(self, name: str) -> list[TokenRecord]:
        """Every key of a name that is not revoked, in whichever team."""
        tokens = await self._whole(self._client.tokens, name=name)
        return [token for token in tokens if token.name == name and token.status != "revoked"]

    async def configuration(self, team_id: str, name: str) -> ConfigurationRecord | None:
        """The configuration of a team and a name."""
        configurations = await self._whole(self._client.configurations, team_id=team_id, name=name)
        return next((each for each in configurations if (each.team_id, each.name) == (team_id, name)), None)

    async def wallet(self, team_id: str) -> WalletRecord | None:
        """The wallet of a team."""
        wallets = await self._whole(self._client.wallets, scope="team", team_id=team_id)
        return next((wallet for wallet in wallets if (wallet.scope, wallet.team_id) == ("team", team_id)), None)

    async def allocations(
        self, wallet_id: str, *, mark: str, since: datetime, most: int | None = None
    ) -> list[TransactionRecord]:
        """Allocations to a wallet since an instant whose notes end in `mark`, newest first; at most `most`, None for all.

        Raises `ConflictError` when there are more bookings than are searched.
        """
        found: list[TransactionRecord] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES // PAGES_AT_ONCE):
            pages = await self._client.transactions(wallet_id, since=since, cursor=cursor, most_pages=PAGES_AT_ONCE)
            # What comes before the mark is a person's own text, and may look like one.
            found += [each for each in pages.records if each.type == "allocation" and (each.note or "").endswith(mark)]
            if most is not None and len(found) >= most:
                return found[:most]
            if pages.failure is not None:
                raise pages.failure
            cursor = pages.next_cursor
            if cursor is None:
                return found
        raise ConflictError(
            f"The team's wallet has more than {MOST_PAGES * LARGEST_PAGE} bookings since {since.date()}: whether it was "
            "funded under this idempotency key already cannot be told. Look, and allocate, in the console."
        )

    @staticmethod
    async def _whole(fetch: Callable[[], Awaitable[Pages[Record]]], **wanted: str) -> tuple[Record, ...]:
        """Every record that could be read; an error where one with the `wanted` values may be among those that could not."""
        pages = await fetch()
        if pages.failure is not None:
            raise pages.failure
        if not pages.complete:
            raise UpstreamUnavailableError(
                "GET", "a list", "longer than is read, so that what is not there cannot be told"
            )
        pages.require_none_hidden(**wanted)
        return pages.records
