"""Amounts of money on their way between Terraform, which has numbers of 512 bits, and Keeptrusts, which has decimals."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

from tf.types import Number

from terraform_provider_keeptrusts.unknown import is_unknown

MOST_DECIMALS = 6
LARGEST = Decimal(1_000_000_000)

_STEP = Decimal(1).scaleb(-MOST_DECIMALS)
# An expression such as 0.1 * 30 is off by one in the last of 512 bits; what somebody wrote with a seventh decimal is not.
_NOISE = Decimal("1e-20")
_EXACT = Context(prec=200)


class Dollars(Number):
    """A Terraform number as an exact `Decimal` of USD.

    Terraform sends a number as an integer, as a float where that is exact, and else as text.
    """

    def decode(self, value: Any) -> Any:
        """Give the number as a `Decimal`; null and unknown stay what they are. Raises `ValueError` for what is no number."""
        if value is None or is_unknown(value):
            return value
        return _clean(_decimal(value))

    def encode(self, value: Any) -> Any:
        """Give the text that Terraform reads as exactly this number."""
        return value if value is None or is_unknown(value) else format(value, "f")


def fault(value: Any) -> str | None:
    """Say what is wrong with an amount as it stands in the configuration; None when it is in order or not known yet."""
    if value is None or is_unknown(value):
        return None
    try:
        amount = _clean(_decimal(value))
    except ValueError as error:
        return str(error)
    if amount < 0:
        return f"it must be 0 or more, not {amount:f}"
    if amount > LARGEST:
        return f"it must be at most {LARGEST:,}, not {amount:,f}"
    if amount != amount.quantize(_STEP, context=_EXACT):
        return f"it must have at most {MOST_DECIMALS} decimal places, not {amount:f}"
    return None


def rounded_down(amount: Decimal) -> Decimal:
    """Give the most that can be moved of an amount."""
    return amount.quantize(_STEP, rounding=ROUND_FLOOR, context=_EXACT)


def _decimal(value: Any) -> Decimal:
    try:
        # A float's shortest text is what was written; msgpack has one only where nothing is lost by it.
        amount = Decimal(str(value)) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite():
        raise ValueError(f"it must be a number, not {str(value)[:40]!r}")
    return amount


def _clean(amount: Decimal) -> Decimal:
    if abs(amount) > LARGEST:
        return amount
    near = amount.quantize(_STEP, rounding=ROUND_HALF_EVEN, context=_EXACT)
    cleaned = near if abs(_EXACT.subtract(amount, near)) < _NOISE else amount
    return cleaned.normalize(_EXACT) if cleaned else Decimal(0)
