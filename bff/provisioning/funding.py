"""Money for a team, once for each idempotency key: an allocation upstream is not idempotent, and money twice is money lost."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import AllocationReply, TeamRecord, TransactionRecord
from bff.keeptrusts.errors import KeeptrustsError
from bff.provisioning.errors import ConflictError, InvalidRequestError
from bff.provisioning.organisation import CurrentOrganisation
from bff.provisioning.requests import Allocation
from bff.telemetry.logs import logger

log = logger("onboarding")

LOOK_BACK = timedelta(days=90)
"""How far back an allocation with the same key is looked for; the template's key names the team and not the task."""

AT_ONCE = timedelta(minutes=10)
"""Before an allocation, by Keeptrusts' clock: when another replica can have begun the same one."""

_LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Funding:
    """An allocation, and whether it was made just now."""

    reply: AllocationReply
    new: bool


class Wallets:
    """Funds wallets. The idempotency key's hash goes into the booking's note, so that it outlives this process."""

    def __init__(self, client: KeeptrustsClient, organisation: CurrentOrganisation) -> None:
        self._client = client
        self._organisation = organisation

    async def fund(
        self, request: Allocation, team: TeamRecord, *, idempotency_key: str | None, now: datetime
    ) -> Funding:
        """Allocate, unless an allocation with this key is booked. Raises `InvalidRequestError`, `ConflictError` or `KeeptrustsError`."""
        mark = _mark(idempotency_key, team)
        wallet = await self._organisation.wallet(team.id)
        if wallet is not None:
            booked = await self._organisation.allocations(wallet.id, mark=mark, since=now - LOOK_BACK, most=1)
            if booked:
                _require_same(booked[0], request)
                return Funding(AllocationReply(transaction=booked[0], wallet=wallet), new=False)
        note = f"{request.note} {mark}".strip()
        reply = await self._client.allocate(
            team_id=team.id, amount=request.amount, currency=request.currency, note=note
        )
        if not (reply.transaction.note or "").endswith(mark):
            # Keeptrusts' documentation shows no reply: should it not keep notes, somebody has to know.
            log.error("allocation note not kept: a repeated task would fund again", transaction=reply.transaction.id)
        return await self._once(request, reply, team, mark)

    async def _once(self, request: Allocation, reply: AllocationReply, team: TeamRecord, mark: str) -> Funding:
        """The allocation just made or, if another replica's came before it, that one: then ours is taken back."""
        ours = reply.transaction
        try:
            twins = await self._organisation.allocations(reply.wallet.id, mark=mark, since=ours.created_at - AT_ONCE)
        except (KeeptrustsError, ConflictError) as error:
            log.warning("not looked for a second allocation", transaction=ours.id, problem=str(error))
            return Funding(reply, new=True)
        first = min([ours, *twins], key=lambda booking: (booking.created_at, booking.id))
        if first.id == ours.id:
            return Funding(reply, new=True)
        try:
            taken = await self._client.reclaim(
                team_id=team.id, amount=ours.amount, currency=ours.currency, note=f"Allocated at once by two {mark}"
            )
        except KeeptrustsError as error:
            log.critical("wallet funded twice", team_id=team.id, transaction=ours.id, problem=error.reason)
            raise ConflictError(
                f"The team's wallet was funded twice at once, and the second allocation ({ours.id}, {ours.amount:f} "
                f"{ours.currency}) could not be taken back ({error.reason}): reclaim it in the console."
            ) from None
        _require_same(first, request)
        return Funding(AllocationReply(transaction=first, wallet=taken.wallet), new=False)


def _require_same(booked: TransactionRecord, request: Allocation) -> None:
    if (booked.amount, booked.currency) != (request.amount, request.currency):
        raise ConflictError(
            f"The team's wallet has been funded under this idempotency key already, with {booked.amount.normalize():f} "
            f"{booked.currency} and not {request.amount.normalize():f} {request.currency}: allocate the difference in "
            "the console."
        )


def _mark(key: str | None, team: TeamRecord) -> str:
    if not key or len(key) > _LONGEST_KEY or not key.isprintable():
        raise InvalidRequestError(
            "An allocation needs an Idempotency-Key header of 1 to 255 printable characters, such as the id of the task: "
            "it is not made twice when the task is run again."
        )
    digest = hashlib.sha256(f"{team.id}\n{key}".encode()).hexdigest()[:32]
    return f"[idempotency-key {digest}]"
