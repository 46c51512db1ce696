"""Events in columns: order, costs, sums by day, and the work of a page."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.sandbox.accounts import State
from bff.sandbox.edge import json_reply
from bff.sandbox.event_log import UNKNOWN, EventListing, EventLog, Row, amount, decimal_text, events_page, units
from bff.sandbox.records import Cost, Decision
from tests.sandbox.conftest import Clock

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def decision(serial: int, at: datetime, cost: str | None = "1", *, token_id: str | None = "tok_1") -> Decision:
    """One of the gateway's decisions."""
    return Decision(
        event_id=f"evt_run{serial:08x}",
        serial=serial,
        request_id=f"req-{serial}",
        timestamp=at,
        verdict="allow",
        reason_code=None,
        model="gpt-4o",
        provider="openai",
        team_id="team_1",
        token_id=token_id,
        event_cost_attribution=Cost(None if cost is None else Decimal(cost), "txn_1"),
    )


def log_of(*decisions: Decision) -> EventLog:
    """A log that holds these."""
    log = EventLog("run")
    for each in decisions:
        log.add(each)
    return log


@given(st.permutations(range(12)))
def test_events_come_out_as_they_were_put_in(order: list[int]) -> None:
    """Whatever the order of arrival, by time and then by serial number, with every member."""
    put = [decision(serial, NOON + timedelta(microseconds=serial // 3)) for serial in order]
    assert list(log_of(*put)) == sorted(put, key=lambda each: each.serial)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-1_000_000, max_value=1_000_000))
def test_a_cost_keeps_every_digit(cost: Decimal) -> None:
    """Twelve places in, the same number out, without exponent or trailing zeros."""
    text = decimal_text(units(cost))
    assert amount(units(cost)) == cost == Decimal(text)
    assert "E" not in text
    assert not ("." in text and text.endswith("0"))


@pytest.mark.parametrize("cost", ["0.0000000000001", "10000000", "-10000000"])
def test_a_cost_that_does_not_fit_is_refused(cost: str) -> None:
    """Rather an error that names it than a sum that is wrong in its last digit."""
    with pytest.raises(ValueError, match=f"12 decimal places, not {Decimal(cost)}"):
        units(Decimal(cost))


def test_a_day_is_one_of_the_zone() -> None:
    """23:30 UTC is the next day in Berlin, where the day of the change of clocks has 23 hours."""
    moments = (datetime(2026, 3, 28, 22, 30), datetime(2026, 3, 28, 23, 30), datetime(2026, 3, 29, 22, 30))  # noqa: DTZ001
    log = log_of(*(decision(serial, at.replace(tzinfo=UTC)) for serial, at in enumerate(moments)))
    truth = log.truth(zone=ZoneInfo("Europe/Berlin"))
    assert [(row.day, row.sum.requests) for row in truth.rows] == [
        (date(2026, 3, 28), 1),
        (date(2026, 3, 29), 1),
        (date(2026, 3, 30), 1),
    ]


def test_the_truth_has_bounds() -> None:
    """From `since` (inclusive) to `until` (exclusive), for events that wait to be listed too."""
    log = log_of(*(decision(serial, NOON + timedelta(seconds=serial)) for serial in range(5)))
    source, kind = log.source("tok_1", "team_1"), log.kind("allow", None, "gpt-4o", "openai")
    for serial in range(5):
        moment = int((NOON + timedelta(seconds=serial)).timestamp()) * 1_000_000
        log.publish_later(Row(moment, 100 + serial, 10**12, source, kind), at=moment + 10**9)
    window = {"since": NOON + timedelta(seconds=1), "until": NOON + timedelta(seconds=3)}
    zone = ZoneInfo("UTC")
    whole, listed = log.truth(zone=zone, **window), log.truth(zone=zone, published_only=True, **window)
    assert (whole.total.spent, whole.total.requests, whole.unpublished) == (4, 4, 2)
    assert (listed.total.spent, listed.total.requests, listed.unpublished) == (2, 2, 0)


def test_an_unknown_cost_is_counted_apart() -> None:
    """It is no zero: the request counts, and the sum says how many of them have no price."""
    truth = log_of(decision(1, NOON, "2.5"), decision(2, NOON, None)).truth(zone=ZoneInfo("UTC"))
    assert (truth.total.spent, truth.total.requests, truth.total.unpriced) == (Decimal("2.5"), 2, 1)


def test_pricing_needs_an_event() -> None:
    """A position without an event is an error, and no other event gets the cost."""
    log = log_of(decision(1, NOON, None))
    with pytest.raises(KeyError):
        log.price((log.position(0)[0], 2), 5)
    assert next(iter(log)).event_cost_attribution.total_cost_usd is None


def test_whole_days_are_dropped_first() -> None:
    """A bound cuts at a midnight of UTC, unless the newest day alone is more than it."""
    days = [NOON + timedelta(days=number // 4, minutes=number) for number in range(12)]
    log = log_of(*(decision(serial, at) for serial, at in enumerate(days)))
    log.drop_oldest(keep=7)
    assert [event.serial for event in log] == [8, 9, 10, 11]
    log.drop_oldest(keep=3)
    assert [event.serial for event in log] == [9, 10, 11]


@pytest.mark.long
def test_a_page_of_a_million_costs_what_a_page_of_a_thousand_does() -> None:
    """From the start, the middle and the end; best of several, with a wide margin for a busy machine."""

    def filled(count: int) -> EventLog:
        log = EventLog("run")
        source, kind = log.source("tok_1", "team_1"), log.kind("allow", None, "gpt-4o", "openai")
        for start in range(0, count, 1_000):
            numbers = range(start, start + 1_000)
            log.extend([Row(number * 1_000_000, number, UNKNOWN, source, kind) for number in numbers])
        return log

    def best(log: EventLog) -> float:
        taken = []
        for _ in range(7):
            started = time.process_time()
            for order in ("newest-first", "oldest-first"):
                listing = EventListing(order=order)
                since = datetime.fromtimestamp(len(log) // 2, UTC)
                for bound in (None, since):
                    body = events_page(
                        log, listing, limit=200, since=bound, until=None, team_id=None, cursor=None, now=NOON
                    )
                    assert len(json_reply(body).body) > 10_000
            taken.append(time.process_time() - started)
        return min(taken)

    assert best(filled(1_000_000)) < 5 * best(filled(1_000))


@pytest.mark.parametrize("query", ["zone=Mars", "listed_only=maybe", "since=today", "sinse=2026-01-01T00:00:00Z"])
async def test_a_truth_that_cannot_be_had_is_refused(admin: httpx.AsyncClient, query: str) -> None:
    """422 that names the parameter: a misspelled bound would compare with another truth."""
    reply = await admin.get(f"/_sandbox/truth?{query}")
    assert reply.status_code == 422
    assert query.partition("=")[0] in reply.json()["error"]["message"]


async def test_the_truth_over_http(admin: httpx.AsyncClient, state: State, clock: Clock) -> None:
    """Amounts are decimal strings, and each row has its day, key, team and model."""
    state.decisions.add(decision(1, clock.now, "0.000000000001"))
    state.decisions.add(decision(2, clock.now, "-2", token_id=None))
    reply = (await admin.get("/_sandbox/truth?zone=Asia/Tokyo")).json()
    verdicts = {"allow": 1, "block": 0, "redact": 0, "escalate": 0}
    first = {"spent": "0.000000000001", "requests": 1, "unpriced": 0, "verdicts": verdicts}
    second = {"spent": "-2", "requests": 1, "unpriced": 0, "verdicts": verdicts}
    place = {"day": "2026-03-10", "team_id": "team_1", "model": "gpt-4o"}
    assert reply == {
        "total": {
            "spent": "-1.999999999999",
            "requests": 2,
            "unpriced": 0,
            "verdicts": verdicts | {"allow": 2},
        },
        "unpublished": 0,
        "by_key": [{"token_id": "tok_1", **first}, {"token_id": None, **second}],
        "rows": [{**place, "token_id": "tok_1", **first}, {**place, "token_id": None, **second}],
    }
