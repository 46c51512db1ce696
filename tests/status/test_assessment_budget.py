"""Spend against the budget: how much is used, and whether the rest lasts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bff.keeptrusts.facts import Cause
from bff.status.findings import Code
from bff.status.wire import BudgetStatus

from .conftest import MIDNIGHT, NOON, Scenario, usd


def budget_of(scenario: Scenario) -> BudgetStatus:
    """The budget section, which must be there."""
    budget = scenario.assess().budget
    assert budget is not None
    return budget


@pytest.mark.parametrize(
    ("spent", "codes"),
    [
        ("399.999999", []),
        ("400", [Code.BUDGET_NEAR]),
        ("499.999999", [Code.BUDGET_NEAR]),
        ("500", [Code.BUDGET_EXCEEDED]),
        ("750", [Code.BUDGET_EXCEEDED]),
    ],
)
def test_80_and_100_percent_are_the_marks(spent: str, codes: list[Code]) -> None:
    """Late in the day, so that the pace has nothing to add."""
    late = MIDNIGHT + timedelta(hours=24) - timedelta(microseconds=1)
    scenario = Scenario().having_spent(spent).but(now=late)
    scenario = scenario.but(spend=replace(scenario.spend, observed_at=late))
    assert [code for code in scenario.codes() if code is not Code.BUDGET_PACE] == codes


def test_more_than_all_is_shown_as_it_is() -> None:
    """150 % is not cut to 100."""
    scenario = Scenario().having_spent("750")
    assert scenario.assess().model_dump(mode="json")["budget"]["usedRatio"] == 1.5
    assert (
        scenario.finding(Code.BUDGET_EXCEEDED).message
        == "Today's spend of 750 USD is 150 % of the daily budget of 500 USD."
    )


def test_a_budget_of_nothing_may_not_be_spent() -> None:
    """0 is not unlimited."""
    scenario = Scenario().annotated(budget="0").having_spent("0.000001")
    assert Code.BUDGET_EXCEEDED in scenario.codes()
    assert budget_of(scenario).used_ratio is None


def test_nothing_of_nothing_is_in_order() -> None:
    """Who may spend nothing and spends nothing keeps to the budget."""
    scenario = Scenario().annotated(budget="0").having_spent("0")
    assert scenario.codes() == []
    assert budget_of(scenario).used_ratio == 0


def test_without_a_budget_the_spend_is_still_shown() -> None:
    """A budget is not required."""
    scenario = Scenario().annotated(budget=None)
    budget = budget_of(scenario)
    assert (budget.daily, budget.used_ratio, budget.spent.amount) == (None, None, "100")
    assert scenario.codes() == []


def test_the_pace_says_when_and_how_long_before_the_reset() -> None:
    """The sentence of the design."""
    scenario = Scenario().having_spent("360").annotated(budget="500")
    assert scenario.finding(Code.BUDGET_PACE).message == (
        "At this pace the daily budget runs out at 16:40 UTC, 7 h 20 min before it resets."
    )
    assert scenario.assess().model_dump(mode="json")["budget"]["exhaustsAt"] == "2026-03-10T16:40:00Z"


def test_the_pace_speaks_the_zone_of_the_budget_day() -> None:
    """The clock on the wall, with its name."""
    message = Scenario().having_spent("360").ruled(timezone=ZoneInfo("Europe/Berlin")).finding(Code.BUDGET_PACE).message
    assert "CET" in message


def test_old_numbers_do_not_look_slow() -> None:
    """Spend that was seen at six is a pace of six hours, even when it is noon by now."""
    scenario = Scenario().having_spent("130")
    assert Code.BUDGET_PACE not in scenario.codes()
    stale = scenario.but(
        spend=replace(scenario.spend, observed_at=MIDNIGHT + timedelta(hours=6), cause=Cause.UNAVAILABLE)
    )
    assert Code.BUDGET_PACE in stale.codes()


def test_a_foretold_moment_that_has_passed_is_told_as_past() -> None:
    """With old numbers the budget may have run out before now."""
    scenario = Scenario().having_spent("300")
    stale = scenario.but(
        spend=replace(scenario.spend, observed_at=MIDNIGHT + timedelta(hours=6), cause=Cause.UNAVAILABLE)
    )
    assert "budget ran out at 10:00 UTC" in stale.finding(Code.BUDGET_PACE).message


def test_a_used_up_budget_has_no_pace() -> None:
    """One finding is enough."""
    scenario = Scenario().having_spent("500")
    assert scenario.codes() == [Code.BUDGET_EXCEEDED]
    assert budget_of(scenario).exhausts_at is None


def test_the_window_is_the_local_day() -> None:
    """Start, end and the share that has passed are of the zone's calendar day."""
    budget = budget_of(Scenario().ruled(timezone=ZoneInfo("Europe/Berlin")))
    assert (budget.window_start, budget.resets_at) == (MIDNIGHT - timedelta(hours=1), MIDNIGHT + timedelta(hours=23))
    assert budget.elapsed_ratio == Decimal(13) / Decimal(24)


def test_messages_say_what_a_sum_holds() -> None:
    """A lower bound is called one, and so is spend that is shared."""
    scenario = Scenario().having_spent("450", unattributed_by_team={"team_1": usd(10)}, missing="one event is missing")
    message = scenario.finding(Code.BUDGET_NEAR).message
    assert "at least 460 USD, with what its team spent without naming a key," in message


def test_more_refunds_than_spend_is_shown_and_in_order() -> None:
    """A negative day is odd, and no error."""
    scenario = Scenario().having_spent("-3.5")
    assert budget_of(scenario).spent.amount == "-3.5"
    assert scenario.codes() == []


def test_the_assessed_moment_counts_for_the_elapsed_share() -> None:
    """Half of the day has passed at noon."""
    assert budget_of(Scenario()).elapsed_ratio == Decimal("0.5")
    assert Scenario().now == NOON
