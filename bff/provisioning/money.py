"""Money for a team and back, once for each idempotency key: Keeptrusts moves it as often as it is asked to.

The act is recorded before Keeptrusts is asked, and its tag stands at the end of the booking's note. So an act that is
recorded as done is never looked for again, however many bookings there are and however long ago it was. Only one that
was interrupted is looked for, among the bookings of its own minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Literal

from bff.breaker import BreakerOpenError
from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import AllocationReply, TransactionRecord, WalletRecord
from bff.keeptrusts.errors import KeeptrustsError, UpstreamContractError, UpstreamUnavailableError
from bff.provisioning.acts import Act, Acts, State, Task, Turn
from bff.provisioning.errors import BusyError, ConflictError
from bff.provisioning.keys import SETTLED, hashed
from bff.provisioning.organisation import CurrentOrganisation
from bff.provisioning.requests import Allocation, Reclaim
from bff.telemetry.logs import logger
from bff.values import Money

log = logger("provisioning")

CLOCKS_DIFFER = timedelta(minutes=2)
"""By how much Keeptrusts' clock may differ from ours."""

_BOOKED_AS: dict[str, str] = {"wallet": "allocation", "reclaim": "reclaim"}

_STEP = Decimal("0.000001")
"""A: amounts are moved in millionths at the finest."""

_EXACT = Context(prec=60)

