"""Amounts of money as exact decimals with their currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

USD = "USD"

# Upstream amounts have up to 15 digits before the point and 12 after: the usual 28 digits would round their sums.
_EXACT = Context(prec=80)

_CENT = Decimal("0.01")
# A token's price is far below a cent; two digits tell its size.
_SMALL = Context(prec=2, rounding=ROUND_HALF_UP)


class CurrencyMismatchError(ValueError):
    """Two amounts of different currencies met in one sum or comparison."""


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency; `amount` is finite, `currency` an ISO 4217 code.

    Raises `ValueError` for an infinite or undefined amount.
    """

    amount: Decimal
    currency: str = USD

    def __post_init__(self) -> None:
        if not self.amount.is_finite():
            raise ValueError(f"an amount of money must be finite, not {self.amount}")

    @classmethod
    def zero(cls, currency: str = USD) -> Money:
        """Nothing, in `currency`."""
        return cls(Decimal(0), currency)

    def __add__(self, other: Money) -> Money:
        return Money(_EXACT.add(self.amount, self._same_currency(other).amount), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(_EXACT.subtract(self.amount, self._same_currency(other).amount), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same_currency(other).amount

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same_currency(other).amount

    def __bool__(self) -> bool:
        """Whether there is any money at all."""
        return bool(self.amount)

    def ratio_to(self, whole: Money) -> Decimal | None:
        """This amount as a share of `whole`; 0 of nothing is 0, anything else of nothing is None (it has no ratio)."""
        self._same_currency(whole)
        if whole.amount:
            return self.amount / whole.amount
        return None if self.amount else Decimal(0)

    def plain(self) -> str:
        """The amount as a decimal string without exponent or trailing zeros: `500`, `0.0001`, `-3.5`."""
        if not self.amount:
            return "0"
        text = format(self.amount, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text

    def __str__(self) -> str:
        """As a sentence says it: whole amounts bare, others to the cent, less than a cent with two significant digits."""
        if self.amount == self.amount.to_integral_value():
            return f"{self.plain()} {self.currency}"
        if abs(self.amount) < _CENT:
            return f"{Money(_SMALL.plus(self.amount)).plain()} {self.currency}"
        return f"{self.amount.quantize(_CENT, ROUND_HALF_UP, _EXACT):f} {self.currency}"

    def _same_currency(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatchError(f"{self.currency} cannot be compared with {other.currency}")
        return other
