"""Exact amounts of money in columns: whole dollars, and the rest in units of 1e-12 dollars.

Neither engine has a decimal type that is exact and indexed alike in both, and 64 bits of 1e-12 dollars end at nine
million dollars. So an amount is a pair of integers: its value is `usd + pico * 1e-12`, `|pico| < 10**12`, and the two
never have opposite signs.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, literal

from bff.values import USD, Money

PICO = 10**12
"""Units of `pico` in a dollar."""

_UNIT = Decimal(1).scaleb(-12)
_MOST_USD = 2**63 - 1
# Enough digits for 64 bits of dollars, and for sums of `pico` over every row that a table can have.
_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)


def split(money: Money) -> tuple[int, int]:
    """Return the pair `(usd, pico)` of an amount in US dollars, rounded half to even at 1e-12.

    Raises `ValueError` for another currency, and for an amount whose dollars do not fit into 64 bits.
    """
    amount = money.amount
    if money.currency != USD:
        raise ValueError(f"an amount must be in {USD}, not {money.currency}")
    # Compare first: rounding an amount of more digits than the context has raises another error.
    if abs(amount) > _MOST_USD + 1:
        raise ValueError(f"an amount must be a number of dollars that fits into 64 bits, not {amount}")
    units = int(amount.quantize(_UNIT, context=_EXACT).scaleb(12, context=_EXACT))
    usd, pico = divmod(abs(units), PICO)
    if usd > _MOST_USD:
        raise ValueError(f"an amount must be a number of dollars that fits into 64 bits, not {amount}")
    return (usd, pico) if units >= 0 else (-usd, -pico)


def joined(usd: int | Decimal, pico: int | Decimal) -> Money:
    """Return the amount of a pair, or of the sums of many pairs.

    `pico` may exceed a dollar and differ in sign from `usd`, as sums do; PostgreSQL gives sums as `Decimal`.
    """
    return Money(Decimal(int(usd) * PICO + int(pico)).scaleb(-12, context=_EXACT))


def added(
    usd: ColumnElement[int], pico: ColumnElement[int], more_usd: ColumnElement[int], more_pico: ColumnElement[int]
) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Return SQL for the sum of two pairs, as a pair: exact, and the same in both engines.

    For an upsert: `added(t.c.usd, t.c.pico, insert.excluded.usd, insert.excluded.pico)`.
    """
    # Both engines divide integers towards zero and give the remainder the sign of the dividend, so that quotient and
    # remainder always add up. SQLAlchemy writes `//` of integers as that division.
    fraction = pico + more_pico
    whole = usd + more_usd + fraction // _number(PICO)
    rest: ColumnElement[Any] = fraction % _number(PICO)
    too_much, too_little = and_(whole > 0, rest < 0), and_(whole < 0, rest > 0)
    return (
        whole + case((too_much, _number(-1)), (too_little, _number(1)), else_=_number(0)),
        rest + case((too_much, _number(PICO)), (too_little, _number(-PICO)), else_=_number(0)),
    )


def _number(value: int) -> ColumnElement[int]:
    return literal(value, BigInteger)
