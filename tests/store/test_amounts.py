"""Amounts are exact, in Python and in both engines."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, literal, select

from bff.store.amounts import PICO, added, joined, split
from bff.store.database import Database
from bff.store.tables import wallet_marks
from bff.values import Money

units = st.integers(-(10**27), 10**27) | st.integers(-3 * PICO, 3 * PICO)
"""Amounts in 1e-12 dollars: large ones, and those around a change of sign."""


def amount(of: int) -> Money:
    """The amount of so many 1e-12 dollars."""
    return Money(Decimal(of).scaleb(-12))


@given(of=units)
def test_a_pair_is_the_amount(of: int) -> None:
    """An amount that is split and joined again is the same, and its two parts never have opposite signs."""
    usd, pico = split(amount(of))
    assert joined(usd, pico) == amount(of)
    assert abs(pico) < PICO
    assert usd * pico >= 0


@pytest.mark.parametrize(
    ("given_amount", "kept"),
    [
        ("0.0000000000005", "0"),
        ("0.0000000000015", "0.000000000002"),
        ("-0.0000000000015", "-0.000000000002"),
        ("0.00000000000051", "0.000000000001"),
        ("1.9999999999996", "2"),
        ("1E-40", "0"),
    ],
)
def test_digits_beyond_what_is_kept_are_rounded_half_to_even(given_amount: str, kept: str) -> None:
    """An amount of more than twelve digits after the point is rounded half to even."""
    assert joined(*split(Money(Decimal(given_amount)))) == Money(Decimal(kept))


@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "-Infinity", "9223372036854775808", "-1E+30", "1E+999999"])
def test_an_amount_that_does_not_fit_is_refused(wrong: str) -> None:
    """What is no number of dollars within 64 bits is refused by its value."""
    with pytest.raises(ValueError, match=wrong.replace("+", r"\+")):
        split(Money(Decimal(wrong)))


def test_an_amount_of_another_currency_is_refused() -> None:
    """The columns hold US dollars: euros never become dollars on their way into them."""
    with pytest.raises(ValueError, match="EUR"):
        split(Money(Decimal(1), "EUR"))


@given(parts=st.lists(units, max_size=30))
def test_sums_of_pairs_are_the_sums_of_amounts(parts: list[int]) -> None:
    """Dollars and rests may be summed apart, whatever their signs, and joined afterwards."""
    pairs = [split(amount(part)) for part in parts]
    assert joined(sum(usd for usd, _ in pairs), Decimal(sum(pico for _, pico in pairs))) == amount(sum(parts))


# Each example uses the same database, and leaves nothing in it.
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=units, other=units)
async def test_the_database_adds_exactly(database: Database, one: int, other: int) -> None:
    """Each engine adds two amounts of any sign to the pair that Python makes of their sum."""
    pairs = [literal(part, BigInteger) for of in (one, other) for part in split(amount(of))]
    async with database.read() as connection:
        row = (await connection.execute(select(*added(*pairs)))).one()
    assert tuple(row) == split(amount(one + other))


async def test_an_upsert_adds_to_what_is_there(database: Database) -> None:
    """Deltas that are written one after the other add up in the row, through zero and back."""
    deltas = [Money(Decimal(text)) for text in ("0.75", "0.5", "-2", "1E-12", "0.999999999999")]
    for delta in deltas:
        usd, pico = split(delta)
        row = database.upsert(wallet_marks).values(ledger_id=1, wallet_id="w", usd=usd, pico=pico)
        more_usd, more_pico = added(wallet_marks.c.usd, wallet_marks.c.pico, row.excluded.usd, row.excluded.pico)
        async with database.write() as connection:
            await connection.execute(
                row.on_conflict_do_update(
                    index_elements=["ledger_id", "wallet_id"], set_={"usd": more_usd, "pico": more_pico}
                )
            )
    async with database.read() as connection:
        usd, pico = (await connection.execute(select(wallet_marks.c.usd, wallet_marks.c.pico))).one()
    assert joined(usd, pico) == sum(deltas, Money.zero())
