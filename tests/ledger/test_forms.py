"""Money and lists as deployments write them: amounts as text, digits beyond ours, corrections, many wallets."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from bff.sandbox.faults import Rule
from tests.ledger.orchard import EVENTS, Orchard, Upstream, codes, spent, total

_AMOUNT = re.compile(
    rb'("(?:total_cost_usd|balance|reserved|total_allocated|total_spent)":)(-?[0-9][0-9.eE+-]*)', re.ASCII
)


class MoneyAsText(Upstream):
    """The control plane of a deployment that writes amounts as JSON strings."""

    quoted = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The reply with each amount in quotation marks."""
        reply = await super().handle_async_request(request)
        body, found = _AMOUNT.subn(rb'\1"\2"', await reply.aread())
        self.quoted += found
        kept = {name: value for name, value in reply.headers.items() if name != "content-length"}
        return httpx.Response(reply.status_code, headers=kept, stream=httpx.ByteStream(body))


async def test_money_as_text_is_as_good_as_numbers(tmp_path: Path) -> None:
    """With every amount a string, budget, wallet and report are exact and complete."""
    orchard = Orchard(tmp_path)
    orchard.spend("12.000000000001")
    async with orchard.service(via=MoneyAsText) as service:
        card = await service.refreshed()
        report = await service.report()
        assert isinstance(service.upstream, MoneyAsText)
        assert service.upstream.quoted > 0
    assert (card["state"], spent(card), total(report)) == ("ok", Decimal("12.000000000001"), Decimal("12.000000000001"))
    assert card["wallet"]["available"]["amount"] == "99987.999999999999"


def events(*costs: str) -> Rule:
    """`GET /v1/events` with requests that cost so much, each a JSON number as it stands."""
    rows = ",".join(
        f'{{"event_id": "evt_{number}", "timestamp": "2026-03-11T11:59:00Z", "event_type": "decision",'
        f' "verdict": "allow", "token_id": "KEY", "event_cost_attribution": {{"total_cost_usd": {cost}}}}}'
        for number, cost in enumerate(costs)
    )
    return Rule(kind="body", path=EVENTS, text=f'{{"events": [{rows}], "next_cursor": null}}')


def of_key(rule: Rule, orchard: Orchard) -> Rule:
    """The same with the orchard's key."""
    return rule.model_copy(update={"text": str(rule.text).replace("KEY", orchard.key.id)})


async def test_digits_beyond_ours_are_rounded_and_cost_no_row(tmp_path: Path) -> None:
    """A price with a binary tail is rounded half to even at 1e-12, and the sum is complete."""
    orchard = Orchard(tmp_path)
    orchard.faults.put(of_key(events("0.000009999999999999999", "1", "0.0000000000005", "0.0000000000015"), orchard))
    async with orchard.service() as service:
        card = await service.card()
    assert (spent(card), card["budget"]["complete"], card["findings"]) == (Decimal("1.000010000002"), True, [])


async def test_a_price_with_the_wrong_sign_does_not_hide_spend(tmp_path: Path) -> None:
    """A correction above all that was spent is a finding and a sum that is incomplete, never a state of ok."""
    orchard = Orchard(tmp_path)
    orchard.spend("1")
    orchard.publish("-1618.8")
    async with orchard.service() as service:
        card, report = await service.card(), await service.report(days=1)
    assert card["state"] != "ok"
    assert "spend-incomplete" in codes(card)
    assert card["budget"]["complete"] is False
    assert report["complete"] is False


async def test_wallets_of_many_users_make_nothing_incomplete(tmp_path: Path) -> None:
    """With forty users' wallets the report is complete and agrees with the card."""
    orchard = Orchard(tmp_path)
    orchard.spend("3")
    wallets = [wallet(number) for number in range(40)]
    orchard.faults.put(Rule(kind="body", path="/v1/wallets", text=json.dumps(wallets)))
    async with orchard.service() as service:
        card, report = await service.refreshed(3), await service.report(days=1)
    assert (spent(card), total(report)) == (Decimal(3), Decimal(3))
    assert (card["budget"]["complete"], report["complete"]) == (True, True)


def wallet(number: int) -> dict[str, Any]:
    """The wallet of a user."""
    return {
        "id": f"wal_{number}",
        "scope": "user",
        "user_id": f"user_{number}",
        "currency": "USD",
        "balance": 10,
        "reserved": 0,
        "total_allocated": 10,
        "total_spent": 0,
        "status": "healthy",
    }
