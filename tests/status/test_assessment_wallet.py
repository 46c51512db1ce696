"""The wallet says whether requests can be paid, and by whom."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bff.keeptrusts.facts import Cause, Reading, Wallet
from bff.status.assessment import wallet_state
from bff.status.findings import Code
from bff.status.wire import WalletState

from .conftest import NOON, Scenario, wallet


def with_wallets(*wallets: Wallet, complete: bool = True) -> Scenario:
    """A scenario with these wallets alone."""
    return Scenario().but(wallets=Reading(wallets, NOON, complete=complete))


@pytest.mark.parametrize(
    ("available", "status", "state"),
    [
        ("900", "healthy", "healthy"),
        ("100", "healthy", "healthy"),
        ("99.999999", "healthy", "low"),
        ("900", "LOW", "low"),
        ("900", "depleted", "depleted"),
        ("0", "healthy", "depleted"),
        ("-1", "healthy", "depleted"),
        ("900", "frozen", "healthy"),
    ],
)
def test_the_worse_of_word_and_balance_counts(available: str, status: str, state: WalletState) -> None:
    """Neither a late word nor a balance alone is believed."""
    assert wallet_state(wallet(available, status=status), Decimal("0.1")) == state


def test_a_wallet_that_was_allocated_nothing_is_not_low() -> None:
    """There is no share of nothing."""
    assert wallet_state(wallet("5", allocated="0"), Decimal("0.1")) == "healthy"


def test_an_empty_wallet_holds_requests() -> None:
    """Without another to pay, this is an error."""
    scenario = with_wallets(wallet("0"))
    assert "requests are being held" in scenario.finding(Code.WALLET_DEPLETED).message


def test_the_organisation_pays_for_an_empty_wallet() -> None:
    """Then nothing is held, and it is a warning."""
    scenario = with_wallets(wallet("0"), wallet("50", team=None))
    assert scenario.codes() == [Code.WALLET_LOW]
    assert "organisation's wallet pays" in scenario.finding(Code.WALLET_LOW).message
    status = scenario.assess().wallet
    assert status is not None
    assert status.state == "depleted"


def test_an_organisation_wallet_of_another_currency_is_not_counted_on() -> None:
    """Euros are not known to pay for dollars."""
    assert with_wallets(wallet("0"), wallet("50", team=None, currency="EUR")).codes() == [Code.WALLET_DEPLETED]


def test_whether_the_organisation_pays_may_be_unknown() -> None:
    """A list with a missing page is not taken for all wallets."""
    scenario = with_wallets(wallet("0"), complete=False)
    assert "unless the organisation's wallet" in scenario.finding(Code.WALLET_DEPLETED).message


@pytest.mark.parametrize(
    ("available", "words"), [("50", "the organisation's wallet pays"), ("0", "requests are being held")]
)
def test_a_team_without_wallet_is_told_who_pays(available: str, words: str) -> None:
    """The section is empty, and a finding says what that means."""
    scenario = with_wallets(wallet(available, team=None))
    assert scenario.assess().wallet is None
    assert words in scenario.finding(Code.WALLET_MISSING).message


def test_absence_from_an_incomplete_list_proves_nothing() -> None:
    """The wallet may be on the page that is missing."""
    assert with_wallets(complete=False).codes() == [Code.UPSTREAM_UNAVAILABLE]


def test_unread_wallets_are_not_missing() -> None:
    """Not knowing is not having none."""
    assert Scenario().but(wallets=Reading(None, cause=Cause.DENIED)).codes() == [Code.UPSTREAM_DENIED]


def test_a_wallet_in_euros_is_shown_and_not_compared() -> None:
    """Its amounts keep their currency, and the budget is the only limit that is known."""
    status = with_wallets(wallet("1", allocated="5", currency="EUR")).assess()
    assert status.wallet is not None
    assert status.wallet.available.currency == "EUR"
    assert status.tightest_limit == "budget"
