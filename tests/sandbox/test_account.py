"""One wallet's book."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.sandbox.records import Charge
from bff.sandbox.wallets import Account

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
amounts = st.decimals("0.000001", "100000", places=6)


def account(most_bookings: int = 1000, next_serial: Callable[[], int] | None = None) -> Account:
    return Account(
        "wal_1",
        1,
        "team",
        "team_1",
        "a-team",
        updated_at=NOW,
        run="run",
        next_serial=next_serial or count(2).__next__,
        most_bookings=most_bookings,
    )


def booked(wallet: Account) -> Decimal:
    return sum((booking.amount for booking in wallet.book), Decimal(0))


@given(st.lists(st.tuples(st.sampled_from(["give", "take", "hold", "free", "spend", "refund"]), amounts), max_size=60))
def test_the_balance_is_the_sum_of_all_bookings(steps: list[tuple[str, Decimal]]) -> None:
    """Whatever happens to a wallet in whatever order, its totals follow from its bookings."""
    wallet, open_holds = account(), []
    for number, (step, amount) in enumerate(steps):
        charge = Charge(f"req_{number}")
        if step == "give":
            wallet.post("allocation", amount, NOW)
        elif step == "take":
            wallet.post("reclaim", -amount, NOW)
        elif step == "hold":
            open_holds.append((wallet.reserve(amount, NOW, charge), amount, charge))
        elif step == "free" and open_holds:
            reservation, _, held_for = open_holds.pop()
            wallet.release(reservation, NOW, held_for)
        elif step == "spend":
            wallet.post("settle", -amount, NOW, charge=charge)
        elif step == "refund":
            wallet.post("refund", amount, NOW, charge=charge)
    of_kind: Callable[..., Any] = lambda *kinds: sum(  # noqa: E731 - a sum over the book, named
        (booking.amount for booking in wallet.book if booking.type in kinds), Decimal(0)
    )
    assert wallet.balance == booked(wallet)
    assert wallet.total_spent == -of_kind("settle", "refund")
    assert wallet.total_allocated == of_kind("allocation", "reclaim")
    assert wallet.reserved == sum((amount for _, amount, _ in open_holds), Decimal(0)) == -of_kind("reserve", "release")


def test_a_reservation_is_released_once() -> None:
    """Money that was given back cannot be given back again."""
    wallet = account()
    reservation = wallet.reserve(Decimal(1), NOW, Charge("req_1"))
    wallet.release(reservation, NOW, Charge("req_1"))
    with pytest.raises(KeyError):
        wallet.release(reservation, NOW, Charge("req_1"))
    assert wallet.balance == 0


@pytest.mark.parametrize(
    ("spent", "status"),
    [("0", "healthy"), ("90", "healthy"), ("90.01", "low"), ("100", "depleted"), ("101", "depleted")],
)
def test_the_status_follows_the_balance(spent: str, status: str) -> None:
    """Low is under 10 % of what was allocated, depleted is nothing left."""
    wallet = account()
    wallet.post("allocation", Decimal(100), NOW)
    wallet.post("settle", -Decimal(spent), NOW)
    assert wallet.status == status


def test_a_late_booking_stands_where_its_time_is() -> None:
    """A settle that is reported late is found on the day it belongs to."""
    wallet = account()
    wallet.post("settle", Decimal(-1), NOW)
    late = wallet.post("settle", Decimal(-2), NOW - timedelta(days=1))
    assert next(iter(wallet.book)) == late
    assert wallet.updated_at == NOW


def test_a_bounded_book_keeps_its_sums() -> None:
    """Old days go, but what they amount to is carried forward, and totals count all that ever was."""
    wallet = account(most_bookings=50)
    wallet.post("allocation", Decimal(1000), NOW)
    for day in range(1, 40):
        for _ in range(5):
            wallet.post("settle", Decimal("-0.1"), NOW + timedelta(days=day))
        assert len(wallet.book) <= 51
        assert wallet.balance == booked(wallet)
    assert wallet.total_spent == Decimal("19.5")
    assert wallet.total_allocated == 1000
    first = next(iter(wallet.book))
    assert first.type == "credit"
    assert "Carried forward" in (first.note or "")


def test_reservations_that_are_over_are_forgotten_first() -> None:
    """Released holds weigh nothing, so they go before any day of spend does; an open one stays."""
    wallet = account(most_bookings=40)
    for number in range(12):
        charge, day = Charge(f"req_{number}"), NOW + timedelta(days=number)
        wallet.release(wallet.reserve(Decimal(3), day, charge), day, charge)
        wallet.post("settle", Decimal(-2), day, charge=charge)
    wallet.reserve(Decimal(7), NOW, Charge("req_open"))
    for _ in range(5):
        wallet.post("settle", Decimal(-2), NOW + timedelta(days=12), charge=Charge("req_new"))
    assert [booking.type for booking in wallet.book].count("settle") == 17
    assert [b.request_id for b in wallet.book if b.type == "reserve"] == ["req_open", "req_11"]
    assert wallet.balance == booked(wallet) == Decimal(-41)
    assert wallet.reserved == 7
