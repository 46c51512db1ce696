"""Events that are published long after their time: found by what the wallets have paid, or said to be missing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bff.sandbox.records import Charge
from tests.ledger.orchard import Orchard, codes, spent


@pytest.mark.long
async def test_events_an_hour_late_never_make_a_wrong_sum_that_calls_itself_complete(tmp_path: Path) -> None:
    """Beside steady spend, events an hour late are counted or the sum is incomplete, but for one reading in flight."""
    orchard = Orchard(tmp_path)
    orchard.spend("1")
    wrong_in_a_row, true = 0, Decimal(1)
    async with orchard.service() as service:
        await service.refreshed(2)
        for step in range(24):
            orchard.spend("0.1")
            true += Decimal("0.1")
            if step % 4 == 0:
                orchard.spend("1", at=orchard.time.now() - timedelta(hours=1))
                true += 1
            card = await service.refreshed()
            wrong = card["budget"]["complete"] and spent(card) != true
            wrong_in_a_row = wrong_in_a_row + 1 if wrong else 0
            assert wrong_in_a_row < 2, f"reading {step}: {spent(card)} of {true}"
        card = await service.refreshed(30)
    assert (spent(card), card["budget"]["complete"]) == (true, True)


async def test_what_is_paid_and_not_published_makes_the_sum_incomplete(tmp_path: Path) -> None:
    """While the wallets have paid for a request whose event is missing, the sum says that it is a lower bound."""
    orchard = Orchard(tmp_path)
    orchard.spend("1")
    async with orchard.service() as service:
        await service.refreshed()
        orchard.pay("50")
        card = await service.refreshed(3)
    assert (spent(card), card["budget"]["complete"]) == (Decimal(1), False)
    assert "spend-incomplete" in codes(card)


async def test_an_event_forty_minutes_late_exceeds_the_budget(tmp_path: Path) -> None:
    """An event of 40 minutes ago that takes the day over its budget is seen within five readings."""
    orchard = Orchard(tmp_path)
    orchard.spend("1", at=orchard.time.now() - timedelta(hours=1))
    async with orchard.service() as service:
        before = await service.refreshed()
        orchard.spend("105", at=orchard.time.now() - timedelta(minutes=40))
        card = await service.refreshed(5)
    assert (spent(before), spent(card)) == (Decimal(1), Decimal(106))
    assert "budget-exceeded" in codes(card)


async def test_a_wallet_that_is_deleted_concerns_no_other_team(tmp_path: Path) -> None:
    """A wallet that goes away with what it had spent makes no other team's sum incomplete."""
    orchard = Orchard(tmp_path)
    orchard.spend("1")
    other = orchard.state.create_team("other")
    _, account = orchard.state.wallets.allocate(other, Decimal(50))
    key, _ = orchard.state.create_key("other-key", other.id)
    async with orchard.service() as service:
        await service.refreshed(2)
        orchard.publish("7", key=key)
        orchard.state.wallets.settle_late(
            account.id, Decimal(7), created_at=orchard.time.now(), charge=Charge(token_id=key.id)
        )
        await service.refreshed()
        del orchard.state.wallets._accounts[account.id]
        orchard.spend("2")
        card = await service.refreshed(3)
    assert (card["state"], card["findings"], spent(card)) == ("ok", [], Decimal(3))
