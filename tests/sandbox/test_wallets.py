"""Money between wallets."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.sandbox.accounts import State
from bff.sandbox.errors import InvalidError
from bff.sandbox.records import Charge

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
amounts = st.decimals("0.000001", "1000000", places=6)


@given(st.lists(st.tuples(st.sampled_from(["allocate", "reclaim", "settle", "refund"]), st.integers(0, 1), amounts)))
def test_money_neither_appears_nor_disappears(steps: list[tuple[str, int, Decimal]]) -> None:
    """All balances together are what was paid in less what was spent, and each is the sum of its bookings."""
    state = State(lambda: NOW)
    teams = [state.create_team("a-team"), state.create_team("b-team")]
    for step, which, amount in steps:
        team, account = teams[which], state.wallets.of_team(teams[which].id)
        if step == "allocate":
            state.wallets.allocate(team, amount)
        elif step == "reclaim" and account is not None and account.balance >= amount:
            state.wallets.reclaim(team, amount)
        elif step == "settle" and account is not None:
            state.wallets.settle_late(account.id, amount, created_at=NOW, charge=Charge())
        elif step == "refund" and account is not None:
            state.wallets.refund(account.id, amount, charge=Charge())
    paid_in = state.wallets.organization.total_allocated
    spent = sum((account.total_spent for account in state.wallets.all), Decimal(0))
    assert sum((account.balance for account in state.wallets.all), Decimal(0)) == paid_in - spent
    for account in state.wallets.all:
        assert account.balance == sum((booking.amount for booking in account.book), Decimal(0))


def test_an_allocation_uses_what_the_organisation_has_first(state: State) -> None:
    """Only what is lacking is credited on account."""
    team = state.create_team("a-team")
    state.wallets.credit(Decimal(30))
    state.wallets.allocate(team, Decimal(100))
    assert [(booking.type, booking.amount) for booking in state.wallets.organization.book] == [
        ("credit", 30),
        ("credit", 70),
        ("allocation", -100),
    ]
    assert state.wallets.organization.balance == 0


def test_no_more_is_reclaimed_than_is_there(state: State) -> None:
    """The refusal says what is available; nothing is booked."""
    team = state.create_team("a-team")
    _, account = state.wallets.allocate(team, Decimal(10))
    with pytest.raises(InvalidError, match=r"available \(10\)"):
        state.wallets.reclaim(team, Decimal("10.01"))
    assert len(account.book) == 1


def test_nothing_is_reclaimed_from_no_wallet(state: State) -> None:
    """A team that was never allocated anything has nothing to take."""
    with pytest.raises(InvalidError, match="no wallet"):
        state.wallets.reclaim(state.create_team("a-team"), Decimal(1))


def test_the_cascade_asks_the_team_before_the_organisation(state: State) -> None:
    """A team without a wallet is paid for by the organisation alone."""
    with_wallet, without = state.create_team("a-team"), state.create_team("b-team")
    state.wallets.allocate(with_wallet, Decimal(1))
    assert [account.scope for account in state.wallets.cascade(with_wallet.id)] == ["team", "organization"]
    assert [account.scope for account in state.wallets.cascade(without.id)] == ["organization"]
