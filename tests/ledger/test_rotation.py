"""A key that is rotated under its name: what its predecessors have spent still counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import NOON
from tests.ledger.orchard import Orchard, codes, spent, total


def rotated(folder: Path, *, both: bool) -> Orchard:
    """95 of 100 USD spent with the old key today and 40 the day before, then 1 with a new key; `both` are active."""
    orchard = Orchard(folder)
    orchard.spend("40", at=NOON - timedelta(days=1))
    orchard.spend("95", at=NOON - timedelta(hours=1))
    old = orchard.state.revoke_key(orchard.key.id)
    new = orchard.new_key()
    if both:
        # The sandbox wants a name once among active keys, where a deployment may allow two.
        orchard.state._keys[old.id] = orchard.key
    orchard.spend("1", key=new)
    return orchard


@pytest.mark.parametrize("both", [False, True], ids=["old key revoked", "both active"])
async def test_a_new_key_does_not_empty_the_budget(tmp_path: Path, both: bool) -> None:
    """After a rotation the card counts both keys against the budget, says that it is near, and how many keys there are."""
    async with rotated(tmp_path, both=both).service() as service:
        card = await service.card()
    assert (spent(card), card["budget"]["usedRatio"]) == (Decimal(96), 0.96)
    assert "budget-near" in codes(card)
    assert (card["gatewayKey"]["state"], card["gatewayKey"]["count"]) == ("active", 2)


@pytest.mark.parametrize("both", [False, True], ids=["old key revoked", "both active"])
async def test_a_new_key_keeps_the_history(tmp_path: Path, both: bool) -> None:
    """After a rotation the spend report holds the days of the old key too."""
    async with rotated(tmp_path, both=both).service() as service:
        await service.refreshed()
        report = await service.report(days=2)
    assert [day["spent"]["amount"] for day in report["byDay"]] == ["40", "96"]


async def test_a_new_key_keeps_the_activity(tmp_path: Path) -> None:
    """After a rotation the requests of the old key today are still counted."""
    async with rotated(tmp_path, both=False).service() as service:
        assert (await service.card())["activity"]["requests"] == 2


async def test_the_current_key_is_the_new_one(tmp_path: Path) -> None:
    """Of two active keys of one name the newer one is shown as current."""
    orchard = rotated(tmp_path, both=True)
    async with orchard.service() as service:
        assert (await service.card())["gatewayKey"]["id"] == orchard.state.keys[-1].id


async def test_the_old_key_is_shown_while_it_works(tmp_path: Path) -> None:
    """Of two active keys of one name the older one is shown as previous, and when it was last used."""
    orchard = rotated(tmp_path, both=True)
    used = NOON - timedelta(hours=3)
    orchard.state.key_used(orchard.key.id, at=used)
    async with orchard.service() as service:
        previous = (await service.card())["gatewayKey"]["previous"]
    assert (previous["id"], previous["prefix"]) == (orchard.key.id, orchard.key.prefix)
    assert (datetime.fromisoformat(previous["lastUsedAt"]), previous["revokesAt"]) == (used, None)


async def test_the_old_key_is_not_shown_once_it_is_revoked(tmp_path: Path) -> None:
    """After the grace the card has the new key alone."""
    async with rotated(tmp_path, both=False).service() as service:
        assert (await service.card())["gatewayKey"]["previous"] is None


async def test_card_and_report_agree_after_a_rotation(tmp_path: Path) -> None:
    """Today's sum of the report is the card's."""
    async with rotated(tmp_path, both=True).service() as service:
        card, report = await service.card(), await service.report(days=1)
    assert total(report) == spent(card)
