"""Spend is never shown as whole, or as today's, when it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bff.governance.facts import Cause, Reading, SpendToday
from bff.governance.findings import Code
from bff.governance.wire import BudgetStatus

from .conftest import MIDNIGHT, NOON, OTHERS_WALLET, World, wallet


def budget_of(world: World) -> BudgetStatus:
    """The budget section, which must be there."""
    budget = world.assess().budget
    assert budget is not None
    return budget


def test_a_key_without_bookings_has_spent_nothing() -> None:
    """Nothing is an amount too."""
    assert budget_of(World().having_spent("0", by_key={})).spent.amount == "0"


def test_spend_that_names_no_key_counts_for_the_teams_keys() -> None:
    """It may be this key's: the sum is an upper bound and says so."""
    budget = budget_of(World().having_spent("100", unattributed_by_team={"team_1": Decimal("0.5")}))
    assert (budget.spent.amount, budget.attribution) == ("100.5", "team")


def test_another_teams_nameless_spend_does_not_count() -> None:
    """Only the key's own team may have used it."""
    budget = budget_of(World().having_spent("100", unattributed_by_team={"team_777": Decimal(7)}))
    assert (budget.spent.amount, budget.attribution) == ("100", "key")


def test_a_nameless_refund_makes_no_key_cheaper() -> None:
    """It may be any key's."""
    budget = budget_of(World().having_spent("100", unattributed_by_team={"team_1": Decimal(-5)}))
    assert (budget.spent.amount, budget.attribution) == ("100", "key")


def test_yesterdays_spend_is_not_todays() -> None:
    """Over midnight stale numbers become no numbers, and the section says that they are missing."""
    yesterday = SpendToday((MIDNIGHT - timedelta(days=1)).date(), by_key={"tok_1": Decimal(499)})
    world = World().but(spend=Reading(yesterday, MIDNIGHT - timedelta(minutes=1), Cause.UNAVAILABLE))
    budget = budget_of(world)
    assert (budget.spent.amount, budget.complete) == ("0", False)
    assert Code.SPEND_INCOMPLETE in world.codes()
    assert Code.BUDGET_NEAR not in world.codes()


def test_a_wallet_that_could_not_be_read_whole_makes_a_lower_bound() -> None:
    """The reason is told."""
    world = World().having_spent("100", incomplete_wallets={"wal_team_1_USD": "page 3 timed out"})
    assert not budget_of(world).complete
    assert world.finding(Code.SPEND_INCOMPLETE).message == "Today's spend is a lower bound: page 3 timed out."


def test_another_teams_wallet_does_not_matter() -> None:
    """Trouble elsewhere is no trouble here."""
    world = World().having_spent("100", incomplete_wallets={OTHERS_WALLET.id: "page 7 timed out"})
    assert budget_of(world).complete
    assert world.codes() == []


def test_the_organisations_wallet_may_have_paid() -> None:
    """Trouble with it concerns every key."""
    pays = wallet("5", team=None)
    world = World().but(wallets=Reading((wallet(), pays), NOON))
    assert not budget_of(world.having_spent("1", incomplete_wallets={pays.id: "late"})).complete


def test_many_reasons_become_one_finding() -> None:
    """A card does not fill with the same sentence."""
    world = World().having_spent("1", incomplete_wallets={f"wal_{number}": f"reason {number}" for number in range(40)})
    assert world.finding(Code.SPEND_INCOMPLETE).message.endswith("reason 0. 39 more like it.")


def test_a_partial_reading_is_a_lower_bound() -> None:
    """Whatever the wallets say."""
    world = World()
    partial = world.but(spend=replace(world.spend, complete=False))
    assert not budget_of(partial).complete


def test_unread_spend_has_no_budget_section() -> None:
    """Not knowing is not zero."""
    world = World().but(spend=Reading(None, cause=Cause.UNAVAILABLE, detail="connection refused"))
    assert world.assess().budget is None
    assert (
        world.finding(Code.UPSTREAM_UNAVAILABLE).message == "Keeptrusts' spend could not be read. Connection refused."
    )
