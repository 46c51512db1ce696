"""Small values that validate themselves: amounts of money, entity references, budget days."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Context, Decimal

from bff.wording import quoted

USD = "USD"

# Upstream amounts have up to 15 digits before the point and 12 after: the usual 28 digits would round their sums.
_EXACT = Context(prec=80)

_CENT = Decimal("0.01")
# A token's price is far below a cent; two digits tell its size.
_SMALL = Context(prec=2, rounding=ROUND_HALF_UP)


class CurrencyMismatchError(ValueError):
    """Two amounts of different currencies were added or compared."""


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
        """Return an amount of zero in `currency`."""
        return cls(Decimal(0), currency)

    def __add__(self, other: Money) -> Money:
        return Money(_EXACT.add(self.amount, self._same_currency(other).amount), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(_EXACT.subtract(self.amount, self._same_currency(other).amount), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __abs__(self) -> Money:
        return -self if self.amount < 0 else self

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same_currency(other).amount

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same_currency(other).amount

    def __bool__(self) -> bool:
        """Whether there is any money at all."""
        return bool(self.amount)

    def ratio_to(self, whole: Money) -> Decimal | None:
        """Return this amount divided by `whole`. Where `whole` is zero: 0 for an amount of zero, else None."""
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


DEFAULT_NAMESPACE = "default"

_KIND = re.compile(r"[a-zA-Z][a-zA-Z0-9]{0,62}", re.ASCII)
_NAMESPACE = re.compile(r"(?=.{1,63}\Z)[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*", re.ASCII)
_NAME = re.compile(r"(?=.{1,63}\Z)[a-zA-Z0-9]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?", re.ASCII)


class EntityRefError(ValueError):
    """A text is not an entity reference; the message names the part, the value and the form expected."""


@dataclass(frozen=True, slots=True, order=True)
class EntityRef:
    """One entity by kind, namespace and name, in the lower case in which Backstage compares them.

    Raises `EntityRefError` when a part breaks Backstage's own rules for names
    (backstage.io/docs/features/software-catalog/descriptor-format).
    """

    kind: str
    namespace: str
    name: str
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for part, form, expected in (
            ("kind", _KIND, "a letter, then letters and digits, at most 63"),
            ("namespace", _NAMESPACE, "letters and digits separated by single dashes, at most 63"),
            ("name", _NAME, "letters and digits separated by '-', '_' or '.', at most 63"),
        ):
            value: str = getattr(self, part)
            if not form.fullmatch(value):
                raise EntityRefError(f"the {part} {quoted(value)} of an entity reference must be {expected}")
            object.__setattr__(self, part, value.lower())
        # Every look-up wants it, and a tuple's is computed each time.
        object.__setattr__(self, "_hash", hash((self.kind, self.namespace, self.name)))

    def __hash__(self) -> int:
        return self._hash

    @classmethod
    def parse(
        cls, text: str, *, default_kind: str | None = None, default_namespace: str = DEFAULT_NAMESPACE
    ) -> EntityRef:
        """Read `[kind:][namespace/]name`; the kind may be left out only where `default_kind` says what is meant."""
        kind, colon, rest = text.partition(":")
        if not colon:
            if default_kind is None:
                raise EntityRefError(f"the entity reference {quoted(text)} must have the form kind:namespace/name")
            kind, rest = default_kind, text
        namespace, slash, name = rest.partition("/")
        if not slash:
            namespace, name = default_namespace, rest
        return cls(kind, namespace, name)

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}"


_ONE_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class BudgetWindow:
    """The instants from `start` (inclusive) to `end` (exclusive) that belong to the local calendar day `day`.

    A day has 23 or 25 hours where clocks change. The windows of a zone tile the time line: each instant lies in exactly
    one, and each ends where the next begins.
    """

    day: date
    start: datetime
    end: datetime

    @classmethod
    def containing(cls, now: datetime, zone: tzinfo) -> BudgetWindow:
        """The window in which the aware instant `now` lies."""
        window = cls.of(now.astimezone(zone).date(), zone)
        # Where clocks went back just after midnight (St. John's, until 2011), the evening before comes twice: its second
        # part has yesterday's date and yet lies in the day that has started. A day starts once.
        while now >= window.end:
            window = cls.of(window.day + _ONE_DAY, zone)
        return window

    @classmethod
    def of(cls, day: date, zone: tzinfo) -> BudgetWindow:
        """The window of a local calendar day; it is empty for a day that the zone skipped (Apia, 2011-12-30)."""
        return cls(day, _beginning(day, zone), _beginning(day + _ONE_DAY, zone))

    @property
    def length(self) -> timedelta:
        """How long the day is."""
        return self.end - self.start

    def contains(self, moment: datetime) -> bool:
        """Whether `moment` lies in the window."""
        return self.start <= moment < self.end

    def elapsed(self, moment: datetime) -> timedelta:
        """How much of the window has passed at `moment`: nothing before it begins, all of it after it ends."""
        return min(max(moment, self.start), self.end) - self.start

    def elapsed_ratio(self, moment: datetime) -> Decimal:
        """The same as a share, 0 to 1."""
        return Decimal(self.elapsed(moment) // _MICROSECOND) / Decimal(self.length // _MICROSECOND)


def _beginning(day: date, zone: tzinfo) -> datetime:
    # Where midnight does not exist, since clocks go forward at it, Python reads it with the offset from before the
    # change, which gives the very instant of the change: the first of that day. Where midnight comes twice, it is the first.
    return datetime.combine(day, time.min, zone).astimezone(UTC)
