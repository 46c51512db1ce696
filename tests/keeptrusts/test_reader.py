"""The reader gives all facts part by part; trouble upstream is in them and never an exception."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bff.governance.facts import Cause, Facts, Reading
from bff.keeptrusts.contract import EventRecord, TeamRecord
from bff.keeptrusts.listing import Pages
from bff.keeptrusts.reader import FactsReader
from tests.keeptrusts.stand_in import NOON, StandIn, denied, down, malformed, missing

STALE_LIMIT = timedelta(hours=1)
LATER = timedelta(minutes=1)


@pytest.fixture
def upstream() -> StandIn:
    """A team that has spent 1 USD in one request."""
    made = StandIn(teams_listed=[TeamRecord(id="team_1", name="support-team")])
    made.open_wallet()
    made.book("1")
    made.decide()
    return made


@pytest.fixture
def reader(upstream: StandIn) -> FactsReader:
    """Nothing read yet."""
    return reader_of(upstream)


def reader_of(upstream: StandIn) -> FactsReader:
    """A reader in UTC."""
    return FactsReader(upstream, timezone=ZoneInfo("UTC"), stale_limit=STALE_LIMIT)


def parts(facts: Facts) -> dict[str, Reading[object]]:
    """The parts by name."""
    return {part.name: getattr(facts, part.name) for part in fields(Facts)}


async def test_every_part_is_fresh_when_all_goes_well(upstream: StandIn, reader: FactsReader) -> None:
    """Each part has its value, as of now, without a cause."""
    facts = await reader.read(upstream.now)
    assert {(part.observed_at, part.cause, part.complete) for part in parts(facts).values()} == {
        (upstream.now, None, True)
    }
    assert facts.spend.value is not None
    assert facts.spend.value.by_key == {"tok_1": Decimal(1)}
    assert facts.activity.value is not None
    assert facts.activity.value.by_key["tok_1"].requests == 1


async def test_when_all_is_down_from_the_start_every_part_says_so(upstream: StandIn, reader: FactsReader) -> None:
    """There is no value anywhere, and no zero in its place."""
    upstream.always(down)
    facts = await reader.read(NOON)
    assert {(part.value, part.cause, part.detail) for part in parts(facts).values()} == {
        (None, Cause.UNAVAILABLE, "answered 503")
    }


@pytest.mark.parametrize(("error", "cause"), [(down, Cause.UNAVAILABLE), (malformed, Cause.CONTRACT)])
async def test_when_all_fails_later_every_part_keeps_its_last_value(
    upstream: StandIn, reader: FactsReader, error: type, cause: Cause
) -> None:
    """The same values as of when they were read, up to the limit of their age, and then none."""
    good = parts(await reader.read(NOON))
    upstream.always(error)
    kept = parts(await reader.read(NOON + STALE_LIMIT))
    assert {name: part.value for name, part in kept.items()} == {name: part.value for name, part in good.items()}
    assert {(part.observed_at, part.cause) for part in kept.values()} == {(NOON, cause)}
    gone = parts(await reader.read(NOON + STALE_LIMIT + LATER))
    assert {(part.value, part.cause) for part in gone.values()} == {(None, cause)}


@pytest.mark.parametrize(("error", "cause"), [(denied, Cause.DENIED), (missing, Cause.CONTRACT)])
async def test_a_refusal_leaves_no_value_in_any_part(
    upstream: StandIn, reader: FactsReader, error: type, cause: Cause
) -> None:
    """401, 403 and 404 are never covered up by older values, not even when Keeptrusts is down afterwards."""
    await reader.read(NOON)
    upstream.always(error)
    refused = parts(await reader.read(NOON + LATER))
    assert {(part.value, part.cause) for part in refused.values()} == {(None, cause)}
    upstream.always(down)
    down_after = parts(await reader.read(NOON + 2 * LATER))
    assert {(part.value, part.cause) for part in down_after.values()} == {(None, Cause.UNAVAILABLE)}


@pytest.mark.parametrize("error", [denied, missing])
async def test_refused_bookings_leave_no_spend(upstream: StandIn, reader: FactsReader, error: type) -> None:
    """Wallets may be listed and yet their bookings refused."""
    await reader.read(NOON)
    upstream.book("1")
    upstream.always(error, on="transactions")
    facts = await reader.read(NOON + LATER)
    assert facts.wallets.cause is None
    assert facts.spend.value is None
    assert facts.spend.cause is not None


async def test_spend_is_forgotten_when_the_wallets_are_refused(upstream: StandIn, reader: FactsReader) -> None:
    """Sums of wallets that may not be seen do not come back when those may be listed and not read."""
    await reader.read(NOON)
    upstream.always(denied, on="wallets")
    assert (await reader.read(NOON + LATER)).spend.cause is Cause.DENIED
    upstream.book("1")
    upstream.always(down, on="transactions")
    assert (await reader.read(NOON + 2 * LATER)).spend.value is None


async def test_spend_is_kept_while_the_wallets_cannot_be_listed(upstream: StandIn, reader: FactsReader) -> None:
    """Which wallets have changed is not known: the last sums stand, as of when they were read."""
    before = await reader.read(NOON)
    upstream.book("1")
    upstream.always(down, on="wallets")
    spend = (await reader.read(NOON + LATER)).spend
    assert spend == Reading(before.spend.value, NOON, Cause.UNAVAILABLE, detail="answered 503")


async def test_spend_over_a_part_of_the_wallets_is_a_lower_bound(upstream: StandIn, reader: FactsReader) -> None:
    """What the listed wallets have paid is summed, and that others may be missing is said."""
    upstream.open_wallet("wal_2")
    upstream.page_size = 1
    upstream.fault = lambda operation, page: down() if (operation, page) == ("wallets", 1) else None
    spend = (await reader.read(NOON)).spend
    assert spend.value is not None
    assert spend.value.by_key == {"tok_1": Decimal(1)}
    assert (spend.complete, spend.cause) == (False, Cause.UNAVAILABLE)
    assert "the list of wallets is not whole" in spend.detail


async def test_activity_cut_short_is_a_lower_bound_with_its_cause(upstream: StandIn, reader: FactsReader) -> None:
    """Pages read before a failure count."""
    upstream.decide("block")
    upstream.page_size = 1
    upstream.fault = lambda operation, page: down() if (operation, page) == ("events", 1) else None
    activity = (await reader.read(NOON)).activity
    assert activity.value is not None
    assert activity.value.by_key["tok_1"].requests == 1
    assert (activity.complete, activity.value.complete, activity.cause) == (False, False, Cause.UNAVAILABLE)


async def test_activity_with_more_pages_than_are_read_is_a_lower_bound_without_fault(
    upstream: StandIn, reader: FactsReader
) -> None:
    """Nothing failed: there is merely more to read."""
    upstream.decide()
    upstream.page_size, upstream.most_pages = 1, 1
    activity = (await reader.read(NOON)).activity
    assert (activity.complete, activity.cause) == (False, None)
    assert activity.detail


async def test_a_refresh_without_news_costs_the_lists_and_one_page_of_events(upstream: StandIn) -> None:
    """What it costs does not grow with the number of wallets, teams or keys that nobody used."""
    for number in range(150):
        upstream.open_wallet(f"wal_idle_{number}")
    reader = reader_of(upstream)
    await reader.read(upstream.now)
    upstream.pages.clear()
    await reader.read(upstream.now + LATER)
    assert upstream.pages == {"teams": 1, "tokens": 1, "configurations": 1, "wallets": 1, "events": 1}


async def test_two_readings_at_once_count_nothing_twice(upstream: StandIn, reader: FactsReader) -> None:
    """Readings take turns."""
    for _ in range(5):
        upstream.now += LATER
        upstream.book("1")
    upstream.page_size, upstream.most_pages = 1, 2
    await reader.read(upstream.now)
    for _ in range(2):
        await asyncio.gather(reader.read(upstream.now), reader.read(upstream.now))
    upstream.page_size = 200
    spend = (await reader.read(upstream.now)).spend.value
    assert spend is not None
    assert spend.by_key == {"tok_1": Decimal(6)}
    assert spend.incomplete_wallets == {}


async def test_a_reading_that_is_cancelled_leaves_nothing_half_counted(upstream: StandIn) -> None:
    """The next reading finds what the cancelled one left."""
    asked, never = asyncio.Event(), asyncio.Event()

    class Stuck(StandIn):
        stuck = True

        async def events(self, **query: object) -> Pages[EventRecord]:
            asked.set()
            if self.stuck:
                await never.wait()
            return await super().events(**query)

    slow = Stuck(wallets_listed=upstream.wallets_listed, booked=upstream.booked, decided=upstream.decided)
    reader = reader_of(slow)
    reading = asyncio.ensure_future(reader.read(NOON))
    await asyncio.wait_for(asked.wait(), 5)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    slow.stuck = False
    facts = await reader.read(NOON)
    assert facts.spend.value is not None
    assert facts.spend.value.by_key == {"tok_1": Decimal(1)}
    assert facts.activity.value is not None
    assert facts.activity.value.by_key["tok_1"].requests == 1
