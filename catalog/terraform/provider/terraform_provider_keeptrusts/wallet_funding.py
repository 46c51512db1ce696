"""`keeptrusts_wallet_funding`.

Keeptrusts' allocation is a movement and no thing: it cannot be read back or deleted, and twice is twice. What can be read is the
total that a team was allocated, so that is what this resource brings to an amount.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from tf.iface import CreateContext, DeleteContext, ImportContext, ReadContext, UpdateContext
from tf.schema import Attribute
from tf.types import String
from tf.utils import Diagnostics

from bff.values import USD, Money
from terraform_provider_keeptrusts.diagnosis import Deed, RefusalError, diagnosed
from terraform_provider_keeptrusts.dollars import Dollars, fault, rounded_down
from terraform_provider_keeptrusts.resource import KeeptrustsResource, State, identity

if TYPE_CHECKING:
    from bff.keeptrusts.contract import WalletRecord

NOTE = "Terraform: keeptrusts_wallet_funding"


class WalletFunding(KeeptrustsResource):
    """The total that a team's wallet was ever allocated. What was spent of it stays spent."""

    name: ClassVar[str] = "wallet_funding"
    description: ClassVar[str] = (
        "Brings the total that a team's wallet was allocated to an amount: allocates or reclaims the difference."
    )
    attributes: ClassVar[list[Attribute]] = [
        identity("The team's id: a team has one funding."),
        Attribute("team_id", String(), "The team whose wallet it is.", required=True, requires_replace=True),
        Attribute("amount", Dollars(), "The total to be allocated, in USD; 0 or more.", required=True),
    ]

    def validate(self, diags: Diagnostics, type_name: str, config: dict[str, Any]) -> None:
        """Refuse an amount that no wallet can hold."""
        super().validate(diags, type_name, config)
        if (wrong := fault(config.get("amount"))) is not None:
            diags.add_error("The amount is not in order", f"{type_name}.amount: {wrong}.", path=["amount"])

    def create(self, ctx: CreateContext, planned: State) -> State | None:
        """Bring the total to the amount; what was allocated before counts, and is never taken away by a plan that adds."""
        with diagnosed(ctx.diagnostics, _deed("fund", planned["team_id"])):
            self._ask(self._funded(planned["team_id"], planned["amount"]))
            return planned | {"id": planned["team_id"]}
        return None

    def read(self, ctx: ReadContext, current: State) -> State | None:
        """The total as it is now; a team without a wallet was allocated nothing."""
        with diagnosed(ctx.diagnostics, _deed("read", current["team_id"])):
            wallet = self._ask(self._organisation.wallet(current["team_id"]))
            return current | {"amount": _in_dollars(wallet).total_allocated if wallet else Decimal(0)}
        return current

    def update(self, ctx: UpdateContext, current: State, planned: State) -> State | None:
        """Bring the total to the new amount."""
        with diagnosed(ctx.diagnostics, _deed("fund", current["team_id"])):
            self._ask(self._brought(current["team_id"], planned["amount"]))
            return planned
        return current

    def delete(self, ctx: DeleteContext, current: State) -> State | None:
        """Reclaim what is left of the total."""
        with diagnosed(ctx.diagnostics, _deed("reclaim", current["team_id"])):
            reserved = self._ask(self._emptied(current["team_id"]))
            if reserved:
                ctx.diagnostics.add_warning(
                    "Money remains in the wallet",
                    f"{Money(reserved)} of the team {current['team_id']} are reserved by requests under way and were not reclaimed.",
                )
            return None
        return current

    def import_(self, ctx: ImportContext, id: str) -> State | None:  # noqa: A002 - the framework's name
        """Take over the funding of the team with this id."""
        with diagnosed(ctx.diagnostics, _deed("import", id)):
            team, wallet = self._ask(self._organisation.team(id)), self._ask(self._organisation.wallet(id))
            if team is None:
                raise RefusalError(f"No team has the id {id!r}.")
            return {"id": id, "team_id": id, "amount": _in_dollars(wallet).total_allocated if wallet else Decimal(0)}
        return None

    async def _funded(self, team_id: str, amount: Decimal) -> None:
        wallet = await self._wallet_now(team_id)
        if wallet is not None and wallet.total_allocated > amount:
            raise RefusalError(
                f"The team was allocated {Money(wallet.total_allocated)} already, more than {Money(amount)}. Raise the amount, or "
                f"take over what is there, so that a plan shows what is reclaimed: terraform import ADDRESS {team_id}.",
                argument="amount",
            )
        await self._brought(team_id, amount)

    async def _brought(self, team_id: str, amount: Decimal) -> None:
        wallet = await self._wallet_now(team_id)
        missing = Money(amount) - Money(wallet.total_allocated if wallet else Decimal(0))
        if missing.amount > 0:
            await self._connection.change(
                lambda: self._keeptrusts.allocate(team_id=team_id, amount=missing.amount, currency=USD, note=NOTE)
            )
        elif wallet is not None and missing.amount < 0:
            await self._reclaimed(wallet, team_id, -missing.amount)

    async def _reclaimed(self, wallet: WalletRecord, team_id: str, amount: Decimal) -> None:
        movable = max(rounded_down(wallet.balance), Decimal(0))
        if amount > movable:
            least = Money(wallet.total_allocated) - Money(movable)
            raise RefusalError(
                f"{Money(amount)} would have to be reclaimed, and {Money(movable)} are left: the rest is spent or "
                f"reserved. The least amount is {least.plain()} now.",
                argument="amount",
            )
        await self._connection.change(
            lambda: self._keeptrusts.reclaim(team_id=team_id, amount=amount, currency=USD, note=NOTE)
        )

    async def _emptied(self, team_id: str) -> Decimal:
        """Reclaim all that is available; what is reserved besides."""
        wallet = await self._wallet_now(team_id)
        if wallet is None:
            return Decimal(0)
        # Spend is finer than what can be moved: less than a millionth of a dollar stays behind.
        movable = rounded_down(wallet.balance)
        if movable > 0:
            await self._reclaimed(wallet, team_id, movable)
        return wallet.reserved

    async def _wallet_now(self, team_id: str) -> WalletRecord | None:
        self._organisation.changed()
        wallet = await self._organisation.wallet(team_id)
        return None if wallet is None else _in_dollars(wallet)


def _deed(what: str, team_id: str) -> Deed:
    return Deed(f"{what} the wallet of the team {team_id}", "amount")


def _in_dollars(wallet: WalletRecord) -> WalletRecord:
    if wallet.currency != USD:
        raise RefusalError(f"The wallet {wallet.id} is in {wallet.currency}; this provider moves {USD} only.")
    return wallet
