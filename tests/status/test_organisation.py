"""What one entity needs is found without a search, and the same each time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

from bff.keeptrusts.facts import Activity, ActivityToday, Configuration, Reading, Team, WalletScope
from bff.values import Money

from .conftest import KEY, MIDNIGHT, NOON, Scenario, wallet


def test_keys_of_one_name_come_newest_first_in_any_order_of_the_list() -> None:
    """The order in which Keeptrusts lists keys decides nothing."""
    older = replace(KEY, id="tok_a", created_at=NOON - timedelta(days=9))
    newer = replace(KEY, id="tok_b", created_at=NOON - timedelta(days=1))
    undated = replace(KEY, id="tok_c", created_at=None)
    for keys in permutations((older, newer, undated)):
        found = Scenario().but(keys=Reading(keys, NOON)).organisation.keys_by_name["support-key"]
        assert [key.id for key in found] == ["tok_b", "tok_a", "tok_c"]


def test_the_newest_enabled_configuration_counts() -> None:
    """Of several enabled ones the newest wins, and a disabled one never does."""
    old = Configuration("cfg_a", "a", "team_1", "tier-1-old", enabled=True, created_at=NOON - timedelta(days=2))
    new = Configuration("cfg_b", "b", "team_1", "tier-2-new", enabled=True, created_at=NOON - timedelta(days=1))
    off = Configuration("cfg_c", "c", "team_1", "tier-3-off", enabled=False, created_at=NOON)
    for configurations in permutations((old, new, off)):
        organisation = Scenario().but(configurations=Reading(configurations, NOON)).organisation
        assert organisation.configurations["team_1"] is new


def test_a_name_of_two_teams_means_neither() -> None:
    """Whose money is shown never depends on the order of a list."""
    teams = (Team("team_1", "Support"), Team("team_2", "support"), Team("team_3", "support"))
    organisation = Scenario().but(teams=Reading(teams, NOON)).organisation
    assert organisation.teams_by_name == {"Support": teams[0]}
    assert not organisation.teams_by_folded_name


def test_the_wallet_in_dollars_is_the_teams() -> None:
    """Where a team has several wallets, the one that the budget compares with counts."""
    euros, dollars = wallet(currency="EUR"), wallet(currency="USD")
    assert Scenario().but(wallets=Reading((euros, dollars), NOON)).organisation.wallets["team_1"] is dollars


def test_a_users_wallet_is_no_teams() -> None:
    """A wallet counts for a team only if its scope says so."""
    personal = replace(wallet(), scope=WalletScope.USER)
    assert not Scenario().but(wallets=Reading((personal,), NOON)).organisation.wallets


def test_an_organisation_wallet_without_money_pays_for_nobody() -> None:
    """Neither an empty balance nor a depleted one counts."""
    empty = wallet("0", team=None)
    depleted = replace(wallet("5", team=None), status="depleted")
    assert not Scenario().but(wallets=Reading((empty, depleted), NOON)).organisation.organisation_wallets


def test_requests_without_a_key_are_noticed() -> None:
    """A team with more requests than its keys have made is among those with nameless activity."""
    activity = ActivityToday(
        MIDNIGHT,
        by_key={"tok_1": Activity(3), "tok_777": Activity(7)},
        by_team={"team_1": Activity(4), "team_777": Activity(7)},
    )
    assert Scenario().but(activity=Reading(activity, NOON)).organisation.nameless_activity == {"team_1"}


def test_money_of_one_wallet_is_not_anothers() -> None:
    """Every team has its own wallet."""
    organisation = Scenario().organisation
    assert organisation.wallets["team_1"].available == Money(Decimal(900))
    assert organisation.wallets["team_777"].available == Money(Decimal("7777.77"))
