"""One wallet and its book: every change of money is a booking, and the balance is their sum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from bff.keeptrusts.contract import TransactionType
from bff.sandbox.records import Booking, Charge, Scope
from bff.sandbox.timeline import Order, Timeline

MOST_BOOKINGS = 50_000
"""A wallet with more forgets: first reservations that are over, then its oldest days, whose sum it carries forward."""

CURRENCY = "USD"
RESERVATIONS_KEPT = timedelta(days=1)

_LOW = Decimal("0.1")
_ZERO = Decimal(0)
_NO_CHARGE = Charge()


def booking_order(booking: Booking) -> Order:
    """Where a booking stands in its wallet's book."""
    return booking.created_at, booking.serial


@dataclass(slots=True)
class Account:
    """A wallet; the fields have the contract's names.

    `next_serial` hands out the next number of the state, `run` makes ids unlike those of any other run.
    """

    id: str
    serial: int
    scope: Scope
    team_id: str | None
    name: str
    updated_at: datetime
    run: str
    next_serial: Callable[[], int] = field(repr=False)
    balance: Decimal = _ZERO
    reserved: Decimal = _ZERO
    total_allocated: Decimal = _ZERO
    total_spent: Decimal = _ZERO
    currency: str = CURRENCY
    user_id: None = None
    most_bookings: int = MOST_BOOKINGS
    book: Timeline[Booking] = field(default_factory=lambda: Timeline(booking_order), repr=False)
    _open: dict[str, Decimal] = field(default_factory=dict, repr=False)

    @property
    def status(self) -> Literal["healthy", "low", "depleted"]:
        """Low is under 10 % of what was allocated; depleted, nothing is left."""
        if self.balance <= 0:
            return "depleted"
        return "low" if self.balance < self.total_allocated * _LOW else "healthy"

    def post(
        self,
        kind: TransactionType,
        amount: Decimal,
        at: datetime,
        *,
        charge: Charge = _NO_CHARGE,
        note: str | None = None,
    ) -> Booking:
        """Book `amount` (signed from this wallet's view) at the time `at`, which may lie in the past."""
        serial = self.next_serial()
        booking = Booking(
            id=f"txn_{self.run}{serial:08x}",
            serial=serial,
            wallet_id=self.id,
            type=kind,
            amount=amount,
            currency=self.currency,
            created_at=at,
            request_id=charge.request_id,
            token_id=charge.token_id,
            model=charge.model,
            provider=charge.provider,
            note=note,
        )
        self.balance += amount
        if kind in {"settle", "refund"}:
            self.total_spent -= amount
        elif self._gives(kind):
            self.total_allocated += amount
        self.updated_at = max(self.updated_at, at)
        self.book.add(booking)
        self._stay_bounded(at)
        return booking

    def settle_unlisted(self, amount: Decimal, at: datetime) -> None:
        """Spend `amount` (negative: give back) without a booking, for loads whose bookings would not fit into memory."""
        self.balance -= amount
        self.total_spent += amount
        self.updated_at = max(self.updated_at, at)

    def reserve(self, amount: Decimal, at: datetime, charge: Charge) -> str:
        """Set `amount` aside and return the reservation's id."""
        reservation = self.post("reserve", -amount, at, charge=charge).id
        self._open[reservation] = amount
        self.reserved += amount
        return reservation

    def release(self, reservation: str, at: datetime, charge: Charge) -> None:
        """Give back what was reserved; raises `KeyError` for a reservation that is not open."""
        amount = self._open.pop(reservation)
        self.reserved -= amount
        self.post("release", amount, at, charge=charge)

    def _gives(self, kind: TransactionType) -> bool:
        # An organisation is given credit and hands it on; a team is given allocations. Each counts what it was given.
        return kind == "credit" if self.scope == "organization" else kind in {"allocation", "reclaim"}

    def _stay_bounded(self, now: datetime) -> None:
        if len(self.book) <= self.most_bookings:
            return
        most = self.most_bookings * 9 // 10  # one cut makes room for many bookings to come
        over = _net_by_request(self.book, before=now - RESERVATIONS_KEPT)
        self.book.forget(lambda booking: _is_hold(booking) and over.get(booking.request_id) == 0)
        if dropped := self.book.drop_oldest(keep=most):
            self._carry_forward(dropped)

    def _carry_forward(self, dropped: list[Booking]) -> None:
        newest = dropped[-1]
        self.book.add(
            Booking(
                id=f"txn_{self.run}{self.next_serial():08x}",
                serial=newest.serial,
                wallet_id=self.id,
                type="credit",
                amount=sum((booking.amount for booking in dropped), _ZERO),
                currency=self.currency,
                created_at=newest.created_at,
                note=f"Carried forward: the sandbox keeps no bookings up to {newest.created_at.date()}",
            )
        )


def _is_hold(booking: Booking) -> bool:
    return booking.type in {"reserve", "release"}


def _net_by_request(book: Timeline[Booking], *, before: datetime) -> Mapping[str | None, Decimal]:
    # A reservation and its release cancel out; only both together may be forgotten.
    net: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    newer: set[str | None] = {None}
    for booking in book:
        if _is_hold(booking):
            net[booking.request_id] += booking.amount
            if booking.created_at >= before:
                newer.add(booking.request_id)
    return {request: amount for request, amount in net.items() if request not in newer}
