"""What one entity has spent, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from bff.sandbox.faults import Rule
from tests.conftest import BOT, Running, Start

SPEND = f"{BOT}/spend"


@pytest.fixture
async def running(start: Start) -> AsyncIterator[Running]:
    """A service that has read a few days back: to read all 90 takes longer than the tests."""
    async with start(bff_backfill_days=3) as made:
        yield made


@pytest.mark.parametrize("days", [1, 7, 30, 90])
async def test_days_and_models_add_up(start: Start, days: int) -> None:
    """There is an item for each day, today's is partial, and days and models add up to the total."""
    async with start(bff_backfill_days=days) as running:
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


async def test_reports_ask_keeptrusts_for_nothing(running: Running) -> None:
    """The past is in the ledger: a report, the first one too, costs Keeptrusts no call."""
    await running.get(f"{BOT}/governance")
    asked = len(running.upstream.paths)
    await running.get(f"{SPEND}?days=3")
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


def incomplete_days(report: dict[str, Any]) -> list[str]:
    """The days of `report` that are lower bounds, which it must say of the whole as well where there are any."""
    days = [day["date"] for day in report["byDay"] if not day["complete"]]
    assert report["complete"] is (not days)
    assert ("spend-incomplete" in {finding["code"] for finding in report["findings"]}) is bool(days)
    return days


async def test_an_unread_past_is_a_lower_bound(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """While events of older days cannot be read those days are lower bounds, today is not; with Keeptrusts back all are whole."""
    ask = running.upstream.handle_async_request

    async def refuse_older_days(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503) if "until" in request.url.params else await ask(request)

    with monkeypatch.context() as patch:
        patch.setattr(running.upstream, "handle_async_request", refuse_older_days)
        report = (await running.get(f"{SPEND}?days=3")).json()
    assert incomplete_days(report) == ["2026-03-09", "2026-03-10"]
    await running.refreshed()
    again = (await running.get(f"{SPEND}?days=3")).json()
    assert incomplete_days(again) == []
    assert Decimal(again["total"]["amount"]) > Decimal(report["total"]["amount"])


async def test_a_misspelled_parameter_is_not_ignored(running: Running) -> None:
    """A name that the request does not have is refused by name: it would otherwise be answered as if it were left out."""
    reply = await running.get(f"{BOT}/spend?day=7")
    assert reply.status_code == 422
    assert reply.json()["detail"] == "'day' is no parameter of this request: there are days, format"


async def test_days_before_the_backfill_are_lower_bounds(start: Start) -> None:
    """What is older than the operator lets the service read back to is never called whole."""
    async with start(bff_backfill_days=2) as running:
        report = (await running.get(f"{SPEND}?days=4")).json()
    assert incomplete_days(report) == ["2026-03-08"]


async def test_the_time_since_the_last_reading_is_a_lower_bound(running: Running) -> None:
    """When events have not been read for more than five minutes, today's sum is a lower bound and older days stay whole."""
    await running.get(f"{BOT}/governance")
    running.break_upstream(Rule(kind="status", code=503, path="/v1/events"))
    running.time.pass_(301)
    await running.refreshed()
    report = (await running.get(f"{SPEND}?days=3")).json()
    assert incomplete_days(report) == ["2026-03-11"]
    (finding,) = (finding for finding in report["findings"] if finding["code"] == "spend-incomplete")
    assert "12:00 UTC" in finding["message"]


async def test_a_past_that_was_read_outlives_an_outage(running: Running) -> None:
    """Keeptrusts down: what was read of the closed days is shown as before, and is whole."""
    before = (await running.get(f"{SPEND}?days=3")).json()
    running.break_upstream(Rule(kind="status", code=503))
    await running.refreshed()
    after = (await running.get(f"{SPEND}?days=3")).json()
    assert incomplete_days(after) == []
    assert after["byDay"] == before["byDay"]
    assert "data-stale" in {finding["code"] for finding in after["findings"]}


async def test_a_report_is_not_sent_twice(running: Running) -> None:
    """A request that names the current tag is answered with 304."""
    first = await running.get(SPEND)
    assert (await running.get(SPEND, if_none_match=first.headers["etag"])).status_code == 304
