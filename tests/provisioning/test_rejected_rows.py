"""Provisioning decides by what is not there, so that a row which could not be read must not pass for absent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import pytest

from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import ConfigurationRecord, TeamRecord, TokenRecord, WalletRecord
from bff.keeptrusts.errors import UpstreamContractError
from bff.keeptrusts.facts import RejectedRow
from bff.keeptrusts.replies import Pages
from bff.provisioning.organisation import CurrentOrganisation


@dataclass
class Lists:
    """Empty lists of Keeptrusts, from each of which the same row was left out."""

    row: RejectedRow
    count: int = 1

    async def teams(self) -> Pages[TeamRecord]:
        """No team."""
        return Pages((), rejected=(self.row,), rejected_count=self.count)

    async def tokens(self) -> Pages[TokenRecord]:
        """No key."""
        return Pages((), rejected=(self.row,), rejected_count=self.count)

    async def configurations(self) -> Pages[ConfigurationRecord]:
        """No configuration."""
        return Pages((), rejected=(self.row,), rejected_count=self.count)

    async def wallets(self) -> Pages[WalletRecord]:
        """No wallet."""
        return Pages((), rejected=(self.row,), rejected_count=self.count)

    @property
    def organisation(self) -> CurrentOrganisation:
        """The lists as provisioning asks them."""
        return CurrentOrganisation(cast(KeeptrustsClient, self))


def odd(**known: str | None) -> RejectedRow:
    """A row of which only `known` could be read."""
    return RejectedRow("data.3", "data.3.created_at", "must be a time", known)


async def test_a_row_that_may_be_the_one_is_an_error() -> None:
    """A key, a configuration, a wallet or a team that may stand in a row which was left out is not taken for absent."""
    organisation = Lists(odd(team_id="team_1")).organisation
    for asked in (
        organisation.tokens("key"),
        organisation.configurations("team_1", "c"),
        organisation.wallet("team_1"),
        organisation.teams(),
    ):
        with pytest.raises(UpstreamContractError, match=r"data\.3\.created_at: must be a time"):
            await asked


async def test_a_row_of_others_is_no_hindrance() -> None:
    """A row whose name or team could be read stops only those whose row it may be."""
    organisation = Lists(odd(name="others", team_id="team_2")).organisation
    assert (await organisation.tokens("key")).records == ()
    assert await organisation.configurations("team_1", "c") == []
    assert await organisation.wallet("team_1") is None


async def test_rows_that_were_only_counted_may_be_any() -> None:
    """Of rows beyond those that are kept nothing is known, so that each may be the one that is asked for."""
    with pytest.raises(UpstreamContractError):
        await Lists(odd(name="others"), count=2).organisation.tokens("key")
