"""What Keeptrusts has now, read for each act: provisioning decides on facts, not on a snapshot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import (
    LARGEST_PAGE,
    ConfigurationRecord,
    TeamRecord,
    TokenRecord,
    TransactionRecord,
    WalletRecord,
)
from bff.keeptrusts.errors import UpstreamContractError, UpstreamRejectedError, UpstreamUnavailableError
from bff.keeptrusts.replies import Pages
from bff.provisioning.errors import ConflictError
from bff.telemetry.logs import logger

log = logger("provisioning")

PAGES_AT_ONCE = 10
MOST_PAGES = 200
"""Pages of bookings of some minutes that are searched for one of ours: 40,000 bookings."""

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


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every gateway key there is, revoked ones too."""

    records: tuple[TokenRecord, ...]

    def of_id(self, token_id: str) -> TokenRecord | None:
        """The key of an id."""
        return next((token for token in self.records if token.id == token_id), None)

    def not_revoked(self, name: str) -> list[TokenRecord]:
        """Every key of a name that is not revoked, in whichever team."""
        return [token for token in self.records if token.name == name and token.status != "revoked"]

    def living(self, team_id: str, now: datetime) -> list[TokenRecord]:
        """The keys of a team that are neither revoked nor expired."""
        return [token for token in self.records if token.team_id == team_id and is_living(token, now)]


def is_living(token: TokenRecord, now: datetime) -> bool:
    """Whether a key is neither revoked nor expired; one of a status that is not known counts as living."""
    return token.status not in {"revoked", "expired"} and (token.expires_at is None or token.expires_at > now)


class Holdings(BaseModel):
    """What a team has in force, by name; no amount, since the log of a task can be read by many."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(examples=["team_1"])
    name: str = Field(examples=["support-team"])
    keys: tuple[str, ...] = Field(
        description="Names of its gateway keys, each once", examples=[["support-team-gw-key"]]
    )
    configurations: tuple[str, ...] = Field(
        description="Names of its enabled policy configurations", examples=[["support-team-config"]]
    )


class CurrentOrganisation:
    """Whole lists of Keeptrusts, or an error: a list that is not whole does not show that something is not there."""

    def __init__(self, client: KeeptrustsClient) -> None:
        self._client = client

    async def id(self, *, otherwise: str) -> str:
        """The organisation's own id; `otherwise` where Keeptrusts does not say who a token is."""
        try:
            return (await self._client.whoami()).organization.id
        except (UpstreamContractError, UpstreamRejectedError) as error:
            log.warning("organisation is not known by its id", reason=error.reason)
            return otherwise

    async def teams(self) -> Teams:
        """Every team."""
        return Teams(await self._whole(self._client.teams))

    async def tokens(self, name: str) -> Tokens:
        """Every gateway key, none of which could be read only in part and have this name."""
        return Tokens(await self._whole(self._client.tokens, name=name))

    async def configurations(self, team_id: str, name: str) -> list[ConfigurationRecord]:
        """The configurations of a team, none of which could be read only in part and have this name."""
        configurations = await self._whole(self._client.configurations, team_id=team_id, name=name)
        return [each for each in configurations if each.team_id == team_id]

    async def holdings(self, team: TeamRecord) -> Holdings:
        """What a team has in force."""
        tokens = await self._whole(self._client.tokens, team_id=team.id)
        configurations = await self._whole(self._client.configurations, team_id=team.id)
        keys = {token.name for token in tokens if token.team_id == team.id and token.status != "revoked"}
        enabled = {each.name for each in configurations if each.team_id == team.id and each.enabled}
        return Holdings(id=team.id, name=team.name, keys=tuple(sorted(keys)), configurations=tuple(sorted(enabled)))

    async def wallet(self, team_id: str) -> WalletRecord | None:
        """The wallet of a team."""
        wallets = await self._whole(self._client.wallets, scope="team", team_id=team_id)
        return next((wallet for wallet in wallets if (wallet.scope, wallet.team_id) == ("team", team_id)), None)

    async def bookings_of(
        self, marks: Callable[[str | None], bool], wallet_id: str, *, since: datetime, until: datetime
    ) -> list[TransactionRecord]:
        """The bookings between two instants whose notes `marks` knows, oldest first.

        Raises `ConflictError` when there are more bookings than are searched.
        """
        found: list[TransactionRecord] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES // PAGES_AT_ONCE):
            pages = await self._client.transactions(
                wallet_id, since=since, until=until, cursor=cursor, most_pages=PAGES_AT_ONCE
            )
            found += [each for each in pages.records if marks(each.note)]
            if pages.failure is not None:
                raise pages.failure
            cursor = pages.next_cursor
            if cursor is None:
                return sorted(found, key=lambda booking: (booking.created_at, booking.id))
        raise ConflictError(
            f"The team's wallet has more than {MOST_PAGES * LARGEST_PAGE} bookings between {since.isoformat()} and "
            f"{until.isoformat()}: whether this was booked cannot be found out. Look in the console."
        )

    @staticmethod
    async def _whole(fetch: Callable[[], Awaitable[Pages[Record]]], **wanted: str) -> tuple[Record, ...]:
        """Every record that could be read; an error where one with the `wanted` values may be among those that could not."""
        pages = await fetch()
        if pages.failure is not None:
            raise pages.failure
        if not pages.complete:
            raise UpstreamUnavailableError(
                "GET", "a list", "longer than is read, so that it does not show what is not there"
            )
        pages.require_none_hidden(**wanted)
        return pages.records
