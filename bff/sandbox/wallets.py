"""The wallets of the organisation, and how money moves between them. Amounts are exact decimals of USD."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from bff.sandbox.account import Account
from bff.sandbox.errors import InvalidError, NotFoundError
from bff.sandbox.records import Booking, Charge, Scope, Team


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
        """Book spend that is told late: no reservation came before it, and `created_at` may lie in the past."""
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
