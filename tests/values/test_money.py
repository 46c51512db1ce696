"""Amounts are exact, and currencies never meet by accident."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.values import CurrencyMismatchError, Money

# What the contract lets in: 15 digits before the point, 18 after.
amounts = st.decimals(min_value=Decimal("-1e15"), max_value=Decimal("1e15"), places=18)


@given(amounts, amounts)
def test_a_sum_less_one_part_is_the_other(one: Decimal, other: Decimal) -> None:
    """No digit is lost however far apart two amounts are."""
    assert Money(one) + Money(other) - Money(other) == Money(one)


@given(amounts)
def test_the_plain_form_reads_back_as_the_amount(amount: Decimal) -> None:
    """What clients read is the exact amount."""
    assert Decimal(Money(amount).plain()) == amount


@given(amounts)
def test_the_plain_form_has_no_exponent_and_no_trailing_zeros(amount: Decimal) -> None:
    """Amounts are written as people write them."""
    plain = Money(amount).plain()
    assert set(plain) <= set("-.0123456789")
    assert "." not in plain or plain[-1] not in "0."


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("500", "500 USD"),
        ("500.00", "500 USD"),
        ("0", "0 USD"),
        ("34.801073", "34.80 USD"),
        ("34.805", "34.81 USD"),
        ("-3.5", "-3.50 USD"),
        ("99.999", "100.00 USD"),
        ("0.0142", "0.01 USD"),
        ("0.0042", "0.0042 USD"),
        ("0.00000123456", "0.0000012 USD"),
        ("0.009999", "0.01 USD"),
        ("-0.000000000000000001", "-0.000000000000000001 USD"),
        ("999999999999999.995000000000000001", "1000000000000000.00 USD"),
    ],
)
def test_a_sentence_says_cents_and_hides_nothing_below_them(amount: str, words: str) -> None:
    """Sentences round to the cent, and what is less than a cent still shows as what it is."""
    assert str(Money(Decimal(amount))) == words


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_an_amount_is_finite(amount: str) -> None:
    """What is no number is no money."""
    with pytest.raises(ValueError, match="must be finite"):
        Money(Decimal(amount))


def test_currencies_do_not_mix() -> None:
    """Dollars and euros have no sum, no difference and no order."""
    dollars, euros = Money(Decimal(1)), Money(Decimal(1), "EUR")
    for operation in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__, Money.ratio_to):
        with pytest.raises(CurrencyMismatchError, match="USD cannot be compared with EUR"):
            operation(dollars, euros)


def test_something_of_nothing_has_no_ratio() -> None:
    """0 of 0 is 0, and 1 of 0 is no share at all."""
    assert Money.zero().ratio_to(Money.zero()) == 0
    assert Money(Decimal(1)).ratio_to(Money.zero()) is None
