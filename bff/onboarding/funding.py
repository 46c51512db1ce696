"""Money for a team, once for each idempotency key: an allocation upstream is not idempotent, and money twice is money lost."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import AllocationReply, TeamRecord
from bff.onboarding.errors import ConflictError, InvalidRequestError
from bff.onboarding.organisation import CurrentOrganisation
from bff.onboarding.requests import Allocation

LOOK_BACK = timedelta(days=90)
"""How far back an allocation with the same key is looked for; a task is run again within days."""

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
        booked = await self._organisation.allocations(wallet.id, now - LOOK_BACK) if wallet else []
        same = next((booking for booking in booked if booking.note and mark in booking.note), None)
        if same is not None and wallet is not None:
            if same.amount != request.amount:
                raise ConflictError(
                    f"The team's wallet has been funded under this idempotency key already, with {same.amount.normalize():f} "
                    f"and not {request.amount.normalize():f}: allocate the difference in the console."
                )
            return Funding(AllocationReply(transaction=same, wallet=wallet), new=False)
        note = f"{request.note} {mark}".strip()
        reply = await self._client.allocate(
            team_id=team.id, amount=request.amount, currency=request.currency, note=note
        )
        return Funding(reply, new=True)


def _mark(key: str | None, team: TeamRecord) -> str:
    if not key or len(key) > _LONGEST_KEY or not key.isprintable():
        raise InvalidRequestError(
            "An allocation needs an Idempotency-Key header of 1 to 255 printable characters, such as the id of the task: "
            "it is not made twice when the task is run again."
        )
    digest = hashlib.sha256(f"{team.id}\n{key}".encode()).hexdigest()[:32]
    return f"[idempotency-key {digest}]"
