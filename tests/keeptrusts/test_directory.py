"""The organisation's lists become facts, whole where they can be had whole, and with the cause where not."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from bff.keeptrusts.contract import ConfigurationRecord, TeamRecord, TokenRecord
from bff.keeptrusts.directory import LIMIT_REACHED, Directory
from bff.keeptrusts.facts import Cause, Configuration, GatewayKey, Reading, Team, Wallet, WalletScope
from bff.keeptrusts.replies import Pages
from bff.values import Money
from tests.keeptrusts.stand_in import NOON, StandIn, denied, down, malformed

LATER = NOON + timedelta(minutes=1)
TEAMS = tuple(Team(f"team_{number}", f"name-{number}") for number in range(3))


@pytest.fixture
def upstream() -> StandIn:
    """Three teams, two a page."""
    made = StandIn(page_size=2)
    made.teams_listed = [TeamRecord(id=team.id, name=team.name) for team in TEAMS]
    return made


@pytest.fixture
def directory(upstream: StandIn) -> Directory:
    """Nothing read yet."""
    return Directory(upstream, stale_limit=timedelta(hours=1))


async def test_records_become_facts(upstream: StandIn, directory: Directory) -> None:
    """Every list is read to its end, and every field that decisions need is there."""
    upstream.keys_listed = [
        TokenRecord(id="tok_1", name="key", team_id="team_1", status="revoked", prefix="kt_gk_ab12", expires_at=NOON)
    ]
    upstream.configurations_listed = [
        ConfigurationRecord(id="cfg_1", name="cfg", team_id="team_1", template_id="tier-2-internal", enabled=True)
    ]
    upstream.open_wallet("wal_1", team_id="team_1")
    listed = await directory.read(NOON)
    assert listed.teams == Reading(TEAMS, NOON)
    assert listed.keys == Reading(
        (GatewayKey("tok_1", "key", "team_1", revoked=True, prefix="kt_gk_ab12", expires_at=NOON),), NOON
    )
    assert listed.configurations.value == (Configuration("cfg_1", "cfg", "team_1", "tier-2-internal", enabled=True),)
    money = Money(Decimal(1000))
    wallet = Wallet("wal_1", WalletScope.TEAM, "team_1", money, Money.zero(), money, Money.zero(), "healthy", NOON)
    assert listed.wallets.value == (wallet,)


async def test_an_empty_list_is_a_value(directory: Directory) -> None:
    """That there is none is known, which is not the same as not knowing."""
    assert (await directory.read(NOON)).keys == Reading((), NOON)


async def test_one_list_that_fails_leaves_the_others(upstream: StandIn, directory: Directory) -> None:
    """Each part has its own cause."""
    upstream.fault = lambda operation, _page: denied() if operation == "teams" else None
    listed = await directory.read(NOON)
    assert (listed.teams.value, listed.teams.cause) == (None, Cause.DENIED)
    assert listed.wallets == Reading((), NOON)


@pytest.mark.parametrize("error", [down, malformed])
async def test_a_list_cut_short_is_replaced_by_the_last_whole_one(
    upstream: StandIn, directory: Directory, error: type
) -> None:
    """An older whole list is shown rather than a part of a newer one: absence from a part proves nothing."""
    await directory.read(NOON)
    upstream.teams_listed.pop(0)
    upstream.page_size = 1
    upstream.fault = lambda operation, page: error() if (operation, page) == ("teams", 1) else None
    teams = (await directory.read(LATER)).teams
    assert (teams.value, teams.observed_at, teams.complete) == (TEAMS, NOON, True)
    assert teams.detail == error().reason


async def test_a_list_cut_short_is_shown_as_a_part_when_there_is_no_whole_one(
    upstream: StandIn, directory: Directory
) -> None:
    """A part is better than nothing, and it is marked as one."""
    upstream.fault = lambda operation, page: down() if (operation, page) == ("teams", 1) else None
    teams = (await directory.read(NOON)).teams
    assert teams == Reading(TEAMS[:2], NOON, Cause.UNAVAILABLE, complete=False, detail="answered 503")


async def test_a_refusal_on_a_later_page_is_news_too(upstream: StandIn, directory: Directory) -> None:
    """401 and 403 leave no value wherever they come."""
    await directory.read(NOON)
    upstream.fault = lambda operation, page: denied() if (operation, page) == ("teams", 1) else None
    teams = (await directory.read(LATER)).teams
    assert (teams.value, teams.cause) == (None, Cause.DENIED)


async def test_a_list_with_too_many_pages_is_a_part(upstream: StandIn, directory: Directory) -> None:
    """What lies past the limit was not read, and the reading says so."""
    upstream.most_pages = 1
    teams = (await directory.read(NOON)).teams
    assert teams == Reading(TEAMS[:2], NOON, Cause.UNAVAILABLE, complete=False, detail=LIMIT_REACHED)


async def test_an_item_listed_twice_is_one(upstream: StandIn, directory: Directory) -> None:
    """A list that changes while its pages are read may show an item on two of them."""
    upstream.teams_listed.append(upstream.teams_listed[0])
    assert (await directory.read(NOON)).teams.value == TEAMS


async def test_the_lists_are_read_at_the_same_time() -> None:
    """A reading takes as long as the slowest list, not as all together."""
    everybody = asyncio.Barrier(4)

    class Patient(StandIn):
        async def _wait(self) -> Pages:
            await everybody.wait()
            return Pages(())

        teams = tokens = configurations = wallets = _wait

    listed = await asyncio.wait_for(Directory(Patient(), stale_limit=timedelta(hours=1)).read(NOON), 5)
    assert listed.teams == Reading((), NOON)