Kind = Literal["wallet", "reclaim"]


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that was moved, the wallet as it is now, and whether it was moved just now.

    `transaction` is None where there was nothing to reclaim, and `wallet` where the team has none.
    """

    transaction: TransactionRecord | None
    wallet: WalletRecord | None
    new: bool


class Wallets:
    """Funds wallets, and reclaims. `zone` is where a calendar month begins.

    Methods must not be interrupted: `Provisioner` sees to it. They raise `ProvisioningError` and `KeeptrustsError`.
    """

    def __init__(
        self,
        client: KeeptrustsClient,
        organisation: CurrentOrganisation,
        acts: Acts,
        *,
        zone: tzinfo,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._organisation = organisation
        self._acts = acts
        self._zone = zone
        self._clock = clock
        self._sleep = sleep

    async def fund(self, request: Allocation, task: Task, *, idempotency_key: str | None) -> Movement:
        """Allocate, unless an allocation with this key was made."""
        once, amount = hashed(task.team, idempotency_key or ""), Money(request.amount, request.currency)
        async with self._acts.turn(task.team.id) as turn:
            act = await turn.find("wallet", task.team.id, once)
            if act is not None:
                _require_same(act, amount)
                before = await self._before(turn, act, task)
                if before is not None:
                    return before
            now = self._clock()
            funded = await turn.funded(task.team.id, month_start(now, self._zone), without=act.id if act else "")
            wider = task.policy.check_funding(task.standing, task.team.name, amount, funded=funded)
            if act is None:
                new = task.act("wallet", str(amount), once, now, amount=amount, wider=wider)
                act = await turn.begin(new)
            moved = await self._moved(turn, act, task, request.note)
        return moved if isinstance(moved, Movement) else await self._taken_over(act, task, moved)

    async def reclaim(self, request: Reclaim, task: Task, *, idempotency_key: str | None) -> Movement:
        """Move money back to the organisation, unless that was done with this key; all that is available without an amount."""
        once = hashed(task.team, "reclaim", idempotency_key or "")
        asked = None if request.amount is None else Money(request.amount, request.currency)
        async with self._acts.turn(task.team.id) as turn:
            act = await turn.find("reclaim", task.team.id, once)
            if act is not None:
                if asked is not None:
                    _require_same(act, asked)
                before = await self._before(turn, act, task)
                if before is not None:
                    return before
            else:
                wallet = await self._organisation.wallet(task.team.id)
                amount = asked or Money(_movable(wallet.balance) if wallet else Decimal(0))
                if amount <= Money.zero(amount.currency):
                    return Movement(None, wallet, new=False)
                act = await turn.begin(task.act("reclaim", str(amount), once, self._clock(), amount=amount))
            moved = await self._moved(turn, act, task, request.note)
        return moved if isinstance(moved, Movement) else await self._taken_over(act, task, moved)

    async def _moved(self, turn: Turn, act: Act, task: Task, note: str) -> Movement | AllocationReply:
        """Move the money of an act; the bare reply where another process took the act over meanwhile."""
        amount = act.amount or Money.zero()
        # From here on the call may have been made, for all that another process can know.
        act = await turn.change(act)
        move = self._client.allocate if act.operation == "wallet" else self._client.reclaim
        try:
            reply = await move(
                team_id=task.team.id, amount=amount.amount, currency=amount.currency, note=act.tagged(note)
            )
        except (UpstreamUnavailableError, UpstreamContractError) as error:
            if isinstance(error.__cause__, BreakerOpenError):
                await turn.failed(act, error.reason)
            # Otherwise it may have been made: the act stays pending, and the next attempt looks for it.
            raise
        except KeeptrustsError as error:
            await turn.failed(act, error.reason)
            raise
        if not act.marks(reply.transaction.note):
            # Keeptrusts' documentation shows no reply. Without notes an interrupted allocation could not be found.
            log.error("note of a booking not kept", transaction=reply.transaction.id)
        try:
            await turn.done(act, made=reply.transaction.id, lasting=True)
        except BusyError:
            return reply
        return Movement(reply.transaction, reply.wallet, new=True)

    async def _taken_over(self, act: Act, task: Task, reply: AllocationReply) -> Movement:
        """Keep one booking of two: another process took the act over while this one was paused, and may have made it too."""
        ours = reply.transaction
        async with self._acts.turn(task.team.id) as turn:
            now = await turn.find(act.operation, task.team.id, act.once)
            if now is None or now.state is State.PENDING:
                await turn.done(now or act, made=ours.id, lasting=True)
                return Movement(ours, reply.wallet, new=True)
            if now.made != ours.id:
                await self._take_back(act, task, ours)
            wallet = await self._organisation.wallet(task.team.id)
            return Movement(_booking(now, wallet), wallet, new=False)

    async def _take_back(self, act: Act, task: Task, ours: TransactionRecord) -> None:
        back = self._client.reclaim if act.operation == "wallet" else self._client.allocate
        note = act.tagged(f"Booked twice by two processes: {ours.id} is taken back")
        try:
            await back(team_id=task.team.id, amount=abs(ours.amount), currency=ours.currency, note=note)
        except KeeptrustsError as error:
            log.critical("money moved twice", team_id=task.team.id, transaction=ours.id, problem=error.reason)
            raise ConflictError(
                f"The money was moved twice at once, and the second booking ({ours.id}, {abs(ours.amount):f} "
                f"{ours.currency}) could not be taken back ({error.reason}): correct it in the console."
            ) from None

    async def _before(self, turn: Turn, act: Act, task: Task) -> Movement | None:
        """What an earlier attempt has moved; None where it has not."""
        wallet = await self._organisation.wallet(task.team.id)
        if act.state is State.DONE:
            return Movement(_booking(act, wallet), wallet, new=False)
        booking = await self._booked(act, wallet)
        quiet = SETTLED - (self._clock() - (act.changed_at or act.started_at))
        if booking is None and quiet > timedelta(0):
            # The call may be under way still.
            await self._sleep(quiet.total_seconds())
            wallet = await self._organisation.wallet(task.team.id)
            booking = await self._booked(act, wallet)
        if booking is None:
            return None
        await turn.done(act, made=booking.id, lasting=True)
        return Movement(booking, wallet, new=False)

    async def _booked(self, act: Act, wallet: WalletRecord | None) -> TransactionRecord | None:
        """The booking that an act has made, by its note."""
        if wallet is None:
            return None
        found = await self._organisation.bookings_of(
            act.marks,
            wallet.id,
            since=act.started_at - CLOCKS_DIFFER,
            until=(act.changed_at or act.started_at) + SETTLED + CLOCKS_DIFFER,
        )
        return next((booking for booking in found if booking.type == _BOOKED_AS[act.operation]), None)


def month_start(now: datetime, zone: tzinfo) -> datetime:
    """When the calendar month of `now` began in `zone`."""
    local = now.astimezone(zone)
    return datetime(local.year, local.month, 1, tzinfo=zone).astimezone(UTC)


def _movable(balance: Decimal) -> Decimal:
    """The part of a balance that can be moved: spend has more decimals than an amount may have."""
    return balance.quantize(_STEP, rounding=ROUND_FLOOR, context=_EXACT)


def _require_same(act: Act, amount: Money) -> None:
    if act.amount != amount:
        raise ConflictError(
            f"This Idempotency-Key was used for {act.amount} and not {amount}: move the difference with another key."
        )


def _booking(act: Act, wallet: WalletRecord | None) -> TransactionRecord:
    """A booking as the act recorded it: it is not looked for among the wallet's."""
    amount = act.amount or Money.zero()
    return TransactionRecord(
        id=act.made,
        wallet_id=wallet.id if wallet else None,
        type=_BOOKED_AS[act.operation],
        amount=amount.amount if act.operation == "wallet" else -amount.amount,
        currency=amount.currency,
        created_at=act.changed_at or act.started_at,
        note=act.tag,
    )
