"""Spend is never shown as whole, or as today's, when it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bff.keeptrusts.facts import Cause, GatewayKey, Reading, SpendToday
from bff.status.findings import Code
from bff.status.wire import BudgetStatus

from .conftest import KEY, MIDNIGHT, NOON, OTHERS_KEY, Scenario, usd

OLDER_KEY = replace(KEY, id="tok_0", revoked=True, created_at=NOON - timedelta(days=200))
ROTATED = Scenario().but(keys=Reading((KEY, OLDER_KEY), NOON))
"""The key of the claim has replaced an older one of its name, which is revoked."""


def budget_of(scenario: Scenario) -> BudgetStatus:
    """The budget section, which must be there."""
    budget = scenario.assess().budget
    assert budget is not None
    return budget


def test_a_key_without_events_has_spent_nothing() -> None:
    """Nothing is an amount too."""
    assert budget_of(Scenario().having_spent("0", by_key={})).spent.amount == "0"


def test_spend_that_names_no_key_counts_for_the_teams_keys() -> None:
    """It may be this key's: the sum is an upper bound and says so."""
    budget = budget_of(Scenario().having_spent("100", unattributed_by_team={"team_1": usd("0.5")}))
    assert (budget.spent.amount, budget.attribution) == ("100.5", "team")


def test_another_teams_nameless_spend_does_not_count() -> None:
    """Only the key's own team may have used it."""
    budget = budget_of(Scenario().having_spent("100", unattributed_by_team={"team_777": usd(7)}))
    assert (budget.spent.amount, budget.attribution) == ("100", "key")


def test_a_nameless_refund_makes_no_key_cheaper() -> None:
    """It may be any key's."""
    budget = budget_of(Scenario().having_spent("100", unattributed_by_team={"team_1": usd(-5)}))
    assert (budget.spent.amount, budget.attribution) == ("100", "key")


def test_yesterdays_spend_is_not_todays() -> None:
    """Over midnight stale numbers become no numbers, and the section says that they are missing."""
    yesterday = SpendToday((MIDNIGHT - timedelta(days=1)).date(), by_key={"tok_1": usd(499)})
    scenario = Scenario().but(spend=Reading(yesterday, MIDNIGHT - timedelta(minutes=1), Cause.UNAVAILABLE))
    budget = budget_of(scenario)
    assert (budget.spent.amount, budget.complete) == ("0", False)
    assert Code.SPEND_INCOMPLETE in scenario.codes()
    assert Code.BUDGET_NEAR not in scenario.codes()


def test_every_key_of_the_name_has_spent_of_the_budget() -> None:
    """A key that was replaced and revoked has spent of the same budget: a rotation does not empty the day."""
    spent = {KEY.id: usd("20.5"), OLDER_KEY.id: usd("79.5")}
    assert budget_of(ROTATED.having_spent("0", by_key=spent)).spent.amount == "100"


def test_keys_of_the_name_in_another_team_do_not_count() -> None:
    """A name stands for keys of one team, whatever other teams call theirs."""
    elsewhere = replace(KEY, id="tok_778", team_id="team_777")
    scenario = Scenario().but(keys=Reading((KEY, elsewhere), NOON))
    assert budget_of(scenario.having_spent("0", by_key={KEY.id: usd(1), "tok_778": usd(7)})).spent.amount == "1"


def test_events_that_are_missing_make_every_sum_a_lower_bound() -> None:
    """The message gives the reason."""
    scenario = Scenario().having_spent("100", missing="today is read back to 09:40 UTC so far")
    assert not budget_of(scenario).complete
    assert (
        scenario.finding(Code.SPEND_INCOMPLETE).message
        == "Today's spend is a lower bound: today is read back to 09:40 UTC so far."
    )


@pytest.mark.parametrize("key", [KEY, OLDER_KEY], ids=["current", "replaced"])
def test_an_event_of_one_of_the_keys_that_cannot_be_read_makes_a_lower_bound(key: GatewayKey) -> None:
    """Each key of the name counts, the replaced one too."""
    scenario = ROTATED.having_spent("100", missing_by_key={key.id: "one event could not be read"})
    assert not budget_of(scenario).complete
    assert (
        scenario.finding(Code.SPEND_INCOMPLETE).message
        == "Today's spend is a lower bound: one event could not be read."
    )


def test_another_keys_events_do_not_matter() -> None:
    """An event of another key that cannot be read makes nothing incomplete here."""
    scenario = Scenario().having_spent("100", missing_by_key={OTHERS_KEY.id: "one event could not be read"})
    assert budget_of(scenario).complete
    assert scenario.codes() == []


def test_many_reasons_become_one_finding() -> None:
    """A card does not fill with the same sentence: the first reason stands for all, and each different one is counted."""
    missing = {KEY.id: "one request has no price yet", OLDER_KEY.id: "one event could not be read"}
    scenario = ROTATED.having_spent("1", missing="no event has been read yet", missing_by_key=missing)
    assert scenario.finding(Code.SPEND_INCOMPLETE).message.endswith("no event has been read yet. 2 more like it.")


def test_a_reason_that_two_keys_share_is_given_once() -> None:
    """The same words for both keys of a name are one reason."""
    same = dict.fromkeys((KEY.id, OLDER_KEY.id), "one request has no price yet")
    scenario = ROTATED.having_spent("1", missing_by_key=same)
    assert scenario.finding(Code.SPEND_INCOMPLETE).message.endswith("one request has no price yet.")


def test_unread_spend_has_no_budget_section() -> None:
    """Not knowing is not zero."""
    scenario = Scenario().but(spend=Reading(None, cause=Cause.UNAVAILABLE, detail="connection refused"))
    assert scenario.assess().budget is None
    assert (
        scenario.finding(Code.UPSTREAM_UNAVAILABLE).message
        == "Keeptrusts' spend could not be read. Connection refused."
    )
