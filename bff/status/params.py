"""The values that a finding's sentence holds, so that a client can say the sentence in another language.

A client has one sentence a code. A finding therefore has params only where its English sentence says what that one says; where
it says more, or another thing, it has none, and the client shows the English.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_FLOOR, Context, Decimal

from pydantic.alias_generators import to_camel

from bff.status.wire import rfc3339
from bff.values import CurrencyMismatchError, Money

_RATIO_STEP = Decimal("0.0001")
# A millionth of a budget can be exceeded by a factor that the usual 28 digits do not hold.
_EXACT = Context(prec=80)


def params(**values: str | Decimal | datetime | Money) -> Mapping[str, str] | None:
    """Write `values` as the wire has them; `expires_at` becomes `expiresAt`.

    Text stays as it is; None where it holds what cannot be printed, such as the marks that turn text around, which `message`
    shows escaped. A `Decimal` is a ratio: a plain decimal, rounded down to four places so that 99.999 % never reads as
    all of it. A time is RFC 3339 in UTC. Money is its exact plain amount, and `currency` names the one currency of all of it.

    Raises `CurrencyMismatchError` for amounts of several currencies.
    """
    if not all(value.isprintable() for value in values.values() if isinstance(value, str)):
        return None
    currencies = {value.currency for value in values.values() if isinstance(value, Money)}
    if len(currencies) > 1:
        raise CurrencyMismatchError(f"the params {', '.join(values)} must have one currency, not {sorted(currencies)}")
    written = {to_camel(name): _written(value) for name, value in values.items()}
    for currency in currencies:
        written["currency"] = currency
    return written


def _written(value: str | Decimal | datetime | Money) -> str:
    match value:
        case Money():
            return value.plain()
        case Decimal():
            return Money(value.quantize(_RATIO_STEP, ROUND_FLOOR, _EXACT)).plain()
        case datetime():
            return rfc3339(value)
        case _:
            return value
