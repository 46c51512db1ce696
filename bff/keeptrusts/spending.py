"""What a wallet's bookings add up to, by budget day, key and model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal

from bff.governance.budget_window import BudgetWindow
from bff.governance.facts import ModelSpend
from bff.governance.money import USD, Money
from bff.keeptrusts.contract import TransactionRecord

SETTLE = "settle"
REFUND = "refund"

KeyAndModel = tuple[str | None, str | None]
"""The id of a key and the name of a model; None for bookings that name none."""


@dataclass(frozen=True, slots=True)
class DaySpending:
    """Spend of one budget day in USD, and the other currencies in which something was spent, which no sum holds."""

    sums: Mapping[KeyAndModel, ModelSpend] = field(default_factory=dict)
    other_currencies: frozenset[str] = frozenset()


class Spending:
    """Bookings of one wallet, added up: settled amounts less refunds. All other bookings move money and spend none."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._window: BudgetWindow | None = None
        self._sums: defaultdict[date, dict[KeyAndModel, ModelSpend]] = defaultdict(dict)
        self._other_currencies: defaultdict[date, set[str]] = defaultdict(set)

    def add(self, record: TransactionRecord) -> None:
        """Count one booking."""
        if record.type not in {SETTLE, REFUND}:
            return
        day = self._day(record.created_at)
        if record.currency != USD:
            self._other_currencies[day].add(record.currency)
            return
        # The wallet's view: what it paid is below 0.
        self._count(
            day, (record.token_id, record.model or None), ModelSpend(-record.amount, int(record.type == SETTLE))
        )

    def merge(self, other: Spending) -> None:
        """Count all that `other` has counted."""
        for day, sums in other._sums.items():
            for named, spend in sums.items():
                self._count(day, named, spend)
        for day, currencies in other._other_currencies.items():
            self._other_currencies[day] |= currencies

    def of(self, day: date) -> DaySpending:
        """What was counted for `day`, as it stands now."""
        return DaySpending(dict(self._sums.get(day, {})), frozenset(self._other_currencies.get(day, ())))

    def _count(self, day: date, named: KeyAndModel, spend: ModelSpend) -> None:
        sums = self._sums[day]
        sums[named] = plus(sums[named], spend) if named in sums else spend

    def _day(self, moment: datetime) -> date:
        # Bookings come in the order of time: most are of the day of the one before.
        if self._window is None or not self._window.contains(moment):
            self._window = BudgetWindow.containing(moment, self._zone)
        return self._window.day


def plus(one: ModelSpend, other: ModelSpend) -> ModelSpend:
    """The exact sum of two."""
    return ModelSpend(exact_sum((one.spent, other.spent)), one.requests + other.requests)


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of amounts in USD with all their digits."""
    return sum((Money(amount) for amount in amounts), Money.zero()).amount


def joined(parts: Iterable[DaySpending]) -> DaySpending:
    """The sum of several days' or readings' spending."""
    sums: dict[KeyAndModel, ModelSpend] = {}
    other_currencies: set[str] = set()
    for part in parts:
        for named, spend in part.sums.items():
            sums[named] = plus(sums[named], spend) if named in sums else spend
        other_currencies |= part.other_currencies
    return DaySpending(sums, frozenset(other_currencies))
