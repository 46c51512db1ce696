"""What one entity has spent, over HTTP."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bff.sandbox.faults import Rule
from tests.conftest import BOT, Running

SPEND = f"{BOT}/spend"


@pytest.mark.parametrize("days", [1, 7, 30, 90])
async def test_days_and_models_add_up(running: Running, days: int) -> None:
    """There is an item for each day, today's is partial, and days and models add up to the total."""
    report = (await running.get(f"{SPEND}?days={days}")).json()
    assert len(report["byDay"]) == days
    assert [day["partial"] for day in report["byDay"]] == [False] * (days - 1) + [True]
    assert report["byDay"][-1]["date"] == "2026-03-11"
    total = Decimal(report["total"]["amount"])
    assert total == sum(Decimal(day["spent"]["amount"]) for day in report["byDay"])
    assert total == sum(Decimal(model["spent"]["amount"]) for model in report["byModel"])
    assert report["complete"] is True


async def test_today_is_the_same_as_on_the_card(running: Running) -> None:
    """Today's spend in the report is today's spend in the status."""
    status = await running.status_of("customer-support-bot")
    report = (await running.get(SPEND)).json()
    assert report["byDay"][-1]["spent"] == status["budget"]["spent"]
    assert report["dailyBudget"] == status["budget"]["daily"]


async def test_closed_days_are_read_once(running: Running) -> None:
    """Asking again for the past asks Keeptrusts for nothing."""
    await running.get(f"{SPEND}?days=90")
    asked = len(running.upstream.paths)
    await running.get(f"{SPEND}?days=30")
    await running.get(f"{SPEND}?days=90")
    assert len(running.upstream.paths) == asked


@pytest.mark.parametrize("days", ["0", "91", "-1", "1.5", "seven", "", "9999999999", "٣"])
async def test_a_number_of_days_that_cannot_be(running: Running, days: str) -> None:
    """A number of days outside 1 to 90 is a problem that names it."""
    reply = await running.client.get(SPEND, params={"days": days})
    assert (reply.status_code, reply.json()["type"]) == (422, "urn:keeptrusts-bff:invalid")
    assert "days" in reply.json()["detail"]


async def test_another_teams_spend_is_withheld(running: Running) -> None:
    """Numbers of a key that is not the owner's are withheld here as on the card."""
    report = (await running.get("/v1/entities/component/default/lead-scorer/spend")).json()
    assert (report["total"], report["byDay"], report["byModel"]) == (None, None, None)
    assert [finding["code"] for finding in report["findings"]] == ["owner-mismatch"]


async def test_an_unread_past_is_a_lower_bound(running: Running) -> None:
    """When past bookings cannot be read, the sums are called lower bounds."""
    await running.get(f"{BOT}/governance")
    running.break_upstream(Rule(kind="status", code=503))
    report = (await running.get(f"{SPEND}?days=7")).json()
    assert report["complete"] is False
    assert "spend-incomplete" in {finding["code"] for finding in report["findings"]}
    assert any(not day["complete"] for day in report["byDay"])


async def test_a_report_is_not_sent_twice(running: Running) -> None:
    """A request that names the current tag is answered with 304."""
    first = await running.get(SPEND)
    assert (await running.get(SPEND, if_none_match=first.headers["etag"])).status_code == 304
