"""Two organisations at one address, in one database: neither sees anything of the other's."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bff.sandbox.faults import Rule
from tests.ledger.orchard import Orchard, spent, total

NAMELESS = Rule(kind="body", path="/v1/whoami", text='{"subject": "reader", "organization": {"name": "x"}}')


@pytest.mark.parametrize("named", [True, False], ids=["named by id", "without an id"])
async def test_two_organisations_share_nothing(tmp_path: Path, named: bool) -> None:
    """Card, report and wallet are the own organisation's, whichever of the two was read first."""
    one, two = Orchard(tmp_path, read_token="kt_ak_one"), Orchard(tmp_path, read_token="kt_ak_two")
    if not named:
        one.faults.put(NAMELESS)
        two.faults.put(NAMELESS)
    one.spend("95")
    two.spend("1")
    async with one.service() as first, two.service() as second:
        for service in (first, second):
            await service.refreshed(2)
        cards = [await first.card(), await second.card()]
        reports = [await first.report(), await second.report()]
    assert [spent(card) for card in cards] == [Decimal(95), Decimal(1)]
    assert [total(report) for report in reports] == [Decimal(95), Decimal(1)]
    assert [card["wallet"]["spent"]["amount"] for card in cards] == ["95", "1"]
    assert [card["gatewayKey"]["id"] for card in cards] == [one.key.id, two.key.id]


async def test_each_organisation_is_read_by_a_leader_of_its_own(tmp_path: Path) -> None:
    """A service of one organisation does not wait for the leader of another."""
    one, two = Orchard(tmp_path, read_token="kt_ak_one"), Orchard(tmp_path, read_token="kt_ak_two")
    async with one.service() as first, two.service() as second:
        await first.refreshed()
        await second.refreshed()
        roles = [
            (await service.client.get("/health")).json()["checks"]["database:state"] for service in (first, second)
        ]
    assert [role[0]["observedValue"] for role in roles] == ["leading", "leading"]
