"""The wallets of the organisation, their books, and how money moves between them. Amounts are exact decimals of USD."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Generic, Literal, TypeVar

from bff.keeptrusts.contract import TransactionType
from bff.sandbox.errors import InvalidError, NotFoundError
from bff.sandbox.paging import Page
from bff.sandbox.records import Booking, Charge, Scope, Team

T = TypeVar("T")
Order = tuple[datetime, int]
"""A moment and a serial number: the serial makes every position unique."""


class Timeline(Generic[T]):
    """Items by time and serial number; `order` reads both off an item."""

    def __init__(self, order: Callable[[T], Order]) -> None:
        self._order = order
        self._items: list[T] = []

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        """Oldest first."""
        return iter(self._items)

    def add(self, item: T) -> None:
        """Put `item` where its time belongs, which need not be the end."""
        if not self._items or self._order(self._items[-1]) < self._order(item):
            self._items.append(item)
        else:
            insort(self._items, item, key=self._order)

    def newest_first(
        self,
        *,
        limit: int,
        since: datetime | None = None,
        until: datetime | None = None,
        before: Order | None = None,
        matches: Callable[[T], bool] = lambda _: True,
    ) -> Page[T, Order]:
        """At most `limit` items from `since` (inclusive) to `until` (exclusive) that come before the position `before`.

        A page continues from a position and not from a count, so items that arrive between two pages shift nothing.
        """
        lowest = 0 if since is None else self._first_at(since)
        index = len(self._items) if until is None else self._first_at(until)
        if before is not None:
            index = min(index, bisect_left(self._items, before, key=self._order))
        page: list[T] = []
        while index > lowest:
            index -= 1
            if matches(self._items[index]):
                if len(page) == limit:
                    return Page(tuple(page), next=self._order(page[-1]))
                page.append(self._items[index])
        return Page(tuple(page), next=None)

    def drop_oldest(self, *, keep: int) -> list[T]:
        """Take away and return the oldest whole days (UTC) until at most `keep` items stay.

        A day that alone holds more than `keep` is cut within the day: the bound comes first.
        """
        excess = len(self._items) - keep
        if excess <= 0:
            return []
        cut_day = self._day(excess - 1)
        cut = next((i for i in range(excess, len(self._items)) if self._day(i) != cut_day), excess)
        dropped, self._items = self._items[:cut], self._items[cut:]
        return dropped

    def forget(self, gone: Callable[[T], bool]) -> None:
        """Take away every item that is `gone`."""
        self._items = [item for item in self._items if not gone(item)]

    def _first_at(self, moment: datetime) -> int:
        return bisect_left(self._items, (moment, -1), key=self._order)

    def _day(self, index: int) -> object:
        return self._order(self._items[index])[0].astimezone(UTC).date()


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


class Wallets:
    """The organisation's wallet and one for each team that was ever allocated anything.

    `next_serial` numbers what is made, `run` goes into every id.
    """

    def __init__(
        self, clock: Callable[[], datetime], next_serial: Callable[[], int], *, run: str, organization_name: str
    ) -> None:
        self._clock = clock
        self._next_serial = next_serial
        self._run = run
        self._accounts: dict[str, Account] = {}
        self._by_team: dict[str, Account] = {}
        self.organization = self._open("organization", None, organization_name)

    @property
    def all(self) -> Sequence[Account]:
        """The organisation's wallet first, then the teams' in the order of their first allocation."""
        return tuple(self._accounts.values())

    def get(self, wallet_id: str) -> Account:
        """The wallet with this id."""
        try:
            return self._accounts[wallet_id]
        except KeyError:
            raise NotFoundError("no wallet has this id") from None

    def of_team(self, team_id: str) -> Account | None:
        """The team's wallet, if it was ever allocated anything."""
        return self._by_team.get(team_id)

    def cascade(self, team_id: str | None) -> Sequence[Account]:
        """The wallets that are asked to pay, in their order: the team's, then the organisation's."""
        own = None if team_id is None else self.of_team(team_id)
        return (self.organization,) if own is None else (own, self.organization)

    def credit(self, amount: Decimal, *, at: datetime | None = None, note: str | None = None) -> Booking:
        """Pay money into the organisation's wallet."""
        return self.organization.post("credit", amount, at or self._clock(), note=note)

    def allocate(
        self, team: Team, amount: Decimal, *, at: datetime | None = None, note: str | None = None
    ) -> tuple[Booking, Account]:
        """Move money from the organisation to a team; what the organisation lacks is credited to it first, on account.

        Twice is twice: nothing recognises a repeated allocation.
        """
        at = at or self._clock()
        lacking = amount - self.organization.balance
        if lacking > 0:
            self.credit(lacking, at=at, note="Credit on account")
        account = self.of_team(team.id) or self._open("team", team.id, team.name)
        self.organization.post("allocation", -amount, at, note=note)
        return account.post("allocation", amount, at, note=note), account

    def reclaim(
        self, team: Team, amount: Decimal, *, at: datetime | None = None, note: str | None = None
    ) -> tuple[Booking, Account]:
        """Move money back from a team to the organisation; the team must have it."""
        at = at or self._clock()
        account = self.of_team(team.id)
        if account is None or account.balance < amount:
            available = format(account.balance, "f") if account else "no wallet"
            raise InvalidError(f"amount is more than the team {team.name!r} has available ({available})")
        self.organization.post("reclaim", amount, at, note=note)
        return account.post("reclaim", -amount, at, note=note), account

    def settle_late(
        self, wallet_id: str, cost: Decimal, *, created_at: datetime, charge: Charge, note: str | None = None
    ) -> Booking:
        """Book spend that arrives late: without a reservation, and `created_at` may lie in the past."""
        return self.get(wallet_id).post("settle", -cost, created_at, charge=charge, note=note)

    def refund(self, wallet_id: str, amount: Decimal, *, charge: Charge, at: datetime | None = None) -> Booking:
        """Give back what a request has cost."""
        return self.get(wallet_id).post("refund", amount, at or self._clock(), charge=charge)

    def _open(self, scope: Scope, team_id: str | None, name: str) -> Account:
        serial = self._next_serial()
        account = Account(
            f"wal_{self._run}{serial:06x}",
            serial,
            scope,
            team_id,
            name,
            updated_at=self._clock(),
            run=self._run,
            next_serial=self._next_serial,
        )
        self._accounts[account.id] = account
        if team_id is not None:
            self._by_team[team_id] = account
        return account
