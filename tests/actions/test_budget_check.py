"""Whether an entity may still spend, judged from its status."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bff.actions.budget_check import REASONS, STOPS, BudgetCheck, Reason, check_budget
from bff.status import wire
from bff.status.claims import DAILY_BUDGET, GATEWAY_KEY_NAME, POLICY_TIER, read_claims
from bff.status.findings import Code, Finding, State
from bff.status.wire import Amount, BudgetStatus, Freshness, GovernanceStatus, Links, WalletStatus
from bff.values import Money

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)


def usd(amount: str) -> Amount:
    """Dollars."""
    return Amount.of(Money(Decimal(amount)))


def budget(daily: str | None, spent: str, *, complete: bool = True) -> BudgetStatus:
    """A budget section."""
    return BudgetStatus(
        daily=None if daily is None else usd(daily),
        spent=usd(spent),
        elapsed_ratio=Decimal("0.5"),
        window_start=NOON,
        resets_at=NOON,
        attribution="key",
        complete=complete,
    )


def wallet(available: str) -> WalletStatus:
    """A wallet section."""
    nothing = usd("0")
    return WalletStatus(
        scope="team", state="healthy", available=usd(available), reserved=nothing, allocated=nothing, spent=nothing
    )


def status(*findings: Finding | Code, stale: bool = False, **members: Any) -> GovernanceStatus:
    """A status that is in order but for `findings`, with a budget of 500 USD of which 125 are spent."""
    found = [Finding(each, f"It is {each}.", "Mend it.") if isinstance(each, Code) else each for each in findings]
    given: dict[str, Any] = {
        "state": State.OK,
        "budget": budget("500", "125"),
        "wallet": wallet("900"),
        "tightest_limit": "budget",
    }
    return GovernanceStatus(
        entity_ref="component:default/bot",
        findings=tuple(wire.Finding.of(each) for each in found),
        links=Links(),
        freshness=Freshness(observed_at=NOON, assessed_at=NOON, stale=stale),
        **(given | members),
    )


def said(check: BudgetCheck) -> tuple[bool, str]:
    """The answer, and why."""
    return check.allowed, check.reason


WITHHELD: dict[str, Any] = {"budget": None, "wallet": None, "tightest_limit": None}


def test_within_its_budget_it_may() -> None:
    """What is left is the rest of the budget, to the last digit."""
    check = check_budget(status(budget=budget("500", "125.000000000001")))
    assert said(check) == (True, Reason.WITHIN_LIMITS)
    assert (check.left, check.limit) == (usd("374.999999999999"), "budget")


def test_the_wallet_binds_where_it_runs_out_first() -> None:
    """What is left is what the wallet has, where that is less than the rest of the budget."""
    check = check_budget(status(wallet=wallet("10.5"), tightest_limit="wallet"), cost=Decimal("10.6"))
    assert (said(check), check.left, check.limit) == ((False, "cost-exceeds-left"), usd("10.5"), "wallet")
    assert check.advice is not None
    assert "wallet" in check.advice


@pytest.mark.parametrize("code", sorted(STOPS))
def test_each_finding_that_stops_is_the_reason(code: Code) -> None:
    """A finding with which requests fail makes the answer no, and says why and what to do in its own words."""
    check = check_budget(status(code, state=State.ERROR))
    assert said(check) == (False, code.value)
    assert (check.message, check.advice) == (f"It is {code}.", "Mend it.")


@pytest.mark.parametrize("code", sorted(set(Code) - STOPS))
def test_no_other_finding_stops(code: Code) -> None:
    """A finding with which requests go on, such as a tier that drifts or a wallet that is low, leaves the answer at yes."""
    assert check_budget(status(code)).allowed


def test_a_malformed_tier_stops_nothing() -> None:
    """An annotation that cannot be read stops, but for the policy tier, which has nothing to do with money."""
    answers = {}
    for annotation in (GATEWAY_KEY_NAME, DAILY_BUDGET, POLICY_TIER):
        finding = read_claims({annotation: f" {POLICY_TIER} "}).malformed[annotation]
        answers[annotation] = check_budget(status(finding)).allowed
    assert answers == {GATEWAY_KEY_NAME: False, DAILY_BUDGET: False, POLICY_TIER: True}


def test_a_budget_of_nothing_allows_nothing() -> None:
    """A budget of 0 means that nothing may be spent, also before anything was."""
    check = check_budget(status(budget=budget("0", "0")))
    assert (said(check), check.left) == ((False, "budget-exceeded"), usd("0"))


def test_overspent_leaves_nothing() -> None:
    """What is left of a budget that is exceeded is nothing, and no negative amount."""
    assert check_budget(status(Code.BUDGET_EXCEEDED, budget=budget("500", "600"))).left == usd("0")


def test_without_a_limit_it_may() -> None:
    """An entity without a budget whose team has no wallet may spend, and nothing is said to be left."""
    check = check_budget(status(Code.WALLET_MISSING, budget=budget(None, "125"), wallet=None, tightest_limit=None))
    assert (said(check), check.left) == ((True, "within-limits"), None)


@pytest.mark.parametrize("code", [Code.UPSTREAM_UNAVAILABLE, Code.UPSTREAM_DENIED, Code.UPSTREAM_CONTRACT])
def test_spend_that_cannot_be_read_is_no_yes(code: Code) -> None:
    """Where today's spend is not known the answer is no, for an unknown reason."""
    assert said(check_budget(status(code, budget=None))) == (False, "unknown")


def test_an_unknown_state_is_no_yes() -> None:
    """Where the key's state is not known the answer is no, whatever else is known."""
    assert said(check_budget(status(state=State.UNKNOWN))) == (False, "unknown")


@pytest.mark.parametrize("cost", ["0.01", "1000000"])
def test_a_cost_finds_out_nothing_that_is_withheld(cost: str) -> None:
    """Who may not see amounts gets one answer for every cost: otherwise a few questions would tell what is left."""
    without = check_budget(status(Code.NUMBERS_WITHHELD, **WITHHELD))
    check = check_budget(status(Code.NUMBERS_WITHHELD, **WITHHELD), cost=Decimal(cost))
    assert said(check) == said(without) == (True, "within-limits")
    assert (check.cost_compared, without.cost_compared, check.left) == (False, None, None)


def test_a_lower_bound_is_called_one() -> None:
    """Where spend is a lower bound, what is left is called an upper one."""
    check = check_budget(status(Code.SPEND_INCOMPLETE, budget=budget("500", "125", complete=False)))
    assert check.complete is False
    assert "at most 375 USD" in check.message


def test_old_facts_are_called_old() -> None:
    """An answer from facts that could not be read again says so."""
    assert "last facts" in check_budget(status(Code.DATA_STALE, stale=True)).message


def test_every_reason_is_named_in_the_schema() -> None:
    """The schema lists every reason that there can be."""
    assert set(REASONS) == {*Reason, *STOPS}
