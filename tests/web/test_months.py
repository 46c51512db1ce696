"""Months and unusual days over HTTP: the report and the card say the same, and it is what Keeptrusts' own events add up to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bff.sandbox.records import Charge, Cost
from tests.conftest import BOT, Running, Start

SPEND = f"{BOT}/spend"
KEY = "support-team-gw-key"
ENTITY = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: customer-support-bot
  annotations:
    keeptrusts.dev/gateway-key-name: support-team-gw-key
    keeptrusts.dev/policy-tier: tier-3-customer-facing
    keeptrusts.dev/monthly-budget: "{budget}"
spec:
  type: service
  lifecycle: production
  owner: support-team
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A catalog whose one entity has a monthly budget that its spend of March will exceed."""
    (tmp_path / "all.yaml").write_text(ENTITY.format(budget=4000), encoding="utf-8")
    return tmp_path


@pytest.fixture
async def running(start: Start, catalog: Path) -> AsyncIterator[Running]:
    """A service that has read the 40 days before 2026-03-11, so that all of February is there but its first days."""
    async with start(bff_backfill_days=40, catalog=catalog) as made:
        await made.get(f"{BOT}/governance")
        await made.refreshed()
        yield made


def events_by_day(running: Running) -> dict[date, Decimal]:
    """What Keeptrusts' own events of the key come to by day in UTC."""
    key = next(key for key in running.state.keys if key.name == KEY)
    sums: dict[date, Decimal] = {}
    for event in running.state.decisions:
        cost = event.event_cost_attribution.total_cost_usd
        if event.token_id == key.id and cost is not None:
            day = event.timestamp.date()
            sums[day] = sums.get(day, Decimal(0)) + cost
    return sums


async def report(running: Running, days: int = 7) -> dict[str, Any]:
    """The spend report of the entity."""
    reply = await running.get(f"{SPEND}?days={days}")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def codes(document: dict[str, Any]) -> set[str]:
    """The codes of findings about the month and the days."""
    return {each["code"] for each in document["findings"] if each["code"].startswith(("month-", "spend-"))}


async def test_the_month_is_what_the_events_add_up_to(running: Running) -> None:
    """The month to date, the month before up to the same moment, and the period before are Keeptrusts' own, to the last digit."""
    own, found = events_by_day(running), await report(running)
    march = {day: spent for day, spent in own.items() if day >= date(2026, 3, 1)}
    february = {day: spent for day, spent in own.items() if date(2026, 2, 1) <= day < date(2026, 3, 1)}
    to_date = sum(spent for day, spent in february.items() if day.day < 11)
    # The facts were read 31 seconds after noon.
    to_date += (february[date(2026, 2, 11)] * Decimal(43_231) / 86_400).quantize(Decimal("1e-12"))
    month = found["month"]
    assert (month["month"], month["complete"], month["previous"]["complete"]) == ("2026-03", True, True)
    assert Decimal(month["spent"]["amount"]) == sum(march.values())
    assert Decimal(month["previous"]["spent"]["amount"]) == sum(february.values())
    assert Decimal(month["previous"]["spentToDate"]["amount"]) == to_date
    assert Decimal(month["change"]["amount"]["amount"]) == sum(march.values()) - to_date
    previous = found["previous"]
    assert (previous["from"], previous["to"], previous["complete"]) == ("2026-02-26", "2026-03-04", True)
    week = sum(own[date(2026, 2, 26) + timedelta(days=day)] for day in range(7))
    assert Decimal(previous["total"]["amount"]) == week
    assert [each["month"] for each in found["months"]] == ["2026-01", "2026-02", "2026-03"]
    assert [each["complete"] for each in found["months"]] == [False, True, True]


async def test_the_card_says_what_the_report_says(running: Running, catalog: Path) -> None:
    """A budget that the month will exceed, nearly has, or has, is a finding of both, with one sentence."""
    found = await report(running)
    forecast = found["month"]["forecast"]
    assert forecast["basedOnDays"] == 28
    assert [Decimal(forecast[end]["amount"]) for end in ("low", "likely", "high")] == sorted(
        Decimal(forecast[end]["amount"]) for end in ("low", "likely", "high")
    )
    spent, likely = (Decimal(each["amount"]) for each in (found["month"]["spent"], forecast["likely"]))
    for budget, expected in (
        ((spent + likely) / 2, {"month-budget-pace"}),
        (spent * Decimal("1.1"), {"month-budget-near", "month-budget-pace"}),
        (spent * Decimal("0.9"), {"month-budget-exceeded"}),
        (likely * 2, set()),
    ):
        (catalog / "all.yaml").write_text(ENTITY.format(budget=int(budget)), encoding="utf-8")
        await running.refreshed()
        card, found = await running.status_of("customer-support-bot"), await report(running)
        assert codes(card) == codes(found) == expected
        said = {each["message"] for each in found["findings"]}
        assert {each["message"] for each in card["findings"] if each["code"].startswith("month-")} <= said


async def test_an_unusual_day_is_found_when_its_events_come_late(running: Running) -> None:
    """Events of yesterday that are published today make it unusual, on the card and in the report, with the model that did it."""
    assert "spend-unusual" not in codes(await running.status_of("customer-support-bot"))
    key = next(key for key in running.state.keys if key.name == KEY)
    at, cost = running.time.now() - timedelta(days=1), Decimal("2345.67")
    charge = Charge("req_late", key.id, "gpt-4o", "openai")
    account = running.state.wallets.of_team(key.team_id)
    assert account is not None
    booking = running.state.wallets.settle_late(account.id, cost, created_at=at, charge=charge)
    running.state.decide(key, "allow", charge, at=at, cost=Cost(cost, booking.id))
    for _ in range(4):
        await running.refreshed()
    (finding,) = (
        each
        for each in (await running.status_of("customer-support-bot"))["findings"]
        if each["code"] == "spend-unusual"
    )
    assert (finding["params"]["date"], finding["params"]["model"]) == ("2026-03-10", "gpt-4o")
    found = await report(running)
    (day,) = found["unusualDays"]
    assert (day["date"], day["model"], day["partial"]) == ("2026-03-10", "gpt-4o", False)
    assert Decimal(day["spent"]["amount"]) == events_by_day(running)[date(2026, 3, 10)]
    assert finding["message"] in {each["message"] for each in found["findings"]}
